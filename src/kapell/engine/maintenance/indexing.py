"""The search index trails the runs: whoever starts a run does not wait until it can be found."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from kapell.engine.store import RunText
from kapell.engine.words import MAX_CHARACTERS, find_json_words, normalise
from kapell.errors import KapellError, StorageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from kapell.engine.store import RunStore, UnindexedRun

log = get_logger(__name__)

_AT_ONCE = 100
_LOOK_SECONDS = 0.25
_SHARE = 20
"""Indexing takes one of so many moments at most, so that runs can be started all the while ..."""

_MOST_BEHIND_SECONDS = 30.0
"""... but when there have been more of them for so long, it takes every other moment."""

_RETRY_SECONDS = 5.0


class _FirstEvent(msgspec.Struct):
    """What the index needs of a run's first event; whatever else a batch holds is passed over."""

    raw_input: msgspec.Raw = msgspec.Raw(b"null")
    payloads: dict[str, str] = {}


_decoder = msgspec.json.Decoder(list[_FirstEvent])


async def index_regularly(store: RunStore) -> None:
    """Tell the index of new runs, four times a second; of very many it is told a little later."""
    behind_since: float | None = None
    while True:
        began = perf_counter()
        try:
            count = await asyncio.to_thread(index_runs, store, _AT_ONCE)
        except StorageError as error:
            log.warning("indexing_delayed", message=error.message)
            await asyncio.sleep(_RETRY_SECONDS)
            continue
        behind_since = None if count < _AT_ONCE else behind_since or began
        await asyncio.sleep(_choose_pause(perf_counter() - began, 0 if behind_since is None else began - behind_since))


def _choose_pause(spent: float, behind: float) -> float:
    """Return how many seconds to leave to others, after so many were spent, and having been behind for so many."""
    return spent if behind > _MOST_BEHIND_SECONDS else max(_LOOK_SECONDS, (_SHARE - 1) * spent)


def index_runs(store: RunStore, limit: int) -> int:
    """Tell the index of up to `limit` runs that it does not know, and return how many. Raises `StorageError`."""
    found = store.list_unindexed(limit)
    if found:
        store.index_texts([_make_text(store, run) for run in found])
    return len(found)


def _make_text(store: RunStore, run: UnindexedRun) -> RunText:
    words = normalise(f"{run.name}\n{(run.error or '')[:MAX_CHARACTERS]}")
    try:
        words = f"{words} {_find_input_words(store, run)}"
    except (KapellError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # A run that cannot be read is found by its name: it must not keep the others out of the index.
        log.warning("input_not_indexed", run_id=run.run_id, error=f"{type(error).__name__}: {error}")
    return RunText(run.place, run.fault, run.run_id, run.namespace, words)


def _find_input_words(store: RunStore, run: UnindexedRun) -> str:
    events = _decoder.decode(run.first.body) if run.first is not None else []
    if not events:
        return ""
    digest = events[0].payloads.get("raw_input")
    if digest is None:
        return find_json_words(bytes(events[0].raw_input).decode())
    # A large value is not taken apart for its first words; so its keys are among them.
    return normalise(store.get_payload(digest)[:MAX_CHARACTERS].decode(errors="ignore"))
