"""JSON in pieces that take a few milliseconds each, so that a document of many megabytes never holds the event loop."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Encode = Callable[[Any], bytes]

_VALUES_A_PIECE = 2_000
_LETTERS_A_PIECE = 100_000
_ITEMS_A_PIECE = 256
_LONG_NUMBER = re.compile(rb"[0-9]{16}")
_EXACT_DOUBLE = 2**53


class UnfitError(ValueError):
    """The value cannot be given to libjq; the message says why."""


def encode_in_pieces(value: Any) -> Iterator[bytes]:
    """Give the JSON text of a value, piece by piece.

    Raises:
        UnfitError: It holds an integer that libjq would round, half a surrogate pair, or is nested too deeply.
    """
    try:
        yield from encode_parts(value, _encode)
    except RecursionError:
        raise UnfitError("The document is nested too deeply for an expression.") from None


def encode_parts(value: Any, encode: Encode) -> Iterator[bytes]:
    """Give the JSON text of a value, piece by piece, each made by `encode`; what that raises comes through."""
    if is_small(value):
        yield encode(value)
    elif type(value) is list:
        yield from _encode_array(value, encode)
    elif type(value) is dict:
        yield from _encode_object(value, encode)
    else:
        yield encode(value)


def is_small(value: Any) -> bool:
    """Tell whether a value is encoded in a few milliseconds."""
    visits, letters = 0, 0
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is str:
            letters += len(value)
        elif type(value) is list:
            visits += len(value)
            if visits <= _VALUES_A_PIECE:
                waiting.extend(value)
        elif type(value) is dict:
            visits += len(value)
            if visits <= _VALUES_A_PIECE:
                waiting.extend(value.values())
        if visits > _VALUES_A_PIECE or letters > _LETTERS_A_PIECE:
            return False
    return True


def _encode_array(value: list[Any], encode: Encode) -> Iterator[bytes]:
    separator = b"["
    for start in range(0, len(value), _ITEMS_A_PIECE):
        items = value[start : start + _ITEMS_A_PIECE]
        if is_small(items):
            yield separator + encode(items)[1:-1]
            separator = b","
            continue
        for item in items:
            yield separator
            yield from encode_parts(item, encode)
            separator = b","
    yield b"]"


def _encode_object(value: dict[str, Any], encode: Encode) -> Iterator[bytes]:
    separator = b"{"
    members = iter(value.items())
    while batch := dict(islice(members, _ITEMS_A_PIECE)):
        if is_small(batch):
            yield separator + encode(batch)[1:-1]
            separator = b","
            continue
        for key, item in batch.items():
            yield separator + encode(key) + b":"
            yield from encode_parts(item, encode)
            separator = b","
    yield b"}"


def _encode(value: Any) -> bytes:
    try:
        text = msgspec.json.encode(value)
    except UnicodeEncodeError:
        raise UnfitError("The document has a text with half of a surrogate pair, which is no valid JSON.") from None
    if type(value) is not str and _LONG_NUMBER.search(text) is not None:
        _refuse_large_integers(value)
    return text


def _refuse_large_integers(value: Any) -> None:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is int and abs(value) > _EXACT_DOUBLE:
            raise UnfitError(
                f"The expression needs libjq, which would round the integer {value}: beyond 2^53, only simple"
                " expressions keep integers exactly. Pass it as a string, or select only the fields that are needed."
            )
        if type(value) is list:
            waiting.extend(value)
        elif type(value) is dict:
            waiting.extend(value.values())


class Assembler:
    """Puts a result together from the frames of the child."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.value: Any = None
        self._open: list[Any] = []
        self._keys: list[str | None] = []
        self._next_key: str | None = None

    def take(self, kind: bytes, content: bytes) -> bool:
        """Take one frame in; tell whether the result is complete."""
        if kind in (b"[", b"{"):
            self._open.append([] if kind == b"[" else {})
            self._keys.append(self._next_key)
            self._next_key = None
        elif kind == b"k":
            self._next_key = msgspec.json.decode(content)
        elif kind == b"a":
            self._open[-1].extend(msgspec.json.decode(content))
        elif kind == b"o":
            self._open[-1].update(msgspec.json.decode(content))
        elif kind == b"]":
            made, key = self._open.pop(), self._keys.pop()
            return self._put(made, key)
        else:
            return self._put(msgspec.json.decode(content), self._next_key)
        return False

    def _put(self, value: Any, key: str | None) -> bool:
        self._next_key = None
        if not self._open:
            self.value = value
            return True
        if key is None:
            self._open[-1].append(value)
        else:
            self._open[-1][key] = value
        return False
