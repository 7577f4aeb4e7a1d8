"""Sign-in by a real provider: the npm package `oidc-provider`, in a process of its own."""

import asyncio
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest
from tests.oidc_provider import ALICE, PHRASE, providing

from kapell.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from kapell.identity.model import Subject
from kapell.identity.oidc.model import OidcProvider
from kapell.identity.oidc.service import Oidc

CALLBACK = "http://127.0.0.1:8020/callback"
"""Where the browser is sent back to; nobody listens there: the test reads the address."""


@pytest.fixture(scope="session")
def provider_process():
    with providing(CALLBACK) as process:
        yield process


@pytest.fixture
def start():
    """The present: the provider tells the time by the clock of the machine."""
    return datetime.now(UTC)


@pytest.fixture
def provider(provider_process):
    provider_process.put_accounts(a1=ALICE)
    return OidcProvider(
        key="corp",
        title="Corp",
        issuer=provider_process.issuer,
        client_id="kapell",
        client_secret=PHRASE,
        scopes=("openid", "profile", "email", "groups"),
    )


@pytest.fixture
def make_oidc(identity, provider):
    def make(**changes):
        return Oidc(identity.transactions, [msgspec.structs.replace(provider, **changes)])

    return make


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def walk(url, login):
    """Be the browser: go from page to page, sign in as `login`, and return what is brought back to the callback."""
    opener = urllib.request.build_opener(Unfollowed, urllib.request.HTTPCookieProcessor(CookieJar()))
    origin = url.partition("/auth")[0]
    for _ in range(10):
        if url.startswith(CALLBACK):
            return dict(parse_qsl(urlsplit(url).query))
        if "/interaction/" in url:
            url += "?" + urlencode({"login": login})
        with pytest.raises(urllib.error.HTTPError) as redirected:
            opener.open(url, timeout=30)
        with redirected.value as response:
            assert response.status in {302, 303}, response.read()
            location = response.headers["Location"]
        url = location if location.startswith("http") else origin + location
    raise AssertionError("the browser goes round in circles")


async def sign_in(oidc, login="a1"):
    url, pending = await oidc.begin("corp", CALLBACK)
    params = await asyncio.to_thread(walk, url, login)
    return await oidc.finish(params, pending)


async def test_the_first_sign_in_makes_an_account(installation, identity, make_oidc):
    principal = await sign_in(make_oidc())

    assert (principal.name, principal.display_name) == ("alice", "Alice A.")
    assert principal.groups == ("corp:on call", "corp:platform")
    assert identity.access.get_principal(principal.person_id) == principal
    assert not identity.accounts.get_person(principal.person_id).has_password
    opened = identity.sessions.open(principal.person_id, method="oidc:corp", address="192.0.2.1")
    assert identity.sessions.verify(opened.token).principal == principal
    recorded = {record.action for record in installation.list_records(target=f"person/{principal.person_id}")}
    assert recorded == {"person.create", "person.claim_groups"}


async def test_the_next_one_finds_it_whatever_it_is_called_by_then(identity, provider_process, make_oidc, actor):
    oidc = make_oidc()
    first = await sign_in(oidc)
    identity.accounts.rename(first.person_id, actor, name="ada")
    provider_process.put_accounts(a1=ALICE | {"preferred_username": "other", "email": "other@example.org"})
    assert (await sign_in(oidc)).person_id == first.person_id
    assert [person.name for person in identity.accounts.list_people()] == ["ada"]


async def test_a_local_account_of_the_same_name_is_somebody_else(identity, alice, make_oidc, provider_process):
    provider_process.put_accounts(a2=ALICE)
    oidc = make_oidc()
    first, second = await sign_in(oidc), await sign_in(oidc, "a2")
    assert alice.person_id not in {first.person_id, second.person_id}
    assert [first.name, second.name] == ["alice@corp", "alice@corp-2"]


async def test_claimed_groups_are_those_of_the_last_sign_in(identity, provider_process, make_oidc, actor):
    identity.roles.grant("viewer", Subject("group", "corp:platform"), "ns", actor)
    identity.groups.create("platform", "", actor)
    identity.roles.grant("administrator", Subject("group", "platform"), None, actor)
    oidc = make_oidc()

    principal = await sign_in(oidc)
    assert identity.access.can(principal, "run.read", "ns")
    assert not identity.access.can(principal, "identity.write", "ns")
    assert [person.name for person in identity.groups.list_members("corp:platform")] == ["alice"]
    assert [holder.name for holder in identity.access.list_who_can("run.read", "ns")] == ["alice"]

    provider_process.put_accounts(a1=ALICE | {"groups": ["on call"]})
    principal = await sign_in(oidc)
    assert principal.groups == ("corp:on call",)
    assert not identity.access.can(principal, "run.read", "ns")


async def test_a_disabled_account_is_refused_and_the_refusal_recorded(installation, identity, make_oidc, actor):
    oidc = make_oidc()
    principal = await sign_in(oidc)
    identity.accounts.disable(principal.person_id, actor)
    with pytest.raises(UnauthenticatedError):
        await sign_in(oidc)
    (record,) = installation.list_records(decision="denied")
    assert (record.action, record.target) == ("session.begin", f"person/{principal.person_id}")


async def test_only_verified_addresses_of_allowed_domains_come_in(installation, identity, provider_process, make_oidc):
    oidc = make_oidc(allowed_domains=("Example.org",))
    for claims in ({"email": "a@example.com"}, {"email_verified": False}, {"email": "a@example.org@evil.com"}):
        provider_process.put_accounts(a1=ALICE | claims)
        with pytest.raises(ForbiddenError):
            await sign_in(oidc)
    assert identity.accounts.list_people() == []
    assert len(installation.list_records(decision="denied")) == 3
    provider_process.put_accounts(a1=ALICE)
    assert (await sign_in(oidc)).name == "alice"


async def test_a_public_client_needs_no_secret(make_oidc):
    assert (await sign_in(make_oidc(client_id="public", client_secret=""))).name == "alice"


async def test_a_wrong_secret_is_refused(make_oidc):
    with pytest.raises(UnauthenticatedError, match="invalid_client"):
        await sign_in(make_oidc(client_secret="wrong"))


async def test_the_provider_may_change_its_keys(provider_process, make_oidc, clock):
    oidc = make_oidc()
    first = await sign_in(oidc)
    provider_process.stop()
    provider_process.start()
    provider_process.put_accounts(a1=ALICE)
    clock.advance(10)
    assert (await sign_in(oidc)).person_id == first.person_id


@pytest.mark.parametrize(
    ("of_pending", "of_params", "says"),
    [
        ({}, {"state": "x"}, "not begun here"),
        ({}, {"state": ""}, "not begun here"),
        ({"state": "x"}, {}, "not begun here"),
        ({"nonce": "x"}, {}, "not right.*nonce"),
        ({"verifier": "x" * 43}, {}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "2"}, {}, "invalid_grant"),
        ({}, {"code": "x"}, "invalid_grant"),
        ({}, {"code": ""}, "no code"),
        ({}, {"iss": "https://evil.example"}, "another provider"),
        ({}, {"iss": None}, "another provider"),
        ({}, {"error": "access_denied"}, "access_denied"),
    ],
)
async def test_what_was_tampered_with_is_refused(identity, make_oidc, of_pending, of_params, says):
    oidc = make_oidc()
    url, pending = await oidc.begin("corp", CALLBACK)
    params = await asyncio.to_thread(walk, url, "a1") | of_params
    params = {name: value for name, value in params.items() if value is not None}
    with pytest.raises(UnauthenticatedError, match=says):
        await oidc.finish(params, msgspec.structs.replace(pending, **of_pending))
    assert identity.accounts.list_people() == []


@pytest.mark.parametrize(
    ("announces", "issuer", "is_taken"),
    [(True, "ours", True), (True, "other", False), (True, None, False), (False, "other", False), (False, None, True)],
)
async def test_the_issuer_that_comes_back_is_ours(make_oidc, provider, announces, issuer, is_taken):
    oidc = make_oidc()
    metadata = await oidc._clients["corp"].get_metadata()
    metadata["authorization_response_iss_parameter_supported"] = announces
    url, pending = await oidc.begin("corp", CALLBACK)
    params = await asyncio.to_thread(walk, url, "a1")
    params |= {"iss": {"ours": provider.issuer, "other": "https://evil.example", None: ""}[issuer]}
    if issuer is None:
        del params["iss"]
    if is_taken:
        assert await oidc.finish(params, pending)
        return
    with pytest.raises(UnauthenticatedError, match="another provider"):
        await oidc.finish(params, pending)


async def test_a_sign_in_can_be_finished_once_and_in_time(make_oidc, clock):
    oidc = make_oidc()
    url, pending = await oidc.begin("corp", CALLBACK)
    params = await asyncio.to_thread(walk, url, "a1")
    await oidc.finish(params, pending)
    with pytest.raises(UnauthenticatedError, match="invalid_grant"):
        await oidc.finish(params, pending)
    assert pending.expires_at == clock.now() + timedelta(minutes=10)
    clock.advance(600)
    with pytest.raises(UnauthenticatedError, match="too long"):
        await oidc.finish(params, pending)


async def test_each_sign_in_has_its_own_secrets_and_sends_none_of_them(make_oidc):
    oidc = make_oidc()
    begun = [await oidc.begin("corp", CALLBACK) for _ in range(3)]
    assert len({text for _, pending in begun for text in (pending.state, pending.nonce, pending.verifier)}) == 9
    assert all(pending.verifier not in url and PHRASE not in url for url, pending in begun)
    assert all("code_challenge_method=S256" in url for url, _ in begun)


async def test_an_unknown_provider_is_not_found(make_oidc):
    with pytest.raises(NotFoundError):
        await make_oidc().begin("other", CALLBACK)
