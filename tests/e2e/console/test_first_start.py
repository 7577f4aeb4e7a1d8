"""From the first start of a server to the first run: nothing is known but what the server and the screen say."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.kapell_server import Server


@pytest.fixture
def fresh(tmp_path, browser):
    server = Server(tmp_path)
    yield server
    server.stop()


def test_from_the_first_start_to_the_first_run(fresh, visit, kind):
    visitor = visit(fresh.address, **kind.options)
    hands = kind(visitor)
    page = hands.page
    visitor.go("/")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    hands.write(page.get_by_role("textbox", name="Name"), "admin")
    hands.write(page.get_by_role("textbox", name="Password"), fresh.password)
    hands.press(page.get_by_role("button", name="Sign in", exact=True))
    visitor.expect_heading("Home")
    expect(page.get_by_text("No workflow has been published yet")).to_be_visible()
    hands.press(page.get_by_role("link", name="Write a workflow"))
    visitor.expect_heading("New workflow")
    expect(page.locator("#content")).to_be_focused()
    hands.write(page.get_by_role("combobox", name="Namespace"), "team")
    hands.write(page.get_by_role("textbox", name="Name"), "first")
    hands.press(page.get_by_role("button", name="Begin the draft"))
    visitor.expect_heading("first")
    publish = page.get_by_role("button", name=re.compile("^Publish"))
    expect(publish).to_be_enabled()
    hands.press(publish)
    dialog = page.get_by_role("dialog")
    hands.write(dialog.get_by_label("Note"), "The first")
    hands.press(dialog.get_by_role("button", name=re.compile("^Publish")))
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("tab", name="Versions")).to_have_attribute("aria-selected", "true")
    hands.press(page.get_by_role("tab", name="Start"))
    who = page.get_by_role("textbox", name="who")
    expect(who).to_have_value("world")  # as the schema says
    hands.write(who, "Ada")
    hands.press(page.get_by_role("button", name=re.compile("^Start a run")))
    visitor.expect_heading("team/first")
    expect(page.locator("[role=status] [data-status=completed]")).to_be_visible()
    hands.press(page.get_by_role("tab", name="Data"))
    hands.press(page.get_by_role("radio", name="Output"))
    expect(page.get_by_text("Hello, Ada!").first).to_be_visible()
    hands.go_to("Home")
    expect(page.get_by_text("No workflow has been published yet")).to_have_count(0)
