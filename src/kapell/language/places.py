"""Where in a workflow something stands: in which task, in which part of it, and which variables it can see there."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from kapell.language.pointers import Path

ARGUMENTS: Final = ("context", "input", "output", "secrets", "authorization", "task", "workflow", "runtime")
"""The variables that expressions can see everywhere (dsl.md, Runtime expression arguments)."""

_LISTS: Final = (("do",), ("try",), ("catch", "do"), ("fork", "branches"), ("foreach", "do"))
"""Where in a task lists of tasks stand."""

_FUNCTION_DEPTH: Final = 3  # use, functions, name
_EXTENSION_DEPTH: Final = 5  # use, extensions, index, name, before or after


class Place(msgspec.Struct, frozen=True):
    """Where something stands.

    Attributes:
        task_path: The path of the innermost task; empty for what belongs to the workflow itself.
        task: That task as it is written, or the workflow.
        inner: The rest of the path, from the task on.
        variables: The names that loops and handlers around it give.
        is_shared: Whether tasks elsewhere use it, so that more variables may be seen than is known here.
    """

    task_path: Path
    task: dict[str, Any]
    inner: Path
    variables: frozenset[str]
    is_shared: bool


def place_of(root: Any, path: Path) -> Place:
    """Find out where a path leads, in the document's plain value."""
    if path[:2] == ("use", "functions") and len(path) > _FUNCTION_DEPTH:
        return _in_task(_get(root, path[:_FUNCTION_DEPTH]), path, _FUNCTION_DEPTH, frozenset())
    if path[:2] == ("use", "extensions") and len(path) > _EXTENSION_DEPTH:
        return _in_list(root, _get(root, path[:_EXTENSION_DEPTH]), path, _EXTENSION_DEPTH, frozenset())
    if path[:1] == ("do",):
        return _in_list(root, _get(root, ("do",)), path, 1, frozenset())
    return Place((), _as_object(root), path, frozenset(), path[:1] == ("use",))


def _in_list(owner: Any, tasks: Any, path: Path, at: int, variables: frozenset[str]) -> Place:
    """Go on in a list of tasks: an index and a name lead to a task."""
    task = _get(tasks, path[at : at + 2])
    if len(path) <= at + 2 or not isinstance(task, dict):
        return Place(path[: at - 1], _as_object(owner), path[at - 1 :], variables, is_shared=False)
    return _in_task(task, path, at + 2, variables)


def _in_task(task: Any, path: Path, at: int, variables: frozenset[str]) -> Place:
    """Go on in a task: to a list within it, or to one of its own parts."""
    task = _as_object(task)
    inner = path[at:]
    seen = variables | _variables_in(task, inner)
    for steps in _LISTS:
        if inner[: len(steps)] == steps and len(inner) > len(steps):
            return _in_list(task, _get(task, steps), path, at + len(steps), seen)
    return Place(path[:at], task, inner, seen, is_shared=False)


def _variables_in(task: dict[str, Any], inner: Path) -> frozenset[str]:
    """Give the names that a task gives to one of its parts."""
    first = inner[0] if inner else ""
    if first in ("do", "while") and "for" in task:
        loop = _as_object(task["for"])
        return _names(loop.get("each", "item"), loop.get("at", "index"))
    if first == "foreach":
        loop = _as_object(task["foreach"])
        return _names(loop.get("item", "item"), loop.get("at", "index"))
    if inner[:3] == ("with", "subscription", "foreach"):
        loop = _as_object(_get(task, inner[:3]))
        return _names(loop.get("item", "item"), loop.get("at", "index"))
    if first == "catch":
        return _names(_as_object(task["catch"]).get("as", "error"))
    return frozenset()


def _names(*names: Any) -> frozenset[str]:
    return frozenset(name for name in names if isinstance(name, str))


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _get(value: Any, path: Path) -> Any:
    """Follow a path; `None` where it leads nowhere."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
