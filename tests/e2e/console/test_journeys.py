"""What people come to the console for, from beginning to end, in a real browser."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect
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


def test_a_faulted_run_is_found_understood_and_mended(admin, workflows):
    (run_id,) = fault(workflows, "seven")
    page = admin.page
    page.get_by_role("link", name=run_id).click()
    admin.expect_heading("demo/faults")
    expect(page.get_by_text("The run faulted at the task")).to_be_visible()
    expect(page.get_by_text("Does a retry help?")).to_be_visible()
    page.get_by_role("button", name="Retry with another input").click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_label("Input (JSON)")
    field.fill('{"word": ')
    send = dialog.get_by_role("button", name="Retry with this input")
    expect(send).to_be_disabled()  # what is no JSON is not sent
    dialog.get_by_role("button", name="Close").or_(dialog.get_by_role("button", name="Back")).first.click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Retry with another input").click()
    expect(field).to_have_value('{"word": ')  # and not lost
    field.fill('{"word": "7"}')
    send.click()
    expect(page.locator("[role=status] [data-status=completed]")).to_be_visible()
    assert get_status(workflows, run_id) == "completed"


def test_many_runs_are_retried_after_a_preview(admin, workflows):
    run_ids = fault(workflows, "many", 3)
    admin.go("/runs?status=faulted&name=faults&namespace=demo")
    page = admin.page
    for run_id in run_ids:
        expect(page.get_by_role("link", name=run_id)).to_be_visible()
        page.get_by_role("checkbox", name=re.compile(run_id)).check()
    expect(page.get_by_text("3 runs selected")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Retry")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("The service is back")
    dialog.get_by_role("button", name="Show what it would hit").click()
    dialog.get_by_role("button", name="Retry 3 runs").click()
    expect(dialog.get_by_role("status")).to_contain_text("3 of 3 runs obeyed")
    with workflows.client() as client:
        for run_id in run_ids:
            assert any(event.type == "task_retried" for event in client.runs.history(run_id)), run_id


def test_a_workflow_is_written_published_run_and_compared(admin, server):
    page = admin.page
    admin.go("/workflows/new")
    page.get_by_role("combobox", name="Namespace").fill("journey")
    page.get_by_role("textbox", name="Name").fill("greet")
    page.get_by_role("button", name="Begin the draft").click()
    admin.expect_heading("greet")
    editor = page.locator(".cm-content")
    expect(editor).to_contain_text("greet")
    for version in ("0.1.0", "0.2.0"):
        editor.click()
        page.keyboard.press("ControlOrMeta+A")
        tasks = "  - greet: {set: {text: '${ \"Hello \" + .name }'}}\n" + "  - again: {set: {n: 2}}\n" * (
            version > "0.1.0"
        )
        page.keyboard.insert_text(write_source("greet", tasks, "journey", version))
        page.get_by_role("button", name="Publish").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(version)
        dialog.get_by_role("button", name=re.compile("^Publish")).click()
        expect(dialog).to_have_count(0)
        page.get_by_role("tab", name="Edit").click()
    admin.go("/workflows/journey/greet?tab=versions")
    expect(page.get_by_text("0.2.0").first).to_be_visible()
    expect(page.get_by_text("0.1.0").first).to_be_visible()
    with server.client() as client:
        assert {each.version for each in client.workflows.versions("journey", "greet")} == {"0.1.0", "0.2.0"}


def test_a_viewer_sees_no_action_and_is_refused_by_the_server_too(visit, workflows):
    (run_id,) = fault(workflows, "viewed")
    make_person(workflows, "vera", "viewer")
    viewer = visit()
    viewer.sign_in("vera", PASSWORD, f"/runs/{run_id}")
    viewer.expect_heading("demo/faults")
    expect(viewer.page.get_by_text("The run faulted at the task")).to_be_visible()
    for name in ("Retry", "Retry with another input", "Skip", "Suspend", "Cancel run", "Fork from here"):
        expect(viewer.page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    with viewer.allowing("403"):
        status = viewer.page.evaluate(
            "async (path) => (await fetch(path, {method: 'POST', body: '{}'})).status", f"/api/v1/runs/{run_id}/retry"
        )
    assert status == 403
    viewer.go("/administration/people")
    expect(viewer.page.get_by_role("button", name=re.compile("New|Create|Add"))).to_have_count(0)


def test_the_audit_log_is_verified(admin):
    admin.go("/administration/audit/verification")
    admin.page.get_by_role("button", name=re.compile("Verify")).click()
    expect(
        admin.page.get_by_text(
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


def test_somebody_signs_in_by_a_provider(served_with_a_provider, visit):
    visitor = visit(served_with_a_provider.address)
    visitor.go("/runs")
    visitor.page.get_by_role("link", name="Corp").click()
    visitor.page.get_by_role("textbox", name="Account").fill("a1")
    visitor.page.get_by_role("button", name="Go on").click()
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
