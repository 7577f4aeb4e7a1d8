"""PURE: CloudEvents in their JSON format, one or a batch (CloudEvents 1.0.2, JSON Event Format)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.errors import KapellError, LimitExceededError, UsageError
from kapell.events.cloud_events import MAX_EVENT_BYTES, SPEC_VERSION, make_event, refuse, too_large

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.events.cloud_events import CloudEvent

MEDIA_TYPE: Final = "application/cloudevents+json"
BATCH_MEDIA_TYPE: Final = "application/cloudevents-batch+json"

MAX_BATCH: Final = 1000
"""How many events a batch may have."""

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def read_event(content: bytes) -> CloudEvent:
    """Return the event of a JSON object.

    Raises:
        UsageError: It is none; the sentence names the attribute.
        LimitExceededError: It is too large or too deep.
    """
    return read_members(_decode(content))


def read_batch(content: bytes) -> list[CloudEvent]:
    """Return the events of a JSON array, which may be empty.

    Raises:
        UsageError: One is none; the sentence names it by its number, from 1.
        LimitExceededError: There are too many, or one is too large or too deep.
    """
    given = _decode(content)
    if not isinstance(given, list):
        raise UsageError("A batch of events is a JSON array.", hint=f"A single event is sent as `{MEDIA_TYPE}`.")
    if len(given) > MAX_BATCH:
        raise LimitExceededError(f"A batch may have {MAX_BATCH} events at most.")
    events = []
    for number, each in enumerate(given, 1):
        try:
            events.append(read_members(each))
        except KapellError as error:
            raise type(error)(f"Number {number} of the batch: {error.message}", hint=error.hint) from error
    return events


def read_members(given: Any) -> CloudEvent:
    """Return the event of a JSON object that has been decoded. Raises as `read_event` does."""
    if not isinstance(given, dict):
        raise UsageError("An event is a JSON object.", hint=f"Several are sent as `{BATCH_MEDIA_TYPE}`.")
    members = dict(given)
    data = members.pop("data", msgspec.UNSET)
    encoded = members.pop("data_base64", None)
    if encoded is None:
        return make_event(members, data=data)
    if data is not msgspec.UNSET and data is not None:
        raise refuse("data", "is there twice, also as `data_base64`")
    return make_event(members, binary=_decode_base64(encoded))


def write_event(event: CloudEvent) -> bytes:
    """Return the event as a JSON object, in the order of the specification. Raises `LimitExceededError`."""
    content = _encoder.encode(lay_out(event))
    if len(content) > MAX_EVENT_BYTES:
        raise too_large()
    return content


def write_batch(events: Sequence[CloudEvent]) -> bytes:
    """Return events as a JSON array. Raises `LimitExceededError` if one of them is too large."""
    return b"[" + b",".join(write_event(event) for event in events) + b"]"


def lay_out(event: CloudEvent) -> dict[str, Any]:
    """Return the members of the event's JSON object."""
    members: dict[str, Any] = {"specversion": SPEC_VERSION, "id": event.id, "source": event.source, "type": event.type}
    for name in ("subject", "time", "datacontenttype", "dataschema"):
        value = getattr(event, name)
        if value is not None:
            members[name] = value
    members.update(event.extensions)
    if event.binary is not None:
        members["data_base64"] = b64encode(event.binary).decode()
    elif event.data is not msgspec.UNSET:
        members["data"] = event.data
    return members


def describe_stored(body: bytes, *, has_data: bool = True) -> dict[str, Any]:
    """Return the members of an event as it is stored, without its data for who may not see that."""
    members: dict[str, Any] = _decoder.decode(body)
    if not has_data:
        members.pop("data", None)
        members.pop("data_base64", None)
    return members


def _decode(content: bytes) -> Any:
    try:
        return _decoder.decode(content)
    except RecursionError as error:
        raise LimitExceededError("The JSON has too many levels.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"The body is not JSON: {error}.") from error


def _decode_base64(encoded: Any) -> bytes:
    try:
        return b64decode(encoded.encode("ascii"), validate=True)
    except (AttributeError, ValueError) as error:
        raise refuse("data_base64", "is no Base64 of RFC 4648") from error
