"""Where other people are signed in, and signing them out."""

from __future__ import annotations

import pytest

PASSWORD = "Correct-horse-battery-1"


@pytest.fixture
async def vera(server, admin):
    """Somebody who is signed in at two places: id, and a cookie of each."""
    person = await admin.post("/people", {"name": "vera", "password": PASSWORD})
    return person["person_id"], [await sign_in(server, "vera"), await sign_in(server, "vera")]


async def sign_in(server, name):
    client = server.client()
    await client.post("/sign-in", {"name": name, "password": PASSWORD})
    return {"Cookie": f"kapell_session={client.last.cookies['kapell_session'].value}"}


async def bind(admin, name, role):
    person = await admin.post("/people", {"name": name, "password": PASSWORD})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": role, "subject": subject})


async def test_one_session_is_ended_and_the_other_stays(server, admin, vera):
    person_id, (first, second) = vera
    found = await admin.get(f"/people/{person_id}/sessions")
    assert [each["person_id"] for each in found] == [person_id] * 2
    assert not {"token", "hash"} & found[0].keys()
    oldest = min(found, key=lambda each: each["session_id"])
    await admin.ask("DELETE", f"/people/{person_id}/sessions/{oldest['session_id']}")
    await server.client().get("/me", headers=first, status=401)
    await server.client().get("/me", headers=second)
    (record,) = (await admin.get(f"/audit/records?target=session/{oldest['session_id']}&action=session.end"))["items"]
    assert record["private"]["actor_name"].startswith("admin")
    assert person_id in str(record)


async def test_all_sessions_are_ended(server, admin, vera):
    person_id, cookies = vera
    assert await admin.ask("DELETE", f"/people/{person_id}/sessions") == {"ended": 2}
    for each in cookies:
        await server.client().get("/me", headers=each, status=401)
    assert await admin.get(f"/people/{person_id}/sessions") == []
    (record,) = (await admin.get(f"/audit/records?target=person/{person_id}&action=session.end_all"))["items"]
    assert record["private"]["actor_name"].startswith("admin")


async def test_a_session_is_sought_among_those_of_that_person_only(admin, vera):
    person_id, _ = vera
    other = await admin.post("/people", {"name": "other"})
    (session, _) = await admin.get(f"/people/{person_id}/sessions")
    await admin.ask("DELETE", f"/people/{other['person_id']}/sessions/{session['session_id']}", status=404)
    await admin.get("/people/nobody/sessions", status=404)
    assert len(await admin.get(f"/people/{person_id}/sessions")) == 2


async def test_an_auditor_sees_sessions_and_ends_none(server, admin, vera):
    person_id, _ = vera
    await bind(admin, "rita", "auditor")
    auditor = await server.sign_in("rita", PASSWORD)
    (session, _) = await auditor.get(f"/people/{person_id}/sessions")
    await auditor.ask("DELETE", f"/people/{person_id}/sessions", status=403)
    await auditor.ask("DELETE", f"/people/{person_id}/sessions/{session['session_id']}", status=403)


async def test_who_may_do_less_signs_nobody_out(server, admin):
    await admin.ask("PUT", "/roles/clerk", {"permissions": ["identity.read", "identity.write"]})
    await bind(admin, "clara", "clerk")
    clerk = await server.sign_in("clara", PASSWORD)
    (administrator,) = (await admin.get("/people?search=admin"))["items"]
    await clerk.ask("DELETE", f"/people/{administrator['person_id']}/sessions", status=403)
    denied = await admin.get("/audit/records?decision=denied")
    assert denied["items"]


async def test_everybody_may_read_what_permissions_allow(server, admin):
    await bind(admin, "otto", "operator")
    texts = {each["name"]: each["text"] for each in await (await server.sign_in("otto", PASSWORD)).get("/permissions")}
    assert texts["run.start"] == "Start runs."
    roles = await admin.get("/roles")
    assert {permission for role in roles for permission in role["permissions"]} == set(texts)
    await server.client().get("/permissions", status=401)
