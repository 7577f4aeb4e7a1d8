"""How people, groups, roles and namespaces may be called, and texts from outside that are kept for people to read."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from kapell.errors import UsageError

_PERSON = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,119}")
_GROUP = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CLAIMED_GROUP = re.compile(r"[a-z0-9][a-z0-9-]{0,31}:[^\x00-\x1f\x7f]{1,160}")
_ROLE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

LONGEST_TEXT: Final = 200


def read_person_name(typed: str) -> str | None:
    """Return the name that was meant by what was typed at a sign-in, or `None` if nobody can be called so."""
    name = unicodedata.normalize("NFKC", typed[: 2 * LONGEST_TEXT]).strip().lower()
    return name if _PERSON.fullmatch(name) else None


def check_person_name(name: str) -> str:
    """Return the name as it is kept, in lower case. Raises `UsageError`."""
    read = read_person_name(name)
    if read is None:
        raise UsageError(
            "This is no name for an account.",
            hint="Use 1 to 120 letters without accents, digits and . _ @ + -, with a letter or digit first.",
        )
    return read


def check_display_name(name: str) -> str:
    """Return what a person wants to be called, trimmed. Raises `UsageError`."""
    name = name.strip()
    if not name or name != clip(name):
        raise UsageError(f"A display name has 1 to {LONGEST_TEXT} characters, all of them visible.")
    return name


def check_group_name(name: str) -> str:
    """Return the name of a local group. Raises `UsageError`."""
    if not _GROUP.fullmatch(name):
        raise UsageError(
            f"`{clip(name)}` is no name for a group.",
            hint="Use 1 to 64 lower-case letters, digits and . _ -, with a letter or digit first.",
        )
    return name


def is_claimed_group(name: str) -> bool:
    """Tell whether this is the name of a group that a provider claims: `<provider>:<name>`."""
    return _CLAIMED_GROUP.fullmatch(name) is not None


def check_role_name(name: str) -> str:
    """Return the name of an own role. Raises `UsageError`."""
    if not _ROLE.fullmatch(name):
        raise UsageError(
            f"`{clip(name)}` is no name for a role.",
            hint="Use 1 to 64 lower-case letters, digits and -, with a letter first.",
        )
    return name


def is_namespace(name: str) -> bool:
    """Tell whether a namespace can be called so (RFC 1123 label, as the language demands)."""
    return _NAMESPACE.fullmatch(name) is not None


def check_namespace(name: str | None) -> str | None:
    """Return the namespace; `None` stands for all of them. Raises `UsageError`."""
    if name is not None and not is_namespace(name):
        raise UsageError(
            f"`{clip(name)}` is no name for a namespace.",
            hint="Use 1 to 63 lower-case letters, digits and -, with a letter or digit at both ends.",
        )
    return name


def clip(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return the text without control and unpaired characters, and no longer than `longest`."""
    return "".join(char for char in text[: 4 * longest] if unicodedata.category(char) not in {"Cc", "Cs"})[:longest]
