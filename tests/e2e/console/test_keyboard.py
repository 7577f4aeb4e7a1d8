"""What the keyboard alone must find everywhere: where the focus is, ways around, ways out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.console.hands import Keyboard


@pytest.fixture(params=[(1280, 900), (640, 450)], ids=["1280", "200 %"])
def keyboard(visit, session, request):
    width, height = request.param
    visitor = visit(storage_state=session, viewport={"width": width, "height": height}, reduced_motion="reduce")
    visitor.go("/")
    visitor.expect_heading("Home")
    return Keyboard(visitor)


def test_the_page_can_be_skipped_to_and_shortcuts_lead_on(keyboard):
    page = keyboard.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    keyboard.check_focus()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.type("gr")
    keyboard.visitor.expect_heading("Runs")
    expect(page.locator("#content")).to_be_focused()
    expect(page.locator("[data-announcer]")).to_have_text("Runs · Kapell")
    page.keyboard.press("Shift+?")
    sheet = page.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(page.locator("#content")).to_be_focused()


def test_all_that_has_the_focus_can_be_seen(keyboard, workflows):
    """Each stop on the way through some pages shows the focus, and is not beside the window or under something."""
    with workflows.client() as client:
        run = client.runs.start("demo", "faults", input={"word": "by keyboard"}, wait_seconds=20)
    page = keyboard.page
    for path in ("/", "/runs", f"/runs/{run.run_id}", "/workflows", "/reports", "/administration"):
        keyboard.visitor.go(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.get_by_label("Loading", exact=True)).to_have_count(0)
        for _ in range(25):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break
            keyboard.check_focus()


def test_after_a_deletion_the_focus_is_near(keyboard, server):
    page = keyboard.page
    with server.client() as client:
        client.secrets.put("demo", "gone", "s3cret")
        client.secrets.put("demo", "stays", "s3cret")
    keyboard.go_to("Administration")
    keyboard.press(page.get_by_role("main").get_by_role("link", name="Secrets").locator("visible=true").last)
    keyboard.visitor.expect_heading("Secrets")
    expect(page.locator("#content")).to_be_focused()
    keyboard.press(page.get_by_role("button", name=re.compile("(Delete|Remove).*gone")))
    dialog = page.get_by_role("dialog")
    keyboard.press(dialog.get_by_role("button", name=re.compile("Delete|Remove")))
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("cell", name="gone", exact=True)).to_have_count(0)
    expect(page.locator("main :focus, main:focus")).to_have_count(1)
    page.keyboard.press("Tab")
    keyboard.check_focus()
