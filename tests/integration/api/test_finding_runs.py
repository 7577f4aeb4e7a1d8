"""Runs are listed, searched and counted over the API, as far as the caller may see them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec
import pytest
from tests.api_server import FAULTS, on_both_databases, running

from kapell.settings import Settings


async def find(client, answers=None, **query):
    """Return the ids of the runs that a query finds."""
    answer = await client.get(f"/runs?{urlencode(query, doseq=True)}", status=answers)
    return [item["run_id"] for item in answer["items"]] if answers is None else answer


async def find_soon(client, expected, **query):
    """Wait until the index has caught up."""
    async with asyncio.timeout(10):
        while True:
            if await find(client, **query) == expected:
                return
            await asyncio.sleep(0.05)


@on_both_databases
async def test_runs_are_found_by_what_is_known_of_them(server, admin):
    before = datetime.now(UTC)
    for namespace in ("demo", "bank"):
        await admin.publish(namespace=namespace)
    await admin.publish(name="faults", source=FAULTS)
    ada = (await admin.run({"name": "Ada Lovelace", "order": "ORD-17"}))["run_id"]
    bob = (await admin.run({"name": "Bob", "lines": [{"item": "Größe 42"}]}, namespace="bank"))["run_id"]
    bad = (await admin.run({"number": "many"}, name="faults"))["run_id"]
    for run_id in (ada, bob, bad):
        await admin.wait_run(run_id)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    assert await find(admin) == [bad, bob, ada]
    assert await find(admin, status=["completed", "waiting"]) == [bob, ada]
    assert await find(admin, namespace="demo", name="hello") == [ada]
    assert await find(admin, version="9.9.9") == []
    assert await find(admin, top="true", started_after=before.isoformat()) == [bad, bob, ada]
    assert await find(admin, started_after=later) == await find(admin, ended_after=later) == []
    assert await find(admin, ended_before=later, updated_before=later, status="faulted") == [bad]
    first = await admin.get("/runs?limit=2")
    assert await find(admin, cursor=first["next"]) == [ada]

    await find_soon(admin, [bad], text="many")
    assert await find(admin, text="ord-17 lovel") == await find(admin, text='"ada lovelace"') == [ada]
    assert await find(admin, text="grosse 42") == [bob]
    assert await find(admin, text="hello") == [bob, ada]
    assert await find(admin, text="hello", namespace="bank") == [bob]
    assert await find(admin, text="hello", status="faulted") == await find(admin, text="absent") == []
    page = await admin.get("/runs?text=hello&limit=1")
    assert await find(admin, text="hello", cursor=page["next"]) == [ada]
    async with asyncio.timeout(10):
        while True:
            index = await admin.get("/search-index")
            if not index["behind"]:
                break
            await asyncio.sleep(0.05)
    assert index == {"is_on": True, "why_off": None, "behind": 0}

    for query in ({"text": " * "}, {"status": "done"}, {"started_after": "yesterday"}, {"name": "a\0"}):
        assert (await find(admin, answers=422, **query))["detail"]
    assert "`run.data`" not in str(await admin.get("/audit/records?action=run.search"))

    await check_what_others_see(server, admin, ada, bob)
    await check_statistics(admin, before)

    await admin.post("/search-index/rebuild")
    await find_soon(admin, [bob, ada], text="hello")


async def check_what_others_see(server, admin, ada, bob):
    viewer = await server.sign_in(permissions=["run.read"])
    refusal = await find(viewer, answers=403, text="lovelace")
    assert "inputs" in refusal["detail"]
    assert "`run.data`" in refusal["detail"]
    assert ada in await find(viewer)
    person = await admin.post("/people", {"name": "banker", "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "operator", "subject": subject, "namespace": "bank"})
    await admin.post("/bindings", {"role": "viewer", "subject": subject, "namespace": "demo"})
    banker = await server.sign_in("banker", "Correct-horse-battery-1")
    assert bob in await find(banker)
    assert ada in await find(banker)
    assert await find(banker, text="hello") == [bob]
    assert "`run.data`" in (await find(banker, answers=403, text="hello", namespace="demo"))["detail"]
    assert await banker.get("/runs?namespace=other", status=403)
    counted = await banker.get("/statistics?by=namespace")
    assert [each["namespace"] for each in counted["subjects"]] == ["demo", "bank"]
    await banker.post("/search-index/rebuild", status=403)


async def check_statistics(admin, before):
    found = await admin.get("/statistics?by=workflow")
    assert found["total"] | {"p50_seconds": 0, "p95_seconds": 0} == {
        "started": 3,
        "completed": 2,
        "faulted": 1,
        "cancelled": 0,
        "damaged": 0,
        "success_rate": pytest.approx(2 / 3),
        "p50_seconds": 0,
        "p95_seconds": 0,
    }
    assert 0 < found["total"]["p50_seconds"] <= found["total"]["p95_seconds"] < 60
    assert found["before"]["started"] == 0
    assert len(found["buckets"]) == 24
    assert sum(each["figures"]["started"] for each in found["buckets"]) == 3
    names = {(each["namespace"], each["name"]): each["figures"]["faulted"] for each in found["subjects"]}
    assert names == {("demo", "hello"): 0, ("demo", "faults"): 1, ("bank", "hello"): 0}
    assert (await admin.get("/statistics?bucket=day&name=faults&namespace=demo"))["total"]["started"] == 1
    tomorrow = urlencode({"since": (before + timedelta(days=1)).isoformat(), "bucket": "day"})
    assert "since" in (await admin.get(f"/statistics?{tomorrow}", status=422))["hint"]
    assert (await admin.get("/statistics?since=0001-01-01T00:00:00Z", status=422))["detail"]
    later = urlencode(
        {"until": (before + timedelta(days=2)).isoformat(), "since": (before + timedelta(days=1)).isoformat()}
    )
    moved = await admin.get(f"/statistics?{later}")
    assert moved["total"]["started"] == 0
    assert moved["total"]["success_rate"] is None


async def test_what_is_encrypted_is_not_indexed(tmp_path):
    plain = Settings(data=tmp_path / "data", port=0)
    async with running(plain) as server:
        admin = await server.sign_in()
        await admin.publish()
        run_id = (await admin.run({"name": "canary-4711"}))["run_id"]
        await find_soon(admin, [run_id], text="canary-4711")
        password = server.password
    assert b"4711" in (tmp_path / "data" / "search.db").read_bytes() + read_wal(tmp_path)
    async with running(msgspec.structs.replace(plain, encrypt_at_rest=True)) as server:
        server.password = password
        client = server.client()
        await client.post("/sign-in", {"name": "admin", "password": password})
        own = {"Cookie": f"kapell_session={client.last.cookies['kapell_session'].value}"}
        problem = await client.get("/runs?text=canary", status=422, headers=own)
        assert "encrypted" in problem["detail"]
        assert not (await client.get("/search-index", headers=own))["is_on"]
        await client.run({"name": "canary-4712"}, headers=own)
        await asyncio.sleep(0.6)
    assert b"4712" not in (tmp_path / "data" / "search.db").read_bytes() + read_wal(tmp_path)
    assert not server.parts.settings.database


def read_wal(tmp_path):
    path = tmp_path / "data" / "search.db-wal"
    return path.read_bytes() if path.exists() else b""
