"""Columns of values on their way into `unnest`: a table's rows travel as one array a column.

The driver can send lists itself, but it looks at their values to choose a type: the same statement would be prepared
anew for every mixture of small and large numbers and of present and absent values. These have the type that they say,
and are packed at once.
"""

from __future__ import annotations

from itertools import chain, repeat
from struct import Struct, pack
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg.abc import AdaptContext

_INT8, _TEXT, _BYTEA = 20, 25, 17  # the numbers that PostgreSQL's catalogue gives these types, the same for ever
_INT8_ARRAY, _TEXT_ARRAY, _BYTEA_ARRAY = 1016, 1009, 1001

_pack_header = Struct(">5i").pack  # dimensions, whether NULL occurs, type of the elements, their count, first index
_pack_int8 = Struct(">iq").pack
_pack_length = Struct(">i").pack
_NULL = _pack_length(-1)
_INT8_BYTES = 8


class Int8Array(tuple[int | None, ...]):
    """A column of 64-bit integers."""

    __slots__ = ()


class TextArray(tuple[str | None, ...]):
    """A column of texts; what PostgreSQL cannot hold of one becomes a question mark or U+FFFD."""

    __slots__ = ()


class ByteaArray(tuple[bytes, ...]):
    """A column of bytes."""

    __slots__ = ()


class _Int8ArrayDumper(Dumper):
    format = Format.BINARY
    oid = _INT8_ARRAY

    def dump(self, obj: Int8Array) -> bytes:
        count = len(obj)
        if None in obj:
            return _join(_INT8, (None if value is None else _pack_int8(_INT8_BYTES, value) for value in obj), count)
        return _head(_INT8, count) + pack(f">{'iq' * count}", *chain.from_iterable(zip(repeat(_INT8_BYTES), obj)))


class _TextArrayDumper(Dumper):
    format = Format.BINARY
    oid = _TEXT_ARRAY

    def dump(self, obj: TextArray) -> bytes:
        return _join(_TEXT, (None if text is None else _prefix(encode_text(text)) for text in obj), len(obj))


class _ByteaArrayDumper(Dumper):
    format = Format.BINARY
    oid = _BYTEA_ARRAY

    def dump(self, obj: ByteaArray) -> bytes:
        return _join(_BYTEA, map(_prefix, obj), len(obj))


def register_arrays(context: AdaptContext) -> None:
    """Let a connection send these columns."""
    dumpers: dict[type[tuple[Any, ...]], type[Dumper]] = {
        Int8Array: _Int8ArrayDumper,
        TextArray: _TextArrayDumper,
        ByteaArray: _ByteaArrayDumper,
    }
    for kind, dumper in dumpers.items():
        context.adapters.register_dumper(kind, dumper)


def encode_text(text: str) -> bytes:
    """Return the text as PostgreSQL can hold it: no halves of surrogate pairs, which JSON allows, and no U+0000."""
    encoded = text.encode(errors="replace")
    return encoded.replace(b"\0", "\N{REPLACEMENT CHARACTER}".encode()) if b"\0" in encoded else encoded


def _prefix(value: bytes) -> bytes:
    return _pack_length(len(value)) + value


def _head(element: int, count: int) -> bytes:
    return _pack_header(1, 1, element, count, 1)


def _join(element: int, values: Iterable[bytes | None], count: int) -> bytes:
    return _head(element, count) + b"".join([_NULL if value is None else value for value in values])
