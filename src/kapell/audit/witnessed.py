"""Heads that a witness kept, read from its file: one of them or all, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.audit.encoding import encode_statement
from kapell.audit.keys import compute_key_id, is_signed
from kapell.audit.model import Head
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_decoder = msgspec.json.Decoder(Head)
_LONGEST_LINE = 64 * 1024


def read_heads(path: Path) -> Iterator[Head]:
    """Yield the heads of a file, each once if it stands there several times in a row.

    Raises:
        UsageError: The file cannot be read, holds something else, or a head that is not signed by the key it names.
    """
    last = None
    for place, text in _iter_texts(path):
        try:
            head = _decoder.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}{place} is no head of an audit log.", hint="Give what a witness kept.") from error
        if not is_own_signature(head):
            raise UsageError(f"{path}{place} is a head that its key has not signed, so it proves nothing.")
        if head != last:
            yield head
        last = head


def is_own_signature(head: Head) -> bool:
    """Tell whether the key that a head names has signed it."""
    said = head.statement
    try:
        public_key, signature = bytes.fromhex(said.public_key), bytes.fromhex(head.signature)
    except ValueError:
        return False
    return compute_key_id(public_key) == said.key_id and is_signed(public_key, encode_statement(said), signature)


def _iter_texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the lines, each with its place; a file that holds a single head may spread it over several lines."""
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST_LINE)
            if first.strip() in {b"{", b""}:
                yield "", first + file.read(_LONGEST_LINE)
                return
            yield ", line 1,", first
            yield from ((f", line {number},", line) for number, line in enumerate(file, 2) if line.strip())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
