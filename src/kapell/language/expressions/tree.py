"""The typed tree of an expression: what the parser gives and every reader of expressions works on.

Pipes, commas and `elif` chains are flat tuples rather than nested pairs, so that their length costs no depth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


class Node(msgspec.Struct, frozen=True):
    """A piece of an expression; `position` is the 0-based offset of its characteristic token in the source."""

    position: int


class Identity(Node, frozen=True):
    """`.`: the input."""


class RecurseAll(Node, frozen=True):
    """`..`: the input and everything in it."""


class Literal(Node, frozen=True):
    """A constant: null, a boolean, a number, a string without interpolation, or `$__loc__`."""

    value: Any


class Variable(Node, frozen=True):
    """`$name`; the name is without its `$`."""

    name: str


class StringTemplate(Node, frozen=True):
    r"""`"a\(f)b"`, or `@format "a\(f)b"`: texts and expressions in turn."""

    parts: tuple[str | Node, ...]
    format: str = "text"


class Format(Node, frozen=True):
    """`@base64` and its kin, as a filter."""

    name: str


class Index(Node, frozen=True):
    """`target.name`, `target[key]`; a lenient one, with `?`, gives nothing where the target cannot be indexed so."""

    target: Node
    key: Node
    lenient: bool = False


class Slice(Node, frozen=True):
    """`target[start:end]`, at least one of the two given; lenient as `Index`."""

    target: Node
    start: Node | None
    end: Node | None
    lenient: bool = False


class Iterate(Node, frozen=True):
    """`target[]`; lenient as `Index`."""

    target: Node
    lenient: bool = False


class Try(Node, frozen=True):
    """`try body catch handler`; without a handler, also `body?`, where the body is no path."""

    body: Node
    handler: Node | None


class Array(Node, frozen=True):
    """`[items]`; `[]` has none."""

    items: Node | None


class Entry(Node, frozen=True):
    """`key: value` in an object; shorthands are spelled out."""

    key: Node
    value: Node


class Object(Node, frozen=True):
    """`{...}`."""

    entries: tuple[Entry, ...]


class Negate(Node, frozen=True):
    """`-operand`."""

    operand: Node


class Pipe(Node, frozen=True):
    """`a | b | c`."""

    stages: tuple[Node, ...]


class Comma(Node, frozen=True):
    """`a, b, c`."""

    items: tuple[Node, ...]


class Binary(Node, frozen=True):
    """An operator between two expressions: arithmetic, a comparison, `and`, `or` or `//`."""

    operator: str
    left: Node
    right: Node


class Assignment(Node, frozen=True):
    """`target = value`, `|=`, `+=`, `-=`, `*=`, `/=`, `%=`, `//=`."""

    operator: str
    target: Node
    value: Node


class Branch(Node, frozen=True):
    """`if condition then outcome` or `elif condition then outcome`."""

    condition: Node
    outcome: Node


class If(Node, frozen=True):
    """`if ... elif ... else ... end`; without `else` the input goes through."""

    branches: tuple[Branch, ...]
    otherwise: Node | None


class VariablePattern(Node, frozen=True):
    """`$name` on the right of `as`."""

    name: str


class ArrayPattern(Node, frozen=True):
    """`[$a, $b]` on the right of `as`."""

    items: tuple[Pattern, ...]


class PatternEntry(Node, frozen=True):
    """`key: pattern`; `$name` and `$name: pattern` bind the key's value too."""

    key: Node
    binds: str | None
    pattern: Pattern | None


class ObjectPattern(Node, frozen=True):
    """`{a: $x, $b}` on the right of `as`."""

    entries: tuple[PatternEntry, ...]


Pattern = VariablePattern | ArrayPattern | ObjectPattern


class Bind(Node, frozen=True):
    """`source as pattern ?// pattern | body`."""

    source: Node
    patterns: tuple[Pattern, ...]
    body: Node


class Reduce(Node, frozen=True):
    """`reduce source as pattern (initial; update)`."""

    source: Node
    patterns: tuple[Pattern, ...]
    initial: Node
    update: Node


class Foreach(Node, frozen=True):
    """`foreach source as pattern (initial; update; extract)`."""

    source: Node
    patterns: tuple[Pattern, ...]
    initial: Node
    update: Node
    extract: Node | None


class Label(Node, frozen=True):
    """`label $name | body`."""

    name: str
    body: Node


class Break(Node, frozen=True):
    """`break $name`."""

    name: str


class Definition(Node, frozen=True):
    """`def name(parameters): body; rest`; value parameters keep their `$`."""

    name: str
    parameters: tuple[str, ...]
    body: Node
    rest: Node


class Call(Node, frozen=True):
    """`name` or `name(argument; argument)`."""

    name: str
    arguments: tuple[Node, ...]


def iter_children(node: Node) -> Iterator[Node]:
    """Give the nodes directly under a node, in the order of the source."""
    for field in node.__struct_fields__:
        value = getattr(node, field)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Node):
                    yield item


def iter_nodes(root: Node) -> Iterator[Node]:
    """Give a node and all under it, parents first."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(iter_children(node))))
