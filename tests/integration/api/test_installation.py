"""The settings in force and the diagnostics, over the API."""

from __future__ import annotations

import pytest
from tests.api_server import on_both_databases, running

from kapell.doctor.examination import CHECKS, NOT_WHILE_RUNNING
from kapell.settings import OidcSettings, Settings

CANARY = "canary-of-a-password"


async def test_settings_are_listed_with_where_they_come_from(admin, server, monkeypatch):
    found = {line["name"]: line for line in await admin.get("/settings")}
    assert set(found) == set(Settings.__struct_fields__)
    assert (found["data"]["source"], found["data"]["value"]) == ("option", str(server.parts.settings.data))
    assert found["max_calls"]["source"] == "default"
    assert found["max_calls"]["value"] == found["max_calls"]["default"] == 100
    assert found["max_calls"]["description"].startswith("How many calls")
    assert found["max_calls"]["variable"] == "KAPELL_MAX_CALLS"
    records = await admin.get("/audit/records?action=settings.read")
    assert len(records["items"]) == 1


async def test_where_they_come_from(tmp_path, monkeypatch):
    file = tmp_path / "kapell.toml"
    file.write_text("max_processes = 3\n", encoding="utf-8")
    monkeypatch.setenv("KAPELL_CONFIG", str(file))
    monkeypatch.setenv("KAPELL_MAX_CALLS", "7")
    async with running(Settings(data=tmp_path / "data", port=0, max_calls=7, max_processes=3)) as server:
        found = {line["name"]: line for line in await (await server.sign_in()).get("/settings")}
    assert (found["max_calls"]["value"], found["max_calls"]["source"]) == (7, "KAPELL_MAX_CALLS")
    assert (found["max_processes"]["value"], found["max_processes"]["source"]) == (3, str(file))


async def test_no_secret_of_a_setting_is_shown(tmp_path):
    settings = Settings(
        data=tmp_path / "data",
        port=0,
        proxy=f"http://somebody:{CANARY}@proxy.example:3128",
        oidc={"corp": OidcSettings(issuer="https://id.example", client_id="kapell", client_secret=CANARY)},
    )
    async with running(settings) as server:
        found = {line["name"]: line for line in await (await server.sign_in()).get("/settings")}
    assert CANARY not in str(found)
    assert found["proxy"]["value"] == "http://somebody:***@proxy.example:3128"
    assert found["oidc"]["value"] == {"corp": "https://id.example"}


@on_both_databases
async def test_a_running_server_examines_its_installation(admin, server):
    found = await admin.get("/diagnostics")
    checks = {finding["check"] for finding in found["findings"]}
    assert checks == CHECKS.keys() - set(NOT_WHILE_RUNNING)
    assert found["problems"] == 0, found
    said = {finding["check"]: finding for finding in found["findings"]}
    assert said["runs"]["text"] == "0 runs are under way, and none is stuck."
    assert said["audit log"]["status"] == "ok"
    again = await admin.get("/diagnostics")
    assert again["examined_at"] == found["examined_at"], "many who look make one examination"


@pytest.mark.parametrize("path", ["/settings", "/diagnostics"])
async def test_who_has_a_role_in_one_namespace_sees_nothing_of_the_installation(admin, server, path):
    person = await admin.post("/people", {"name": "vera", "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "auditor", "subject": subject, "namespace": "demo"})
    vera = await server.sign_in("vera", "Correct-horse-battery-1")
    await vera.get(path, status=403)


@pytest.mark.parametrize("path", ["/settings", "/diagnostics"])
@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("operator", 403), ("author", 403), ("auditor", 200)])
async def test_the_installation_is_for_who_runs_it(admin, server, path, role, status):
    person = await admin.post("/people", {"name": role, "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": role, "subject": subject})
    client = await server.sign_in(role, "Correct-horse-battery-1")
    await client.get(path, status=status)
