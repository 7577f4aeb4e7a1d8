"""PURE: CloudEvents in HTTP messages (CloudEvents 1.0.2, HTTP Protocol Binding): structured, batched, binary.

The content type says which of them a message is. In the binary mode the attributes are headers and the data is the
body; header values are percent-encoded UTF-8, and have no types: all extensions come out as strings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote, unquote_to_bytes

import msgspec

from kapell.errors import UsageError
from kapell.events import json_format
from kapell.events.cloud_events import JSON_TYPE, SPEC_VERSION, find_charset, is_json, make_event, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kapell.events.cloud_events import CloudEvent, Extension

PREFIX: Final = "ce-"

_FAMILY = "application/cloudevents"
_UNQUOTED = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)

Headers: TypeAlias = "Iterable[tuple[bytes, bytes]]"
"""Names and values as they came over the wire; names in any case."""


def read_message(headers: Headers, content: bytes) -> list[CloudEvent]:
    """Return the events of an HTTP message.

    Raises:
        UsageError: They are none; the sentence names the attribute.
        LimitExceededError: They are too many, too large or too deep.
    """
    pairs = [(name.decode("latin-1").lower(), value) for name, value in headers]
    content_type = _find_content_type(pairs)
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type == json_format.BATCH_MEDIA_TYPE:
        return json_format.read_batch(content)
    if media_type == json_format.MEDIA_TYPE:
        return [json_format.read_event(content)]
    if media_type.startswith(_FAMILY):
        hint = f"There are `{json_format.MEDIA_TYPE}` and `{json_format.BATCH_MEDIA_TYPE}`."
        raise UsageError("Of CloudEvents only the JSON format is read.", hint=hint)
    return [_read_binary(pairs, content_type, content)]


def write_structured(event: CloudEvent) -> tuple[list[tuple[str, str]], bytes]:
    """Return headers and body of the message that is one event. Raises `LimitExceededError`."""
    return [("content-type", json_format.MEDIA_TYPE)], json_format.write_event(event)


def write_batched(events: Sequence[CloudEvent]) -> tuple[list[tuple[str, str]], bytes]:
    """Return headers and body of the message that is these events. Raises `LimitExceededError`."""
    return [("content-type", json_format.BATCH_MEDIA_TYPE)], json_format.write_batch(events)


def write_binary(event: CloudEvent) -> tuple[list[tuple[str, str]], bytes]:
    """Return headers and body of the message that is one event in the binary mode: its data is the body.

    Raises:
        UsageError: The data is text that the encoding of its content type cannot write.
    """
    attributes: dict[str, Extension | None] = {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        "dataschema": event.dataschema,
        **event.extensions,
    }
    headers = [(f"{PREFIX}{name}", _write_value(value)) for name, value in attributes.items() if value is not None]
    content_type = event.datacontenttype
    if content_type is None and event.data is not msgspec.UNSET:
        content_type = JSON_TYPE  # what the JSON format leaves to be understood is said
    if content_type is not None:
        headers.append(("content-type", content_type))
    return headers, _write_content(event)


def _find_content_type(pairs: Sequence[tuple[str, bytes]]) -> str | None:
    found = [value for name, value in pairs if name == "content-type"]
    if len(found) > 1:
        raise UsageError("The header `Content-Type` stands there more than once.")
    return found[0].decode("latin-1").strip() or None if found else None


def _read_binary(pairs: Sequence[tuple[str, bytes]], content_type: str | None, content: bytes) -> CloudEvent:
    attributes: dict[str, str] = {}
    for header, value in pairs:
        if not header.startswith(PREFIX):
            continue
        name = header.removeprefix(PREFIX)
        if name in attributes:
            raise refuse(name, f"stands in more than one header `{PREFIX}{name}`")
        attributes[name] = _read_value(name, value)
    if not attributes:
        raise UsageError(
            f"The request is no event: it has neither headers such as `{PREFIX}id`, nor the media type of events.",
            hint=f"An event that is a JSON object is sent with `Content-Type: {json_format.MEDIA_TYPE}`.",
        )
    if "datacontenttype" in attributes:
        raise refuse("datacontenttype", "is the header `Content-Type` in this mode")
    return make_event({**attributes, "datacontenttype": content_type}, binary=content or None)


def _read_value(name: str, value: bytes) -> str:
    stripped = value.strip(b" \t")
    quoted = _QUOTED.fullmatch(stripped)
    try:
        return unquote_to_bytes(_ESCAPED.sub(rb"\1", quoted[1]) if quoted else stripped).decode()
    except UnicodeDecodeError as error:
        raise refuse(name, "is not percent-encoded UTF-8") from error


def _write_value(value: Extension) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(str(value), safe=_UNQUOTED)


def _write_content(event: CloudEvent) -> bytes:
    if event.binary is not None:
        return event.binary
    if event.data is msgspec.UNSET:
        return b""
    if is_json(event.datacontenttype):
        return msgspec.json.encode(event.data)
    try:
        return str(event.data).encode(find_charset(event.datacontenttype) or "utf-8")
    except UnicodeEncodeError as error:
        raise refuse("data", "has characters that the encoding of its `datacontenttype` does not have") from error
