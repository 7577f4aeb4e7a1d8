"""Finds which parts of its input and of its variables an expression reads.

Where an expression is a plain path it denotes a place (`.a.b`, `$x.c`); the place is read when anything else is done
with it. What is not understood exactly is taken to read all that it is given, so the answer is never too small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.language.expressions import tree

if TYPE_CHECKING:
    from kapell.language.expressions.tree import Node, Pattern

    _Place = tuple[str, ...] | None
    _Names = frozenset[str]

INPUT = "."
"""The root of places in the input; the roots of places in variables are their names without `$`."""


def find_reads(root: Node) -> frozenset[tuple[str, ...]]:
    """Return the places that an expression reads: each a root, followed by the keys of objects."""
    reader = _Reader()
    reader.read(reader.visit(root, (INPUT,), frozenset()))
    return frozenset(reader.places)


def prune(value: Any, places: frozenset[tuple[str, ...]]) -> Any:
    """Return a value with only those members of its objects that lie on the way to one of the places, or below one.

    Args:
        value: A JSON value.
        places: Keys of nested objects, from the value on.
    """
    if type(value) is not dict or () in places:
        return value
    kept: dict[str, set[tuple[str, ...]]] = {}
    for key, *rest in places:
        if key in value:
            kept.setdefault(key, set()).add(tuple(rest))
    return {key: prune(value[key], frozenset(rests)) for key, rests in kept.items()}


class _Reader:
    """Walks a tree; `place` is what `.` denotes there, None if that is no place (and was read where it came from)."""

    def __init__(self) -> None:
        self.places: set[tuple[str, ...]] = set()

    def read(self, place: _Place) -> None:
        if place is not None:
            self.places.add(place)

    def visit(self, node: Node, place: _Place, bound: _Names) -> _Place:
        """Collect what a node reads; return the place that its result denotes."""
        match node:
            case tree.Identity():
                return place
            case tree.Variable(name=name):
                return None if name in bound else (name,)
            case tree.Index(target=target, key=tree.Literal(value=str() as key)):
                found = self.visit(target, place, bound)
                return None if found is None else (*found, key)
            case tree.Pipe(stages=stages):
                return self.visit_pipe(stages, place, bound)
            case tree.Bind(source=source, patterns=patterns, body=body):
                self.read(self.visit(source, place, bound))
                return self.visit(body, place, self.visit_patterns(patterns, place, bound))
            case tree.Reduce() | tree.Foreach():
                self.visit_loop(node, place, bound)
            case tree.Definition():
                values = frozenset(parameter[1:] for parameter in node.parameters if parameter.startswith("$"))
                self.read(self.visit(node.body, None, bound | values))
                return self.visit(node.rest, place, bound)
            case tree.Call() | tree.Assignment() | tree.Format() | tree.RecurseAll() | tree.If(otherwise=None):
                self.read(place)
                self.visit_children(node, place, bound)
            case _:
                self.visit_children(node, place, bound)
        return None

    def visit_children(self, node: Node, place: _Place, bound: _Names) -> None:
        for child in tree.iter_children(node):
            self.read(self.visit(child, place, bound))

    def visit_pipe(self, stages: tuple[Node, ...], place: _Place, bound: _Names) -> _Place:
        """Follow a place through a pipe. One that leads to no read (`.a | 1`) is read too: getting there may fail."""
        passed = []
        for stage in stages:
            place = self.visit(stage, place, bound)
            passed.append(place)
        for each in passed[:-1]:
            known = self.places if place is None else self.places | {place}
            if each is not None and not any(other[: len(each)] == each for other in known):
                self.read(each)
        return place

    def visit_loop(self, node: tree.Reduce | tree.Foreach, place: _Place, bound: _Names) -> None:
        self.read(self.visit(node.source, place, bound))
        self.read(self.visit(node.initial, place, bound))
        inner = self.visit_patterns(node.patterns, place, bound)
        self.read(self.visit(node.update, None, inner))
        if isinstance(node, tree.Foreach) and node.extract is not None:
            self.read(self.visit(node.extract, None, inner))

    def visit_patterns(self, patterns: tuple[Pattern, ...], place: _Place, bound: _Names) -> _Names:
        """Read what the keys of patterns read; return the names that are bound after."""
        for pattern in patterns:
            match pattern:
                case tree.VariablePattern(name=name):
                    bound |= {name}
                case tree.ArrayPattern(items=items):
                    bound = self.visit_patterns(items, place, bound)
                case tree.ObjectPattern(entries=entries):
                    for entry in entries:
                        self.read(self.visit(entry.key, place, bound))
                        bound |= {entry.binds} if entry.binds is not None else frozenset()
                        inner = () if entry.pattern is None else (entry.pattern,)
                        bound = self.visit_patterns(inner, place, bound)
        return bound
