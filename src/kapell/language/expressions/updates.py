"""Assignments and deletions on paths of plain steps: `.a.b = 1`, `.items[].n += 1`, `.a |= f`, `del(.a)`.

A path is a tuple of steps: a key, a position, or `EACH` for `[]`. Values are never changed in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kapell.language.expressions import tree, values
from kapell.language.expressions.costs import Environment, spend, weigh_copy
from kapell.language.expressions.errors import ExpressionError, HelperNeeded
from kapell.language.expressions.filters import NotNative, multiple, single

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kapell.language.expressions.filters import Filter
    from kapell.language.expressions.tree import Node

    Change = Callable[[Any], Any]

EACH: Final = object()
"""The step `[]`: every element or member."""

_NOTHING: Final = object()
_MAX_PADDING = 10_000


def read_path(node: Node) -> tuple[Any, ...]:
    """Return the steps of a path. Raises `NotNative` if there is more to it."""
    steps: list[Any] = []
    while not isinstance(node, tree.Identity):
        if isinstance(node, tree.Index) and not node.lenient and isinstance(node.key, tree.Literal):
            key = node.key.value
            if type(key) is not str and type(key) is not int:
                raise NotNative("an unusual key")
            steps.append(key)
        elif isinstance(node, tree.Iterate) and not node.lenient:
            steps.append(EACH)
        else:
            raise NotNative("a path that is computed")
        node = node.target
    return tuple(reversed(steps))


def compile_update(path: tuple[Any, ...], update: Filter) -> Filter:
    """Compile `path |= update`: the first result replaces the value; where there is none, it is deleted."""
    updates = update.many

    def run(value: Any, env: Environment) -> Any:
        def change(old: Any) -> Any:
            return next(iter(updates(old, env)), _NOTHING)

        changed = _modify(value, path, change, env)
        return None if changed is _NOTHING else changed

    return single(run)


def compile_assignment(path: tuple[Any, ...], operator: Callable[[Any, Any], Any], operand: Filter) -> Filter:
    """Compile `path op= operand`, where the operand is evaluated on the whole input, and each result gives one."""
    operands = operand.many

    def assign(value: Any, given: Any, env: Environment) -> Any:
        return _modify(value, path, lambda old: operator(old, given), env)

    if operand.single is not None:
        one = operand.single
        return single(lambda value, env: assign(value, one(value, env), env))

    def run(value: Any, env: Environment) -> Iterator[Any]:
        for given in operands(value, env):
            yield assign(value, given, env)

    return multiple(run)


def compile_deletion(path: tuple[Any, ...]) -> Filter:
    """Compile `del(path)`."""
    if not path:
        raise NotNative("a deletion of everything")

    def run(value: Any, env: Environment) -> Any:
        changed = _delete(value, path, env)
        return None if changed is _NOTHING else changed

    return single(run)


def _modify(value: Any, path: tuple[Any, ...], change: Change, env: Environment) -> Any:
    if not path:
        return change(value)
    step, rest = path[0], path[1:]
    spend(env, 1 + weigh_copy((value,)))
    if step is EACH:
        return _modify_each(value, lambda item: _modify(item, rest, change, env), env)
    return _put(value, step, _modify(values.get_item(value, step), rest, change, env))


def _modify_each(value: Any, change: Change, env: Environment) -> Any:
    if type(value) is list:
        spend(env, len(value))
        return [new for item in value if (new := change(item)) is not _NOTHING]
    if type(value) is dict:
        spend(env, len(value))
        return {key: new for key, item in value.items() if (new := change(item)) is not _NOTHING}
    raise ExpressionError(f"Cannot iterate over {values.describe(value)}")


def _put(value: Any, step: Any, new: Any) -> Any:
    if value is None and new is _NOTHING:
        raise HelperNeeded("a deletion of what is not there")
    if type(step) is str:
        if new is not _NOTHING:
            return {**(value or {}), step: new}
        return {key: item for key, item in value.items() if key != step}
    items = [] if value is None else list(value)
    position = step + len(items) if step < 0 else step
    if position < 0 or position > len(items) + _MAX_PADDING:
        raise HelperNeeded("a position out of bounds")
    if new is _NOTHING:
        return items[:position] + items[position + 1 :]
    items.extend([None] * (position + 1 - len(items)))
    items[position] = new
    return items


def _delete(value: Any, path: tuple[Any, ...], env: Environment) -> Any:
    step, rest = path[0], path[1:]
    spend(env, 1 + weigh_copy((value,)))
    if step is EACH:
        raise HelperNeeded("a deletion of everything")
    if value is None:
        return None
    if type(value) is not (dict if type(step) is str else list):
        raise HelperNeeded("a deletion of what cannot be there")
    old = values.get_item(value, step)
    if old is None and rest:
        return value
    changed = _delete(old, rest, env) if rest else _NOTHING
    if type(value) is list and not -len(value) <= step < len(value):
        return value
    return _put(value, step, changed)
