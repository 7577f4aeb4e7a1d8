"""Forms in a real browser: a retry with another input, a run that is started again, and what home says of runs."""

import re

import pytest
from playwright.sync_api import expect

CHECKED = """
document: {dsl: '1.0.3', namespace: forms, name: checked, version: '1.0.0'}
input:
  schema:
    document: {type: object, properties: {note: {type: string, description: 'Such as `urgent`'}}}
do:
  - prepare: {set: {customer: Ada, amount: -4}}
  - charge:
      input:
        schema:
          document:
            type: object
            required: [customer, amount]
            properties:
              customer: {type: string}
              amount: {type: number, exclusiveMinimum: 0}
      set: {paid: '${ .amount }'}
"""


@pytest.fixture(scope="module")
def faulted(server):
    """A run whose second task refuses its input."""
    with server.client() as client:
        client.workflows.publish("forms", "checked", source=CHECKED)
        run = client.runs.start("forms", "checked", input={"note": "urgent"})
        return client.runs.wait(run.run_id).run.run_id


def test_a_retry_is_checked_before_it_is_sent(admin, faulted, server):
    page = admin.page
    admin.go(f"/runs/{faulted}")
    mend = page.get_by_role("button", name="Retry with another input")
    mend.click()
    dialog = page.get_by_role("dialog")
    amount = dialog.get_by_label("amount")
    expect(amount).to_have_value("-4")  # what the task had
    send = dialog.get_by_role("button", name="Retry with this input")
    send.click()
    expect(dialog.get_by_role("alert")).to_contain_text("The task would refuse this input")
    dialog.get_by_text("JSON", exact=True).click()
    editor = dialog.get_by_role("textbox", name="Input")
    expect(editor).to_contain_text('"amount": -4')
    expect(dialog.locator(".cm-lint-marker-warning")).to_be_visible()  # beside the line that is wrong
    editor.fill('{"customer": "Ada", "amount": }')
    expect(dialog.get_by_text("This is no JSON. Line 1, column 31: a value is needed here.")).to_be_visible()
    expect(send).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    mend.click()
    expect(editor).to_contain_text('"amount": }')  # nothing is lost
    editor.fill('{"customer": "Ada", "amount": 7}')
    dialog.get_by_role("button", name="Format").click()
    expect(editor.locator(".cm-line")).to_have_count(4)
    send.click()
    expect(dialog).to_have_count(0)
    expect(page.locator("[data-status=completed]").first).to_be_visible()
    with server.client() as client:
        assert client.runs.get(faulted).output == {"paid": 7}


def test_a_run_is_started_again_with_its_input(admin, faulted):
    page = admin.page
    admin.go(f"/runs/{faulted}")
    page.get_by_role("link", name="Start again").click()
    expect(page.get_by_text("The form begins with the input of the run")).to_be_visible()
    expect(page.get_by_label("note")).to_have_value("urgent")
    expect(page.get_by_text("Such as urgent")).to_be_visible()  # the code in a sentence stands without its marks
    assert faulted in page.url  # the address can be passed on


def test_home_says_why_a_run_is_suspended_and_how_the_engine_is(admin, workflows):
    with workflows.client() as client:
        run = client.runs.start("demo", "sleep")
        client.runs.suspend(run.run_id, reason="Until Friday.")
    page = admin.page
    admin.go("/")
    needs = page.get_by_role("region", name="Needs you now")
    row = needs.get_by_role("row").filter(has_text=run.run_id)
    expect(row).to_contain_text("Until Friday.")
    health = page.get_by_role("region", name="Health of the engine")
    expect(health.get_by_role("listitem")).to_have_count(7)
    expect(health).to_contain_text("The index has all runs.")
    page.get_by_text("7 days", exact=True).click()
    expect(page.get_by_role("heading", name="The last 7 days")).to_be_visible()
    expect(page).to_have_url(re.compile("period=7d"))
    page.get_by_role("region", name="The last 7 days").get_by_role("link").first.click()
    admin.expect_heading("Runs")
    assert "started_after=-7d" in page.url
