"""Histories as told in sentences, kept for a while.

To tell an event takes the state that all events before it fold to. So a history is told once, from its beginning, and
who asks for its next page, for another filter or for what has just happened is told what is there, and what is new.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.errors import DamagedHistoryError
from kapell.kernel.codec import decode_events
from kapell.kernel.concealing import conceal
from kapell.kernel.narration import Narrator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.engine.definitions import Definitions
    from kapell.engine.store import RunRecord, RunStore
    from kapell.kernel.events import Event
    from kapell.kernel.narration import Sentence
    from kapell.language.program import Program

_MOST_KEPT = 8
_MOST_SENTENCES = 200_000
"""So many of all runs are kept together, some 100 MB at worst; the run that was asked for last is always kept."""

_NEEDED = frozenset({"value", "arguments"})
"""The only large values that sentences are made of: how many items a `for` goes through, and what a call calls."""


class NarratedRun:
    """One history as far as it was told.

    Attributes:
        lock: Held while it is told on.
        damage: Why it cannot be told to its end; what was told before is sound.
    """

    def __init__(self, program: Program) -> None:
        """Begin with nothing told."""
        self._narrator = Narrator(program)
        self._sentences: list[Sentence] = []
        self._concealed: dict[int, Sentence] = {}
        self.lock = threading.Lock()
        self.damage: DamagedHistoryError | None = None

    @property
    def last_seq(self) -> int:
        """The number of the last event that was told."""
        return len(self._sentences)

    def tell(self, events: Sequence[Event]) -> None:
        """Tell the events that follow."""
        for event in events:
            concealed = conceal(event)
            if concealed is not event:
                self._concealed[self.last_seq + 1] = self._narrator.say(concealed)
            self._sentences.append(self._narrator.tell(event))

    def iter_sentences(self, after: int, *, with_data: bool) -> Iterator[Sentence]:
        """Yield the sentences that follow event number `after`, as they are or as they are for who sees no data."""
        for index in range(max(after, 0), len(self._sentences)):
            sentence = self._sentences[index]
            yield sentence if with_data else self._concealed.get(index + 1, sentence)


class NarratedRuns:
    """The histories that were asked for last. Its methods block; any thread may call them."""

    def __init__(self, store: RunStore, definitions: Definitions) -> None:
        """Read from `store`; `definitions` are its workflows."""
        self._store = store
        self._definitions = definitions
        self._kept: OrderedDict[str, NarratedRun] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def narrate(self, record: RunRecord) -> Iterator[NarratedRun]:
        """Give a run's history, told to the newest event or to where it is damaged, for as long as the context lasts.

        Raises:
            NotFoundError: The run is gone.
        """
        told = self._keep(record)
        with told.lock:
            try:
                self._tell_on(told, record.run_id)
            except DamagedHistoryError as error:
                told.damage = error
            yield told
        self._let_go()

    def _keep(self, record: RunRecord) -> NarratedRun:
        with self._lock:
            told = self._kept.get(record.run_id)
            if told is not None and told.damage is None:
                self._kept.move_to_end(record.run_id)
                return told
        # Compiling takes a while, and nobody else is to wait for it.
        made = NarratedRun(self._definitions.get(record.definition).program)
        with self._lock:
            self._kept[record.run_id] = made
            self._kept.move_to_end(record.run_id)
        return made

    def _tell_on(self, told: NarratedRun, run_id: str) -> None:
        for row in self._store.iter_history(run_id, told.last_seq):
            events = decode_events(row.body, self._store.get_payload, _NEEDED)
            try:
                told.tell(events[max(told.last_seq - row.first_seq + 1, 0) :])
            except (LookupError, AssertionError, AttributeError, TypeError, ValueError) as error:
                raise DamagedHistoryError(
                    f"The history of run {run_id} does not fit together at event {told.last_seq + 1}.",
                    hint="Its rows are left as they are; restore them from a backup.",
                ) from error

    def _let_go(self) -> None:
        """Forget those that were asked for longest ago, while there are too many."""
        with self._lock:
            size = sum(told.last_seq for told in self._kept.values())
            while len(self._kept) > 1 and (len(self._kept) > _MOST_KEPT or size > _MOST_SENTENCES):
                _, gone = self._kept.popitem(last=False)
                size -= gone.last_seq
