"""The log as a sequence of lines: what an export writes and what the verifier reads, from an export or a database.

The keys come first, then the records in their order, each head after the last record that it covers, and at the end who
signed which record to be the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from kapell.audit.findings import Finding
from kapell.audit.model import Head, KnownKey, TailStatement
from kapell.audit.proofs import SealedRecord
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class StartLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="start"):
    """The first line of an export.

    Attributes:
        kind: What this is.
        is_whole: Whether it holds the whole log; a selection of records cannot be verified.
    """

    kind: Literal["kapell.audit.export.1"] = "kapell.audit.export.1"
    is_whole: bool


class KeyLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="key"):
    """A key.

    Attributes:
        key: The key.
    """

    key: KnownKey


class RecordLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="record"):
    """A record.

    Attributes:
        record: What its hash is made of, and what is private.
        hash: Its hash as it is stored, in hexadecimal.
    """

    record: SealedRecord
    hash: str


class HeadLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="head", omit_defaults=True):
    """A head.

    Attributes:
        head: The head.
        peaks: The peaks of its tree as they are stored, in hexadecimal; not in exports, where nothing needs them.
    """

    head: Head
    peaks: str | None = None


class TailLine(msgspec.Struct, frozen=True, kw_only=True, tag_field="line", tag="tail"):
    """Which record is the last one.

    Attributes:
        statement: The statement.
        signature: Its signature, in hexadecimal; empty while there is no record.
    """

    statement: TailStatement
    signature: str


class UnreadableLine(msgspec.Struct, frozen=True, kw_only=True):
    """Something in the place of a record that is none. No export holds it.

    Attributes:
        number: Which record it should be.
        hash: What is stored as its hash.
        finding: What is wrong with it.
    """

    number: int
    hash: Any
    finding: Finding


Line = StartLine | KeyLine | RecordLine | HeadLine | TailLine
Evidence = Line | UnreadableLine | Finding
"""What the verifier takes: a line, or what was found in a place where one should be."""

_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


def encode_line(line: Line) -> bytes:
    """Return a line as an export has it."""
    return msgspec.json.encode(line) + b"\n"


def read_export(path: Path) -> Iterator[Evidence]:
    """Yield the lines of an export of the whole log.

    Raises:
        UsageError: The file cannot be read, or is no export of a whole log.
    """
    try:
        with path.open("rb") as file:
            start = _decode(next(file, b""))
            if not isinstance(start, StartLine):
                raise UsageError(f"{path} is no export of an audit log.", hint="Make one with `kapell audit export`.")
            if not start.is_whole:
                raise UsageError(
                    f"{path} holds a selection of records, which cannot be verified.",
                    hint="Export without filters, or prove single records with `kapell audit prove`.",
                )
            yield from _iter_decoded(file)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def _iter_decoded(file: Iterable[bytes]) -> Iterator[Evidence]:
    for count, text in enumerate(file, 2):
        line = _decode(text)
        if line is None or isinstance(line, StartLine):
            yield Finding(kind="edited", place=f"line {count}", text="It is no line of an export.")
        else:
            yield line


def _decode(text: bytes) -> Line | None:
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
