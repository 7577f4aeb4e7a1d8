"""How a sealed value is told from one that is not: by its first byte, or its first character.

Stored bytes are JSON, which never begins with the byte 1: a sealed value does. Text that is sealed begins with U+0001.
Whatever else begins so is stored behind a 2, so that nobody can pass a value off as a sealed one; this holds also while
nothing is sealed.
"""

from __future__ import annotations

import base64
import binascii

_SEALED, _ESCAPE = b"\x01", b"\x02"
_SEALED_TEXT, _ESCAPE_TEXT = "\x01", "\x02"
_MARKS = (_SEALED, _ESCAPE)
_TEXT_MARKS = (_SEALED_TEXT, _ESCAPE_TEXT)


def is_sealed(stored: bytes) -> bool:
    """Tell whether stored bytes are a sealed value."""
    return stored[:1] == _SEALED


def store_plain(value: bytes) -> bytes:
    """Return bytes as they are stored unsealed."""
    return _ESCAPE + value if value[:1] in _MARKS else value


def read_plain(stored: bytes) -> bytes:
    """Return bytes that `store_plain` has made."""
    return stored[1:] if stored[:1] == _ESCAPE else stored


def is_sealed_text(stored: str) -> bool:
    """Tell whether a stored text is a sealed one; not so what was stored before there were seals, however it begins."""
    return stored[:1] == _SEALED_TEXT and is_sealed(unwrap(stored))


def store_plain_text(text: str) -> str:
    """Return a text as it is stored unsealed."""
    return _ESCAPE_TEXT + text if text[:1] in _TEXT_MARKS else text


def read_plain_text(stored: str) -> str:
    """Return a text that `store_plain_text` has made."""
    return stored[1:] if stored[:1] == _ESCAPE_TEXT else stored


def wrap(sealed: bytes) -> str:
    """Return a sealed value as text."""
    return _SEALED_TEXT + base64.b64encode(sealed).decode()


def unwrap(stored: str) -> bytes:
    """Return the sealed value of a text; nothing where there is none in it."""
    try:
        return base64.b64decode(stored[1:].encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
