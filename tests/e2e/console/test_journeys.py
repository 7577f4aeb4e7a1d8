"""What people come to the console for, from beginning to end, in a real browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect
from tests.e2e.console.conftest import make_session
from tests.kapell_server import Server, write_source
from tests.oidc_provider import ALICE, PHRASE, find_free_port, providing

from kapell.client.wire.identity import Subject

PASSWORD = "Correct-horse-battery-1"


def fault(server, word, count=1):
    """Start runs that fault, since their word is no number; return their ids when they have."""
    with server.client() as client:
        runs = [client.runs.start("demo", "faults", input={"word": word}, wait_seconds=20) for _ in range(count)]
    assert {run.status for run in runs} == {"faulted"}
    return [run.run_id for run in runs]


def get_status(server, run_id):
    with server.client() as client:
        return client.runs.get(run_id, wait_seconds=20).run.status


def make_person(server, name, role):
    with server.client() as client:
        person = client.people.create(name, password=PASSWORD)
        client.bindings.grant(role, Subject("person", person.person_id))


def test_a_faulted_run_is_found_understood_and_mended(hands, workflows):
    (run_id,) = fault(workflows, "seven")
    page = hands.page
    hands.press(page.get_by_role("link", name=run_id))
    hands.visitor.expect_heading("demo/faults")
    expect(page.get_by_text("The run faulted at the task")).to_be_visible()
    expect(page.get_by_text("Does a retry help?")).to_be_visible()
    mend = page.get_by_role("button", name="Retry with another input")
    hands.press(mend)
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("textbox", name=re.compile("Input"))
    hands.write(field, '{"word": ')
    send = dialog.get_by_role("button", name="Retry with this input")
    expect(send).to_be_disabled()  # what is no JSON is not sent
    hands.press(dialog.get_by_role("button", name="Back"))
    expect(dialog).to_have_count(0)
    expect(mend).to_be_focused()
    hands.press(mend)
    expect(field).to_contain_text('{"word": ')  # and not lost
    hands.write(field, '{"word": "7"}')
    hands.press(send)
    expect(page.locator("[role=status] [data-status=completed]")).to_be_visible()
    assert get_status(workflows, run_id) == "completed"
    expect(dialog).to_have_count(0)
    expect(page.locator(":focus")).to_have_count(1)  # the button that opened the dialog is gone


def test_many_runs_are_retried_after_a_preview(hands, kind, workflows):
    word = f"many{kind.__name__}"
    run_ids = fault(workflows, word, 3)
    page = hands.page
    hands.go_to("Runs")
    hands.write(page.get_by_role("searchbox", name="Text"), word)
    expect(page.get_by_text("3 runs.", exact=True)).to_be_visible()
    for run_id in run_ids:
        expect(page.get_by_role("link", name=run_id)).to_be_visible()
        hands.press(page.get_by_role("checkbox", name=re.compile(run_id)))
    expect(page.get_by_text("3 runs selected")).to_be_visible()
    hands.press(page.get_by_role("button", name=re.compile("^Retry")))
    dialog = page.get_by_role("dialog")
    hands.write(dialog.get_by_label("Why"), "The service is back")
    hands.press(dialog.get_by_role("button", name="Show what it would hit"))
    hands.press(dialog.get_by_role("button", name="Retry 3 runs"))
    expect(dialog.get_by_role("status")).to_contain_text("3 of 3 runs obeyed")
    with workflows.client() as client:
        for run_id in run_ids:
            assert any(event.type == "task_retried" for event in client.runs.history(run_id)), run_id


def test_a_workflow_is_written_published_and_compared(hands, kind, server):
    page = hands.page
    name = f"greet-{kind.__name__.lower()}"
    hands.go_to("Workflows")
    hands.press(page.get_by_role("link", name=re.compile("New workflow|Write a workflow")).first)
    hands.visitor.expect_heading("New workflow")
    hands.write(page.get_by_role("combobox", name="Namespace"), "journey")
    hands.write(page.get_by_role("textbox", name="Name"), name)
    hands.press(page.get_by_role("button", name="Begin the draft"))
    hands.visitor.expect_heading(name)
    editor = page.locator(".cm-content")
    for version in ("0.1.0", "0.2.0"):
        expect(editor).to_contain_text(name)
        tasks = "  - greet: {set: {text: '${ \"Hello \" + .name }'}}\n" + "  - again: {set: {n: 2}}\n" * (
            version > "0.1.0"
        )
        hands.write_code(editor, write_source(name, tasks, "journey", version))
        expect(page.locator("[data-saving=saved]")).to_be_visible()
        publish = page.get_by_role("button", name=re.compile("^Publish"))
        expect(publish).to_be_enabled()
        hands.press(publish)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(version)
        hands.press(dialog.get_by_role("button", name=re.compile("^Publish")))
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("tab", name="Versions")).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel").get_by_text(version).first).to_be_visible()
        if version == "0.1.0":
            hands.press(page.get_by_role("tab", name="Edit"))
    hands.choose(page.get_by_role("button", name="Actions on version 0.2.0"), "Compare it with the one before")
    comparison = page.get_by_role("region", name="Compare")
    expect(comparison.get_by_text("again").first).to_be_visible()  # the task that the newer one has
    with server.client() as client:
        assert {each.version for each in client.workflows.versions("journey", name)} == {"0.1.0", "0.2.0"}


def test_a_viewer_sees_no_action_and_is_refused_by_the_server_too(browser, visit, workflows, kind):
    (run_id,) = fault(workflows, "viewed")
    name = f"vera-{kind.__name__.lower()}"
    make_person(workflows, name, "viewer")
    viewer = visit(storage_state=make_session(browser, workflows, name, PASSWORD), **kind.options)
    viewer.go("/")
    hands = kind(viewer)
    hands.press(viewer.page.get_by_role("link", name=run_id))
    viewer.expect_heading("demo/faults")
    expect(viewer.page.get_by_text("The run faulted at the task")).to_be_visible()
    for action in ("Retry", "Retry with another input", "Skip", "Suspend", "Cancel run", "Fork from here"):
        expect(viewer.page.get_by_role("button", name=action, exact=True)).to_have_count(0)
    with viewer.allowing("403"):
        status = viewer.page.evaluate(
            "async (path) => (await fetch(path, {method: 'POST', body: '{}'})).status", f"/api/v1/runs/{run_id}/retry"
        )
    assert status == 403
    hands.go_to("Workflows")
    expect(viewer.page.get_by_role("link", name="New workflow")).to_have_count(0)
    hands.go_to("Administration")
    expect(viewer.page.get_by_role("main").get_by_role("link", name="Secrets")).to_have_count(0)
    viewer.go("/administration/people")
    expect(viewer.page.get_by_role("button", name=re.compile("New|Create|Add"))).to_have_count(0)


def test_the_audit_log_is_verified(hands):
    page = hands.page
    hands.go_to("Administration")
    hands.press(page.get_by_role("main").get_by_role("link", name="Audit log").locator("visible=true").last)
    hands.visitor.expect_heading("Audit log")
    hands.press(page.get_by_role("link", name="Verification").or_(page.get_by_role("tab", name="Verification")))
    hands.visitor.expect_heading("Verification")
    hands.press(page.get_by_role("button", name=re.compile("Verify")))
    expect(
        page.get_by_text(
            re.compile("is as it was written|No difference|intact|nothing was changed", re.IGNORECASE)
        ).first
    ).to_be_visible()


@pytest.fixture
def served_with_a_provider(tmp_path, browser):
    port = find_free_port()
    with providing(f"http://127.0.0.1:{port}/api/v1/sign-in/oidc/corp/callback") as provider:
        (tmp_path / "secret").write_text(PHRASE + "\n")
        config = tmp_path / "kapell.toml"
        config.write_text(
            f'[oidc.corp]\ntitle = "Corp"\nissuer = "{provider.issuer}"\nclient_id = "kapell"\n'
            f'client_secret_file = "{tmp_path / "secret"}"\nscopes = ["openid", "profile", "email", "groups"]\n'
        )
        provider.put_accounts(a1=ALICE)
        server = Server(tmp_path, port=port, config=config)
        yield server
        server.stop()


def test_somebody_signs_in_by_a_provider(served_with_a_provider, visit, kind):
    visitor = visit(served_with_a_provider.address, **kind.options)
    hands = kind(visitor)
    visitor.go("/runs")
    hands.press(visitor.page.get_by_role("link", name="Corp"))
    hands.write(visitor.page.get_by_role("textbox", name="Account"), "a1")
    hands.press(visitor.page.get_by_role("button", name="Go on"))
    expect(visitor.page.get_by_role("button", name="Alice A.")).to_be_visible()
    visitor.go("/")
    expect(visitor.page.get_by_text("You have no role here yet")).to_be_visible()
    visitor.go("about:blank")


HOSTILE = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>"\'`${1}javascript:window.hit=1'


def test_no_text_is_taken_for_a_page(admin, server):
    """Whatever a workflow, an event, a log, an error or a name can show is shown as text."""
    quoted = json.dumps(HOSTILE)
    tasks = (
        f'  - talk: {{run: {{shell: {{command: \'printf "%s\\n" "$TEXT"; printf "%s\\n" "$TEXT" >&2\','
        f" environment: {{TEXT: {quoted}}}}}}}}}\n"
        f"  - keep: {{set: {{text: {quoted}}}}}\n"
        f"  - fail: {{raise: {{error: {{type: https://kapell.example/e, status: 500, title: {quoted},"
        f" detail: {quoted}}}}}}}\n"
    )
    source = write_source("hostile", tasks, "journey").replace(
        "version: 1.0.0}", f"version: 1.0.0, title: {quoted}, summary: {quoted}, tags: {{area: {quoted}}}}}"
    )
    with server.client() as client:
        client.workflows.publish("journey", "hostile", source=source, note=HOSTILE)
        run = client.runs.start("journey", "hostile", input={HOSTILE: HOSTILE}, wait_seconds=20)
        assert run.status == "faulted"
    paths = ["/", "/runs", f"/runs/{run.run_id}", "/workflows", "/workflows/journey/hostile"]
    paths += [f"/runs/{run.run_id}?view={view}" for view in ("graph", "timeline", "history", "data", "log")]
    paths += [f"/workflows/journey/hostile?tab={tab}" for tab in ("versions", "start")]
    paths += ["/administration/audit", f"/runs?text={HOSTILE}"]
    for path in paths:
        admin.go(path)
        expect(admin.page.get_by_role("heading", level=1)).to_be_visible()
        admin.page.wait_for_timeout(700)
        assert admin.page.evaluate("window.hit") is None, path
    admin.go(f"/runs/{run.run_id}")
    expect(admin.page.get_by_text("<script>window.hit=1</script>").first).to_be_visible()
