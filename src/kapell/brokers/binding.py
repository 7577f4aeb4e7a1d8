"""How CloudEvents stand in messages: which of the two forms a message has, and what keeps it from being an event.

The rules are those of the protocol bindings of CloudEvents 1.0.2 ("Content Modes"). One thing is read more generously:
a message without any attribute beside it is taken for the structured form even where its content type is missing or
plain JSON, as brokers without content types, and hasty senders, have it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.brokers.broker import STRUCTURED_TYPE, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUIRED: Final = ("specversion", "id", "source", "type")
_ANY_FORMAT: Final = "application/cloudevents"


class _Required(msgspec.Struct):
    specversion: str
    id: str
    source: str
    type: str


_required = msgspec.json.Decoder(_Required)


def read_form(content_type: str, attributes: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the content type and the attributes of a message as `Message` has them.

    Args:
        content_type: As the broker has it, empty if it has none.
        attributes: Context attributes that stood beside the payload, by their names in CloudEvents.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.startswith(_ANY_FORMAT):
        return content_type, {}
    if "specversion" not in attributes and media_type in {"", "application/json"}:
        return STRUCTURED_TYPE, {}
    beside = dict(attributes)
    repeated = beside.pop("datacontenttype", "")
    return content_type or repeated, beside


def find_fault(message: Message) -> str:
    """Return why a message cannot be a CloudEvent, as the end of a sentence; empty if it can."""
    if not message.is_structured:
        if message.content_type.lower().startswith(_ANY_FORMAT):
            return f"its content type `{message.content_type[:100]}` is none that is read here"
        missing = [name for name in _REQUIRED if not message.attributes.get(name)]
        return f"it has no `{missing[0]}`" if missing else ""
    try:
        _required.decode(message.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return f"it is no event in the JSON format of CloudEvents: {error}"
    return ""


def make_structured(message: Message) -> bytes:
    """Return a message in structured form, for brokers that have no room beside the payload."""
    if message.is_structured:
        return message.payload
    event: dict[str, Any] = dict(message.attributes)
    if message.content_type:
        event["datacontenttype"] = message.content_type
    if message.payload:
        event |= _write_data(message)
    return msgspec.json.encode(event)


def _write_data(message: Message) -> dict[str, Any]:
    subtype = message.content_type.partition(";")[0].strip().lower().rpartition("/")[2]
    if subtype == "json" or subtype.endswith("+json"):
        return {"data": msgspec.Raw(message.payload)}
    return {"data_base64": base64.b64encode(message.payload).decode()}
