"""Long logs and histories in a browser: all is there, and the server looks through it; and sessions of people."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.kapell_server import write_source

LINES = 12_000
LONG = f"""
  - speak:
      run:
        script:
          language: python
          code: |
            for number in range(1, {LINES + 1}):
                print("step", number, "NEEDLE" if number in (77, 7777, 11990) else "of the work")
"""
SLOW = """
  - speak:
      run:
        script:
          language: python
          code: |
            import time
            for number in range(1, 41):
                print("tick" if number % 2 else "tock", number, flush=True)
                time.sleep(0.15)
"""
AROUND = """
  - around:
      for: {in: '${ [range(400)] }'}
      do:
        - first: {set: {a: 1}}
        - second: {set: {b: 2}}
  - late: {set: {c: 3}}
"""
PASSWORD = "Correct-horse-battery-1"


@pytest.fixture(scope="module")
def runs(server):
    """Ids of runs by the names of their workflows, ended."""
    found = {}
    with server.client() as client:
        for name, tasks in {"long": LONG, "slow": SLOW, "around": AROUND}.items():
            client.workflows.publish("demo", name, source=write_source(name, tasks))
        for name in ("long", "around"):
            found[name] = client.runs.start("demo", name).run_id
        for run_id in found.values():
            client.runs.wait(run_id, timeout_seconds=60)
    return found


def test_a_long_log_is_walked_through_and_searched(admin, runs):
    page = admin.page
    admin.go(f"/runs/{runs['long']}?view=log")
    log = page.get_by_role("region", name="Log", exact=True)
    expect(log.get_by_text("step 1 of the work", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(rf"^Lines 1 to \d+ of {LINES:,}$"))).to_be_visible()

    page.get_by_role("button", name="To the end").click()
    expect(log.get_by_text(f"step {LINES} of the work", exact=True)).to_be_visible()
    before = count_first(page)
    log.hover()
    while count_first(page) == before:  # earlier lines come as one scrolls up, without a jump
        page.mouse.wheel(0, -1200)
        page.wait_for_timeout(100)
    assert before - count_first(page) >= 300
    numbers = [int(re.search(r"step (\d+)", text)[1]) for text in log.locator("li").all_inner_texts()]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] > before - 100, "what was in sight stayed there"

    search = page.get_by_label("Only lines with this text")
    search.fill("needle")
    expect(page.get_by_text(f"3 lines of {LINES:,} match")).to_be_visible()
    expect(log.locator("mark")).to_have_text(["NEEDLE"] * 3)
    search.fill("needle and more")
    expect(page.get_by_text(f"None of {LINES:,} lines matches.")).to_be_visible()
    search.fill("step 7777")
    expect(log.locator("li")).to_have_count(1)
    page.get_by_text("stderr", exact=True).click()
    expect(page.get_by_text(f"None of {LINES:,} lines matches.")).to_be_visible()


def count_first(page):
    """Return the number of the first line that the page has."""
    text = page.get_by_text(re.compile(r"^Lines [\d,]+ to ")).inner_text()
    return int(text.split()[1].replace(",", ""))


def test_a_search_follows_what_is_being_written(admin, runs, server):
    with server.client() as client:
        run_id = client.runs.start("demo", "slow").run_id
    page = admin.page
    admin.go(f"/runs/{run_id}?view=log")
    page.get_by_label("Only lines with this text").fill("TOCK")
    log = page.get_by_role("region", name="Log", exact=True)
    expect(log).to_contain_text("tock 40")
    expect(log).not_to_contain_text("tick")
    expect(page.get_by_text("20 lines of 40 match")).to_be_visible()


def test_a_history_is_filtered_by_the_server(admin, runs):
    page = admin.page
    admin.go(f"/runs/{runs['around']}?view=history")
    history = page.get_by_role("region", name="History", exact=True)
    expect(history.locator("li").first).to_be_visible()
    with page.expect_request(re.compile(r"/history\?.*text=late")) as asked:
        page.get_by_label("Only events with this text").fill("late")
    assert "limit=200" in asked.value.url
    expect(history.locator("li")).to_have_count(1)
    page.get_by_label("Only events with this text").fill("second")
    expect(page.get_by_text("The first 200 events of those that match")).to_be_visible()
    history.focus()
    page.keyboard.press("End")
    expect(page.get_by_text(re.compile(r"^400 events of "))).to_be_visible()
    page.get_by_label("Only events with this text").fill("")
    page.get_by_label("What events are about").select_option(label="What people asked for")
    expect(page.get_by_text("No event matches.")).to_be_visible()


def test_an_administrator_signs_somebody_out(admin, visit, server):
    with server.client() as client:
        person = client.people.create("vera", password=PASSWORD)
    vera = visit()
    vera.sign_in("vera", PASSWORD)
    vera.expect_heading("Home")
    page = admin.page
    admin.go(f"/administration/people/{person.person_id}")
    expect(page.get_by_role("heading", name="Where vera is signed in")).to_be_visible()
    page.get_by_role("button", name="End all sessions").click()
    expect(page.get_by_role("dialog")).to_contain_text("vera is signed out at once")
    page.get_by_role("button", name="End them all").click()
    expect(page.get_by_text("1 session of vera ended.")).to_be_visible()
    expect(page.get_by_text("Nowhere.")).to_be_visible()
    with vera.allowing("401"):
        vera.go("/")
        expect(vera.page.get_by_role("heading", name="Sign in to Kapell")).to_be_visible()


def test_what_permissions_allow_is_said_by_the_server(admin):
    admin.go("/administration/roles")
    expect(admin.page.get_by_text("Cancel, suspend and resume runs.")).to_be_visible()
    operator = admin.page.get_by_role("row").filter(has_text="Starts, controls and repairs runs, sends events")
    expect(operator).to_contain_text("run.start, run.control, run.repair, run.data, event.read, event.send")
