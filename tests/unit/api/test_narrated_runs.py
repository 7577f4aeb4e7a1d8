"""Histories that are kept as sentences."""

from __future__ import annotations

import pytest

from kapell.api import narrated_runs
from kapell.api.narrated_runs import NarratedRuns
from kapell.engine.definitions import Definitions
from kapell.errors import DamagedHistoryError
from kapell.testing.engine_kit import EngineKit

SETS = """
document: {dsl: '1.0.3', namespace: demo, name: sets, version: '1.0.0'}
do:
  - first: {set: {a: 1}}
  - second: {set: {a: 2}}
"""


class CountingStore:
    """A store that counts what is read, and fails from an event on."""

    def __init__(self, store):
        self._store = store
        self.read = []
        self.damaged_from = None

    def __getattr__(self, name):
        return getattr(self._store, name)

    def iter_history(self, run_id, after_seq=0):
        self.read.append((run_id, after_seq))
        for row in self._store.iter_history(run_id, after_seq):
            if self.damaged_from is not None and row.first_seq + row.count > self.damaged_from:
                raise DamagedHistoryError("damaged")
            yield row


@pytest.fixture
async def kit():
    async with EngineKit() as kit:
        yield kit


@pytest.fixture
def store(kit):
    return CountingStore(kit.engine.store)


@pytest.fixture
def narrated(store):
    return NarratedRuns(store, Definitions(store))


def tell(narrated, store, run_id):
    with narrated.narrate(store.get_record(run_id)) as told:
        return [sentence.seq for sentence in told.iter_sentences(0, with_data=True)], told.damage


async def test_a_history_is_told_once_and_then_only_what_is_new(kit, narrated, store):
    ended = await kit.run(SETS)
    first, _ = tell(narrated, store, ended.run_id)
    assert first == list(range(1, len(ended.history) + 1))
    assert tell(narrated, store, ended.run_id) == (first, None)
    assert store.read == [(ended.run_id, 0), (ended.run_id, len(first))]


async def test_those_that_were_asked_for_longest_ago_are_forgotten(kit, narrated, store, monkeypatch):
    runs = [(await kit.run(SETS)).run_id for _ in range(3)]
    length = len(tell(narrated, store, runs[0])[0])
    monkeypatch.setattr(narrated_runs, "_MOST_SENTENCES", 2 * length)
    for run_id in (*runs, *runs[1:], runs[0]):
        tell(narrated, store, run_id)
    anew = [run_id for run_id, after in store.read[1:] if after == 0]
    assert anew == [runs[1], runs[2], runs[0]]


async def test_a_damaged_history_is_told_as_far_as_it_is_sound(kit, narrated, store):
    ended = await kit.run(SETS)
    store.damaged_from = len(ended.history)
    told, damage = tell(narrated, store, ended.run_id)
    assert len(told) < len(ended.history)
    assert damage is not None
    store.damaged_from = None
    assert tell(narrated, store, ended.run_id) == (list(range(1, len(ended.history) + 1)), None)
