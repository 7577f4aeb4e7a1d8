"""The tree of positions that reading a document gives, and what reading may refuse."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a document may ask of its reader.

    Attributes:
        max_bytes: The length of the text in UTF-8.
        max_depth: How deeply objects and lists may be nested.
        max_expanded: How many values and characters in them there may be, each use of an alias counted with all that
            it repeats.
    """

    max_bytes: int = 1024 * 1024
    max_depth: int = 100
    max_expanded: int = 2 * 1024 * 1024


class Position(NamedTuple):
    """A place in a text.

    Attributes:
        line: From 1.
        column: From 1, in characters.
    """

    line: int
    column: int

    @classmethod
    def of(cls, text: str, offset: int) -> Position:
        """Give the place of the character at `offset`, from 0."""
        begin = text.rfind("\n", 0, offset) + 1
        return cls(text.count("\n", 0, offset) + 1, offset - begin + 1)


class SourceError(Exception):
    """The text cannot be read; the caller makes a problem of it."""

    def __init__(
        self, code: str, message: str, *, hint: str = "", position: Position | None = None, offset: int = 0
    ) -> None:
        """Say what is wrong, and where: by `position`, or by `offset` in characters from the text's beginning."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.position = position
        self.offset = offset


class Node:
    """Where a value stands.

    Attributes:
        value: The plain value.
        start: The offset of its first character in the text.
        end: The offset after its last character; a block collection ends with its last value.
        position: The place of `start`.
        key_position: The place of its key, for the values of objects.
        children: The nodes in it, by key or in order; `None` for scalars.
        style: How it is written: `'`, `"`, `|`, `>` or empty for scalars, `flow` or `block` for collections.
        indent: The column, from 0, of a block collection's keys or dashes.
        size: The number of values in it, itself included, and of their characters, with aliases followed.
        is_alias: Whether an alias stands here and the value elsewhere.
    """

    __slots__ = ("children", "end", "indent", "is_alias", "key_position", "position", "size", "start", "style", "value")

    def __init__(self, value: Any, start: int, end: int, position: Position, style: str = "") -> None:
        """Begin a node; the reader fills in the rest."""
        self.value = value
        self.start = start
        self.end = end
        self.position = position
        self.style = style
        self.key_position: Position | None = None
        self.children: dict[str, Node] | list[Node] | None = None
        self.indent = position.column - 1
        self.size = 1
        self.is_alias = False

    def add(self, node: Node, key: str = "") -> None:
        """Put a finished node into this collection; objects need its key."""
        if isinstance(self.children, dict):
            self.children[key] = node
            self.value[key] = node.value
        elif self.children is not None:
            self.children.append(node)
            self.value.append(node.value)

    def line_of_key(self, key: str) -> int:
        """Give the line of a key that is already in this object, or 0."""
        node = self.child(key)
        return node.key_position.line if node is not None and node.key_position is not None else 0

    def child(self, step: str | int) -> Node | None:
        """Give the node under a key or at an index (also written in digits), or `None`."""
        children = self.children
        if isinstance(children, dict):
            return children.get(str(step))
        if isinstance(children, list):
            index = int(step) if isinstance(step, int) or (step.isascii() and step.isdigit()) else -1
            return children[index] if 0 <= index < len(children) else None
        return None
