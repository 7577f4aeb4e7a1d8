"""A request of each operation that succeeds, with all that it needs made just before: ids, states, sessions.

`REQUESTS` has a line for each operation of the OpenAPI document; a line that is missing fails the tests of the
contract, by name.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qsl, urlsplit

from tests.api_server import FAULTS, HELLO
from tests.browsing import Browser

PASSWORD = "Correct-horse-battery-1"
OIDC = "/api/v1/sign-in/oidc/corp"
SLEEP = """
document: {dsl: '1.0.3', namespace: demo, name: sleep, version: '1.0.0'}
do:
  - sleep: {wait: {hours: 1}}
"""
_WORKFLOW = {"namespace": "demo", "name": "hello"}


@dataclass
class Sent:
    """What a request consists of; with `as_session`, it is a browser's, and comes with no token.

    The body's `media_type` is named where there are several.
    """

    path: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    body: object = None
    cookies: dict = field(default_factory=dict)
    as_session: bool = False
    media_type: str | None = None


class Caller:
    """A person with a token, and a password to sign in with."""

    def __init__(self, server, name, password, client):
        self.name = name
        self.password = password
        self.client = client
        self._server = server
        self._session = None

    async def get_session(self):
        """Return the cookie of a session that nobody ends."""
        if self._session is None:
            self._session = await self.sign_in()
        return self._session

    async def sign_in(self):
        """Return the cookie of a new session."""
        client = self._server.client()
        await client.post("/sign-in", {"name": self.name, "password": self.password})
        return {"kapell_session": client.last.cookies["kapell_session"].value}


class World:
    """A server with something of everything in it, whatever its administrator makes more of, and who calls.

    Attributes:
        caller: Whose requests are made.
        owner: Who makes what only its maker may use: the caller, or the administrator where the caller may not.
    """

    def __init__(self, server, admin):
        self.server = server
        self.admin = admin
        self.caller = Caller(server, "admin", server.password, admin)
        self.owner = admin
        self._numbers = count(1)

    async def seed(self):
        """Make what is only looked at."""
        for name, source in (("hello", None), ("sleep", SLEEP), ("faults", FAULTS)):
            await self.admin.publish(name=name, source=source)
        await self.admin.publish(version="1.1.0")
        self.done = (await self.admin.run())["run_id"]
        await self.admin.wait_run(self.done)
        await self.admin.post("/groups", {"name": "seen"})
        self.person = await self.make_person()
        await self.admin.ask("PUT", f"/groups/seen/members/{self.person}")

    def make_name(self):
        return f"made-{next(self._numbers)}"

    async def make_person(self, name=None):
        """Make a person, who can sign in if they are given a name, and return the id."""
        body = {"name": name, "password": PASSWORD} if name else {"name": self.make_name()}
        return (await self.admin.post("/people", body))["person_id"]

    async def make_caller(self, role):
        """Return somebody new who has a role everywhere."""
        name = self.make_name()
        await self.bind(role, await self.make_person(name))
        return Caller(self.server, name, PASSWORD, await self.server.sign_in(name, PASSWORD))

    async def bind(self, role, person_id):
        subject = {"kind": "person", "key": person_id}
        return (await self.admin.post("/bindings", {"role": role, "subject": subject}))["binding_id"]

    async def make_run(self, name, *statuses):
        """Start a run, and return its id when it has one of these statuses."""
        run_id = (await self.admin.run({"number": "x"}, name=name))["run_id"]
        await self.admin.wait_run(run_id, statuses)
        return run_id

    async def make_suspended(self):
        run_id = await self.make_run("sleep", "waiting")
        await self.admin.post(f"/runs/{run_id}/suspend")
        await self.admin.wait_run(run_id, ["suspended"])
        return run_id

    async def make_draft(self):
        """Return where a new draft is, and its revision."""
        name = self.make_name()
        source = HELLO.format(namespace="demo", name=name, version="1.0.0")
        draft = await self.admin.ask("PUT", f"/workflows/demo/{name}/draft", {"source": source})
        return {"namespace": "demo", "name": name}, draft["revision"]

    async def make_group(self, *members):
        name = self.make_name()
        await self.admin.post("/groups", {"name": name})
        for person_id in members:
            await self.admin.ask("PUT", f"/groups/{name}/members/{person_id}")
        return name

    async def make_role(self):
        name = self.make_name()
        await self.admin.ask("PUT", f"/roles/{name}", {"permissions": ["run.read"]})
        return name

    async def make_secret(self):
        name = self.make_name()
        await self.admin.ask("PUT", f"/secrets/demo/{name}", {"value": "a secret that nobody asks for"})
        return {"namespace": "demo", "name": name}

    async def preview_bulk(self):
        asked = {"action": "cancel", "runs": {"name": "sleep"}}
        return await self.owner.post("/runs/bulk", asked)

    async def start_bulk(self):
        preview = await self.preview_bulk()
        await self.owner.post(f"/bulk/{preview['bulk_id']}/start", {"expected": preview["matched"]})
        return preview["bulk_id"]

    async def make_token(self, cookies):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        made = await self.server.client().post("/tokens", make_token_body(), headers=headers)
        return made["token"]["token_id"]

    async def wait_proof(self, number=1):
        """Return the number of a record as soon as a head covers it."""
        async with asyncio.timeout(20):
            while not (await self.admin.get("/audit/heads"))["items"]:  # noqa: ASYNC110 -- nobody is told
                await asyncio.sleep(0.02)
        return number


def make_token_body():
    expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    return {"name": "made", "scope": {"permissions": ["run.read"]}, "expires_at": expires_at}


def ask(path=None, query=None, body=None):
    """Ask always the same."""

    async def prepare(_world):
        return Sent(path=path or {}, query=query or {}, body=body)

    return prepare


def of_run(make=None, query=None, body=None):
    """Ask about a run: the one that has completed, or a new one."""

    async def prepare(world):
        return Sent(path={"run_id": await make(world) if make else world.done}, query=query or {}, body=body)

    return prepare


def make_run(name, *statuses):
    return lambda world: world.make_run(name, *statuses)


async def _start_bulk(world):
    preview = await world.preview_bulk()
    return Sent(path={"bulk_id": preview["bulk_id"]}, body={"expected": preview["matched"]})


async def _of_bulk(world):
    return Sent(path={"bulk_id": await world.start_bulk()})


async def _sign_in(world):
    return Sent(body={"name": world.caller.name, "password": world.caller.password}, as_session=True)


async def _as_session(world):
    return Sent(cookies=await world.caller.get_session(), as_session=True)


async def _sign_out(world):
    return Sent(cookies=await world.caller.sign_in(), as_session=True)


async def _save_preferences(world):
    cookies = await world.caller.get_session()
    headers = {"Cookie": f"kapell_session={cookies['kapell_session']}"}
    known = await world.server.client().get("/me/preferences", headers=headers)
    return Sent(cookies=cookies, as_session=True, body={"revision": known["revision"], "value": {"theme": "dark"}})


async def _change_password(world):
    name = world.make_name()
    await world.make_person(name)
    cookies = await Caller(world.server, name, PASSWORD, None).sign_in()
    return Sent(cookies=cookies, as_session=True, body={"current": PASSWORD, "new": PASSWORD + "-new"})


async def _end_session(world):
    cookies = await world.caller.sign_in()
    headers = {"Cookie": f"kapell_session={cookies['kapell_session']}"}
    newest = max(await world.server.client().get("/me/sessions", headers=headers), key=lambda each: each["created_at"])
    return Sent(path={"session_id": newest["session_id"]}, cookies=cookies, as_session=True)


async def _come_back(world):
    """Sign in at the provider, and stop where it sends the browser back."""
    async with Browser(world.server.address) as browser:
        page = await browser.go(OIDC, until="/callback")
        cookies = browser.cookies_for(urlsplit(page.url).path)
    return Sent(path={"provider": "corp"}, query=dict(parse_qsl(urlsplit(page.url).query)), cookies=cookies,
                as_session=True)  # fmt: skip


async def _publish(world):
    name = world.make_name()
    source = HELLO.format(namespace="demo", name=name, version="1.0.0")
    return Sent(path={"namespace": "demo", "name": name}, body={"source": source})


async def _undeprecate(world):
    name = world.make_name()
    await world.admin.publish(name=name)
    await world.admin.post(f"/workflows/demo/{name}/versions/1.0.0/deprecate", {"reason": "old"})
    return Sent(path={"namespace": "demo", "name": name, "version": "1.0.0"})


async def _deprecate(world):
    name = world.make_name()
    await world.admin.publish(name=name)
    return Sent(path={"namespace": "demo", "name": name, "version": "1.0.0"}, body={"reason": "old"})


async def _get_draft(world):
    return Sent(path=(await world.make_draft())[0])


async def _save_draft(world):
    path, revision = await world.make_draft()
    return Sent(path=path, body={"source": "document: {}", "revision": revision})


async def _discard_draft(world):
    path, revision = await world.make_draft()
    return Sent(path=path, query={"revision": revision})


async def _delete_secret(world):
    return Sent(path=await world.make_secret())


async def _send_events(world):
    return Sent(
        path={"namespace": "demo"}, body=[make_event(world), make_event(world)],
        media_type="application/cloudevents-batch+json",
    )  # fmt: skip


async def _of_event(world):
    headers = {"Content-Type": "application/cloudevents+json"}
    made = await world.admin.post("/namespaces/demo/events", make_event(world), headers=headers, status=202)
    return Sent(path={"position": made["events"][0]["position"]})


def make_event(world):
    return {"specversion": "1.0", "id": world.make_name(), "source": "/tests", "type": "made", "data": {"a": 1}}


SPEC = {"workflow": "hello", "schedule": {"cron": "0 0 29 2 *", "zone": "Europe/Berlin"}, "input": {"name": "Ada"}}


async def make_trigger(world, *, is_paused=False):
    body = {"namespace": "demo", "name": world.make_name(), "spec": SPEC, "is_paused": is_paused}
    return (await world.admin.post("/triggers", body, status=201))["trigger_id"]


def of_trigger(*, is_paused=False, **rest):
    async def make(world):
        return Sent(path={"trigger_id": await make_trigger(world, is_paused=is_paused)}, **rest)

    return make


async def _create_trigger(world):
    return Sent(body={"namespace": "demo", "name": world.make_name(), "spec": SPEC})


async def _create_person(world):
    return Sent(body={"name": world.make_name(), "password": PASSWORD})


def of_person(body=None):
    async def prepare(world):
        return Sent(path={"person_id": await world.make_person()}, body=body)

    return prepare


async def _enable_person(world):
    person_id = await world.make_person()
    await world.admin.post(f"/people/{person_id}/disable")
    return Sent(path={"person_id": person_id})


async def _make_session(world):
    """Make a person who is signed in somewhere, and return the ids of both."""
    name = world.make_name()
    person_id = await world.make_person(name)
    await Caller(world.server, name, PASSWORD, None).sign_in()
    (session,) = await world.admin.get(f"/people/{person_id}/sessions")
    return {"person_id": person_id, "session_id": session["session_id"]}


async def _sessions_of_person(world):
    return Sent(path={"person_id": (await _make_session(world))["person_id"]})


async def _session_of_person(world):
    return Sent(path=await _make_session(world))


async def _create_group(world):
    return Sent(body={"name": world.make_name()})


async def _delete_group(world):
    return Sent(path={"name": await world.make_group()})


async def _add_member(world):
    return Sent(path={"name": await world.make_group(), "person_id": world.person})


async def _remove_member(world):
    return Sent(path={"name": await world.make_group(world.person), "person_id": world.person})


async def _define_role(world):
    return Sent(path={"name": world.make_name()}, body={"permissions": ["run.read"]})


async def _delete_role(world):
    return Sent(path={"name": await world.make_role()})


async def _grant_role(world):
    subject = {"kind": "person", "key": await world.make_person()}
    return Sent(body={"role": "viewer", "subject": subject, "namespace": "demo"})


async def _revoke_binding(world):
    return Sent(path={"binding_id": await world.bind("viewer", await world.make_person())})


async def _create_token(world):
    return Sent(body=make_token_body(), cookies=await world.caller.get_session(), as_session=True)


async def _revoke_token(world):
    cookies = await world.caller.get_session()
    return Sent(path={"token_id": await world.make_token(cookies)}, cookies=cookies, as_session=True)


async def _prove(world):
    return Sent(path={"number": await world.wait_proof()})


async def _redact(world):
    return Sent(path={"number": (await world.admin.get("/audit/records?limit=1"))["items"][0]["number"]},
                body={"reason": "asked for"})  # fmt: skip


_GREET = "/do/0/greet"
_SOURCE = HELLO.format(namespace="demo", name="hello", version="1.0.0")
REQUESTS = {
    "POST /runs": ask(body={**_WORKFLOW, "input": {"name": "Ada"}}),
    "GET /runs": ask(query={"namespace": "demo", "status": "completed"}),
    "GET /runs/overdue": ask(),
    "GET /runs/{run_id}": of_run(),
    "GET /runs/{run_id}/history": of_run(query={"type": "run_started", "text": "starts"}),
    "GET /runs/{run_id}/tasks": of_run(),
    "GET /runs/{run_id}/state": of_run(query={"at": 1}),
    "GET /runs/{run_id}/why": of_run(),
    "GET /runs/{run_id}/log": of_run(query={"text": "x", "before": 9, "stream": "stdout", "task": "/do/0"}),
    "GET /runs/{run_id}/definition": of_run(),
    "POST /runs/{run_id}/cancel": of_run(make_run("sleep", "waiting"), body={"reason": "tests"}),
    "POST /runs/{run_id}/suspend": of_run(make_run("sleep", "waiting"), body={}),
    "POST /runs/{run_id}/resume": of_run(World.make_suspended, body={}),
    "POST /runs/{run_id}/retry": of_run(make_run("faults", "faulted"), body={"input": {"number": "1"}}),
    "POST /runs/{run_id}/skip": of_run(make_run("faults", "faulted"), body={"output": {"result": 1}}),
    "GET /runs/{run_id}/fork": of_run(query={"reference": _GREET}),
    "POST /runs/{run_id}/fork": of_run(body={"reference": _GREET}),
    "GET /events": ask(),
    "GET /runs/{run_id}/events": of_run(),
    "GET /runs/{run_id}/log/events": of_run(),
    "POST /namespaces/{namespace}/events": _send_events,
    "GET /cloud-events": ask(query={"namespace": "demo", "type": "made", "since": "2026-01-01T00:00:00Z"}),
    "GET /cloud-events/stream": ask(),
    "GET /cloud-events/{position}": _of_event,
    "POST /runs/bulk": ask(body={"action": "cancel", "runs": {"name": "sleep"}}),
    "POST /bulk/{bulk_id}/start": _start_bulk,
    "POST /bulk/{bulk_id}/cancel": _of_bulk,
    "GET /bulk": ask(),
    "GET /bulk/{bulk_id}": _of_bulk,
    "GET /bulk/{bulk_id}/runs": _of_bulk,
    "GET /statistics": ask(),
    "GET /reports/tasks": ask(query=_WORKFLOW),
    "GET /search-index": ask(),
    "POST /search-index/rebuild": ask(),
    "POST /expressions/evaluate": ask(body={"expression": ".a + 1", "data": {"a": 1}}),
    "GET /sign-in": ask(),
    "POST /sign-in": _sign_in,
    "POST /sign-out": _sign_out,
    "GET /sign-in/providers": ask(),
    "GET /sign-in/oidc/{provider}": ask({"provider": "corp"}),
    "GET /sign-in/oidc/{provider}/callback": _come_back,
    "GET /me": ask(),
    "POST /me/password": _change_password,
    "GET /me/preferences": _as_session,
    "PUT /me/preferences": _save_preferences,
    "GET /me/sessions": _as_session,
    "DELETE /me/sessions/{session_id}": _end_session,
    "POST /triggers/check": ask(body={"namespace": "demo", "spec": SPEC}),
    "GET /triggers": ask(query={"namespace": "demo", "workflow": "hello"}),
    "POST /triggers": _create_trigger,
    "GET /triggers/{trigger_id}": of_trigger(),
    "PUT /triggers/{trigger_id}": of_trigger(body={"spec": SPEC, "revision": 1}),
    "DELETE /triggers/{trigger_id}": of_trigger(),
    "POST /triggers/{trigger_id}/pause": of_trigger(body={"reason": "tests"}),
    "POST /triggers/{trigger_id}/resume": of_trigger(is_paused=True, body={}),
    "POST /triggers/{trigger_id}/fire": of_trigger(),
    "GET /triggers/{trigger_id}/firings": of_trigger(query={"limit": 5}),
    "GET /triggers/{trigger_id}/upcoming": of_trigger(),
    "GET /calendar": ask(query={"namespace": "demo"}),
    "POST /workflows/check": ask(body={"source": _SOURCE}),
    "GET /workflows": ask(query={"text": "hello"}),
    "GET /workflows/{namespace}/{name}/versions": ask(_WORKFLOW),
    "POST /workflows/{namespace}/{name}/versions": _publish,
    "GET /workflows/{namespace}/{name}/versions/{version}": ask({**_WORKFLOW, "version": "1.0.0"}),
    "POST /workflows/{namespace}/{name}/versions/{version}/deprecate": _deprecate,
    "POST /workflows/{namespace}/{name}/versions/{version}/undeprecate": _undeprecate,
    "GET /workflows/{namespace}/{name}/diff": ask(_WORKFLOW, {"old": "1.0.0", "new": "latest"}),
    "GET /workflows/{namespace}/{name}/draft": _get_draft,
    "PUT /workflows/{namespace}/{name}/draft": _save_draft,
    "DELETE /workflows/{namespace}/{name}/draft": _discard_draft,
    "GET /secrets": ask(),
    "PUT /secrets/{namespace}/{name}": ask({"namespace": "demo", "name": "key"}, body={"value": {"kept": "for good"}}),
    "DELETE /secrets/{namespace}/{name}": _delete_secret,
    "GET /people": ask(),
    "POST /people": _create_person,
    "GET /people/{person_id}": of_person(),
    "PATCH /people/{person_id}": of_person({"display_name": "Somebody"}),
    "GET /people/{person_id}/grants": of_person(),
    "POST /people/{person_id}/password": of_person({"password": PASSWORD + "-given"}),
    "POST /people/{person_id}/disable": of_person(),
    "POST /people/{person_id}/enable": _enable_person,
    "GET /people/{person_id}/sessions": _sessions_of_person,
    "DELETE /people/{person_id}/sessions": _sessions_of_person,
    "DELETE /people/{person_id}/sessions/{session_id}": _session_of_person,
    "GET /groups": ask(),
    "POST /groups": _create_group,
    "DELETE /groups/{name}": _delete_group,
    "GET /groups/{name}/members": ask({"name": "seen"}),
    "PUT /groups/{name}/members/{person_id}": _add_member,
    "DELETE /groups/{name}/members/{person_id}": _remove_member,
    "GET /permissions": ask(),
    "GET /roles": ask(),
    "PUT /roles/{name}": _define_role,
    "DELETE /roles/{name}": _delete_role,
    "GET /bindings": ask(),
    "POST /bindings": _grant_role,
    "DELETE /bindings/{binding_id}": _revoke_binding,
    "GET /access/who-can": ask(query={"permission": "run.read"}),
    "GET /tokens": _as_session,
    "POST /tokens": _create_token,
    "DELETE /tokens/{token_id}": _revoke_token,
    "GET /audit/records": ask(),
    "GET /audit/heads": ask(),
    "POST /audit/verify": ask(),
    "GET /audit/verify": ask(),
    "GET /audit/records/{number}/proof": _prove,
    "POST /audit/records/{number}/redact": _redact,
    "GET /settings": ask(),
    "GET /diagnostics": ask(),
    "GET /engine": ask(),
    "GET /health": ask(),
    "GET /ready": ask(),
    "GET /metrics": ask(),
}
"""Operation -> what prepares a request of it; paths without `/api/v1`."""
