"""A server at work in this process, and clients of it.

Whatever secret a client gives or gets is a canary from then on: no later answer may show it, and when the server has
stopped, neither its log nor its database may hold it.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import traceback
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from tests.canaries import Canaries

from kapell.assembly import open_server
from kapell.cli.serving import describe_installation
from kapell.identity.permissions import PERMISSIONS
from kapell.server import Serving, listen
from kapell.telemetry import Logger

on_both_databases = pytest.mark.parametrize("settings", ["sqlite", "postgres"], indirect=True)

FAULTS = """
document: {dsl: '1.0.3', namespace: demo, name: faults, version: '1.0.0'}
do:
  - divide:
      set: {result: '${ .number | tonumber }'}
"""
HELLO = """
document: {{dsl: '1.0.3', namespace: {namespace}, name: {name}, version: '{version}'}}
do:
  - greet:
      set:
        text: ${{ "Hello " + .name }}
"""


_SHORTEST_CANARY = 12
"""Shorter ones may stand somewhere by chance."""


class Watch:
    """The secrets that a server was given or has given out, and what it logged."""

    def __init__(self):
        self.canaries = Canaries()
        self.log = []

    @contextmanager
    def watching(self):
        """Note everything that is logged, of whatever level."""
        write = Logger.log

        def note(logger, level, event, facts):
            self.log.append(f"{event} {facts!r} {traceback.format_exc() if 'exc_info' in facts else ''}")
            write(logger, level, event, facts)

        Logger.log = note
        try:
            yield
        finally:
            Logger.log = write

    def note_exchange(self, method, path, body, response, text):
        """Search an answer, and remember the secrets of this exchange."""
        if (method, path) != ("POST", "/tokens"):  # the one answer that shows a token
            check_nothing_found(self.canaries.find(text, f"the answer to {method} {path}"))
        if not 200 <= response.status < 300:
            return
        given = [body.get(name) for name in ("password", "new", "value")] if isinstance(body, dict) else []
        cookies = [morsel.value for morsel in response.cookies.values()]
        for secret in [*given, *cookies, *re.findall(r"kpl_\w{26}_\w{64}", text if path == "/tokens" else "")]:
            if isinstance(secret, str) and len(secret) >= _SHORTEST_CANARY:
                self.canaries.add(f"a secret of {method} {path}", secret)

    def check(self, settings):
        """Search what a server has left."""
        check_nothing_found(self.canaries.find("\n".join(self.log), "the log"))
        check_nothing_found(self.canaries.find_in_folder(settings.data, except_for={"master.key"}))
        if settings.database:
            check_nothing_found(self.canaries.find_in_postgres(settings.database))


def check_nothing_found(found):
    assert not found, "; ".join(found)


class Client:
    """A client with a token, or without."""

    def __init__(self, session, address, token=None, watch=None):
        self._session = session
        self._watch = watch
        self.address = address
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def ask(self, method, path, body=None, *, status=None, headers=None, prefix="/api/v1"):
        """Send a request, check the status, and return the answer's body."""
        data = None if body is None else io.BytesIO(json.dumps(body).encode())
        async with self._session.request(
            method, f"{self.address}{prefix}{path}", data=data, headers={**self.headers, **(headers or {})}
        ) as response:
            self.last = response
            text = await response.text()
            if self._watch is not None:
                self._watch.note_exchange(method, path, body, response, text)
            expected = {200, 201, 204} if status is None else {status}
            assert response.status in expected, f"{method} {path}: {response.status} {text}"
            return json.loads(text) if text and "json" in response.content_type else text

    async def get(self, path, **rest):
        return await self.ask("GET", path, **rest)

    async def ask_whatever(self, path):
        """Return the text of an answer of whatever status."""
        async with self._session.get(f"{self.address}/api/v1{path}", headers=self.headers) as response:
            return await response.text()

    async def post(self, path, body=None, **rest):
        return await self.ask("POST", path, {} if body is None else body, **rest)

    def stream(self, path, headers=None):
        """Open a stream of events."""
        return self._session.get(f"{self.address}/api/v1{path}", headers={**self.headers, **(headers or {})})

    async def publish(self, namespace="demo", name="hello", version="1.0.0", source=None):
        """Publish a workflow."""
        source = source or HELLO.format(namespace=namespace, name=name, version=version)
        return await self.post(f"/workflows/{namespace}/{name}/versions", {"source": source})

    async def run(self, value=None, namespace="demo", name="hello", **rest):
        """Start a run, and return what the server says of it."""
        body = {"namespace": namespace, "name": name, "input": value or {"name": "Ada"}}
        return await self.post("/runs", body, **rest)

    async def wait_run(self, run_id, status=("completed", "faulted", "cancelled")):
        """Return a run as soon as it has one of these statuses."""
        async with asyncio.timeout(20):
            while True:
                found = await self.get(f"/runs/{run_id}")
                if found["run"]["status"] in status:
                    return found
                await asyncio.sleep(0.02)


class Server:
    """A server, and what its first start told."""

    def __init__(self, parts, password, address, session, watch):
        self._watch = watch
        self.parts = parts
        self.password = password
        self.address = address
        self._session = session

    def client(self, token=None):
        return Client(self._session, self.address, token, self._watch)

    async def sign_in(self, name="admin", password=None, permissions=None):
        """Return a client with an API token of a person who signs in for it."""
        client = self.client()
        await client.post("/sign-in", {"name": name, "password": password or self.password})
        cookie = client.last.cookies["kapell_session"].value
        expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        scope = {"permissions": sorted(permissions or PERMISSIONS)}
        made = await client.post(
            "/tokens",
            {"name": "tests", "scope": scope, "expires_at": expires_at},
            headers={"Cookie": f"kapell_session={cookie}"},
        )
        return self.client(made["text"])


async def make_person(server, admin, role, namespace=None):
    """Return the client of a new person who has a role."""
    name = f"{role}-{namespace or 'everywhere'}"
    person = await admin.post("/people", {"name": name, "password": "Correct-horse-battery-1"})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": role, "subject": subject, "namespace": namespace})
    return await server.sign_in(name, "Correct-horse-battery-1")


@asynccontextmanager
async def running(settings):
    watch = Watch()
    with watch.watching():
        async with _running(settings, watch) as server:
            yield server
    watch.check(settings)


@asynccontextmanager
async def _running(settings, watch):
    async with open_server(settings) as (parts, password):
        parts.installation = describe_installation(settings, {"data": settings.data})
        listener = listen(settings)
        serving = Serving(settings, parts, listener)
        started = asyncio.Event()
        task = asyncio.get_running_loop().create_task(serving.run(started.set))
        await asyncio.wait([task, asyncio.ensure_future(started.wait())], return_when=asyncio.FIRST_COMPLETED)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            if password is not None:
                watch.canaries.add("the first password", password)
            yield Server(parts, password, f"http://127.0.0.1:{listener.getsockname()[1]}", session, watch)
        serving.stop()
        with suppress(asyncio.CancelledError):
            await task
        listener.close()
