"""Request bodies: from a JSON value and a content type to bytes.

The rule: without a content type every body is JSON. With one, a string is the body as it stands (base64 where the type
is binary), and an object or array is written in the way of that type.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any
from urllib.parse import quote_plus

import msgspec

from kapell.connectors.http.media import classify, get_essence
from kapell.connectors.http.uri import to_pairs, to_scalar_text
from kapell.sdk import ActivityError

_JSON_TYPE = "application/json"


def encode_body(body: Any, content_type: str | None) -> tuple[bytes | None, str | None]:
    """Return a request's body and the content type to send with it; both are `None` where there is no body.

    Args:
        body: The evaluated body; null sends none.
        content_type: What the author set, if anything.

    Raises:
        ActivityError: The body cannot be written in that type.
    """
    if body is None:
        return None, content_type
    if content_type is None:
        return msgspec.json.encode(body), _JSON_TYPE
    kind = classify(content_type)
    if kind == "multipart" and isinstance(body, dict):
        return _encode_multipart(body)
    if kind == "form" and isinstance(body, dict):
        return encode_form(body), content_type
    if kind == "binary":
        return _decode_base64(body, content_type), content_type
    if isinstance(body, dict | list) and get_essence(content_type).endswith("xml"):
        raise _refuse(f"An object or array cannot be written as '{content_type}'; give the XML as a string.")
    return to_scalar_text(body).encode(), content_type


def encode_form(fields: dict[str, Any]) -> bytes:
    """Write an object as `application/x-www-form-urlencoded`; arrays repeat their name, null is left out."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in to_pairs(fields)).encode()


def _decode_base64(body: Any, content_type: str) -> bytes:
    if not isinstance(body, str):
        raise _refuse(f"A body of type '{content_type}' must be a string with base64 content.")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise _refuse(f"A body of type '{content_type}' must be base64, and this string is not.") from None


def _encode_multipart(fields: dict[str, Any]) -> tuple[bytes, str]:
    """Write an object as `multipart/form-data` (RFC 7578).

    A field that is an object with `content` or `base64` is a file: `{filename, contentType, content | base64}`. Other
    objects are parts of JSON, arrays repeat their name, null is left out. The boundary comes from the content, so that
    a resend is the same to the byte.
    """
    parts = [
        _encode_part(name, item)
        for name, value in fields.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    boundary = "kapell-" + hashlib.sha256(b"\0".join(parts)).hexdigest()[:40]
    line = f"--{boundary}\r\n".encode()
    body = b"".join(line + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _encode_part(name: str, value: Any) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{_escape(name)}"'
    if not isinstance(value, dict):
        return f"{disposition}\r\n\r\n{to_scalar_text(value)}".encode()
    if "content" not in value and "base64" not in value:
        return f"{disposition}\r\nContent-Type: {_JSON_TYPE}\r\n\r\n".encode() + msgspec.json.encode(value)
    media_type = _escape(str(value.get("contentType", "application/octet-stream")))
    disposition += f'; filename="{_escape(str(value.get("filename", name)))}"'
    head = f"{disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()
    if "base64" in value:
        return head + _decode_base64(value["base64"], media_type)
    return head + to_scalar_text(value["content"]).encode()


def _escape(text: str) -> str:
    """Escape as browsers do (WHATWG HTML, multipart/form-data), so that no value can begin a new header."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _refuse(detail: str) -> ActivityError:
    return ActivityError("validation", 400, "Invalid request body", detail)
