"""The order of semantic versions (semver.org, 11), as bytes that any database sorts."""

from __future__ import annotations

import re
from typing import Final

from kapell.errors import UsageError

_VERSION: Final = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)
_LONGEST: Final = 200

_END, _NUMBER, _WORD, _RELEASE = b"\x00", b"\x01", b"\x02", b"\xff"


def encode_precedence(version: str) -> bytes:
    """Return bytes that compare as versions do; versions that differ in build metadata alone give the same.

    Numbers are written with their length in front. A pre-release is its identifiers, a number before any word and a
    shorter list before the longer one that it begins; a release comes after them all.

    Raises:
        UsageError: It is no semantic version, or has more than 200 characters.
    """
    match = _VERSION.fullmatch(version) if len(version) <= _LONGEST else None
    if match is None:
        shown = version if len(version) <= _LONGEST else f"{version[:_LONGEST]}..."
        raise UsageError(
            f"`{shown}` is no version.", hint="Write three numbers with dots, such as 1.0.0; at most 200 characters."
        )
    core = b"".join(_encode_number(number) for number in match.groups()[:3])
    if match[4] is None:
        return core + _RELEASE
    return core + b"".join(_encode_identifier(part) for part in match[4].split(".")) + _END


def _encode_identifier(part: str) -> bytes:
    if part.isdigit():
        return _NUMBER + _encode_number(part)
    return _WORD + part.encode() + b"\x00"


def _encode_number(digits: str) -> bytes:
    return bytes((len(digits),)) + digits.encode()
