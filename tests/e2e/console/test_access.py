"""Every page for everybody: headings, titles and names; what axe finds, light and dark; narrow windows and large type.

All pages are walked once, by the routes that the console has; each test looks at one part of what was found.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.console.conftest import ROOT, RULES, Visitor

WIDTHS = {"1280": 1280, "768": 768, "200 % of 1280": 640, "390": 390}
VIEWS = ("graph", "timeline", "history", "data", "log")
TABS = ("versions", "edit", "start")
ROUTES = ROOT / "web" / "src" / "app"
ROUTE = re.compile(r"createRoute\(\{\s*getParentRoute: (parent|\(\) => root),\s*path: \"([^\"]+)\"")
UNNAMED = re.compile(r"^\s*- (button|link|textbox|searchbox|checkbox|combobox|radio|switch|slider|tab|dialog)"
                     r"(?! \")(?=[ :]|$).*", re.MULTILINE)  # fmt: skip


def find_routes():
    """Return the patterns of all addresses, as the console's own router has them."""
    found = []
    for file, prefix in (("router.tsx", ""), ("administrationRoutes.ts", "/administration")):
        text = (ROUTES / file).read_text()
        matches = ROUTE.findall(text)
        layouts = text.count('path: "/administration",')
        assert len(matches) == text.count("createRoute({"), f"a route in {file} is written in another way"
        found += [prefix + path for parent, path in matches if not (layouts and parent != "parent")]
    assert len(found) > 20
    return [route if route == "/" else route.removesuffix("/") for route in found]


@pytest.fixture(scope="module")
def places(workflows):
    """What stands for the parts of addresses that begin with a dollar, and ways to look at them."""
    with workflows.client() as client:
        talked = client.runs.start("demo", "talks", wait_seconds=20)
        faulted = client.runs.start("demo", "faults", input={"word": "x"}, wait_seconds=20)
        client.runs.start("demo", "sleep")
        person = client.people.create("paula", password="Correct-horse-battery-1")
        client.groups.create("crew")
    fill = {
        "$runId": faulted.run_id,
        "$namespace": "demo",
        "$name": "hello",
        "$personId": person.person_id,
        "$group": "crew",
    }
    more = [
        "/runs?status=%5B%22faulted%22%5D&namespace=demo&name=faults",
        *(f"/runs/{faulted.run_id}?view={view}" for view in VIEWS),
        f"/runs/{talked.run_id}?view=log",
        f"/compare?a={talked.run_id}&b={faulted.run_id}",
        *(f"/workflows/demo/hello?tab={tab}" for tab in TABS),
        "/no/such/page",
    ]
    return fill, more


class Survey:
    """What was found on all pages, by address."""

    def __init__(self):
        self.titles, self.moved, self.unnamed, self.barriers, self.dark, self.wide = {}, {}, {}, {}, {}, {}


def fill_in(route, fill):
    return "/".join(fill[part] if part.startswith("$") else part for part in route.split("/"))


@pytest.fixture(scope="module")
def routes():
    return find_routes()


@pytest.fixture(scope="module")
def survey(browser, workflows, session, places, routes):
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, storage_state=session, reduced_motion="reduce"
    )
    visitor = Visitor(context, workflows.address)
    page, found = visitor.page, Survey()
    fill, more = places
    for address in [*(fill_in(route, fill) for route in routes), *more]:
        visitor.go(address)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page).to_have_title(re.compile(r".+ · Kapell"))
        expect(page.get_by_label("Loading", exact=True)).to_have_count(0)
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        found.titles[address] = page.title()
        found.moved[address] = page.url.removeprefix(workflows.address)
        found.unnamed[address] = [
            each.group().strip() for each in UNNAMED.finditer(page.locator("body").aria_snapshot())
        ]
        found.barriers[address] = visitor.find_barriers(RULES)
        page.emulate_media(color_scheme="dark")
        expect(page.locator("html[data-mantine-color-scheme=dark]")).to_be_attached()
        for _ in range(3):  # colours may still be on their way
            found.dark[address] = visitor.find_barriers({"type": "rule", "values": ["color-contrast"]})
            if not found.dark[address]:
                break
            page.wait_for_timeout(300)
        page.emulate_media(color_scheme="light")
        found.wide[address] = [name for name, width in WIDTHS.items() if not fits(page, width)]
        page.set_viewport_size({"width": 1280, "height": 900})
    context.close()
    assert visitor.complaints == []
    return found


def fits(page, width):
    """Tell whether nothing sticks out of a window; charts follow it a moment later."""
    page.set_viewport_size({"width": width, "height": 800})
    for _ in range(40):
        if page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            return True
        page.wait_for_timeout(50)
    return False


def only_faults(found):
    return {address: faults for address, faults in found.items() if faults}


@pytest.mark.timeout(300)
def test_each_page_has_a_title_of_its_own(survey, routes, places):
    titles = {fill_in(route, places[0]): survey.titles[fill_in(route, places[0])] for route in routes}
    assert len(set(titles.values())) == len(titles), titles


@pytest.mark.timeout(300)
def test_each_page_stays_at_its_address(survey):
    assert {address: now for address, now in survey.moved.items() if now != address} == {}


@pytest.mark.timeout(300)
def test_whatever_can_be_used_has_a_name(survey):
    assert only_faults(survey.unnamed) == {}


@pytest.mark.timeout(300)
def test_axe_finds_nothing_serious(survey):
    assert only_faults(survey.barriers) == {}


@pytest.mark.timeout(300)
def test_axe_finds_enough_contrast_in_the_dark(survey):
    assert only_faults(survey.dark) == {}


@pytest.mark.timeout(300)
def test_nothing_sticks_out_of_a_narrow_window(survey):
    assert only_faults(survey.wide) == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_way_in(visit, scheme):
    visitor = visit(color_scheme=scheme, reduced_motion="reduce")
    visitor.go("/")
    expect(visitor.page.get_by_role("heading", name="Sign in to Kapell")).to_be_visible()
    assert visitor.find_barriers() == []
