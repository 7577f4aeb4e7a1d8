"""Documents that refer to each other: `$ref`, local and to files beside the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

import msgspec

from kapell.connectors.http.documents import get_origin
from kapell.sdk import ActivityError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Node(msgspec.Struct, frozen=True):
    """A part of a document: its value, and the URI of the document that it stands in."""

    uri: str
    value: Any

    def get(self, name: str) -> Node:
        """Return the member of that name; null if there is none."""
        return Node(self.uri, self.value.get(name) if isinstance(self.value, dict) else None)

    def list_items(self) -> list[Node]:
        """Return the elements of an array; none if it is no array."""
        return [Node(self.uri, item) for item in self.value] if isinstance(self.value, list) else []

    def list_members(self) -> list[tuple[str, Node]]:
        """Return the members of an object; none if it is no object."""
        items = self.value.items() if isinstance(self.value, dict) else ()
        return [(str(name), Node(self.uri, value)) for name, value in items]


class Library:
    """The document and those that it refers to, by their URIs."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        """Hold parsed documents."""
        self._documents = documents

    def resolve(self, node: Node) -> Node:
        """Follow a part's `$ref`, and that of what it leads to, until there is none.

        Raises:
            ActivityError: The reference leads nowhere, or in a circle.
        """
        seen: set[str] = set()
        while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
            target = urljoin(node.uri, node.value["$ref"])
            if target in seen:
                raise make_document_error(f"The reference '{target}' leads back to itself.")
            seen.add(target)
            node = self._find(target)
        return node

    def _find(self, target: str) -> Node:
        uri, _, pointer = target.partition("#")
        if uri not in self._documents:
            raise make_document_error(
                f"The reference '{target}' leads to another server; only documents beside the first one are read."
            )
        value = self._documents[uri]
        for token in unquote(pointer).split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            else:
                raise make_document_error(f"The reference '{target}' leads to nothing.")
        return Node(uri, value)


def list_references(uri: str, document: Any) -> list[str]:
    """Return the other documents of the same origin that a document refers to, without fragments."""
    found = {urljoin(uri, reference).partition("#")[0] for reference in _iter_references(document)}
    return sorted(target for target in found if target != uri and get_origin(target) == get_origin(uri))


def _iter_references(document: Any) -> Iterator[str]:
    # By identity, as YAML's aliases can make a small document look endless.
    seen: set[int] = set()
    open_ends = [document]
    while open_ends:
        value = open_ends.pop()
        if id(value) in seen or not isinstance(value, dict | list):
            continue
        seen.add(id(value))
        open_ends.extend(value.values() if isinstance(value, dict) else value)
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            yield value["$ref"]


def make_document_error(detail: str) -> ActivityError:
    """Return the error of a document that cannot be used."""
    return ActivityError("configuration", 400, "Invalid OpenAPI document", detail)
