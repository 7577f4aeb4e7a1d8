"""Who may do what: every route that there is, as everybody."""

from __future__ import annotations

import pytest
from starlette.routing import Route
from tests.api_access import PUBLIC, read_expected
from tests.api_server import make_person

from kapell.api.application import list_permissions, make_document, make_routes
from kapell.identity.permissions import BUILT_IN_ROLES, PERMISSIONS


@pytest.fixture
def routes():
    app = make_routes()
    found = list_permissions(app)
    known = {route.path for route in app.routes if isinstance(route, Route)}
    assert known == {"/api/v1/openapi.json"}
    assert len(found) > 50
    return found


def test_every_route_names_its_permission(routes):
    unguarded = {(method, path) for method, path, permission in routes if permission is None}
    assert unguarded == PUBLIC
    assert {permission for *_, permission in routes if permission} <= PERMISSIONS.keys()


def test_every_route_is_in_the_document_where_each_role_tries_it(routes):
    """What each role may and may not do, `test_contract.py` tries by the document."""
    documented = {(method.upper(), path) for path, each in make_document()["paths"].items() for method in each}
    assert {(method, path) for method, path, _ in routes} == documented


def test_the_built_in_roles_hold_what_was_reviewed(routes):
    needed = {permission for *_, permission in routes if permission}
    held = {name: set(role.permissions) & needed for name, role in BUILT_IN_ROLES.items()}
    assert held == read_expected()


async def test_strangers_are_refused_everywhere(server, routes):
    stranger = server.client()
    wrong = server.client("kpl_" + "0" * 26 + "_" + "0" * 64)
    for method, path, permission in routes:
        if permission is not None:
            for client in (stranger, wrong):
                problem = await client.ask(method, fill(path), {}, status=401, prefix="")
                assert problem["code"] == "unauthenticated", (method, path)


async def test_a_role_in_one_namespace_reaches_no_other(server, admin):
    await admin.publish(namespace="mine")
    await admin.publish(namespace="theirs")
    own = await admin.run(namespace="mine")
    other = await admin.run(namespace="theirs")
    client = await make_person(server, admin, "operator", namespace="mine")
    assert [run["run_id"] for run in (await client.get("/runs"))["items"]] == [own["run_id"]]
    assert {item["namespace"] for item in (await client.get("/workflows"))["items"]} == {"mine"}
    await client.get(f"/runs/{own['run_id']}")
    await client.get(f"/runs/{other['run_id']}", status=404)
    await client.post(f"/runs/{other['run_id']}/cancel", status=404)
    await client.run(namespace="theirs", status=403)
    await client.get("/runs?namespace=theirs", status=403)
    denied = await admin.get("/audit/records?decision=denied")
    assert {record["action"] for record in denied["items"]}, "denials are recorded"


async def test_a_viewer_sees_no_data(server, admin):
    await admin.publish()
    run = await admin.run({"name": "secret-canary"})
    await admin.wait_run(run["run_id"])
    viewer = await make_person(server, admin, "viewer")
    found = await viewer.get(f"/runs/{run['run_id']}")
    assert not found["has_data"]
    history = await viewer.get(f"/runs/{run['run_id']}/history")
    assert "secret-canary" not in str(found) + str(history)
    await viewer.get(f"/runs/{run['run_id']}/state", status=403)


async def test_who_looks_at_data_is_recorded_once_a_minute(server, admin):
    await admin.publish()
    run = await admin.run()
    await admin.wait_run(run["run_id"])
    operator = await make_person(server, admin, "operator")
    viewer = await make_person(server, admin, "viewer")
    for _ in range(3):
        for client in (operator, viewer):
            await client.get(f"/runs/{run['run_id']}")
            await client.get(f"/runs/{run['run_id']}/history")
    records = (await admin.get(f"/audit/records?target=run/{run['run_id']}&action=run.read_data"))["items"]
    names = [record["private"]["actor_name"] for record in records]
    assert [name for name in names if name.startswith(("operator", "viewer"))] == ["operator-everywhere/tests"]


async def test_nobody_gives_what_they_do_not_have(server, admin):
    await admin.ask("PUT", "/roles/clerk", {"permissions": ["identity.read", "identity.write"]})
    clerk = await make_person(server, admin, "clerk")
    me = await clerk.get("/me")
    subject = {"kind": "person", "key": (await find_person(admin, me["name"].partition("/")[0]))["person_id"]}
    await clerk.post("/bindings", {"role": "administrator", "subject": subject}, status=403)
    await clerk.ask("PUT", "/roles/other", {"permissions": ["run.start"]}, status=403)
    administrator = await find_person(admin, "admin")
    await clerk.post(f"/people/{administrator['person_id']}/password", {"password": "Taken-over-12345"}, status=403)
    await clerk.post(f"/people/{administrator['person_id']}/disable", status=403)


async def test_another_site_gets_nowhere_with_a_persons_cookie(server):
    client = server.client()
    await client.post("/sign-in", {"name": "admin", "password": server.password})
    cookie = client.last.cookies["kapell_session"]
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    own = {"Cookie": f"kapell_session={cookie.value}"}
    assert (await client.get("/me", headers=own))["name"] == "admin"
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        await client.post("/groups", {"name": "made-by-others"}, headers={**own, **foreign}, status=403)
    await client.post("/groups", {"name": "own"}, headers={**own, "Origin": server.address})


async def test_a_sign_in_replaces_the_session_that_was_there(server):
    client = server.client()
    planted = {"Cookie": "kapell_session=planted"}
    await client.post("/sign-in", {"name": "admin", "password": server.password}, headers=planted)
    first = client.last.cookies["kapell_session"].value
    assert first != "planted"
    own = {"Cookie": f"kapell_session={first}"}
    await client.post("/sign-in", {"name": "admin", "password": server.password}, headers=own)
    await client.get("/me", headers=own, status=401)


def fill(path):
    """Put something into a path's parameters."""
    return path.replace("{number}", "1").replace("{position}", "1").replace("{", "").replace("}", "")


async def find_person(admin, name):
    (found,) = [person for person in (await admin.get(f"/people?search={name}"))["items"] if person["name"] == name]
    return found
