"""Comparing two texts of a workflow: line by line, and by what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.language.pointers import split_pointer, to_pointer
from kapell.workflows.changes import Change, FieldChange, compare_values, describe_field, show
from kapell.workflows.checking import check_source
from kapell.workflows.comparing_lines import compare_lines
from kapell.workflows.comparing_tasks import compare_tasks
from kapell.workflows.outline import Outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language import Workflow

_SCHEMA_DEPTH = 3  # input, schema, document


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How one text of a workflow differs from another.

    Attributes:
        before: What the one is called.
        after: What the other is called.
        lines: A unified diff of the lines; empty if the texts are the same.
        changes: What it means, task by task; `None` if one of the texts is no valid workflow.
        invalid: What the texts that are no valid workflow are called.
    """

    before: str
    after: str
    lines: str
    changes: tuple[Change, ...] | None
    invalid: tuple[str, ...] = ()


def compare_sources(before: str, before_source: str, after: str, after_source: str) -> Comparison:
    """Compare two texts, each with what it is called."""
    one, other = check_source(before_source).workflow, check_source(after_source).workflow
    return Comparison(
        before=before,
        after=after,
        lines=compare_lines(before, before_source, after, after_source),
        changes=None if one is None or other is None else compare_workflows(one, other),
        invalid=tuple(name for name, workflow in ((before, one), (after, other)) if workflow is None),
    )


def compare_workflows(before: Workflow, after: Workflow) -> tuple[Change, ...]:
    """Compare two workflows: first their tasks, then what else the documents hold.

    Nothing is left out: definitions that differ in anything give at least one change.
    """
    one, other = Outline(before), Outline(after)
    changes = [*compare_tasks(one, other), *_compare_rest(one.rest, other.rest)]
    if not changes and msgspec.json.encode(before.definition) != msgspec.json.encode(after.definition):
        changes = [Change(kind="order_changed", text="Only the order of keys changed.")]
    return tuple(changes)


def _compare_rest(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for field in compare_values(before, after):
        path = split_pointer(field.pointer)
        if path[:1] == ("input",):
            yield Change(kind="input_changed", fields=(field,), text=_describe_data(path, field, before, after))
        elif path[:1] == ("output",):
            yield Change(kind="output_changed", fields=(field,), text=_describe_data(path, field, before, after))
        else:
            yield Change(kind="workflow_changed", fields=(field,), text=f"The workflow's {describe_field(field)}.")


def _describe_data(path: tuple[str, ...], field: FieldChange, before: dict[str, Any], after: dict[str, Any]) -> str:
    """Say what became of the input or output, in the words of its properties where its schema is written out."""
    what = path[0]
    names, rest = _split_properties(path[_SCHEMA_DEPTH:])
    if path[1:_SCHEMA_DEPTH] != ("schema", "document") or not (names or rest == ("required",)):
        return f"The workflow's {describe_field(field)}."
    if rest == ("required",):
        return _describe_required(what, names, field)
    name = ".".join(names)
    if rest:
        inner = FieldChange(pointer=to_pointer(rest), before=field.before, after=field.after)
        return f"Of the property `{name}` of the {what}, {describe_field(inner)}."
    if field.before is msgspec.UNSET:
        required = ", which is required" if _is_required(after, path) else ""
        return f"The {what} has a new property `{name}`{required}."
    if field.after is msgspec.UNSET:
        required = ", which was required" if _is_required(before, path) else ""
        return f"The {what} has no property `{name}` any more{required}."
    return f"The property `{name}` of the {what} changed from {show(field.before)} to {show(field.after)}."


def _split_properties(keywords: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the properties that lead to a place in a schema, and the keywords after the last of them."""
    names = []
    while len(keywords) > 1 and keywords[0] == "properties":
        names.append(keywords[1])
        keywords = keywords[2:]
    return tuple(names), keywords


def _describe_required(what: str, owner: tuple[str, ...], field: FieldChange) -> str:
    was, now = (value if isinstance(value, list) else [] for value in (field.before, field.after))
    prefix = "".join(f"{name}." for name in owner)
    said = [f"`{prefix}{name}` is now required" for name in now if name not in was]
    said += [f"`{prefix}{name}` is no longer required" for name in was if name not in now]
    return f"In the {what}, {' and '.join(said)}." if said else f"The {what}'s {describe_field(field)}."


def _is_required(document: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Tell whether the schema around a property requires it; the path ends in `properties` and its name."""
    value: Any = document
    for step in path[:-2]:
        value = value.get(step) if isinstance(value, dict) else None
    required = value.get("required") if isinstance(value, dict) else None
    return isinstance(required, list) and path[-1] in required
