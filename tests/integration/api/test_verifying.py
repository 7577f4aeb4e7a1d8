"""The audit log is verified over the API, while the server goes on."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
from tests.api_server import on_both_databases

from kapell.audit import Actor, AuditEntry
from kapell.audit.evidence import make_evidence_url, open_evidence, read_log
from kapell.audit.verifier import verify_log

pytestmark = on_both_databases


async def verify(admin):
    """Return the verification, and how many records were checked whenever somebody looked."""
    begun = await admin.post("/audit/verify", status=202)
    assert begun["status"] == "running"
    looks = []
    async with asyncio.timeout(60):
        while (found := await admin.get("/audit/verify"))["status"] == "running":
            looks.append(found["checked"])
            await asyncio.sleep(0.01)
    return found, looks


def add_records(parts, count):
    actor = Actor("somebody", "Some Body", "127.0.0.1")
    parts.audit.record([AuditEntry.by(actor, "test.done", f"thing/{number}") for number in range(count)])


async def test_a_log_that_is_whole_is_verified_with_progress(server, admin):
    assert (await admin.get("/audit/verify"))["status"] == "never"
    await asyncio.to_thread(add_records, server.parts, 3_000)
    found, looks = await verify(admin)
    assert found["status"] == "done"
    assert found["report"]["is_verified"]
    assert found["report"]["findings"] == []
    assert found["checked"] == found["report"]["records"] == found["total"] > 3_000
    assert any(0 < count < found["total"] for count in looks)
    records = await admin.get("/audit/records?action=audit.verify")
    assert len(records["items"]) == 1


async def test_it_says_what_the_command_says(server, admin):
    await asyncio.to_thread(add_records, server.parts, 20)
    with server.parts.audit._database.write() as connection:
        connection.execute(sa.text("UPDATE audit_records SET target = 'another' WHERE number = 7"))
        connection.execute(sa.text("UPDATE audit_private SET body = '{}' WHERE number = 9"))
    found, _ = await verify(admin)
    settings = server.parts.settings
    with open_evidence(settings.database or make_evidence_url(settings.data / "server.db")) as connection:
        expected = verify_log(read_log(connection))
    assert not found["report"]["is_verified"]
    assert found["report"]["findings"] == [
        {"kind": each.kind, "place": each.place, "text": each.text} for each in expected.findings
    ]
    assert [each["place"] for each in found["report"]["findings"]] == ["record 7", "record 9"]


async def test_a_stop_does_not_wait_for_it(server, admin):
    await asyncio.to_thread(add_records, server.parts, 3_000)
    await admin.post("/audit/verify", status=202)
    async with asyncio.timeout(5):
        await server.parts.verification.close()
    assert server.parts.verification.newest.status == "failed"
    assert "was stopped" in server.parts.verification.newest.error
