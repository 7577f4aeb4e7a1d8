"""What other sites, planted cookies and guesses get out of a person's browser and of the sign-in: nothing."""

from __future__ import annotations

import json
import re
import statistics
import time

import pytest
import pytest_asyncio
from tests.api_server import running
from tests.browsing import Browser
from tests.raw_http import make_request, send_raw

from kapell.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHRASE = "Correct-horse-battery-1"
EVIL = "https://evil.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browsers")
    async with running(Settings(data=folder / "data", port=0, public_url="http://kapell.example")) as server:
        yield server, await server.sign_in()


@pytest.fixture
def server(served):
    return served[0]


@pytest.fixture
def admin(served):
    return served[1]


@pytest.fixture
def port(server):
    return int(server.address.rpartition(":")[2])


@pytest_asyncio.fixture(loop_scope="module")
async def browser(server):
    async with Browser(server.address) as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(served):
    """A browser in which the administrator is signed in."""
    async with Browser(served[0].address) as browser:
        await sign_in(browser, served[0])
        yield browser


async def sign_in(browser, server, name="admin", password=None, **headers):
    body = json.dumps({"name": name, "password": password or server.password})
    return await browser.ask("POST", "/api/v1/sign-in", data=body, headers=headers)


# -- other sites -------------------------------------------------------------------------------------------------------


FOREIGN = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "http://kapell.example.evil.example"},
    {"Origin": "https://kapell.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": EVIL, "Sec-Fetch-Site": "same-origin"},
    {"Origin": ""},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
async def test_another_site_changes_nothing_with_a_persons_cookie(signed_in, server, admin, headers, kind):
    browser = signed_in
    for method, path, body in (
        ("POST", "/groups", '{"name": "made-by-others"}'),
        ("PUT", "/roles/others", '{"permissions": ["run.read"]}'),
        ("PUT", "/secrets/demo/others", '{"value": "x"}'),
        ("DELETE", "/secrets/demo/others", ""),
        ("POST", "/runs", '{"namespace": "demo", "name": "hello"}'),
        ("POST", "/me/password", json.dumps({"current": server.password, "new": PHRASE})),
        ("POST", "/sign-out", ""),
    ):
        page = await browser.ask(method, f"/api/v1{path}", data=body, headers={"Content-Type": kind, **headers})
        assert (page.status, json.loads(page.text)["code"]) == (403, "forbidden"), (method, path)
    assert (await browser.ask("GET", "/api/v1/me")).status == 200, "the session goes on"
    assert "made-by-others" not in {group["name"] for group in (await admin.get("/groups"))["items"]}


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_another_site_signs_nobody_in(browser, server, headers):
    page = await sign_in(browser, server, **headers)
    assert (page.status, browser.cookies_for("/")) == (403, {})


async def test_its_own_pages_may_at_every_address_that_it_has(browser, server):
    for headers in ({"Origin": server.address}, {"Origin": "http://kapell.example"}, {}):
        assert (await sign_in(browser, server, **headers)).status == 200
        page = await browser.ask("POST", "/api/v1/sign-out", headers=headers)
        assert page.status == 204


async def test_no_site_is_allowed_to_read(browser, admin):
    for method in ("GET", "OPTIONS"):
        asking = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}
        page = await browser.ask(method, "/api/v1/me", headers={**asking, **admin.headers})
        assert page.status == (200 if method == "GET" else 405)
        assert not [name for name in page.headers if name.lower().startswith("access-control")]


async def test_a_token_goes_wherever_its_program_is(admin):
    await admin.post("/groups", {"name": "by-token"}, headers={"Origin": EVIL})


# -- sessions ----------------------------------------------------------------------------------------------------------


async def test_a_planted_session_is_never_used(browser, server):
    for planted in ("0" * 64, "'; --"):
        browser.plant("kapell_session", planted)
        assert (await browser.ask("GET", "/api/v1/me")).status == 401
        assert (await sign_in(browser, server)).status == 200
        assert browser.cookies_for("/")["kapell_session"] != planted


async def test_each_sign_in_has_a_new_token_and_ends_the_one_before(browser, server):
    tokens = []
    for _ in range(3):
        await sign_in(browser, server)
        tokens.append(browser.cookies_for("/")["kapell_session"])
    assert len(set(tokens)) == 3
    assert all(re.fullmatch(r"[0-9a-f]{64}", token) for token in tokens)
    assert [await status_with(server, token) for token in tokens] == [401, 401, 200]


async def test_signing_out_ends_the_session_on_the_server_too(browser, server):
    await sign_in(browser, server)
    token = browser.cookies_for("/")["kapell_session"]
    await browser.ask("POST", "/api/v1/sign-out")
    assert browser.cookies_for("/") == {}
    assert await status_with(server, token) == 401


async def test_a_new_password_ends_all_sessions(browser, server, admin):
    await admin.post("/people", {"name": "paula", "password": PHRASE})
    async with Browser(server.address) as other:
        for each in (browser, other):
            await sign_in(each, server, "paula", PHRASE)
        change = json.dumps({"current": PHRASE, "new": PHRASE + "-2"})
        assert (await browser.ask("POST", "/api/v1/me/password", data=change)).status == 204
        for each in (browser, other):
            assert (await each.ask("GET", "/api/v1/me")).status == 401


async def test_the_id_of_a_session_opens_nothing(browser, server):
    page = await sign_in(browser, server)
    assert await status_with(server, json.loads(page.text)["session_id"]) == 401
    assert browser.cookies_for("/")["kapell_session"] not in page.text


async def test_cookies_are_out_of_reach(browser, server):
    page = await sign_in(browser, server)
    (cookie,) = page.headers.getall("Set-Cookie")
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not [flag for flag in flags if flag.startswith("domain")]


async def status_with(server, token):
    port = int(server.address.rpartition(":")[2])
    return (await send_raw(port, make_request("GET", "/api/v1/me", Cookie=f"kapell_session={token}"))).status


# -- tokens ------------------------------------------------------------------------------------------------------------


async def test_a_token_in_an_address_is_not_taken(port, admin):
    token = admin.headers["Authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "api_key", "authorization", "Authorization", "kapell_session", "bearer"):
        assert (await send_raw(port, make_request("GET", f"/api/v1/me?{name}={token}"))).status == 401
    assert (await send_raw(port, make_request("GET", f"/api/v1/events?token={token}"))).status == 401


async def test_no_request_has_a_place_for_a_secret_in_its_address(admin):
    document = await admin.get("/openapi.json")
    names = {
        parameter["name"].lower()
        for path in document["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] in {"query", "path"}
    }
    assert "run_id" in names
    assert not [name for name in names if re.search(r"token(?!_id)|password|secret|session(?!_id)|key", name)]


# -- guessing ----------------------------------------------------------------------------------------------------------


async def test_an_unknown_name_takes_as_long_as_a_wrong_password(server, admin):
    """Each try makes one check, of a hash of the same cost; and so it takes as long, in the middle of several tries."""
    await admin.post("/people", {"name": "known", "password": PHRASE})
    await admin.post("/people", {"name": "tokens-only"})
    gone = await admin.post("/people", {"name": "gone", "password": PHRASE})
    await admin.post(f"/people/{gone['person_id']}/disable")
    passwords = server.parts.identity.sign_in._passwords
    client, names = server.client(), ["known", "unknown", "tokens-only", "gone", "no name at all!"]
    seconds = {name: [] for name in names}
    answers = set()
    for _ in range(3):  # fewer than what slows an account down
        for name in names:
            before, checks = time.perf_counter(), passwords.checks
            problem = await client.post("/sign-in", {"name": name, "password": "Wrong-horse-battery-1"}, status=401)
            seconds[name].append(time.perf_counter() - before)
            assert passwords.checks == checks + 1, name
            answers.add((problem["detail"], problem.get("hint")))
    assert len(answers) == 1
    middle = [statistics.median(taken) for taken in seconds.values()]
    assert max(middle) < 5 * min(middle), seconds
