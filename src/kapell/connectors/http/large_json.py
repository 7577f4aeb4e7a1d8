"""Decoding large JSON in a thread without stopping every other thread meanwhile.

A decoder written in C holds the interpreter's lock until it is done: half a second for 30 MB, in which the event loop
stands still although another thread decodes. Here the parts of large arrays and objects are only delimited at first,
which is some ten times faster, and then decoded one by one, so that the loop gets its turns in between.
"""

from __future__ import annotations

from typing import Any

import msgspec

_LARGE_BYTES = 256 * 1024
_MAX_DEPTH = 6  # each level reads its text once more
_HEAD_BYTES = 64
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode_large_json(text: bytes | msgspec.Raw, depth: int = _MAX_DEPTH) -> Any:
    """Return the value of a JSON text, like `msgspec.json.decode`.

    Raises:
        msgspec.DecodeError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    view = memoryview(text)
    head = bytes(view[:_HEAD_BYTES]).lstrip()[:1]
    if len(view) > _LARGE_BYTES and depth > 0 and head == b"[":
        return [decode_large_json(part, depth - 1) for part in _ARRAY.decode(text)]
    if len(view) > _LARGE_BYTES and depth > 0 and head == b"{":
        return {name: decode_large_json(part, depth - 1) for name, part in _OBJECT.decode(text).items()}
    return msgspec.json.decode(text)
