"""Reading a document: YAML 1.2 or JSON text becomes a plain value that knows where each part of it stands.

The story. Text from anywhere is hostile until shown otherwise, so everything is bounded: bytes, nesting, and the size
after aliases are followed. YAML is taken from the parser's events, which needs no recursion and is about twice as fast
as building a round-trip tree; the text itself is kept, and an edit splices into it (`editing`), so that nothing that
was not edited can change. JSON takes a faster way and looks up its positions only when somebody asks. What cannot be a
JSON value (NaN, a key that is no text, an unknown tag) is refused here, with its place.
"""

from __future__ import annotations

from typing import Any

from kapell.language import json_source, yaml_source
from kapell.language.nodes import Limits, Node, Position, SourceError
from kapell.language.pointers import Path, split_pointer, to_pointer
from kapell.language.problems import InvalidWorkflowError, Problem, Severity

DEFAULT_LIMITS = Limits()

_LONGEST_SENTENCE = 1_000


class SourceDocument:
    """A document as it was read.

    Attributes:
        name: The name that problems give, usually the file's.
        text: The text, exactly.
        value: The plain value: None, bool, int, float, str, list, dict.
        is_json: Whether the text was read as JSON.
    """

    __slots__ = ("_root", "is_json", "name", "text", "value")

    def __init__(self, name: str, text: str, value: Any, *, is_json: bool, root: Node | None = None) -> None:
        """Keep what was read; without `root` the positions are looked up when they are asked for."""
        self.name = name
        self.text = text
        self.value = value
        self.is_json = is_json
        self._root = root

    @property
    def root(self) -> Node:
        """The positions of all the values, as a tree."""
        if self._root is None:
            self._root = json_source.locate_json(self.text)
        return self._root

    def find_node(self, path: Path) -> Node | None:
        """Find the value at the end of a path, or `None`."""
        node: Node | None = self.root
        for step in path:
            if node is None:
                return None
            node = node.child(step)
        return node

    def locate(self, path: Path, *, key: bool = False) -> Position:
        """Give the place of a value, or of its key; of the closest enclosing value where there is none."""
        node = self.root
        for step in path:
            child = node.child(step)
            if child is None:
                return node.position
            node = child
        return node.key_position if key and node.key_position is not None else node.position

    def locate_in_text(self, path: Path, index: int) -> Position:
        """Give the place of a character of a text; that of the text where escapes or folds hide it."""
        node = self.find_node(path)
        if node is None or node.is_alias or not isinstance(node.value, str):
            return self.locate(path)
        written, value = self.text[node.start : node.end], node.value
        for quotes in (0, 1):
            if written[quotes : len(written) - quotes] == value:
                return Position.of(self.text, node.start + quotes + index)
        if node.style == "|":
            row = value.count("\n", 0, index)
            line, column = value.split("\n")[row], index - (value.rfind("\n", 0, index) + 1)
            body = written.replace("\r\n", "\n").split("\n")[1:]
            if row < len(body) and body[row].endswith(line):
                return Position(node.position.line + 1 + row, len(body[row]) - len(line) + column + 1)
        return node.position

    def locate_pointer(self, pointer: str, *, key: bool = False) -> Position:
        """Give the place of a value by its JSON pointer, as `locate` does.

        Raises:
            ValueError: It is no JSON pointer.
        """
        return self.locate(split_pointer(pointer), key=key)

    def problem(
        self,
        severity: Severity,
        code: str,
        message: str,
        path: Path,
        *,
        hint: str = "",
        key: bool = False,
        index: int = 0,
    ) -> Problem:
        """Make a problem about a place of this document.

        Args:
            severity: `error`, `warning` or `info`.
            code: The kind of problem.
            message: What is wrong.
            path: The place.
            hint: What to do.
            key: Whether the place is the key and not the value.
            index: How many characters into a text the place is.
        """
        position = self.locate_in_text(path, index) if index else self.locate(path, key=key)
        return Problem(
            severity=severity,
            code=code,
            message=_shorten(message),
            hint=_shorten(hint),
            file=self.name,
            line=position.line,
            column=position.column,
            pointer=to_pointer(path),
        )


def _shorten(text: str) -> str:
    """Cut what a hostile document has put into a message."""
    return text if len(text) <= _LONGEST_SENTENCE else f"{text[:_LONGEST_SENTENCE]}..."


def read_document(
    source: str | bytes,
    name: str = "<workflow>",
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> SourceDocument:
    """Read YAML 1.2 or JSON.

    It is a pure function of its arguments and takes about 3 s a MiB of YAML: call it away from an event loop.

    Args:
        source: The text, or its bytes in UTF-8.
        name: What problems call the document, usually the file's name; `.json` says that it can only be JSON.
        limits: What is accepted.

    Raises:
        InvalidWorkflowError: It cannot be read; the one problem tells the place and what to do.
    """
    text = source if isinstance(source, str) else ""
    try:
        if isinstance(source, bytes):
            text = _decode(source, limits)
        _check_text(text, limits)
        return _read_text(text, name, limits)
    except SourceError as error:
        position = error.position or Position.of(text, error.offset)
        problem = Problem(
            severity="error",
            code=error.code,
            message=error.message,
            hint=error.hint,
            file=name,
            line=position.line,
            column=position.column,
        )
        raise InvalidWorkflowError([problem]) from None


def _read_text(text: str, name: str, limits: Limits) -> SourceDocument:
    must_be_json = name.endswith(".json")
    if must_be_json or text.lstrip()[:1] in ("{", "["):
        try:
            value = json_source.read_json(text, limits)
        except SourceError as error:
            if must_be_json or error.code != "syntax":
                raise
        else:
            return SourceDocument(name, text, value, is_json=True)
    root = yaml_source.read_yaml(text, limits)
    return SourceDocument(name, text, root.value, is_json=False, root=root)


def _decode(source: bytes, limits: Limits) -> str:
    if len(source) > limits.max_bytes:
        raise _too_long(len(source), limits)
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError("encoding", "the text is encoded in UTF-16", hint="Save the file as UTF-8.")
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8")
        raise SourceError(
            "encoding",
            f"the byte 0x{source[error.start]:02x} is not UTF-8",
            hint="Save the file as UTF-8.",
            position=Position.of(before, len(before)),
        ) from None


def _check_text(text: str, limits: Limits) -> None:
    if len(text) > limits.max_bytes or (not text.isascii() and _count_bytes(text) > limits.max_bytes):
        raise _too_long(_count_bytes(text), limits)
    if not text.strip("\ufeff \t\r\n"):
        raise SourceError("empty", "the document is empty", hint="A workflow has at least `document` and `do`.")


def _count_bytes(text: str) -> int:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise SourceError(
            "encoding", "half of a surrogate pair stands alone; it is no character", offset=error.start
        ) from None


def _too_long(size: int, limits: Limits) -> SourceError:
    return SourceError(
        "too_large",
        f"the document has {size:,} bytes; the limit is {limits.max_bytes:,}",
        hint="Move data out of the workflow, or split it into several that `run: workflow` each other.",
    )
