"""Reading YAML 1.2 from the parser's events into values with positions.

The core schema of YAML 1.2.2, chapter 10.3, is applied here, so that `on`, `yes` and dates are texts and integers are
exact. Beyond it, only what is also a JSON value is accepted.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from kapell.language.nodes import Limits, Node, Position, SourceError

if TYPE_CHECKING:
    from ruamel.yaml.events import Event

_CONSTANTS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MAX_DIGITS = 4_000
_TAG = "tag:yaml.org,2002:"

_ADVICE = (
    ("'\\t' that cannot start", "a tab stands where YAML wants spaces", "Indent with spaces."),
    (
        "mapping values are not allowed here",
        "a `: ` stands where no new key can begin",
        "Put quotes around a text that holds `: `, or correct the indentation.",
    ),
    (
        "sequence entries are not allowed here",
        "a list begins on the line of its key",
        "Begin it on the next line, or write it as [a, b].",
    ),
    (
        "cannot start any token",
        "this character cannot begin a text in YAML",
        "Put quotes around the text.",
    ),
    (
        "could not find expected ':'",
        "a key without a colon",
        "Write `key: value`; a text of several lines begins with `|` or stands in quotes.",
    ),
    ("found unexpected end of stream", "a quote is opened here and never closed", "Close it with the same quote."),
    (
        "unknown escape character",
        "an unknown escape",
        "In double quotes write `\\\\` for a backslash, or use single quotes.",
    ),
    ("expected <block end>", "this line does not fit the indentation of those above it", "Align it with its siblings."),
    (
        "expected ',' or",
        "a bracket is opened and not closed before this",
        "Close it, or put a comma between the entries.",
    ),
    ("invalid intendation or unclosed", "a bracket is opened and not closed before this", "Close it."),
    ("expected '<document start>'", "there is text after the end of the document", "Remove it."),
)
"""What the parser says, what we say instead, and what to do."""


def read_yaml(text: str, limits: Limits) -> Node:
    """Read one YAML document.

    Raises:
        SourceError: It is not YAML 1.2, is not a JSON value, or exceeds a limit.
    """
    body = text.removeprefix("\ufeff")
    composer = _Composer(body, limits)
    shift = len(text) - len(body)
    try:
        for event in YAML(typ="safe", pure=True).parse(body):
            composer.take(event)
    except MarkedYAMLError as error:
        raise _explain(error) from None
    except ReaderError as error:
        raise SourceError(
            "syntax",
            f"the character {_code_point(error.character)} is not allowed in YAML",
            hint="Remove it, or write it as an escape in double quotes.",
            offset=error.position + shift,
        ) from None
    except (YAMLError, ValueError, IndexError) as error:  # IndexError: the scanner runs past the end of some garbage
        raise SourceError("syntax", f"this is not YAML: {error}") from None
    root = composer.root
    if root is None:
        raise SourceError("empty", "the document is empty", hint="A workflow has at least `document` and `do`.")
    if shift:
        _shift(root, shift)
    return root


def _explain(error: MarkedYAMLError) -> SourceError:
    said = str(error.problem)
    mark = error.problem_mark or error.context_mark
    if "end of stream" in said and error.context_mark is not None:
        mark = error.context_mark
    position = Position(mark.line + 1, mark.column + 1) if mark is not None else None
    for words, message, hint in _ADVICE:
        if words in said:
            return SourceError("syntax", message, hint=hint, position=position)
    return SourceError("syntax", f"this is not YAML: {said}", position=position)


def _shift(root: Node, by: int) -> None:
    """Move all offsets, because the text begins with a byte order mark that the parser did not see."""
    nodes, seen = [root], {id(root)}
    while nodes:
        node = nodes.pop()
        node.start += by
        node.end += by
        children = node.children or ()
        for child in children.values() if isinstance(children, dict) else children:
            if id(child) not in seen:
                seen.add(id(child))
                nodes.append(child)


class _Composer:
    """Builds the tree from events; a list of open collections stands where recursion would."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._text = text
        self._key_end = 0
        self.root: Node | None = None
        self._limits = limits
        self._open: list[Node] = []
        self._keys: list[tuple[str, Position] | None] = []
        self._anchors: dict[str, Node] = {}
        self._count = 0
        self._documents = 0

    def take(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._end(event)
        elif isinstance(event, AliasEvent):
            self._take_alias(event)
        elif isinstance(event, DocumentStartEvent):
            self._begin_document(event)

    def _begin_document(self, event: DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise SourceError(
                "several_documents",
                "a second document begins here",
                hint="Keep one workflow to a file.",
                position=_position(event),
            )
        if event.version is not None and tuple(event.version) != (1, 2):
            raise SourceError(
                "yaml_version", "only YAML 1.2 is read", hint="Remove the %YAML line.", position=_position(event)
            )

    def _take_scalar(self, event: ScalarEvent) -> None:
        start = event.start_mark.index
        if start and self._text[start - 1] == "?" and self._open:
            # YAML 1.2 reads `[?x]` as the text `?x`; the parser takes the mark for that of a key, as YAML 1.1 did.
            raise SourceError(
                "syntax", "a text that begins with `?` needs quotes", position=Position.of(self._text, start - 1)
            )
        if self._wants_key():
            self._keys[-1] = (self._read_key(event), _position(event))
            self._key_end = event.end_mark.index
            return
        start, end = event.start_mark.index, event.end_mark.index
        if start == end and self._keys and self._keys[-1] is not None:
            start = end = self._find_colon(start)
        if event.style in ("|", ">"):
            end = start + len(self._text[start:end].rstrip("\r\n"))
        node = Node(_read_scalar(event), start, end, _position(event), event.style or "")
        node.size += len(event.value)
        self._anchor(event, node)
        self._add(node, event)

    def _find_colon(self, start: int) -> int:
        """Give where a value that is not written would stand: after its key's colon."""
        after = self._text.find(":", self._key_end)
        return after + 1 if after >= 0 and not self._text[self._key_end : after].strip() else start

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        is_mapping = isinstance(event, MappingStartEvent)
        if self._wants_key():
            raise SourceError("key", "a key must be a text", hint="Put quotes around it.", position=_position(event))
        _check_tag(event, "map" if is_mapping else "seq")
        if len(self._open) >= self._limits.max_depth:
            raise SourceError(
                "too_deep",
                f"nested more than {self._limits.max_depth} levels deep",
                hint="Split the workflow into several that `run: workflow` each other.",
                position=_position(event),
            )
        node = Node(
            {} if is_mapping else [],
            event.start_mark.index,
            event.end_mark.index,
            _position(event),
            "flow" if event.flow_style else "block",
        )
        node.children = {} if is_mapping else []
        self._anchor(event, node)
        self._open.append(node)
        self._keys.append(None)

    def _end(self, event: MappingEndEvent | SequenceEndEvent) -> None:
        node = self._open.pop()
        self._keys.pop()
        if node.style == "flow":
            node.end = event.end_mark.index
        self._add(node, event)

    def _take_alias(self, event: AliasEvent) -> None:
        if self._wants_key():
            raise SourceError("key", "a key must be a text, not an alias", position=_position(event))
        target = self._anchors.get(event.anchor)
        if target is None:
            raise SourceError(
                "alias", f"there is no anchor `&{event.anchor}` before this alias", position=_position(event)
            )
        if any(node is target for node in self._open):
            raise SourceError(
                "alias", f"the alias `*{event.anchor}` stands within what it repeats", position=_position(event)
            )
        node = Node(target.value, event.start_mark.index, event.end_mark.index, _position(event))
        node.children = target.children
        node.size = target.size
        node.is_alias = True
        self._add(node, event)

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._keys[-1] is None

    def _read_key(self, event: ScalarEvent) -> str:
        key = _read_scalar(event)
        if not isinstance(key, str):
            raise SourceError(
                "key",
                f"the key {event.value or 'null'} is read as {_describe(key)}, and a key must be a text",
                hint=f"Write '{event.value}' in quotes.",
                position=_position(event),
            )
        if key == "<<" and not event.style:
            raise SourceError(
                "key",
                "merge keys (<<) belong to YAML 1.1",
                hint="Write the keys out, or repeat a whole value by an alias.",
                position=_position(event),
            )
        if key in self._open[-1].value:
            raise SourceError(
                "duplicate_key",
                f"the key `{key}` stands here for the second time, after line {self._open[-1].line_of_key(key)}",
                hint="Remove or rename one of the two.",
                position=_position(event),
            )
        return key

    def _anchor(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _add(self, node: Node, event: Event) -> None:
        """Put a finished node into the collection that is open, which then ends where the node does."""
        self._count += node.size if node.is_alias or node.children is None else 1
        if self._count > self._limits.max_expanded:
            raise SourceError(
                "too_large",
                f"more than {self._limits.max_expanded:,} characters and values, with aliases followed",
                hint="Remove aliases that repeat aliases, or move data out of the workflow.",
                position=_position(event),
            )
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        if parent.style == "block":
            parent.end = node.end
        key = ""
        if self._keys[-1] is not None:
            key, node.key_position = self._keys[-1]
            self._keys[-1] = None
        parent.add(node, key)


def _position(event: Event) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _read_scalar(event: ScalarEvent) -> Any:
    text: str = event.value
    tag = _check_tag(event, "str", "int", "float", "bool", "null")
    if tag == "str" or (tag == "" and event.style):
        return _check_characters(text, event)
    value = _resolve(text, event)
    if tag and _name(value) != tag and not (tag == "float" and _name(value) == "int"):
        raise SourceError("tag", f"`{text}` is not of the type !!{tag}", position=_position(event))
    return float(value) if tag == "float" else value


def _resolve(text: str, event: ScalarEvent) -> Any:
    """Read a plain scalar by the core schema."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "0123456789+-.":
        return _check_characters(text, event)
    if len(text) > _MAX_DIGITS and _FLOAT.fullmatch(text):
        raise SourceError("number", "a number of so many digits is not read", position=_position(event))
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if _NOT_FINITE.fullmatch(text):
        raise SourceError(
            "number",
            f"{text} is no JSON number",
            hint="Put quotes around it if a text is meant.",
            position=_position(event),
        )
    if not _FLOAT.fullmatch(text):
        return _check_characters(text, event)
    number = float(text)
    if math.isinf(number):
        raise SourceError("number", f"{text} is greater than a JSON number can be", position=_position(event))
    return number


def _check_characters(text: str, event: ScalarEvent) -> str:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise SourceError(
            "encoding", "half of a surrogate pair stands alone; it is no character", position=_position(event)
        )
    return text


def _check_tag(event: Any, *allowed: str) -> str:
    """Give the short name of an explicit tag, or an empty string where there is none."""
    tag = event.tag
    if tag is None:
        return ""
    name: str = tag.removeprefix(_TAG)
    if tag == "!" and "str" in allowed:
        return "str"
    if name not in allowed or name == tag:
        shown = tag.replace(_TAG, "!!")
        raise SourceError(
            "tag",
            f"the tag {shown} has no meaning here",
            hint="Remove it; a workflow holds what JSON can hold.",
            position=_position(event),
        )
    return name


def _code_point(character: str | int) -> str:
    return f"U+{ord(character) if isinstance(character, str) else character:04X}"


def _name(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _describe(value: Any) -> str:
    return {"null": "null", "bool": "true or false", "int": "a number", "float": "a number"}[_name(value)]
