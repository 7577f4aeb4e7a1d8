"""What the console weighs, that it shows what happens at once, and that its memory stays flat while much happens."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from itertools import pairwise

import pytest
from playwright.sync_api import expect
from tests.kapell_server import write_source

MOST_HOME_BYTES = 250_000
HEAVY = re.compile(r"CodeEditor|EditTab|RunGraph|GraphView|RunTimeline|TimeCanvas|RunPage|SchemaForm", re.IGNORECASE)
SCRIPTS = (
    "performance.getEntriesByType('resource').filter((each) => each.name.endsWith('.js'))"
    ".map((each) => [each.name.split('/').at(-1), each.encodedBodySize])"
)
COUNT_NEWS = """
window.news = 0;
window.EventSource = class extends EventSource {
  constructor(...options) {
    super(...options);
    this.addEventListener("run", () => { window.news += 1; });
  }
};
"""
MOVES_ON = (
    "  - each:\n      for: {each: n, in: '${ [range(100000)] }'}\n"
    "      do:\n        - nap: {wait: {milliseconds: 60}}\n"
)
MOVING = 16
WARM, NEWS, ROUNDS = 800, 2000, 2
PATIENCE_SECONDS = 100
MOST_GROWN_BYTES = 200_000
MOST_OWN_BYTES = 600_000
MOST_GROWN_NODES = 1000
"""For so many changes. A page that kept each of them, or an element for each, would be far above."""


def test_home_is_light_and_loads_nothing_that_only_others_need(admin):
    admin.expect_heading("Home")
    expect(admin.page.locator("[data-live=live]")).to_be_visible()
    admin.page.wait_for_timeout(500)  # whatever is loaded beside it
    scripts = dict(admin.page.evaluate(SCRIPTS))
    assert 100_000 < sum(scripts.values()) < MOST_HOME_BYTES, scripts
    assert [name for name in scripts if HEAVY.search(name)] == []


def test_what_happens_is_on_the_list_without_reading_it_anew(workflows, admin):
    page, held = admin.page, []
    with workflows.client() as client:
        client.runs.start("demo", "hello", input={"name": "Ada"})
        admin.go("/runs?namespace=demo&name=nap")
        expect(page.get_by_text("No run matches")).to_be_visible()
        expect(page.locator("[data-live=live]")).to_be_visible()
        first = client.runs.start("demo", "nap")
        expect(page.locator(f"[data-run='{first.run_id}'] [data-status=completed]")).to_be_visible()
        page.wait_for_timeout(1200)  # the list has been read after the last change
        page.route(re.compile(r"/api/v1/(runs|statistics)\?"), lambda route: held.append(route))  # noqa: PLW0108 -- Playwright takes no built-in
        run = client.runs.start("demo", "nap")
        row = page.locator(f"[data-run='{run.run_id}']")
        expect(row.locator("[data-status=waiting], [data-status=running]")).to_be_visible()
        expect(row.locator("[data-status=completed]")).to_be_visible()
        expect(row).to_contain_text("demo/nap 1.0.0")
        other = client.runs.start("demo", "hello", input={"name": "Bob"})
        page.wait_for_timeout(300)
        expect(page.get_by_text(other.run_id)).to_have_count(0)
    assert held  # it has asked, and had no answer
    for route in held:
        route.continue_()
    page.unroute_all(behavior="wait")


@contextmanager
def moving(server):
    """Keep runs moving; give their ids."""
    with server.client() as client:
        client.workflows.publish("demo", "moves-on", source=write_source("moves-on", MOVES_ON))
        started = [client.runs.start("demo", "moves-on").run_id for _ in range(MOVING)]
        yield started
        for run_id in started:
            client.runs.cancel(run_id)


class Meter:
    """Measures what a page holds."""

    def __init__(self, visitor):
        self._page = visitor.page
        self._page.add_init_script(COUNT_NEWS)
        self._session = self._page.context.new_cdp_session(self._page)
        self._session.send("HeapProfiler.enable")

    def count_news(self):
        """Return of how many changes the page has been told."""
        return self._page.evaluate("window.news")

    def wait_for_news(self, count):
        """Wait until the page has been told of so many changes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (told := self.count_news()) < count:
            assert time.monotonic() < deadline, f"{told} of {count} changes"
            self._page.wait_for_timeout(100)

    def measure(self):
        """Return the bytes that scripts hold and the nodes that there are, without what can be collected."""
        for _ in range(3):
            self._session.send("HeapProfiler.collectGarbage")
            self._page.wait_for_timeout(50)
        used = self._session.send("Runtime.getHeapUsage")["usedSize"]
        return used, self._session.send("Memory.getDOMCounters")["nodes"]


@pytest.mark.timeout(3 * PATIENCE_SECONDS)
def test_memory_stays_flat_while_much_happens(workflows, admin):
    """A shortened soak: what grows with each change would show after some thousand of them."""
    meter = Meter(admin)
    with moving(workflows):
        admin.go("/runs")
        meter.wait_for_news(WARM)
        held = [meter.measure()]
        for part in range(1, ROUNDS + 1):  # what leaks grows in each of them, whatever else is on its way in one
            meter.wait_for_news(WARM + part * NEWS)
            held.append(meter.measure())
        admin.go("about:blank")
    grown = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(held)]
    assert min(size for size, _ in grown) < MOST_GROWN_BYTES, grown
    assert min(nodes for _, nodes in grown) < MOST_GROWN_NODES, grown


@pytest.mark.timeout(3 * PATIENCE_SECONDS)
def test_a_page_that_has_followed_a_run_holds_no_more_than_one_that_was_opened_later(workflows, admin):
    """The run itself grows: what is held must be that, and not how it came to it."""
    meter = Meter(admin)
    with moving(workflows) as runs:
        admin.go(f"/runs/{runs[0]}")
        meter.wait_for_news(WARM + NEWS)
        followed = [meter.measure()]
        for _ in range(ROUNDS - 1):
            meter.wait_for_news(meter.count_news() + WARM)
            followed.append(meter.measure())
        admin.go(f"/runs/{runs[0]}")
        meter.wait_for_news(WARM)
        opened, nodes_opened = meter.measure()
        admin.go("about:blank")
    assert min(size for size, _ in followed) - opened < MOST_GROWN_BYTES + MOST_OWN_BYTES, followed
    assert min(nodes for _, nodes in followed) - nodes_opened < MOST_GROWN_NODES, followed
