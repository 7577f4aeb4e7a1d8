"""What can be a secret."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from kapell.errors import UsageError

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_NAMESPACE: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_LARGEST: Final = 64 * 1024


def check_name(namespace: str, name: str) -> None:
    """Make sure that a secret can be called so. Raises `UsageError`."""
    if not _NAMESPACE.fullmatch(namespace):
        raise UsageError(
            f"`{namespace[:100]}` is no namespace.", hint="Use at most 63 letters, digits and hyphens, such as shop."
        )
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"`{name[:150]}` cannot be the name of a secret.",
            hint="Use at most 128 letters, digits, underscores, dots and hyphens, such as registry-password.",
        )


def encode_value(value: Any) -> bytes:
    """Return the JSON of a secret's value, a string or an object.

    A number alone could not be kept out of logs: it would be found everywhere.

    Raises:
        UsageError: It is something else, or too large. The message never shows it.
    """
    if not isinstance(value, str | dict):
        raise UsageError("A secret is a string or an object.", hint='Write "value", or {"user": "...", "key": "..."}.')
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        raise UsageError("The secret is no JSON value.") from None  # the cause could show it
    if len(encoded) > _LARGEST:
        raise UsageError(f"The secret has {len(encoded):,} bytes; the limit is {_LARGEST:,}.")
    return encoded
