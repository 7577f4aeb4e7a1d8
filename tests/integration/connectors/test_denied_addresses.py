"""Addresses that workflows may not call: what is judged is where a connection would really be made to."""

from __future__ import annotations

import socket

import pytest
from aiohttp import web

from kapell.app import make_settled_activities
from kapell.connectors.http import AddressRules
from kapell.connectors.openapi import OpenApiActivity
from kapell.connectors.process import ScriptActivity
from kapell.errors import UsageError
from kapell.sdk import ActivityError
from kapell.settings import Settings

LOOPBACK = AddressRules(["loopback"])


@pytest.fixture
async def called():
    """The paths that were asked for."""
    return []


@pytest.fixture
async def server(serve, called):
    async def note(request):
        called.append(request.path)
        return web.Response(text="inside")

    async def redirect(request):
        called.append(request.path)
        raise web.HTTPFound(request.query["to"])

    return await serve(web.get("/redirect", redirect), web.get("/{any:.*}", note))


async def call(activity, make_request, context, uri, **arguments):
    request = make_request("http", method="get", endpoint=uri, **arguments)
    return await activity.perform(request, context)


THIS_MACHINE = ["127.0.0.1", "127.9.8.7", "localhost", "0x7f.0.0.1", "0x7f000001", "0.0.0.0", "①②⑦.0.0.1"]  # noqa: S104 -- one of the spellings
THIS_MACHINE_6 = ["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]"]
NO_ADDRESSES = ["127.1", "2130706433", "0177.0.0.1", "0", "127.0.0.1.", "%6cocalhost"]
"""What the HTTP client itself does not take for the name of a host."""


@pytest.mark.parametrize("host", [*THIS_MACHINE, *THIS_MACHINE_6, *NO_ADDRESSES])
async def test_no_spelling_of_an_address_gets_through(server, called, make_http, make_request, context, host):
    activity = make_http(addresses=LOOPBACK, connect_timeout_seconds=5)
    with pytest.raises(ActivityError) as denied:
        await call(activity, make_request, context, f"http://{host}:{server.port}/inside")
    assert called == []
    if host not in NO_ADDRESSES:
        assert (denied.value.type, denied.value.status) == ("authorization", 403)
        assert "loopback" in denied.value.detail
        assert "allowed_addresses" in denied.value.detail


async def test_a_name_that_means_something_else_the_second_time_is_refused(
    server, called, make_http, make_request, context, monkeypatch
):
    """DNS rebinding: whatever was resolved before, the address that is connected to is the one that is judged."""
    resolve = socket.getaddrinfo
    answers = iter(["192.0.2.1", "127.0.0.1", "127.0.0.1"])

    def rebind(host, port, *rest, **named):
        return resolve(next(answers) if host == "rebound.example" else host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    activity = make_http(addresses=LOOPBACK, connect_timeout_seconds=0.2)
    types = set()
    for _ in range(3):
        with pytest.raises(ActivityError) as failed:
            await call(activity, make_request, context, f"http://rebound.example:{server.port}/inside")
        types.add(failed.value.type)
        activity.client._transport._direct.connector.clear_dns_cache()
    assert "authorization" in types
    assert called == []


async def test_a_name_with_some_denied_addresses_is_reached_at_the_others(
    server, make_http, make_request, context, monkeypatch
):
    resolve = socket.getaddrinfo

    def both(host, port, *rest, **named):
        if host != "both.example":
            return resolve(host, port, *rest, **named)
        return resolve("127.0.0.9", port, *rest, **named) + resolve("127.0.0.1", port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", both)
    url = f"http://both.example:{server.port}/inside"
    activity = make_http(addresses=AddressRules(["127.0.0.9"]))
    assert await call(activity, make_request, context, url) == "inside"
    with pytest.raises(ActivityError) as denied:
        await call(make_http(addresses=LOOPBACK), make_request, context, url)
    assert denied.value.type == "authorization"


async def test_exceptions_go_before_denials(server, make_http, make_request, context):
    activity = make_http(addresses=AddressRules(["loopback", "private"], ["127.0.0.1"]))
    assert await call(activity, make_request, context, f"http://127.0.0.1:{server.port}/inside") == "inside"
    with pytest.raises(ActivityError, match="Address denied"):
        await call(activity, make_request, context, f"http://127.0.0.2:{server.port}/inside")


@pytest.mark.parametrize("kind", ["openapi", "script"])
async def test_documents_are_not_fetched_from_there_either(server, called, make_http, make_request, context, kind):
    """Nor by a redirect from a place that is allowed."""
    http = make_http(addresses=AddressRules(["127.0.0.2"]))
    endpoint = f"http://127.0.0.1:{server.port}/redirect?to=http://127.0.0.2:{server.port}/inside"
    if kind == "openapi":
        activity = OpenApiActivity(http)
        request = make_request(kind, document={"endpoint": endpoint}, operationId="x")
    else:
        activity = ScriptActivity(None, http.client)
        request = make_request(kind, language="python", source={"endpoint": endpoint})
    with pytest.raises(ActivityError) as denied:
        await activity.perform(request, context)
    assert denied.value.type == "authorization"
    assert called == ["/redirect"]


async def test_a_proxy_may_be_anywhere_and_is_not_sent_to_denied_addresses(
    serve, called, make_http, make_request, context
):
    async def answer(request):
        called.append(request.raw_path)
        return web.Response(text="by proxy")

    proxy = await serve(web.get("/{any:.*}", answer))
    activity = make_http(addresses=AddressRules(["loopback", "link-local"]), proxy=f"http://127.0.0.1:{proxy.port}")
    assert await call(activity, make_request, context, "http://service.example/x") == "by proxy"
    for host in ("169.254.169.254", "0xa9fea9fe", "2852039166", "[::ffff:169.254.169.254]", "127.1"):
        with pytest.raises(ActivityError, match="Address denied"):
            await call(activity, make_request, context, f"http://{host}/latest/meta-data")
    assert len(called) == 1


@pytest.mark.parametrize(
    ("address", "is_denied"),
    [
        ("169.254.169.254", True), ("169.254.0.1", True), ("fe80::1", True), ("fe80::1%eth0", True),
        ("fd00:ec2::254", True), ("100.100.100.200", True), ("168.63.129.16", True), ("::ffff:169.254.169.254", True),
        ("64:ff9b::a9fe:a9fe", True), ("2002:a9fe:a9fe::1", True), ("::a9fe:a9fe", True),
        ("127.0.0.1", False), ("::1", False), ("10.0.0.1", False), ("192.168.1.1", False), ("192.0.2.1", False),
        ("2001:db8::1", False), ("64:ff9b::7f00:1", False),
    ],
)  # fmt: skip
def test_by_default_only_where_machines_find_their_own_credentials(address, is_denied):
    http = make_settled_activities(Settings(), {})["http"]
    rules = http.client._settings.addresses
    if is_denied:
        with pytest.raises(OSError, match="deny"):
            rules.check(address)
    else:
        rules.check(address)


def test_a_rule_that_is_none_is_refused_with_advice():
    for wrong in ("privat", "10.0.0.1/8", "10.0.0.0/99", "example.org"):
        with pytest.raises(UsageError, match=r"10\.0\.0\.0/8, or one of loopback, private"):
            make_settled_activities(Settings(denied_addresses=f"loopback, {wrong}"), {})
    assert not AddressRules([])
