"""The events explorer in a browser: events are sent, found, followed and looked at, and what runs made of them."""

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.console.conftest import make_session
from tests.kapell_server import write_source

from kapell.client.wire.identity import Subject

HEAR = """
  - hear:
      listen:
        to:
          one:
            with: {type: order.paid}
  - tell:
      emit:
        event:
          with: {source: /shop, type: order.packed, data: {order: A-17}}
"""
SILENT = """
  - hear:
      listen:
        to:
          one:
            with: {type: never.sent}
"""
PASSWORD = "Correct-horse-battery-1"


@pytest.fixture(scope="module")
def shop(server):
    """A run that has heard an event and emitted another; its id."""
    with server.client() as client:
        client.workflows.publish("demo", "hear", source=write_source("hear", HEAR))
        client.workflows.publish("demo", "silent", source=write_source("silent", SILENT))
        run = client.runs.start("demo", "hear")
        client.events.send("demo", [{"type": "order.paid", "source": "/till/3", "data": {"order": "A-17"}}])
        client.runs.wait(run.run_id)
        return run.run_id


def open_details(page, kind):
    page.get_by_role("button", name=re.compile(rf"{re.escape(kind)}, event \d+: details")).first.click()
    return page.get_by_role("dialog", name=re.compile(r"Event \d+"))


def test_an_event_leads_to_the_run_that_consumed_it_and_to_the_one_that_sent_it(admin, shop):
    page = admin.page
    admin.go("/events?namespace=demo")
    admin.expect_heading("Events")
    expect(page.get_by_role("table", name="Events, the newest first")).to_be_visible()
    assert admin.find_barriers() == []
    drawer = open_details(page, "order.paid")
    expect(drawer.get_by_role("row", name="source /till/3")).to_be_visible()
    expect(drawer.get_by_role("region", name="Payload")).to_contain_text("A-17")
    consumed = drawer.get_by_role("region", name="Consumed by")
    assert admin.find_barriers() == []
    expect(consumed.get_by_role("row").filter(has_text="hear")).to_contain_text(shop)
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    drawer = open_details(page, "order.packed")
    expect(drawer).to_contain_text("No run has consumed it so far.")
    assert "event=" in page.url  # the address can be passed on
    drawer.get_by_role("link", name=shop).click()
    admin.expect_heading("hear")
    assert shop in page.url


def test_filters_stand_in_the_address(admin, shop):
    page = admin.page
    admin.go("/events")
    rows = page.get_by_role("table", name="Events, the newest first").get_by_role("row")
    expect(rows.filter(has_text="order.paid").first).to_be_visible()
    page.get_by_role("combobox", name="Type").fill("order.packed")
    expect(rows.filter(has_text="order.paid")).to_have_count(0)
    expect(page).to_have_url(re.compile("type=order.packed"))
    page.reload()
    expect(page.get_by_role("combobox", name="Type")).to_have_value("order.packed")
    expect(rows.filter(has_text=shop)).to_have_count(1)
    page.get_by_role("combobox", name="Id").fill("none")
    expect(page.get_by_text("No event matches")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(rows.filter(has_text="order.paid").first).to_be_visible()


def test_the_list_follows_what_arrives(admin, server, shop):
    page = admin.page
    admin.go("/events?namespace=demo&source=%2Flive")
    page.get_by_role("switch", name="Follow new events").click()
    expect(page.locator("[data-tail=following]")).to_be_visible()
    with server.client() as client:
        client.events.send("demo", [{"type": "a.first", "source": "/live"}, {"type": "a.other", "source": "/else"}])
        rows = page.get_by_role("table", name="Events, the newest first").get_by_role("row")
        expect(rows.filter(has_text="a.first")).to_have_count(1)
        client.events.send("demo", [{"type": f"a.number{number}", "source": "/live"} for number in range(3)])
    expect(rows).to_have_count(5)
    expect(rows.nth(1)).to_contain_text("a.number2")
    expect(page.get_by_role("status").filter(has_text="4 so far.")).to_be_visible()


def test_an_event_is_sent_and_nothing_is_lost_on_the_way(admin, server):
    page = admin.page
    admin.go("/events")
    page.get_by_role("button", name="Send an event").click()
    dialog = page.get_by_role("dialog")
    send = dialog.get_by_role("button", name="Send the event")
    send.click()
    expect(dialog.get_by_text("Say what happened")).to_be_visible()
    dialog.get_by_role("combobox", name="Namespace").fill("by hand")
    dialog.get_by_label("Type").fill("hand.made")
    editor = dialog.get_by_role("textbox", name="Data")
    editor.fill('{"order": }')
    expect(dialog.get_by_text("This is no JSON. Line 1, column 11")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Send an event").click()
    expect(editor).to_contain_text('{"order": }')
    editor.fill('{"order": "B-1"}')
    with admin.allowing("the server responded with a status of 4"):
        send.click()
        expect(dialog.get_by_text(re.compile("`?by hand"))).to_be_visible()
        expect(editor).to_contain_text("B-1")
    dialog.get_by_role("combobox", name="Namespace").fill("hands")
    send.click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("The event is stored as number")).to_be_visible()
    drawer = open_details(page, "hand.made")
    expect(drawer.get_by_role("region", name="Payload")).to_contain_text("B-1")
    with server.client() as client:
        assert [event.source for event in client.events.list(namespace="hands")] == ["/kapell/console"]


def test_data_is_concealed_and_sending_is_not_offered_where_it_is_not_allowed(browser, server, shop, visit):
    with server.client() as client:
        person = client.people.create("vera", password=PASSWORD)
        client.bindings.grant("viewer", Subject("person", person.person_id))
    visitor = visit(storage_state=make_session(browser, server, "vera", PASSWORD))
    visitor.go("/events?type=order.paid")
    visitor.expect_heading("Events")
    drawer = open_details(visitor.page, "order.paid")
    expect(drawer).to_contain_text("You may not see this event's data")
    expect(drawer).not_to_contain_text("A-17")
    expect(drawer).to_contain_text(shop)
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.get_by_role("button", name="Send an event")).to_have_count(0)


def test_a_run_that_listens_says_that_it_waits_for_an_event(admin, server, shop):
    with server.client() as client:
        run = client.runs.start("demo", "silent")
        for _ in range(100):
            if client.runs.get(run.run_id).run.status == "waiting":  # it has left the engine's memory
                break
            admin.page.wait_for_timeout(100)
    admin.go(f"/runs/{run.run_id}?view=timeline")
    expect(admin.page.get_by_role("treeitem", name=re.compile("hear, listen, .*waited for an event"))).to_be_visible()
    admin.go(f"/runs/{run.run_id}")
    expect(admin.page.get_by_text("Waits for an event", exact=True)).to_be_visible()
    admin.go("/runs?namespace=demo&name=silent")
    expect(admin.page.get_by_text("waits for an event")).to_be_visible()


def test_where_no_event_has_come_it_is_said_how_to_send_one(admin):
    admin.go("/events?namespace=empty")
    expect(admin.page.get_by_role("heading", name="No event has arrived yet")).to_be_visible()
    expect(admin.page.get_by_text("kapell events send --namespace empty")).to_be_visible()
    expect(admin.page.get_by_text("/api/v1/namespaces/empty/events")).to_be_visible()
