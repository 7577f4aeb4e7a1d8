"""Secrets are nowhere but where they belong: a server's life with canaries, searched for in all that it leaves."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.api_server import Client, running
from tests.browsing import Browser
from tests.canaries import Canaries, make_forms
from tests.oidc_provider import ALICE, PHRASE, find_free_port, providing

from kapell.settings import Settings
from kapell.telemetry import get_logger

HARD = 'Canary of the "{}" & 100% pässwört+/='
"""A secret that looks different in every encoding."""

OIDC = "/api/v1/sign-in/oidc/corp"

WORKFLOW = """
document: {{dsl: '1.0.3', namespace: demo, name: leaky, version: '1.0.0'}}
use:
  secrets: [key, login, basic]
  authentications:
    service: {{basic: {{use: basic}}}}
do:
  - called:
      try:
        - call:
            call: http
            with:
              method: post
              endpoint: {{uri: '{url}/echo', authentication: {{use: service}}}}
              headers: {{X-Key: '${{ $secrets.key | @uri }}'}}
              query: {{key: '${{ $secrets.key }}'}}
              body: {{sent: '${{ $secrets.login }}', text: '${{ "in a text: " + $secrets.key }}'}}
      catch: {{do: [{{noted: {{set: {{error: '${{ $error }}'}}}}}}]}}
  - ran:
      run:
        shell:
          command: |
            echo "out: $KEY"; echo "err: $KEY" >&2
            printf %s "$KEY" | base64 -w0; printf %s "$KEY" | od -An -v -tx1 | tr -d " \\n"
          environment: {{KEY: '${{ $secrets.key }}'}}
        return: all
  - failed:
      call: http
      with:
        method: get
        endpoint: '{url}/fail'
        headers: {{Authorization: '${{ "Bearer " + ($secrets.key | @base64) }}'}}
        query: {{login: '${{ $secrets.login.password }}'}}
"""


class Life:
    """A server process that is watched: its log, its answers, its traces, and the secrets that it was given."""

    def __init__(self, canaries):
        self.canaries = canaries
        self.seen = []
        self.log = b""
        self.traces = b""

    def note(self, place, content):
        self.seen.append((place, content))

    def find(self):
        found = self.canaries.find(self.log, "the log") + self.canaries.find(self.traces, "a trace")
        for place, content in self.seen:
            found += self.canaries.find(content, place)
        return found


@asynccontextmanager
async def up(life, data, environment):
    """Start `kapell up`; give its address and the first password."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kapell", "up", "--data", str(data),
        env={name: value for name, value in os.environ.items() if not name.startswith("KAPELL_")} | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    ready = asyncio.Event()

    async def read_log():
        async for line in process.stderr:
            life.log += line
            if b"server_ready" in line:
                ready.set()

    reading = asyncio.create_task(read_log())
    try:
        async with asyncio.timeout(40):
            # Where the log is for programs, the first password stands on stdout, this once.
            password = json.loads(await process.stdout.readuntil(b"}\n"))["password"]
            await ready.wait()
        yield password
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(40):
            rest = await process.stdout.read()
            await asyncio.gather(process.wait(), reading)
        life.note("stdout", rest)
    assert process.returncode == 0, life.log.decode()


@asynccontextmanager
async def echoing(life):
    """A service that gives back all it gets, in its answers and in its errors, and takes traces."""

    async def echo(request):
        body = await request.text()
        told = {"headers": dict(request.headers), "query": dict(request.query), "url": str(request.url), "body": body}
        status = 500 if request.path == "/fail" else 200
        return web.json_response(told, status=status, reason="Failed" if status != 200 else None)

    async def take_traces(request):
        life.traces += await request.read()
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/v1/traces", take_traces), web.route("*", "/{any:.*}", echo)])
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


class WatchedClient(Client):
    """A client whose answers are searched, too, with their headers."""

    def __init__(self, life, session, address, token=None):
        super().__init__(session, address, token)
        self._life = life

    async def ask(self, method, path, body=None, **rest):
        found = await super().ask(method, path, body, **rest)
        headers = [value for name, value in self.last.headers.items() if name.lower() != "set-cookie"]
        if path != "/tokens" or method != "POST":  # the one answer that shows a token
            self._life.note(f"the answer to {method} {path}", json.dumps([found, headers], ensure_ascii=False))
        return found


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_no_secret_is_where_it_does_not_belong(tmp_path, request, kind):
    canaries = Canaries()
    life = Life(canaries)
    data, port = tmp_path / "data", find_free_port()
    address = f"http://127.0.0.1:{port}"
    url = request.getfixturevalue("make_postgres_database")() if kind == "postgres" else ""
    with providing(f"{address}{OIDC}/callback") as provider:
        provider.put_accounts(a1=ALICE)
        async with echoing(life) as service, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            environment = {
                "KAPELL_PORT": str(port),
                "KAPELL_DATABASE": url,
                "KAPELL_LOG_LEVEL": "debug",
                "KAPELL_LOG_FORMAT": "json",
                "KAPELL_LOG_REQUESTS": "true",
                "KAPELL_OTLP_ENDPOINT": service,
                "KAPELL_CONFIG": str(tmp_path / "kapell.toml"),
            }
            canaries.add("the OIDC client's secret", PHRASE)
            (tmp_path / "kapell.toml").write_text(
                f'[oidc.corp]\nissuer = "{provider.issuer}"\nclient_id = "kapell"\nclient_secret = "{PHRASE}"\n'
            )
            async with up(life, data, environment) as password:
                canaries.add("the first password", password)
                await live(life, WatchedClient(life, session, address), password, service)
                async with Browser(address) as browser:
                    page = await browser.go(f"{OIDC}?next=/api/v1/me")
                    assert page.status == 200
                    for cookie in browser.set_cookies:
                        name, _, rest = cookie.partition("=")
                        value = rest.partition(";")[0].strip('"')
                        if name.startswith("kapell") and value:
                            canaries.add(f"the cookie {name}", value)
                    life.note("the page after a sign-in", page.text)
                canaries.add("the master key", (data / "master.key").read_text().strip())
                assert life.find() == []
                assert canaries.find_in_folder(data, except_for={"master.key"}) == [], "while the server runs"
        assert life.traces, "traces were sent"
        assert b"server_ready" in life.log
        assert life.find() == []
        assert canaries.find_in_folder(data, except_for={"master.key"}) == []
        if url:
            assert canaries.find_in_postgres(url) == []


async def live(life, stranger, first_password, service):
    """Do all that has to do with secrets."""
    canaries = life.canaries
    admin = await sign_in(life, stranger, "admin", first_password)
    own, new = canaries.add("a password", HARD.format("password")), canaries.add("a new password", HARD.format("new"))
    person = await admin.post("/people", {"name": "ada", "password": own})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": "operator", "subject": subject})
    wrong = canaries.add("a wrong password", HARD.format("wrong"))
    await stranger.post("/sign-in", {"name": "ada", "password": wrong}, status=401)
    await stranger.post("/sign-in", {"name": canaries.add("a password typed as a name", HARD.format("name")),
                                     "password": "ada"}, status=401)  # fmt: skip
    ada = await sign_in(life, stranger, "ada", own)
    cookie = await open_session(life, stranger, "ada", own)
    await stranger.post("/me/password", {"current": own, "new": new}, headers=cookie, status=204)
    await admin.post(f"/people/{person['person_id']}/password", {"password": canaries.add("a third", HARD.format("3"))})
    invented = canaries.add("an invented token", "kpl_" + "0" * 26 + "_" + "cafe" * 16)
    await stranger.get("/me", headers={"Authorization": f"Bearer {invented}"}, status=401)
    await stranger.get(
        "/me", headers={"Cookie": "kapell_session=" + canaries.add("an old cookie", "beef" * 16)}, status=401
    )

    secrets = {
        "key": canaries.add("a secret", HARD.format("vault")),
        "login": {"user": "robot", "password": canaries.add("a secret's part", HARD.format("login"))},
        "basic": {"username": "robot", "password": canaries.add("a basic password", HARD.format("basic"))},
    }
    for name, value in secrets.items():
        await admin.ask("PUT", f"/secrets/demo/{name}", {"value": value})
    await admin.ask(
        "PUT", "/secrets/demo/..bad..", {"value": canaries.add("a refused secret", HARD.format("refused"))}, status=422
    )
    for body in ({"value": secrets["key"], "more": own}, {"valu": secrets["key"]}, [secrets["key"]]):
        await admin.ask("PUT", "/secrets/demo/key", body, status=422)
    await admin.get("/secrets")
    await admin.publish("demo", "leaky", source=WORKFLOW.format(url=service))
    run = await ada.run({}, "demo", "leaky")
    found = await ada.wait_run(run["run_id"])
    assert found["run"]["status"] == "faulted"
    assert "***" in json.dumps(found)
    await read_everything(life, admin, run["run_id"])


async def read_everything(life, admin, run_id):
    for path in ("history?limit=500", "state", "why", "log", ""):
        await admin.get(f"/runs/{run_id}/{path}".rstrip("/"))
    log = await admin.get(f"/runs/{run_id}/log")
    assert [line["text"] for line in log["items"] if line["stream"] == "stdout"] == ["out: ***", "******"]
    for reference in ("", "/do/0/called/try/0/call", "/do/1/ran", "/do/2/failed"):
        asked = {"expression": "[., $input, $context, $task, $workflow]", "run_id": run_id, "reference": reference}
        assert (await admin.post("/expressions/evaluate", asked))["has_value"]
    async with admin.stream(f"/runs/{run_id}/events") as response:
        async for line in response.content:  # it goes on, as the run may be repaired
            life.note("the run's live events", line)
            if b"run_faulted" in line:
                break
    await admin.get("/audit/records?limit=500")
    for path in (
        "/people",
        "/tokens",
        "/secrets",
        "/runs",
        "/workflows/demo/leaky/versions/1.0.0",
        "/sign-in/providers",
        "/me",
    ):
        await admin.get(path)
    await admin.get("/metrics", prefix="")
    await admin.get("/ready", prefix="")


async def open_session(life, client, name, password):
    await client.post("/sign-in", {"name": name, "password": password})
    value = life.canaries.add(f"the session of {name}", client.last.cookies["kapell_session"].value)
    return {"Cookie": f"kapell_session={value}"}


async def sign_in(life, stranger, name, password):
    """Return a client with an API token."""
    cookie = await open_session(life, stranger, name, password)
    me = await stranger.get("/me", headers=cookie)
    made = await stranger.post(
        "/tokens",
        {"name": "canary", "scope": {"permissions": sorted({grant["permission"] for grant in me["grants"]})},
         "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
        headers=cookie,
    )  # fmt: skip
    token = life.canaries.add(f"the API token of {name}", made["text"])
    life.canaries.add(f"the secret part of the token of {name}", token.rpartition("_")[2])
    return WatchedClient(life, stranger._session, stranger.address, token)


def test_every_form_of_a_canary_is_found(tmp_path):
    """The search itself: without this, finding nothing would mean nothing."""
    secret = HARD.format("search")
    canaries = Canaries()
    canaries.add("it", secret)
    for name, form in make_forms(secret).items():
        (tmp_path / "file").write_bytes(b"before\x00" + form + b"\xffafter")
        assert canaries.find_in_folder(tmp_path), name
        assert canaries.find_in_folder(tmp_path, except_for={"file"}) == []
    for before in ("", "a", "ab", "abc"):
        assert canaries.find(base64.b64encode(f"{before}{secret}rest".encode()), "x")


@pytest.mark.parametrize("where", ["file", "log"])
async def test_the_search_after_each_test_of_the_api_finds_what_a_server_leaves(tmp_path, where):
    settings = Settings(data=tmp_path / "data", port=0)

    async def leak():
        async with running(settings) as server:
            if where == "file":
                (settings.data / "left").write_text(f"it is {server.password}")
            else:
                get_logger("tests").debug("leaked", text=f"it is {server.password}")

    with pytest.raises(AssertionError, match="holds the first password"):
        await leak()
