"""What the console does when something goes wrong: refused commands, pages that break, runs that need somebody."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect
from tests.e2e.console.conftest import make_session

from kapell.client.wire.identity import Subject

PASSWORD = "Correct-horse-battery-1"


def test_what_was_shown_at_once_is_taken_back_when_the_server_refuses(browser, visit, workflows):
    with workflows.client() as client:
        run = client.runs.start("demo", "sleep")
        person = client.people.create("olga", password=PASSWORD)
        binding = client.bindings.grant("operator", Subject("person", person.person_id))
        client.bindings.grant("viewer", Subject("person", person.person_id))
    visitor = visit(storage_state=make_session(browser, workflows, "olga", PASSWORD))
    page = visitor.page
    visitor.go(f"/runs/{run.run_id}")
    status = page.locator("[role=status] [data-status]")
    expect(status).to_have_text("waiting")
    page.get_by_role("button", name="Suspend").click()
    page.get_by_role("dialog").get_by_role("textbox", name=re.compile("Reason")).fill("A reason")
    with workflows.client() as client:
        client.bindings.revoke(binding.binding_id)
    held = []
    page.route("**/suspend", lambda route: held.append(route))  # noqa: PLW0108 -- Playwright marks what it calls
    with visitor.allowing("403"):
        page.get_by_role("dialog").get_by_role("button", name=re.compile("Suspend")).click()
        expect(status).to_have_text("suspended")  # before the server has answered
        held[0].continue_()
        expect(page.get_by_role("alert").first).to_be_visible()
    expect(status).to_have_text("waiting")
    expect(page.get_by_role("textbox", name=re.compile("Reason"))).to_have_value("A reason")


def test_a_page_that_breaks_offers_what_to_report(admin, workflows):
    page = admin.page
    problem = {"type": "about:blank", "title": "Broken", "detail": "Broken", "status": 500, "code": "internal"}
    page.route(
        "**/api/v1/runs?**",
        lambda route: route.fulfill(
            status=500, headers={"X-Request-ID": "req-of-test"}, content_type="application/problem+json",
            body=json.dumps(problem),
        ),
    )  # fmt: skip
    with admin.allowing("500", "TypeError", "Cannot read", "error occurred", "error boundary", "not iterable"):
        admin.go("/runs")
        expect(page.get_by_text("req-of-test").first).to_be_visible()
        page.route("**/api/v1/workflows?**", lambda route: route.fulfill(json={"items": [None], "next": None}))
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Workflows").click()
        admin.expect_heading("This page cannot be shown")
        page.get_by_role("button", name="Report for who runs this server").click()
        report = page.get_by_role("region", name="Report", exact=True)
        expect(report).to_contain_text("TypeError")
        expect(report).to_contain_text("request req-of-test")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy the report").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert "req-of-test" in page.evaluate("navigator.clipboard.readText()")
        page.unroute_all()
        page.get_by_role("link", name="Home").last.click()
        admin.expect_heading("Home")
        page.wait_for_timeout(100)
        admin.complaints[:] = [each for each in admin.complaints if not each.startswith("error: Cannot read")]


def test_notices_tell_what_needs_somebody_and_the_end_of_what_is_watched(admin, workflows):
    page = admin.page
    expect(page.locator("[data-live=live]")).to_be_visible()
    with workflows.client() as client:
        watched = client.runs.start("demo", "sleep")
        admin.go(f"/runs/{watched.run_id}")
        page.get_by_role("button", name="Tell me").click()
        page.reload()  # it is still watched
        expect(page.get_by_role("button", name="Watched")).to_be_visible()
        expect(page.locator("[data-live=live]")).to_be_visible()
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Workflows").click()
        admin.expect_heading("Workflows")
        faulted = client.runs.start("demo", "faults", input={"word": "notice"}, wait_seconds=20)
        expect(page.get_by_role("button", name="Notices: 1 new")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="demo/faults has faulted")).to_be_attached()
        client.runs.cancel(watched.run_id)
    expect(page.get_by_text(f"demo/sleep was cancelled ({watched.run_id})")).to_be_visible()
    page.get_by_role("button", name="Notices: 2 new").click()
    notices = page.get_by_role("dialog", name="Notices")
    expect(notices.get_by_text("watched")).to_be_visible()
    notices.get_by_role("link", name="demo/faults").click()
    admin.expect_heading("demo/faults")
    assert faulted.run_id in page.url
    expect(page.get_by_role("button", name="Notices", exact=True)).to_be_visible()
    with workflows.client() as client:  # what is mended is taken back
        client.runs.retry(faulted.run_id, input={"word": "7"})
    expect(page.locator("[role=status] [data-status=completed]")).to_be_visible()
    page.get_by_role("button", name="Notices", exact=True).click()
    expect(notices.get_by_role("link", name="demo/sleep")).to_be_visible()
    expect(notices.get_by_role("link", name="demo/faults")).to_have_count(0)
