"""Documents that were read, kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.connectors.http.documents import Document, fetch_document
from kapell.connectors.openapi.parsing import parse_document
from kapell.connectors.openapi.reading import ApiDescription
from kapell.connectors.openapi.references import Library, list_references, make_document_error

if TYPE_CHECKING:
    from kapell.clock import Clock
    from kapell.connectors.http.client import HttpClient

_FRESH_SECONDS = 60.0
_MAX_DESCRIPTIONS = 64
_MAX_DOCUMENTS = 100


class _Entry(msgspec.Struct):
    description: ApiDescription
    tag: str
    read_at: float


class DescriptionCache:
    """Reads OpenAPI documents, each once for all that ask at the same time, and asks again whether it has changed."""

    def __init__(self, client: HttpClient, clock: Clock) -> None:
        """Read documents by this client."""
        self._client = client
        self._clock = clock
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._reading: dict[tuple[str, str], asyncio.Task[ApiDescription]] = {}

    def find(self, uri: str, policy: Any) -> ApiDescription | None:
        """Return the description if it has been read, however old it is."""
        entry = self._entries.get(_make_key(uri, policy))
        return entry.description if entry else None

    async def get(self, uri: str, policy: Any) -> ApiDescription:
        """Return the description of the API at `uri`, at most a minute old.

        Raises:
            ActivityError: The document cannot be fetched or used.
        """
        key = _make_key(uri, policy)
        entry = self._entries.get(key)
        if entry and self._clock.monotonic() - entry.read_at < _FRESH_SECONDS:
            return entry.description
        task = self._reading.get(key)
        if task is None:
            task = self._reading[key] = asyncio.ensure_future(self._read(key, uri, policy, entry))
            task.add_done_callback(lambda _: self._reading.pop(key, None))
        # The one who asked first may be cancelled while others wait for the same document.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give up what is being read, and forget the rest."""
        tasks = list(self._reading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._entries.clear()

    async def _read(self, key: tuple[str, str], uri: str, policy: Any, entry: _Entry | None) -> ApiDescription:
        document = await fetch_document(self._client, uri, policy, tag=entry.tag if entry else "")
        if document is None and entry is not None:
            entry.read_at = self._clock.monotonic()
            return entry.description
        assert document is not None  # without a tag there is no "not modified"
        description = await self._describe(document, policy)
        self._entries[key] = _Entry(description, document.tag, self._clock.monotonic())
        self._entries.move_to_end(key)
        while len(self._entries) > _MAX_DESCRIPTIONS:
            self._entries.popitem(last=False)
        return description

    async def _describe(self, document: Document, policy: Any) -> ApiDescription:
        parsed = {document.uri: await asyncio.to_thread(parse_document, document)}
        open_ends = list_references(document.uri, parsed[document.uri])
        while open_ends:
            uri = open_ends.pop()
            if uri in parsed:
                continue
            if len(parsed) >= _MAX_DOCUMENTS:
                raise make_document_error(f"{document.uri} refers to more than {_MAX_DOCUMENTS} other documents.")
            other = await fetch_document(self._client, uri, policy)
            assert other is not None
            parsed[uri] = await asyncio.to_thread(parse_document, other)
            open_ends += list_references(uri, parsed[uri])
        return ApiDescription(document.uri, Library(parsed), parsed[document.uri])


def _make_key(uri: str, policy: Any) -> tuple[str, str]:
    return uri, msgspec.json.encode(policy).decode()
