"""Requests, a context that remembers the log, and real servers."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kapell.connectors.http import HttpActivity, HttpSettings
from kapell.connectors.process import ProcessRunner, ProcessSettings, ScriptActivity, ShellActivity
from kapell.sdk import ActivityRequest


class RecordingContext:
    """Remembers what an activity wrote into the log."""

    def __init__(self):
        self.lines = []
        self._changed = asyncio.Event()

    def log(self, stream, text):
        self.lines.append((stream, text))
        self._changed.set()

    async def wait_for_lines(self, count=1):
        async with asyncio.timeout(10):
            while len(self.lines) < count:
                self._changed.clear()
                await self._changed.wait()

    def list_texts(self, stream):
        return [text for name, text in self.lines if name == stream]


@pytest.fixture
def context():
    return RecordingContext()


@pytest.fixture
def make_request():
    """Make a request; `variables` is the task's input, the other names are arguments."""

    def make(kind, *, variables=None, returns="stdout", key="key-1", **arguments):
        return ActivityRequest(
            run_id="run-1", reference="/do/0/task", entry=1, attempt=2, key=key, kind=kind,
            arguments=arguments, input=variables, returns=returns,
        )  # fmt: skip

    return make


@pytest.fixture
async def serve():
    """Start servers with routes of one's own; each is a `TestServer`."""
    servers = []

    async def start(*routes, tls=None):
        app = web.Application()
        app.add_routes(routes)
        server = TestServer(app)
        servers.append(server)
        await server.start_server(ssl=tls)
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def make_http():
    """Make HTTP activities that are closed in the end."""
    made = []

    def make(**settings):
        made.append(HttpActivity(HttpSettings(proxy_from_environment=False, **settings)))
        return made[-1]

    yield make
    for activity in made:
        await activity.close()


@pytest.fixture
async def make_process(make_http):
    """Make shell or script activities that are closed in the end."""
    made = []

    def make(kind, **settings):
        runner = ProcessRunner(ProcessSettings(**settings))
        made.append(ShellActivity(runner) if kind == "shell" else ScriptActivity(runner, make_http().client))
        return made[-1]

    yield make
    for activity in made:
        await activity.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for localhost that signs itself: the path of the PEM file, and a server's context with it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", chain,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return str(chain), context
