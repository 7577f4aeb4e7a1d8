"""The little that a call needs to know of a body's schema: which properties it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from kapell.connectors.openapi.references import Library, Node

_COMPOSED = ("allOf", "oneOf", "anyOf")


class SchemaShape(msgspec.Struct, frozen=True):
    """The properties that a schema names.

    Attributes:
        properties: Their names, over all alternatives.
        is_open: Whether the schema says nothing against other names: it names none at all, or allows more.
        files: Those whose content is binary.
    """

    properties: frozenset[str]
    is_open: bool
    files: frozenset[str]


def read_shape(library: Library, schema: Node) -> SchemaShape:
    """Collect the properties of a schema and of what it is composed of; cycles are harmless."""
    properties: set[str] = set()
    files: set[str] = set()
    is_open = False
    is_object = True
    seen: set[int] = set()
    open_ends = [schema]
    while open_ends:
        node = library.resolve(open_ends.pop())
        if id(node.value) in seen or not isinstance(node.value, dict):
            continue
        seen.add(id(node.value))
        is_object = is_object and node.get("type").value in (None, "object")
        for name, reference in node.get("properties").list_members():
            properties.add(name)
            if _is_file(library.resolve(reference)):
                files.add(name)
        is_open = is_open or node.get("additionalProperties").value not in (None, False)
        for keyword in _COMPOSED:
            open_ends.extend(node.get(keyword).list_items())
    return SchemaShape(frozenset(properties), is_open or (is_object and not properties), frozenset(files))


def _is_file(node: Node) -> bool:
    binary_type = node.get("contentMediaType").value == "application/octet-stream"  # OpenAPI 3.1
    return bool(binary_type or node.get("format").value == "binary")
