"""Destructuring, spelled out: `. as [$a, {b: $c}] | f` binds one value, and then its parts by their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.language.expressions import tree
from kapell.language.expressions.filters import NotNative

if TYPE_CHECKING:
    from kapell.language.expressions.tree import Node, Pattern


def take_apart(patterns: tuple[Pattern, ...], body: Node) -> tuple[str, Node]:
    """Return the one variable to bind instead of a pattern, and the body in which its parts are bound.

    Raises:
        NotNative: There are alternatives (`?//`), computed keys, or one name twice.
    """
    if len(patterns) != 1:
        raise NotNative("alternatives of a pattern")
    (pattern,) = patterns
    if isinstance(pattern, tree.VariablePattern):
        return pattern.name, body
    names = _list_names(pattern)
    if len(names) != len(set(names)):
        raise NotNative("a pattern that binds a name twice")
    name = _name_of(pattern)
    return name, _bind_parts(pattern, body)


def _name_of(pattern: Pattern) -> str:
    return pattern.name if isinstance(pattern, tree.VariablePattern) else f"__pattern_at_{pattern.position}"


def _list_parts(pattern: Pattern) -> list[tuple[Node, Pattern]]:
    """Return the keys and the patterns of the direct parts of a pattern."""
    match pattern:
        case tree.ArrayPattern(items=items):
            return [(tree.Literal(item.position, place), item) for place, item in enumerate(items)]
        case tree.ObjectPattern(entries=entries):
            parts: list[tuple[Node, Pattern]] = []
            for entry in entries:
                if not isinstance(entry.key, tree.Literal):
                    raise NotNative("a computed key in a pattern")
                if entry.binds is not None:
                    parts.append((entry.key, tree.VariablePattern(entry.position, entry.binds)))
                if entry.pattern is not None:
                    parts.append((entry.key, entry.pattern))
            return parts
        case _:
            return []


def _list_names(pattern: Pattern) -> list[str]:
    if isinstance(pattern, tree.VariablePattern):
        return [pattern.name]
    return [name for _, part in _list_parts(pattern) for name in _list_names(part)]


def _bind_parts(pattern: Pattern, body: Node) -> Node:
    position = pattern.position
    whole = tree.Variable(position, _name_of(pattern))
    for key, part in reversed(_list_parts(pattern)):
        bound = tree.VariablePattern(part.position, _name_of(part))
        body = tree.Bind(position, tree.Index(position, whole, key), (bound,), _bind_parts(part, body))
    return body
