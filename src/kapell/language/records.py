"""Walking through all the parts of a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.language.forms import record_of
from kapell.language.model import NamedCase, NamedExtension, NamedTask, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language.pointers import Path

_NAMED = (NamedTask, NamedCase, NamedExtension)


def iter_records(record: Record, path: Path = ()) -> Iterator[tuple[Record, Path]]:
    """Iterate over a record and all those within it, with their places in the document."""
    if isinstance(record, _NAMED):
        yield from iter_records(getattr(record, record.__struct_fields__[1]), (*path, record.name))
        return
    yield record, path
    for name, field in record_of(type(record)).fields.items():
        yield from _iter_value(getattr(record, field.attribute), (*path, name))


def _iter_value(value: Any, path: Path) -> Iterator[tuple[Record, Path]]:
    if isinstance(value, Record):
        yield from iter_records(value, path)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _iter_value(item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, Record):
                yield from iter_records(item, (*path, name))
