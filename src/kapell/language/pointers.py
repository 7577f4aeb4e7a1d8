"""JSON pointers (RFC 6901) and the paths that they are written from."""

from __future__ import annotations

Path = tuple[str | int, ...]
"""The way to a value: a key for each object and an index for each list on the way."""


def to_pointer(path: Path) -> str:
    """Write a path as a JSON pointer."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def split_pointer(pointer: str) -> tuple[str, ...]:
    """Give the steps of a JSON pointer, unescaped.

    Raises:
        ValueError: It is neither empty nor begins with a slash.
    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON pointer is empty or begins with a slash, unlike {pointer!r}")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))
