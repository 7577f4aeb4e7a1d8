"""Sign-in by a provider over the API, with a real provider process and a browser between the two."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import pytest_asyncio
from tests.api_server import running
from tests.browsing import Browser
from tests.oidc_provider import ALICE, PHRASE, find_free_port, providing

from kapell.settings import read_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/sign-in/oidc"

CONFIG = """
[oidc.corp]
title = "Corp"
issuer = "{issuer}"
client_id = "kapell"
client_secret_file = "{secret}"
scopes = ["openid", "profile", "email", "groups"]

[oidc.staff]
issuer = "{issuer}"
client_id = "kapell"
client_secret_file = "{secret}"
people = "invited"

[oidc.gone]
issuer = "http://127.0.0.1:{nowhere}"
client_id = "kapell"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory):
    """A server, its provider, and a client of its administrator."""
    folder = tmp_path_factory.mktemp("oidc")
    port = find_free_port()
    callbacks = [f"http://127.0.0.1:{port}{PATH}/{key}/callback" for key in ("corp", "staff")]
    with providing(*callbacks) as provider:
        (folder / "secret").write_text(PHRASE + "\n")
        config = folder / "kapell.toml"
        config.write_text(CONFIG.format(issuer=provider.issuer, secret=folder / "secret", nowhere=find_free_port()))
        settings = read_settings({"KAPELL_CONFIG": str(config)}, data=folder / "data", port=port)
        async with running(settings) as server:
            yield server, provider, await server.sign_in()


@pytest.fixture
def server(served):
    return served[0]


@pytest.fixture
def admin(served):
    return served[2]


@pytest.fixture
def accounts(served):
    """Put accounts to the provider; `a1` is Alice."""
    served[1].put_accounts(a1=ALICE)
    return served[1].put_accounts


@pytest_asyncio.fixture(loop_scope="module")
async def browser(server):
    async with Browser(server.address) as browser:
        yield browser


async def find_records(admin, **where):
    query = "&".join(f"{name}={value}" for name, value in where.items())
    return (await admin.get(f"/audit/records?{query}&limit=100"))["items"]


async def test_the_sign_in_page_learns_what_providers_there_are(browser):
    page = await browser.ask("GET", "/api/v1/sign-in/providers")
    assert json.loads(page.text)[:2] == [
        {"key": "corp", "title": "Corp", "href": f"{PATH}/corp"},
        {"key": "staff", "title": "staff", "href": f"{PATH}/staff"},
    ]
    assert PHRASE not in page.text


async def test_a_browser_goes_there_and_back_and_is_signed_in(browser, admin, accounts):
    subject = {"kind": "group", "key": "corp:platform"}
    await admin.post("/bindings", {"role": "viewer", "subject": subject, "namespace": "ns"})

    page = await browser.go(f"{PATH}/corp?next=/api/v1/me")

    assert (page.status, urlsplit(page.url).path) == (200, "/api/v1/me")
    me = json.loads(page.text)
    assert (me["name"], me["display_name"], me["groups"]) == ("alice", "Alice A.", ["corp:on call", "corp:platform"])
    assert {"permission": "run.read", "namespaces": ["ns"]} in me["grants"]
    assert browser.cookies_for("/api/v1/runs").keys() == {"kapell_session"}
    assert browser.cookies_for(f"{PATH}/corp/callback").keys() == {"kapell_session"}, "the other one is used up"

    sessions = json.loads((await browser.ask("GET", "/api/v1/me/sessions")).text)
    assert [session["method"] for session in sessions] == ["oidc:corp"]
    begun = await find_records(admin, action="session.begin", actor=me["principal_id"])
    assert [record["private"]["details"]["method"] for record in begun] == ["oidc:corp"]

    own = {"Origin": browser.address}
    assert (await browser.ask("POST", "/api/v1/sign-out", headers=own)).status == 204
    assert (await browser.ask("GET", "/api/v1/me")).status == 401


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(browser, accounts):
    await browser.go(f"{PATH}/corp")
    flags = {}
    for text in browser.set_cookies:
        name, _, rest = text.partition("=")
        if name.startswith("kapell"):
            flags.setdefault(name, []).append({part.strip().lower() for part in rest.split(";")[1:]})
    begun, ended = flags["kapell_sign_in"]
    assert {"httponly", "samesite=lax", "max-age=600", f"path={PATH}"} <= begun
    assert {"max-age=0", f"path={PATH}"} <= ended
    (session,) = flags["kapell_session"]
    assert {"httponly", "samesite=strict", "path=/"} <= session


async def test_nothing_of_the_sign_in_stands_in_an_address_but_what_must(browser, accounts):
    await browser.go(f"{PATH}/corp")
    cookies = [text.partition("=")[2].partition(";")[0] for text in browser.set_cookies if text.startswith("kapell_")]
    addresses = " ".join(browser.visited)
    assert not any(value in addresses for value in cookies if value.strip('"'))
    assert "verifier" not in addresses
    assert PHRASE not in addresses


async def test_a_session_that_was_planted_does_not_become_the_persons(browser, server, accounts):
    attacker = server.client()
    await attacker.post("/sign-in", {"name": "admin", "password": server.password})
    planted = attacker.last.cookies["kapell_session"].value
    browser.plant("kapell_session", planted)
    page = await browser.go(f"{PATH}/corp?next=/api/v1/me")
    assert json.loads(page.text)["name"] == "alice"
    assert browser.cookies_for("/")["kapell_session"] != planted
    await attacker.get("/me", headers={"Cookie": f"kapell_session={planted}"}, status=401)


async def test_only_the_browser_that_began_can_finish_and_only_once(browser, server, admin, accounts):
    at_callback = await browser.go(f"{PATH}/corp", until="/callback")
    async with Browser(server.address) as other:
        refused = await other.ask("GET", at_callback.url)
        assert (refused.status, other.cookies_for("/")) == (401, {})
        assert "Begin again" in refused.text
        await other.go(f"{PATH}/corp", until="/callback")  # one of its own, for which the state is not
        refused = await other.ask("GET", at_callback.url)
        assert (refused.status, "kapell_session" in other.cookies_for("/")) == (401, False)
    assert (await browser.ask("GET", at_callback.url.replace("/corp/", "/staff/"))).status == 401
    assert (await browser.ask("GET", at_callback.url)).status == 401, "asked for at another provider, it is used up"

    denied = await find_records(admin, action="session.begin", decision="denied")
    assert {record["actor_id"] for record in denied} == {"stranger"}
    assert any("not begun here" in record["private"]["reason"] for record in denied)
    assert {record["private"]["origin"] for record in denied} == {"127.0.0.1"}


async def test_what_the_provider_says_against_it_is_told(browser, admin, accounts):
    at_callback = await browser.go(f"{PATH}/corp", until="/callback")
    state = parse_qs(urlsplit(at_callback.url).query)["state"][0]
    issuer = parse_qs(urlsplit(at_callback.url).query)["iss"][0]
    page = await browser.ask("GET", f"{PATH}/corp/callback?error=access_denied&state={state}&iss={issuer}")
    problem = json.loads(page.text)
    assert (page.status, problem["code"]) == (401, "unauthenticated")
    assert "access_denied" in problem["hint"]
    (record, *_) = await find_records(admin, action="session.begin", decision="denied")
    assert "access_denied" in record["private"]["reason"]


async def test_a_provider_that_cannot_be_asked_is_a_problem_that_says_so(browser):
    page = await browser.ask("GET", f"{PATH}/gone")
    problem = json.loads(page.text)
    assert (page.status, problem["code"], problem["retryable"]) == (502, "provider", True)
    assert "`gone` cannot be reached" in problem["detail"]
    assert (await browser.ask("GET", f"{PATH}/nobody")).status == 404


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "evil.example", "javascript:alert(1)", "",
        "/\t/evil.example", "/%0d%0aSet-Cookie:a=b\r\n", "\\\\evil.example", "/a\\b", "http:/evil.example",
    ],
)  # fmt: skip
async def test_nobody_is_led_to_another_site(browser, target):
    page = await browser.ask("GET", f"{PATH}/corp", params={"next": target})
    assert page.status == 422
    assert "Location" not in page.headers


async def test_a_target_is_written_into_the_page_as_text(browser, accounts):
    target = quote('/api/v1/me?x="><script>alert(1)</script>')
    at_callback = await browser.go(f"{PATH}/corp?next={target}", until="/callback")
    page = await browser.ask("GET", at_callback.url)
    assert (page.status, "&lt;script" in page.text, "<script" in page.text) == (200, True, False)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.headers["Cache-Control"] == "no-store"


async def test_invited_people_only(browser, admin, accounts):
    accounts(b1=ALICE | {"preferred_username": "bob", "name": "Bob"})
    browser.login = "b1"
    refused = await browser.go(f"{PATH}/staff?next=/api/v1/me")
    assert refused.status == 403
    assert "named `bob`, without a password" in json.loads(refused.text)["hint"]

    await admin.post("/people", {"name": "bob", "password": "Correct-horse-battery-1"})
    assert (await browser.go(f"{PATH}/staff?next=/api/v1/me")).status == 403, "an account with a password is not theirs"

    accounts(b2=ALICE | {"preferred_username": "bea"})
    browser.login = "b2"
    made = await admin.post("/people", {"name": "bea"})
    async with Browser(browser.address, "b2") as bea:
        page = await bea.go(f"{PATH}/staff?next=/api/v1/me")
        assert json.loads(page.text)["principal_id"] == made["person_id"]
    linked = await find_records(admin, action="person.link")
    assert [record["target"] for record in linked] == [f"person/{made['person_id']}"]
