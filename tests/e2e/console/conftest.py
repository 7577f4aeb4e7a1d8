"""A real browser at a real server's console, and visitors who note whatever the browser complains of."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright
from tests.e2e.console.hands import ALL
from tests.kapell_server import WORKFLOWS, Server, write_source

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
BUILT = ROOT / "src" / "kapell" / "console" / "static" / "index.html"
CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
WAIT_MILLIS = 20_000
expect.set_options(timeout=WAIT_MILLIS)
GRAVE = {"serious", "critical"}
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.xdist_group("console"))


def find_hindrance():
    """Return why no browser can be used here, an empty text if one can."""
    if not Path(CHROMIUM).exists() and shutil.which("chromium") is None:
        return "Chromium is not installed (Debian: apt-get install chromium)"
    if not BUILT.exists():
        return "the console is not built (make console)"
    return ""


@pytest.fixture(scope="module")  # while Playwright is at work its thread runs a loop, and no other test could run one
def browser():
    hindrance = find_hindrance()
    if hindrance and IN_CI:
        pytest.fail(hindrance)
    if hindrance:
        pytest.skip(hindrance)
    with sync_playwright() as playwright:
        found = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, browser):  # without a browser no server need start
    server = Server(tmp_path_factory.mktemp("console"))
    server.token = server.make_token()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def workflows(server):
    """The server, with workflows that complete, wait, fault and talk."""
    with server.client() as client:
        for name, tasks in WORKFLOWS.items():
            client.workflows.publish("demo", name, source=write_source(name, tasks))
    return server


class Visitor:
    """Somebody at the console, with a browser profile of their own.

    Attributes:
        page: The page, as Playwright drives it.
        complaints: What the browser has complained of; it must be empty in the end.
    """

    def __init__(self, context, address):
        self._context = context
        self.address = address
        self.complaints = []
        self._allowed = []
        self.page = context.new_page()
        self.page.set_default_timeout(WAIT_MILLIS)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._note)

    def _note(self, message):
        url = message.location.get("url", "")
        if not url.startswith(self.address):  # such as the page of a provider
            return
        if message.type in {"error", "warning"} and not any(pattern in message.text for pattern in self._allowed):
            self.complaints.append(f"{message.type}: {message.text} ({url})")

    @contextmanager
    def allowing(self, *texts):
        """Let the browser complain of what a test brings about."""
        self._allowed += texts
        try:
            yield
        finally:
            self.page.wait_for_timeout(50)
            self._allowed = [each for each in self._allowed if each not in texts]

    def go(self, path):
        self.page.goto(path if path.startswith("about:") else f"{self.address}{path}")

    def sign_in(self, name, password, path="/"):
        self.go(path)
        self.page.get_by_role("textbox", name="Name").fill(name)
        self.page.get_by_role("textbox", name="Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("heading", name="Sign in to Kapell")).to_have_count(0)

    def expect_heading(self, text):
        """Wait for a page by its one heading, and check its title."""
        heading = self.page.get_by_role("heading", level=1)
        expect(heading).to_have_count(1)
        expect(heading).to_contain_text(text)
        expect(self.page).to_have_title(re.compile(r".+ · Kapell"))

    def find_barriers(self, rules=RULES):
        """Let axe look at the page as it is; return what is serious, in words."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "(rules) => axe.run(document, {resultTypes: ['violations'], runOnly: rules})",
            rules,
        )
        grave = [each for each in found["violations"] if each["impact"] in GRAVE]
        return [f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:3]]}" for each in grave]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Keep what the pages looked like when a test failed, beside its other temporary files."""
    report = yield
    folder = item.funcargs.get("tmp_path")
    if report.when == "call" and report.failed and folder is not None:
        for number, visitor in enumerate(item.funcargs.get("_visitors", ())):
            visitor.page.screenshot(path=folder / f"page-{number}.png")
            report.sections.append(("console", f"{visitor.page.url}: {folder}/page-{number}.png {visitor.complaints}"))
    return report


@pytest.fixture
def _visitors():
    return []


@pytest.fixture
def visit(browser, server, tmp_path, _visitors):
    """Open the console as a new visitor; `visit(color_scheme="dark", viewport=...)` says how the browser is."""
    visitors = _visitors

    def open_console(address=server.address, **options):
        context = browser.new_context(viewport=options.pop("viewport", {"width": 1280, "height": 900}), **options)
        visitors.append(Visitor(context, address))
        return visitors[-1]

    yield open_console
    for visitor in visitors:
        visitor.page.context.close()
    assert [each.complaints for each in visitors if each.complaints] == []


def make_session(browser, server, name, password):
    """Sign somebody in without a page; the state is for `visit(storage_state=...)`."""
    context = browser.new_context()
    answer = context.request.post(f"{server.address}/api/v1/sign-in", data={"name": name, "password": password})
    assert answer.ok, answer.text()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def session(browser, server):
    """The administrator's session, for as many visitors as a module has."""
    return make_session(browser, server, "admin", server.password)


@pytest.fixture
def admin(visit, session):
    """The administrator, signed in and at home."""
    visitor = visit(storage_state=session)
    visitor.go("/")
    return visitor


@pytest.fixture(params=ALL, ids=[kind.__name__.lower() for kind in ALL])
def kind(request):
    """How a journey is made: it must be possible with a mouse, with fingers and with a keyboard alone."""
    return request.param


@pytest.fixture
def hands(visit, session, kind):
    """The administrator at home, by each kind of hands."""
    visitor = visit(storage_state=session, **kind.options)
    visitor.go("/")
    visitor.expect_heading("Home")
    return kind(visitor)
