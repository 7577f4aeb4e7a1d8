"""Request bodies by content type."""

from __future__ import annotations

import base64

import pytest

from kapell.connectors.http.body import encode_body
from kapell.sdk import ActivityError

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "content_type", "expected", "sent_type"),
    [
        (None, None, None, None),
        (None, "application/json", None, "application/json"),
        ({"a": 1}, None, b'{"a":1}', "application/json"),
        ([1, 2], None, b"[1,2]", "application/json"),
        ("text", None, b'"text"', "application/json"),
        (False, None, b"false", "application/json"),
        ({"a": 1}, "application/vnd.x+json", b'{"a":1}', "application/vnd.x+json"),
        ('{"ready": "made"}', "application/json", b'{"ready": "made"}', "application/json"),
        ("grüß", "text/plain", "grüß".encode(), "text/plain"),
        (12, "text/plain", b"12", "text/plain"),
        ("<a/>", "application/xml", b"<a/>", "application/xml"),
        ({"a": 1}, "application/yaml", b'{"a":1}', "application/yaml"),
        ({"a": "x y", "b": [1, 2], "c": None}, FORM, b"a=x+y&b=1&b=2", FORM),
        ("a=b", FORM, b"a=b", FORM),
        (base64.b64encode(b"\x00\xff").decode(), "application/octet-stream", b"\x00\xff", "application/octet-stream"),
        (base64.b64encode(b"png").decode(), "image/png", b"png", "image/png"),
    ],
)
def test_a_body_is_written_by_its_content_type(body, content_type, expected, sent_type):
    assert encode_body(body, content_type) == (expected, sent_type)


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        ({"a": 1}, "application/xml", "XML"),
        ("not base64!", "application/octet-stream", "base64"),
        ({"a": 1}, "image/png", "base64"),
    ],
)
def test_what_cannot_be_written_is_refused(body, content_type, said):
    with pytest.raises(ActivityError, match=said) as caught:
        encode_body(body, content_type)
    assert (caught.value.type, caught.value.status) == ("validation", 400)


def test_multipart_holds_fields_files_and_json():
    body, content_type = encode_body(
        {
            "name": "milou",
            "photo": {"filename": 'a"\r\nb.png', "contentType": "image/png", "base64": "AAE="},
            "note": {"filename": "n.txt", "content": "hello"},
            "meta": {"k": 1},
            "tag": ["x", "y"],
            "none": None,
        },
        "multipart/form-data",
    )
    assert content_type is not None
    boundary = content_type.partition("boundary=")[2].encode()
    assert body is not None
    parts = body.split(b"--" + boundary)
    assert parts[0] == b""
    assert parts[-1] == b"--\r\n"
    assert parts[1] == b'\r\nContent-Disposition: form-data; name="name"\r\n\r\nmilou\r\n'
    assert b'filename="a%22%0D%0Ab.png"\r\nContent-Type: image/png\r\n\r\n\x00\x01\r\n' in parts[2]
    assert parts[3].endswith(b"\r\n\r\nhello\r\n")
    assert b'Content-Type: application/json\r\n\r\n{"k":1}' in parts[4]
    assert [b"x" in parts[5], b"y" in parts[6], len(parts)] == [True, True, 8]
    assert encode_body({"name": "milou"}, "multipart/form-data") == encode_body(
        {"name": "milou"}, "multipart/form-data"
    )
