"""Every page for everybody: what axe finds, light and dark; narrow windows and large type; the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

WIDTHS = {"1280": 1280, "768": 768, "200 % of 1280": 640, "390": 390}
VIEWS = ("tasks", "graph", "timeline", "history", "data", "log")
TABS = ("overview", "versions", "edit", "start")
ADMINISTRATION = (
    *("people", "groups", "roles", "bindings", "who-can", "account", "tokens", "secrets", "sign-in"),
    *("audit", "audit/verification", "audit/heads", "settings", "diagnostics"),
)


@pytest.fixture(scope="module")
def paths(workflows):
    """The addresses of all pages, with something to show on each."""
    with workflows.client() as client:
        talked = client.runs.start("demo", "talks", wait_seconds=20)
        faulted = client.runs.start("demo", "faults", input={"word": "x"}, wait_seconds=20)
        client.runs.start("demo", "sleep")
    return [
        "/",
        "/runs",
        "/runs?status=faulted&namespace=demo&name=faults",
        *(f"/runs/{faulted.run_id}?view={view}" for view in VIEWS),
        f"/runs/{talked.run_id}?view=log",
        f"/compare?a={talked.run_id}&b={faulted.run_id}",
        "/workflows",
        "/workflows/new",
        *(f"/workflows/demo/hello?tab={tab}" for tab in TABS),
        "/reports",
        "/administration",
        *(f"/administration/{page}" for page in ADMINISTRATION),
        "/no/such/page",
    ]


def walk(visitor, paths):
    """Give each page, when it stands."""
    for path in paths:
        visitor.go(path)
        expect(visitor.page.get_by_role("heading", level=1)).to_have_count(1)
        expect(visitor.page).to_have_title(re.compile(r".+ · Kapell"))
        expect(visitor.page.get_by_label("Loading", exact=True)).to_have_count(0)
        visitor.page.wait_for_timeout(200)
        yield path


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, workflows, paths, scheme):
    visitor = visit(color_scheme=scheme, reduced_motion="reduce")
    visitor.go("/")
    expect(visitor.page.get_by_role("heading", name="Sign in to Kapell")).to_be_visible()
    found = {"the way in": visitor.find_barriers()}
    visitor.sign_in("admin", workflows.password)
    for path in walk(visitor, paths):
        found[path] = visitor.find_barriers()
    assert {path: barriers for path, barriers in found.items() if barriers} == {}


@pytest.mark.timeout(300)
def test_nothing_sticks_out_of_a_narrow_window(visit, workflows, paths):
    visitor = visit(reduced_motion="reduce")
    visitor.sign_in("admin", workflows.password)
    found = {}
    for path in walk(visitor, paths):
        for name, width in WIDTHS.items():
            visitor.page.set_viewport_size({"width": width, "height": 800})
            for _ in range(40):  # charts follow the window a moment later
                needed = visitor.page.evaluate("document.documentElement.scrollWidth")
                if needed <= width:
                    break
                visitor.page.wait_for_timeout(50)
            else:
                found[f"{path} at {name}"] = needed
    assert found == {}


def test_the_way_to_a_run_is_walked_by_keyboard_alone(visit, workflows):
    with workflows.client() as client:
        run = client.runs.start("demo", "faults", input={"word": "by keyboard"}, wait_seconds=20)
    visitor = visit()
    page = visitor.page
    visitor.go("/")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(workflows.password)
    page.keyboard.press("Enter")
    visitor.expect_heading("Home")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("textbox", name=re.compile("Go to"))).to_be_focused()
    page.keyboard.type("Runs")
    page.keyboard.press("Enter")
    visitor.expect_heading("Runs")
    page.keyboard.press("g")
    page.keyboard.press("h")
    visitor.expect_heading("Home")
    link = page.get_by_role("link", name=run.run_id)
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("(element) => element === document.activeElement"):
            break
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    visitor.expect_heading("demo/faults")
