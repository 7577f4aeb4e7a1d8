"""Events and state as bytes, and back.

Values above a limit are kept apart, once, under their hash: the event that carries one names it in `payloads` instead.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.errors import DamagedHistoryError
from kapell.kernel.events import AnyEvent, Event
from kapell.kernel.state import Item, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

PAYLOAD_BYTES = 64 * 1024
"""Values of more bytes than this are stored apart."""

_VALUE_FIELDS = ("raw_input", "input", "output", "context", "value", "arguments", "emitted")

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[AnyEvent])


def _encode_queue(value: Any) -> Any:
    if isinstance(value, deque):
        return list(value)
    raise NotImplementedError


def _decode_queue(_type: type, value: Any) -> Any:
    """Make the queue of what is ready again: the only part of a state that is no JSON type."""
    return deque(msgspec.convert(value, list[Item]))


_state_encoder = msgspec.json.Encoder(enc_hook=_encode_queue)
_state_decoder = msgspec.json.Decoder(State, dec_hook=_decode_queue)

Payloads = tuple[tuple[str, bytes], ...]


def encode_events(events: Sequence[Event]) -> tuple[bytes, Payloads]:
    """Return events as bytes, and the values that are to be stored apart, by hash."""
    body = _encoder.encode(events)
    if len(body) <= PAYLOAD_BYTES:
        return body, ()
    payloads: dict[str, bytes] = {}
    stored = [_set_apart(event, payloads) for event in events]
    return _encoder.encode(stored), tuple(payloads.items())


def encode_heavy_events(events: Sequence[Event], encode: Callable[[Any], bytes]) -> tuple[bytes, Payloads]:
    """Return what `encode_events` does; each value is encoded by itself, once, and by `encode`."""
    payloads: dict[str, bytes] = {}
    stored = [_set_apart(event, payloads, encode) for event in events]
    return _encoder.encode(stored), tuple(payloads.items())


def _set_apart(event: Event, payloads: dict[str, bytes], encode: Callable[[Any], bytes] = _encoder.encode) -> Event:
    names: dict[str, str] = {}
    for name in _VALUE_FIELDS:
        value = getattr(event, name, None)
        if not isinstance(value, dict | list | str):
            continue
        encoded = encode(value)
        if len(encoded) > PAYLOAD_BYTES:
            digest = hashlib.sha256(encoded).hexdigest()
            payloads[digest] = encoded
            names[name] = digest
    if not names:
        return event
    return msgspec.structs.replace(event, payloads=names, **dict.fromkeys(names))


def decode_events(body: bytes, get_payload: Callable[[str], bytes], only: Collection[str] | None = None) -> list[Event]:
    """Return the events of `body`, their large values put back in.

    Args:
        body: The encoded events.
        get_payload: Returns a large value by its hash.
        only: The fields whose large values are wanted; those of the others are `None` then.

    Raises:
        DamagedHistoryError: The bytes are no events.
    """
    try:
        events: list[Event] = list(_decoder.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedHistoryError(f"A stored event cannot be read: {error}.") from error
    for event in events:
        for name, digest in event.payloads.items():
            if only is not None and name not in only:
                continue
            setattr(event, name, msgspec.json.decode(get_payload(digest)))
        event.payloads = {}
    return events


def encode_state(state: State) -> bytes:
    """Return a snapshot of the state."""
    return _state_encoder.encode(state)


def decode_state(snapshot: bytes) -> State:
    """Return the state of a snapshot. Raises `DamagedHistoryError`."""
    try:
        return _state_decoder.decode(snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedHistoryError(f"A stored snapshot cannot be read: {error}.") from error


def to_builtins(value: Any) -> Any:
    """Return events or state as plain JSON values, for people and programs."""
    return msgspec.to_builtins(value, str_keys=True, enc_hook=_encode_queue)
