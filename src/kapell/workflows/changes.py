"""Differences between two JSON values, as data and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from kapell.language.pointers import Path, to_pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

ChangeKind = Literal[
    "task_added", "task_removed", "task_moved", "task_renamed", "task_changed",
    "input_changed", "output_changed", "workflow_changed", "order_changed",
]  # fmt: skip

_LONGEST_VALUE = 60


class FieldChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that differs; what is absent is left out.

    Attributes:
        pointer: Its place, as a JSON pointer from the task or, outside of tasks, from the document.
        before: What it was, if it was there.
        after: What it is, if it is there.
    """

    pointer: str
    before: Any = msgspec.UNSET
    after: Any = msgspec.UNSET


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A difference that means something.

    Attributes:
        kind: What happened.
        text: A sentence.
        before: The reference of the task before, as in `/do/2/ship`, if it was there.
        after: The reference of the task afterwards, if it is there.
        fields: What differs in it.
    """

    kind: ChangeKind
    text: str
    before: str | None = None
    after: str | None = None
    fields: tuple[FieldChange, ...] = ()


def compare_values(before: Any, after: Any, path: Path = ()) -> Iterator[FieldChange]:
    """Iterate over what differs in two JSON values: objects by key, lists of one length by item, others as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in (*before, *(key for key in after if key not in before)):
            inner = (*path, key)
            yield from compare_values(before.get(key, msgspec.UNSET), after.get(key, msgspec.UNSET), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and _hold_objects(before):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from compare_values(one, other, (*path, index))
    elif before is msgspec.UNSET or after is msgspec.UNSET or freeze(before) != freeze(after):
        yield FieldChange(pointer=to_pointer(path), before=before, after=after)


def freeze(value: Any) -> bytes:
    """Return bytes that are the same for the same JSON value: unlike Python's `==`, `1`, `1.0` and `true` differ."""
    return msgspec.json.encode(value, order="deterministic")


def describe_field(field: FieldChange) -> str:
    """Say what became of a field, to follow a noun: `with/method` changed from "get" to "post"."""
    name = f"`{field.pointer[1:]}`"
    if field.before is msgspec.UNSET:
        return f"{name} was added: {show(field.after)}"
    if field.after is msgspec.UNSET:
        return f"{name} was removed; it was {show(field.before)}"
    return f"{name} changed from {show(field.before)} to {show(field.after)}"


def show(value: Any) -> str:
    """Return a JSON value, cut to what a sentence can bear."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _hold_objects(items: list[Any]) -> bool:
    return any(isinstance(item, dict | list) for item in items)
