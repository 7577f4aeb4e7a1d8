"""From arguments to a request, and from a response to an output."""

from __future__ import annotations

import base64

import pytest

from kapell.connectors.http import HttpActivity, HttpSettings
from kapell.connectors.http.activity import make_call
from kapell.connectors.http.message import HttpCall, HttpReply
from kapell.connectors.http.proxy import ProxyChooser
from kapell.connectors.http.response import check_status, decode_content, join_headers, make_output
from kapell.sdk import ActivityError, ActivityRequest

URI = "http://api.example/pets"


def make_request(variables=None, **arguments):
    return ActivityRequest(
        run_id="run", reference="/do/0/call", entry=1, attempt=1, key="key-1", kind="http",
        arguments={"method": "get", "endpoint": URI, **arguments}, input=variables,
    )  # fmt: skip


def make_reply(body=b"", content_type="", status=200, headers=()):
    return HttpReply(
        call=HttpCall(method="GET", uri="http://user:pw@api.example/pets?token=1"),
        request_headers=(("authorization", "Bearer t"), ("Cookie", "c=1"), ("X-Own", "1")),
        status=status, reason="Reason", headers=headers, content_type=content_type, body=body,
    )  # fmt: skip


def test_the_endpoint_may_be_an_object_with_authentication():
    endpoint = {"uri": URI + "/{id}", "authentication": {"basic": {"username": "jürgen", "password": "pä:ss"}}}
    call = make_call(make_request({"id": 7}, endpoint=endpoint))
    assert call.uri == URI + "/7"
    scheme, _, token = call.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(token).decode()) == ("Basic", "jürgen:pä:ss")


def test_a_bearer_token_replaces_a_header_of_the_author():
    endpoint = {"uri": URI, "authentication": {"bearer": {"token": "abc"}}}
    call = make_call(make_request(endpoint=endpoint, headers={"authorization": "mine"}))
    assert call.headers == {"authorization": "Bearer abc"}


@pytest.mark.parametrize(
    "policy",
    [
        {"oauth2": {}}, {"digest": {}}, {"basic": {"username": "u"}}, {"bearer": {}}, {}, "name", {"basic": "x"},
        {"basic": {"username": "a:b", "password": "c"}},
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_used_is_a_configuration_error(policy):
    with pytest.raises(ActivityError) as caught:
        make_call(make_request(endpoint={"uri": URI, "authentication": policy}))
    assert caught.value.type == "configuration"


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": {"X-A": "a\r\nX-B: b"}},
        {"headers": {"X A": "a"}},
        {"headers": {"": "a"}},
        {"headers": {"X-A": ["ok", "x\ny"]}},
        {"headers": "text"},
        {"method": "GET / HTTP/1.1\r\nX: y"},
        {"method": None},
        {"endpoint": "/relative"},
        {"endpoint": None},
        {"query": "a=b"},
        {"endpoint": "http://h/\r\nX: y"},
    ],
)
def test_what_would_inject_or_cannot_be_sent_is_refused(arguments):
    with pytest.raises(ActivityError) as caught:
        make_call(make_request(**arguments))
    assert (caught.value.type, caught.value.status) == ("validation", 400)


def test_a_line_break_in_a_token_is_refused():
    endpoint = {"uri": URI, "authentication": {"bearer": {"token": "a\r\nX: y"}}}
    with pytest.raises(ActivityError, match="line break"):
        make_call(make_request(endpoint=endpoint))


def test_header_values_become_text():
    call = make_call(make_request(headers={"X-N": 1, "X-B": True, "X-L": ["a", 2], "X-None": None}))
    assert call.headers == {"X-N": "1", "X-B": "true", "X-L": "a, 2"}


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("post", {}, "key-1"),
        ("PATCH", {}, "key-1"),
        ("post", {"idempotency-key": "own"}, "own"),
        ("put", {}, None),
        ("get", {}, None),
    ],
)
def test_methods_that_are_not_idempotent_carry_the_key(method, headers, expected):
    sent = make_call(make_request(method=method, headers=headers)).headers
    assert {key.lower(): value for key, value in sent.items()}.get("idempotency-key") == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("get", True),
        ("HEAD", True),
        ("put", True),
        ("delete", True),
        ("options", True),
        ("post", False),
        ("patch", False),
    ],
)
def test_idempotency_is_that_of_the_method(method, expected):
    assert HttpActivity(HttpSettings()).is_idempotent(make_request(method=method)) is expected


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"a": 1}', "application/json", {"a": 1}),
        (b"\xef\xbb\xbf[1]", "application/json; charset=utf-8", [1]),
        ('{"a":"ä"}'.encode("latin-1"), "application/json; charset=iso-8859-1", {"a": "ä"}),
        (b"12345678901234567890", "application/problem+json", 12345678901234567890),
        ("ä".encode("latin-1"), 'text/plain; charset="iso-8859-1"', "ä"),
        (b"\xff", "text/plain", "�"),
        (b"x", "text/plain; charset=nonsense", "x"),
        (b"<a/>", "application/soap+xml", "<a/>"),
        (b"a: 1", "application/yaml", "a: 1"),
        (b"a=1", "application/x-www-form-urlencoded", "a=1"),
        (b"\x00\x01", "image/png", "AAE="),
        (b"text", "", "text"),
        (b"\xff\xfe", "", "//4="),
        (b"", "application/json", None),
    ],
)
def test_content_is_decoded_by_its_type(body, content_type, expected):
    assert decode_content(make_reply(body, content_type)) == expected


@pytest.mark.parametrize("body", [b"{", b"<html>", b"[" * 100_000])
def test_json_that_is_none_says_so(body):
    with pytest.raises(ActivityError, match="not JSON") as caught:
        decode_content(make_reply(body, "application/json"))
    assert (caught.value.type, caught.value.status) == ("communication", 502)


@pytest.mark.parametrize(
    ("status", "redirect", "is_error"),
    [
        (200, False, False), (299, False, False), (300, False, True), (304, True, False), (399, True, False),
        (400, True, True), (500, False, True), (302, False, True),
    ],
)  # fmt: skip
def test_which_statuses_are_errors(status, redirect, is_error):
    reply = make_reply(b"why  it\nfailed", "text/plain", status, (("Location", "/elsewhere"),))
    if not is_error:
        check_status(reply, redirect=redirect)
        return
    with pytest.raises(ActivityError) as caught:
        check_status(reply, redirect=redirect)
    error = caught.value
    assert (error.type, error.status, error.title) == ("communication", status, "Reason")
    assert "why it failed" in error.detail
    assert "pw" not in error.detail
    assert ("/elsewhere" in error.detail) == (status < 400)


async def test_the_response_shows_the_request_without_its_secrets():
    reply = make_reply(
        b'{"a":1}', "application/json", headers=(("content-TYPE", "application/json"), ("x-a", "1"), ("X-A", "2"))
    )
    assert await make_output(reply, "response") == {
        "request": {
            "method": "GET",
            "uri": "http://api.example/pets?token=1",
            "headers": {"Authorization": "***", "Cookie": "***", "X-Own": "1"},
        },
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "X-A": "1, 2"},
        "content": {"a": 1},
    }
    assert await make_output(reply, "raw") == base64.b64encode(b'{"a":1}').decode()
    assert await make_output(reply, "content") == {"a": 1}


def test_header_names_have_one_spelling():
    assert join_headers((("ETAG", "x"), ("x-request-id", "y"))) == {"Etag": "x", "X-Request-Id": "y"}


def test_the_proxy_comes_from_the_settings_or_the_environment(monkeypatch):
    monkeypatch.setenv("http_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example,.corp")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("all_proxy", raising=False)
    monkeypatch.delenv("ALL_PROXY", raising=False)
    chooser = ProxyChooser(HttpSettings())
    assert chooser.find("http://out.example/") == "http://proxy.example:3128"
    assert chooser.find("https://out.example/") is None
    assert chooser.find("http://inside.example/") is None
    assert chooser.find("http://a.corp:8080/") is None
    assert ProxyChooser(HttpSettings(proxy_from_environment=False)).find("http://out.example/") is None
    assert ProxyChooser(HttpSettings(proxy="http://fixed:1")).find("http://inside.example/") == "http://fixed:1"
