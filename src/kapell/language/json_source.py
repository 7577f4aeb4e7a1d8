"""Reading JSON (RFC 8259), and finding where each value of it stands.

The fast way is the standard library's, with nothing but the value. What it refuses, and whoever asks for positions,
goes the slow way, which reads the text again by tokens and knows the place of everything.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from kapell.language.nodes import Limits, Node, Position, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = re.compile(
    r'[ \t\r\n]*(?:(?P<string>"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*")'
    r'|(?P<mark>[\[\]{}:,])|(?P<atom>[^\s\[\]{}:,"]+))'
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_CONSTANTS: Final[dict[str, Any]] = {"null": None, "true": True, "false": False}
_MAX_DIGITS: Final = 4_000
_CLOSE: Final = {"{": "}", "[": "]"}


def read_json(text: str, limits: Limits) -> Any:
    """Read a JSON document.

    Raises:
        SourceError: It is not JSON, has a key twice, or exceeds a limit.
    """
    try:
        value = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_make_object,
            parse_constant=_refuse_constant,
            parse_float=_read_float,
        )
    except (ValueError, RecursionError):
        return locate_json(text, limits).value
    if _is_deeper(value, limits.max_depth) or _SURROGATE_ESCAPE.search(text):
        return locate_json(text, limits).value
    return value


def locate_json(text: str, limits: Limits | None = None) -> Node:
    """Read a JSON document with the places of all its values.

    Raises:
        SourceError: It is not JSON, has a key twice, or exceeds a limit.
    """
    return _Reader(text, limits or Limits()).read()


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key twice")
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _read_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True


class _Token:
    """A string, a mark or an atom, and where it stands."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind = kind
        self.text = text
        self.start = start
        self.end = end


class _Reader:
    """Reads tokens into a tree; a list of open collections stands where recursion would."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text
        self._limits = limits
        self._open: list[Node] = []
        self._keys: list[tuple[str, Position]] = []
        self._root: Node | None = None
        self._tokens = self._iter_tokens()
        self._line = 1
        self._line_start = 0
        self._counted_to = 0

    def read(self) -> Node:
        """Read the one value of the document."""
        self._read_value(self._next("a value"))
        while self._open:
            self._go_on()
        for token in self._tokens:
            raise self._unexpected(token, "the end of the document")
        assert self._root is not None
        return self._root

    def _iter_tokens(self) -> Iterator[_Token]:
        text, at = self._text, 1 if self._text.startswith("\ufeff") else 0
        end = len(text.rstrip(" \t\r\n"))
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                while text[at] in " \t\r\n":
                    at += 1
                raise self._error(
                    at, "a text is opened here and not closed", 'Texts stand between " and ", on one line.'
                )
            kind = match.lastgroup or ""
            yield _Token(kind, match[kind], match.start(kind), match.end())
            at = match.end()

    def _next(self, wanted: str) -> _Token:
        token = next(self._tokens, None)
        if token is None:
            raise self._error(len(self._text.rstrip()), f"the document ends where {wanted} should stand")
        return token

    def _go_on(self) -> None:
        """Read what comes next in the innermost open collection: its end, or a comma and an entry."""
        parent = self._open[-1]
        close = "}" if isinstance(parent.children, dict) else "]"
        token = self._next(f"`{close}`")
        if token.text == close and token.kind == "mark":
            self._close(token)
            return
        if parent.children:
            self._expect(token, ",", f"`,` or `{close}`")
            token = self._next("the next entry")
        if isinstance(parent.children, dict):
            self._read_key(token, parent)
            token = self._next("a value")
        self._read_value(token)

    def _read_key(self, token: _Token, parent: Node) -> None:
        if token.kind != "string":
            raise self._unexpected(token, "a key in double quotes")
        key = self._read_string(token)
        position = self._position(token.start)
        if key in parent.value:
            raise self._error(
                token.start,
                f"the key `{key}` stands here for the second time, after line {parent.line_of_key(key)}",
                "Remove or rename one of the two.",
                "duplicate_key",
            )
        self._keys[-1] = (key, position)
        self._expect(self._next("`:`"), ":", "`:`")

    def _read_value(self, token: _Token) -> None:
        if token.kind == "mark" and token.text in _CLOSE:
            self._begin(token)
            return
        if token.kind == "string":
            value, style = self._read_string(token), '"'
        elif token.kind == "atom":
            value, style = self._read_atom(token), ""
        else:
            raise self._unexpected(token, "a value")
        self._add(Node(value, token.start, token.end, self._position(token.start), style))

    def _begin(self, token: _Token) -> None:
        if len(self._open) >= self._limits.max_depth:
            raise self._error(
                token.start,
                f"nested more than {self._limits.max_depth} levels deep",
                "Split the workflow into several that `run: workflow` each other.",
                "too_deep",
            )
        is_object = token.text == "{"
        node = Node({} if is_object else [], token.start, token.end, self._position(token.start), "flow")
        node.children = {} if is_object else []
        self._open.append(node)
        self._keys.append(("", node.position))

    def _close(self, token: _Token) -> None:
        node = self._open.pop()
        self._keys.pop()
        node.end = token.end
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        key, position = self._keys[-1]
        if isinstance(parent.children, dict):
            node.key_position = position
        parent.add(node, key)

    def _read_string(self, token: _Token) -> str:
        try:
            value: str = json.loads(token.text)
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise self._error(
                token.start, "half of a surrogate pair stands alone; it is no character", code="encoding"
            ) from None
        except ValueError:
            raise self._error(token.start, "an unknown escape in this text", "Write `\\\\` for a backslash.") from None
        return value

    def _read_atom(self, token: _Token) -> Any:
        text = token.text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NUMBER.fullmatch(text) is None:
            raise self._unexpected(token, "a value")
        if len(text) > _MAX_DIGITS:
            raise self._error(token.start, "a number of so many digits is not read", code="number")
        if text.lstrip("-").isdigit():
            return int(text)
        number = float(text)
        if math.isinf(number):
            raise self._error(token.start, f"{text} is greater than a JSON number can be", code="number")
        return number

    def _expect(self, token: _Token, mark: str, wanted: str) -> None:
        if token.kind != "mark" or token.text != mark:
            raise self._unexpected(token, wanted)

    def _unexpected(self, token: _Token, wanted: str) -> SourceError:
        shown = token.text if len(token.text) <= 30 else f"{token.text[:30]}..."  # noqa: PLR2004 -- enough to know it by
        return self._error(token.start, f"this is not JSON: {wanted} should stand here, not `{shown}`")

    def _error(self, offset: int, message: str, hint: str = "", code: str = "syntax") -> SourceError:
        return SourceError(code, message, hint=hint, position=Position.of(self._text, offset))

    def _position(self, offset: int) -> Position:
        """Give the place of an offset; they come in rising order, so that lines are counted once."""
        text = self._text
        newlines = text.count("\n", self._counted_to, offset)
        if newlines:
            self._line += newlines
            self._line_start = text.rfind("\n", self._counted_to, offset) + 1
        self._counted_to = offset
        return Position(self._line, offset - self._line_start + 1)
