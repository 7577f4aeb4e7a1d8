"""What a provider must not make us do: a real HTTP server of this machine that answers as the test says."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kapell.errors import UsageError
from kapell.identity.oidc.model import OidcProvider
from kapell.identity.oidc.provider import ProviderClient, ProviderError
from kapell.testing.virtual_clock import VirtualClock

DISCOVERY = "/.well-known/openid-configuration"


class Hostile:
    """A provider whose answers are set, and that keeps what it was asked."""

    def __init__(self):
        self.answers = {}
        self.asked = []

    async def answer(self, request):
        self.asked.append(request.path)
        answer = self.answers[request.path]
        return answer() if callable(answer) else web.json_response(answer)


@pytest.fixture
async def hostile():
    provider = Hostile()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", provider.answer)
    async with TestServer(application) as server:
        provider.issuer = str(server.make_url("")).rstrip("/")
        provider.answers[DISCOVERY] = {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/auth",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/jwks",
            "userinfo_endpoint": f"{provider.issuer}/me",
        }
        yield provider


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def client(hostile, clock):
    return ProviderClient(make_provider(hostile.issuer), clock)


def make_provider(issuer, **rest):
    return OidcProvider(key="corp", title="Corp", issuer=issuer, client_id="kapell", **rest)


async def test_discovery_is_remembered_for_an_hour(hostile, client, clock):
    await client.get_metadata()
    clock.advance(3599)
    await client.get_metadata()
    assert hostile.asked == [DISCOVERY]
    clock.advance(1)
    await client.get_metadata()
    assert hostile.asked == [DISCOVERY] * 2


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("url", [None, 5, "http://169.254.169.254/", "https://evil.example/x", "file:///etc/passwd"])
async def test_an_endpoint_elsewhere_is_refused(hostile, client, name, url):
    hostile.answers[DISCOVERY][name] = url
    with pytest.raises(ProviderError, match=name):
        await client.get_metadata()


async def test_an_endpoint_elsewhere_is_taken_where_the_settings_name_it(hostile, clock):
    elsewhere = "https://oauth2.example.org/token"
    hostile.answers[DISCOVERY]["token_endpoint"] = elsewhere
    client = ProviderClient(make_provider(hostile.issuer, other_hosts=("https://oauth2.example.org",)), clock)
    assert (await client.get_metadata())["token_endpoint"] == elsewhere


async def test_user_info_elsewhere_is_not_asked_for(hostile, client):
    hostile.answers[DISCOVERY]["userinfo_endpoint"] = "http://169.254.169.254/"
    assert await client.find_user_info("token") == {}
    assert hostile.asked == [DISCOVERY]


async def test_another_issuer_is_refused(hostile, client):
    hostile.answers[DISCOVERY]["issuer"] = hostile.issuer + "/"
    with pytest.raises(ProviderError, match="another issuer"):
        await client.get_metadata()


async def test_redirects_are_not_followed(hostile, client):
    hostile.answers[DISCOVERY] = lambda: web.Response(status=302, headers={"Location": "/elsewhere"})
    with pytest.raises(ProviderError, match="302"):
        await client.get_metadata()
    assert hostile.asked == [DISCOVERY]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"x"'])
async def test_an_answer_that_is_no_object_is_refused(hostile, client, body):
    hostile.answers[DISCOVERY] = lambda: web.Response(body=body)
    with pytest.raises(ProviderError):
        await client.get_metadata()


async def test_an_answer_that_is_too_large_is_refused(hostile, client):
    hostile.answers[DISCOVERY] = lambda: web.Response(body=b" " * (1024 * 1024 + 1) + b"{}")
    with pytest.raises(ProviderError, match="more than it should"):
        await client.get_metadata()


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": 5}, {"keys": [5]}, {"keys": [{"kty": "RSA"}]}])
async def test_keys_that_cannot_be_read_are_refused(hostile, client, keys):
    hostile.answers["/jwks"] = keys
    with pytest.raises(ProviderError, match="keys"):
        await client.get_keys()


async def test_unknown_keys_do_not_make_us_ask_all_the_time(hostile, client, clock):
    clock.advance(1000)
    hostile.answers["/jwks"] = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "1"}]}
    keys = await client.get_keys()
    for _ in range(5):
        assert await client.get_keys(beyond=keys) is keys
    assert hostile.asked.count("/jwks") == 1
    clock.advance(10)
    assert await client.get_keys(beyond=keys) is not keys
    assert await client.get_keys(beyond=keys) is not keys
    assert hostile.asked.count("/jwks") == 2


async def test_who_cannot_be_reached_is_said(clock):
    client = ProviderClient(make_provider("http://127.0.0.1:1"), clock)
    with pytest.raises(ProviderError, match="cannot be reached"):
        await client.get_metadata()


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://idp.example.org"},
        {"issuer": "ftp://127.0.0.1"},
        {"issuer": "https://user@idp.example.org"},
        {"issuer": "https://"},
        {"issuer": "https://idp.example.org:x"},
        {"other_hosts": ("http://idp.example.org",)},
        {"key": "Corp:x"},
        {"scopes": ("email",)},
    ],
)
def test_settings_that_are_not_safe_are_refused(changes):
    provider = {"key": "corp", "title": "", "issuer": "https://idp.example.org", "client_id": "kapell"} | changes
    with pytest.raises(UsageError):
        OidcProvider(**provider).check()
    OidcProvider(key="corp", title="", issuer="https://idp.example.org", client_id="kapell").check()
