"""Calls of the API as values: what is sent, and what the answer is made of. Nothing here touches the network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")

API = "/api/v1"


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list.

    Attributes:
        items: What is on it.
        next: Where the next page begins; `None` on the last one.
    """

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """One call of the API.

    Attributes:
        method: The HTTP method.
        path: The path's template, as the OpenAPI document has it below the prefix.
        gives: The type of the answer; `str` for plain text.
        at: What is put into the template.
        query: The query; what is `None` is left out, and a sequence is repeated.
        body: The request's body, where it has one.
        content_type: What the body is; always JSON of some kind.
        key: The idempotency key, where the call takes one.
        is_idempotent: Whether the call does no harm when it arrives twice, by itself.
        accepts: Statuses besides 2xx whose body is an answer as well.
        prefix: What stands before the path.
        cursor: The name of the parameter by which the next page of a list is asked for.
        is_patient: Whether to wait and ask again when the server says that there were too many requests.
        holds_seconds: How long the server may keep the call waiting on purpose, in addition to the usual timeout.
    """

    method: str
    path: str
    gives: type[T]
    at: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: msgspec.Struct | list[dict[str, Any]] | None = None
    content_type: str = "application/json"
    key: str | None = None
    is_idempotent: bool = False
    accepts: frozenset[int] = frozenset()
    prefix: str = API
    cursor: str = "cursor"
    is_patient: bool = True
    holds_seconds: float = 0.0

    @property
    def is_repeatable(self) -> bool:
        """Whether the call does no harm when it arrives twice."""
        return self.method == "GET" or self.key is not None or self.is_idempotent

    @property
    def target(self) -> str:
        """The path and the query, as they are sent."""
        path = self.path.format_map({name: quote(str(value), safe="") for name, value in self.at.items()})
        query = urlencode(list(_iter_query(self.query)))
        return f"{self.prefix}{path}{'?' if query else ''}{query}"

    def turn_to(self, cursor: str) -> Call[T]:
        """Return the call for the page of the list that begins there."""
        return replace(self, query={**self.query, self.cursor: cursor})


def _iter_query(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if each is not None:
                yield name, _write(each)


def _write(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)
