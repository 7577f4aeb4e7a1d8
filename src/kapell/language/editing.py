"""Saving a document as it was, and changing one value in it without touching anything else.

The story. The text is the truth: comments, order, quotes and indentation live only there. An edit writes the new value
in the style of the old one and puts it in place of exactly the old one's characters; then the result is read again, and
must hold what was asked for and nothing else, or the edit is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.errors import UsageError
from kapell.language.pointers import split_pointer
from kapell.language.problems import InvalidWorkflowError
from kapell.language.source import SourceDocument, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language.nodes import Node

_PLAIN: Final = re.compile(r"[A-Za-z_/.][A-Za-z0-9_/.+ $()=<>-]*")
"""Texts that need no quotes in YAML, if they are not read as something else; many others would not either."""

_STEP: Final = 2
"""How far a new level is indented."""


class EditError(UsageError):
    """A change cannot be made in the text; nothing was changed."""

    code = "edit"


def save_document(document: SourceDocument) -> str:
    """Give the document's text: exactly what was read, but for what was edited."""
    return document.text


def edit(document: SourceDocument, pointer: str, value: Any) -> SourceDocument:
    """Change one value, and no line that the value does not stand in.

    Args:
        document: The document; it stays as it is.
        pointer: The JSON pointer of a value that is there.
        value: The new value, a JSON value.

    Returns:
        The changed document.

    Raises:
        EditError: There is no such value, or the text cannot be changed in that one place alone (it is an alias, or an
            alias repeats it).
    """
    try:
        path = split_pointer(pointer)
    except ValueError as error:
        raise EditError(f"{error}.") from None
    node = document.find_node(path)
    if node is None:
        raise EditError(f"There is no value at {pointer} in {document.name}.")
    if node.is_alias:
        raise EditError(
            f"The value at {pointer} is an alias of another one.", hint="Edit that one, or write the alias out first."
        )
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, UnicodeEncodeError) as error:
        raise EditError(f"The new value is no JSON value: {error}.") from None
    if _same(node.value, value):
        return document
    return _splice(document, node, pointer, value, _replace(document.value, path, value))


def _splice(document: SourceDocument, node: Node, pointer: str, value: Any, wanted: Any) -> SourceDocument:
    """Try the ways to write the value, the one that looks best first, until the text reads as wanted."""
    reason = "other places repeat it by an alias"
    for start, written in _iter_ways(document, node, value):
        text = document.text[:start] + written + document.text[node.end :]
        try:
            changed = read_document(text, document.name)
        except InvalidWorkflowError as error:
            reason = error.problems[0].message
        else:
            if _same(changed.value, wanted):
                return changed
    raise EditError(
        f"The value at {pointer} cannot be changed in its place alone: {reason}.",
        hint="Write aliases out, or change the text by hand.",
    )


def _same(one: Any, other: Any) -> bool:
    """Compare JSON values; unlike `==`, 1, 1.0 and true differ."""
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


def _replace(whole: Any, path: tuple[str, ...], value: Any) -> Any:
    """Give a copy of a value in which one part is replaced; what is not on the way is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(whole, list):
        index = int(step)
        return [*whole[:index], _replace(whole[index], rest, value), *whole[index + 1 :]]
    return {key: _replace(item, rest, value) if key == step else item for key, item in whole.items()}


def _iter_ways(document: SourceDocument, node: Node, value: Any) -> Iterator[tuple[int, str]]:
    """Iterate over where to begin and what to write up to the old value's end."""
    text, start = document.text, node.start
    if document.is_json:
        yield start, _to_json(value)
        return
    if node.style in ("|", ">"):
        yield from _iter_ways_over_block_text(text, node, value)
        return
    space = " " if start == node.end and text[start - 1 : start] not in (" ", "\n", "") else ""
    if isinstance(value, str) and node.children is None:
        yield start, space + _write_text(value, node.style)
    if node.style == "block" and value and isinstance(value, dict | list):
        yield start, f"\n{' ' * node.indent}".join(_to_lines(value))
    yield start, space + _to_json(value)
    before = text[:start].rstrip()
    if before.endswith(":"):
        yield len(before), f" {_to_json(value)}"


def _iter_ways_over_block_text(text: str, node: Node, value: Any) -> Iterator[tuple[int, str]]:
    """Replace a text of several lines, in the same style if it can be."""
    body = text[node.start : node.end]
    if isinstance(value, str) and value.strip() and value[0] not in " \t\n":
        lines = [line for line in body.split("\n")[1:] if line.strip()]
        indent = min((len(line) - len(line.lstrip(" ")) for line in lines), default=node.indent + _STEP)
        head = "|" if value.endswith("\n") else "|-"
        written = [" " * indent + line if line else "" for line in value.removesuffix("\n").split("\n")]
        yield node.start, "\n".join([head, *written])
    yield node.start, _to_json(value)


def _write_text(value: str, style: str) -> str:
    """Write a text in the quotes of the one that it replaces, or with as few as it needs."""
    if "\n" in value or style == '"':
        return _to_json(value)
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if _is_plain(value):
        return value
    return _to_json(value) if "'" in value else f"'{value}'"


def _to_lines(value: Any) -> list[str]:
    """Write an object or a list in block style."""
    entries = (
        [(_write_text(key, ""), ":", item) for key, item in value.items()]
        if isinstance(value, dict)
        else [("", "-", item) for item in value]
    )
    lines = []
    for key, mark, item in entries:
        if not item or not isinstance(item, dict | list):
            lines.append(f"{key}{mark} {_write_text(item, '') if isinstance(item, str) else _to_json(item)}")
            continue
        inner = _to_lines(item)
        if mark == "-":
            lines += [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
        else:
            lines += [f"{key}:", *(f"{' ' * _STEP}{line}" for line in inner)]
    return lines


def _is_plain(value: str) -> bool:
    """Tell whether YAML reads a text as itself when it stands without quotes."""
    if _PLAIN.fullmatch(value) is None or value.endswith(" "):
        return False
    try:
        return bool(read_document(f"[{value}]").value == [value])
    except InvalidWorkflowError:
        return False


def _to_json(value: Any) -> str:
    """Write a value as JSON, which is YAML too."""
    return msgspec.json.encode(value).decode()
