"""What goes wrong between a client and a server, and what the user is told of it."""

import inspect
import subprocess
import sys
import threading
import time
from itertools import islice

import pytest
from tests.certificates import make_certificate
from tests.kapell_server import CuttingProxy, Server, answering

from kapell.client import AsyncClient, Client, UnexpectedAnswerError, UnreachableError, UntrustedServerError
from kapell.client.wire.runs import Missed
from kapell.errors import UnauthenticatedError

pytestmark = pytest.mark.xdist_group("client")  # all of them share one server


async def settle(ask):
    """Ask, and return what either client gives."""
    found = ask()
    return await found if inspect.isawaitable(found) else found


async def call(kind, address, name="health", **rest):
    """Ask a server for its health, by either client."""
    client = kind(address, **({"token": "kpl_x", "retry_seconds": 0.0} | rest))
    try:
        return await settle(client.server.health if name == "health" else lambda: client.runs.get("x"))
    finally:
        await settle(client.close)


either = pytest.mark.parametrize("kind", [Client, AsyncClient])


@either
async def test_a_server_that_is_away(kind, free_port):
    with pytest.raises(UnreachableError, match=r"cannot be reached: connection refused") as raised:
        await call(kind, f"http://127.0.0.1:{free_port}")
    assert not raised.value.was_sent
    assert "up" in raised.value.hint


@either
async def test_a_name_that_nobody_knows(kind):
    with pytest.raises(UnreachableError, match=r"nowhere\.invalid"):
        await call(kind, "http://nowhere.invalid")


@either
async def test_a_token_that_nobody_knows(kind, server):
    with pytest.raises(UnauthenticatedError):
        await call(kind, server.address, "get")


@either
async def test_a_page_of_a_proxy_in_place_of_an_answer(kind):
    page = b"<html><title>504 Gateway Time-out</title><body>nginx</body></html>"
    for status, content, said in ((504, page, "Gateway Time-out nginx"), (200, b"<h1>Welcome</h1>", "Welcome")):
        with (
            answering(status, {"Content-Type": "text/html"}, content) as address,
            pytest.raises(UnexpectedAnswerError, match=f"{status} .*{said}"),
        ):
            await call(kind, address)


@either
async def test_a_token_follows_no_redirection(kind, server):
    with (
        answering(307, {"Location": f"{server.address}/health"}, b"") as address,
        pytest.raises(UnexpectedAnswerError, match="redirects"),
    ):
        await call(kind, address)


@either
async def test_what_speaks_no_http(kind, server):
    with pytest.raises((UnreachableError, UntrustedServerError), match="https"):
        await call(kind, server.address.replace("http:", "https:"))


@either
async def test_a_connection_that_breaks_within_an_answer(kind, server):
    proxy = CuttingProxy(server.address, [20])
    assert (await call(kind, proxy.address, retry_seconds=5)).status == "ok"
    assert proxy.count == 2
    proxy.close()


@either
async def test_a_start_whose_answer_is_lost_is_sent_again_and_starts_one_run(kind, server):
    proxy = CuttingProxy(server.address, [5])
    client = kind(proxy.address, token=server.token, retry_seconds=10)
    name = f"lost-{kind.__name__}"
    run = await settle(lambda: client.runs.start("demo", "hello", input={"name": name}, wait_seconds=5))
    assert proxy.count == 2
    with server.client() as direct:
        newest = [direct.runs.get(each.run_id) for each in islice(direct.runs.list(name="hello"), 5)]
        assert [each.run.run_id for each in newest if each.input == {"name": name}] == [run.run_id]
    await settle(client.close)
    proxy.close()


@either
async def test_a_command_whose_answer_is_lost_is_not_sent_again(kind, server):
    with server.client() as direct:
        run = direct.runs.start("demo", "sleep")
        proxy = CuttingProxy(server.address, [5])
        client = kind(proxy.address, token=server.token, retry_seconds=10)
        with pytest.raises(UnreachableError, match="broke") as raised:
            await settle(lambda: client.runs.suspend(run.run_id))
        assert (raised.value.was_sent, proxy.count) == (True, 1)
        assert direct.runs.get(run.run_id).run.status == "suspended"
        direct.runs.cancel(run.run_id)
    await settle(client.close)
    proxy.close()


@either
async def test_a_stream_that_is_cut_again_and_again_has_no_gap_and_nothing_twice(kind, server):
    with server.client() as direct:
        run = direct.runs.start("demo", "nap")
        # Each connection dies after so many bytes: within the headers, within an event, between two.
        proxy = CuttingProxy(server.address, [100, 500, 700, 1100, 900, 60, 1300])
        client = kind(proxy.address, token=server.token, retry_seconds=10)
        events = client.runs.events(run.run_id)
        seen = [event async for event in events] if kind is AsyncClient else list(events)
        assert seen == list(direct.runs.history(run.run_id))
        assert seen[-1].type == "run_completed"
        assert proxy.count > 4
    await settle(client.close)
    proxy.close()


@pytest.fixture(scope="module")
def safe_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("safe")
    chain, key = make_certificate(folder, "127.0.0.1")
    certificate = folder / "both.pem"
    certificate.write_bytes(key.read_bytes() + chain.read_bytes())
    made = Server(folder, "--tls-certificate", str(certificate))
    made.certificate = certificate
    yield made
    made.stop()


@either
async def test_a_certificate_that_nobody_trusts(kind, safe_server):
    with pytest.raises(UntrustedServerError, match="self-signed certificate") as raised:
        await call(kind, safe_server.address, retry_seconds=10)
    assert "KAPELL_CA_BUNDLE" in raised.value.hint


@either
async def test_a_certificate_that_the_user_trusts(kind, safe_server):
    found = await call(kind, safe_server.address, ca_bundle=safe_server.certificate)
    assert found.status == "ok"


def test_a_server_that_starts_anew_is_waited_for_and_its_streams_go_on(server):
    with server.client() as client:
        run = client.runs.start("demo", "doze")
        seen, changes = [], []

        def watch():
            for change in client.runs.watch():
                changes.append(change)
                if change == Missed():
                    return

        threads = [
            threading.Thread(target=lambda: seen.extend(client.runs.events(run.run_id)), daemon=True),
            threading.Thread(target=watch, daemon=True),
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        server.restart()
        assert client.runs.wait(run.run_id).run.status == "completed"
        for thread in threads:
            thread.join(20)
        assert seen == list(client.runs.history(run.run_id))
        assert changes[-1] == Missed()


def test_importing_the_client_loads_nothing_of_the_server():
    program = (
        "import sys; from kapell.client import Client; Client('http://127.0.0.1:1');"
        "heavy = {'aiohttp', 'fastapi', 'sqlalchemy', 'starlette', 'pydantic', 'asyncio', 'kapell.engine',"
        "'kapell.language', 'kapell.api'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
