"""Runs as told task by task, kept for a while.

Who watches a run asks again and again: only what is new is read and folded then.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.errors import DamagedHistoryError
from kapell.kernel.codec import decode_events
from kapell.kernel.telling_tasks import TaskTeller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.engine.definitions import Definitions
    from kapell.engine.store import RunRecord, RunStore

_MOST_KEPT = 8
_NEEDED = frozenset({"value"})
"""The only large values that matter to what became of a task: how many items a `for` goes through."""


class ToldRun:
    """One run's teller, and who may use it."""

    def __init__(self, teller: TaskTeller) -> None:
        """Begin with nothing told."""
        self.teller = teller
        self.lock = threading.Lock()
        self.is_broken = False


class ToldRuns:
    """The tellers of the runs that were asked for last. Its methods block; any thread may call them."""

    def __init__(self, store: RunStore, definitions: Definitions) -> None:
        """Read from `store`; `definitions` are its workflows."""
        self._store = store
        self._definitions = definitions
        self._kept: OrderedDict[str, ToldRun] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def tell(self, record: RunRecord) -> Iterator[TaskTeller]:
        """Give a run's teller, told to the newest event, for as long as the context lasts.

        Raises:
            DamagedHistoryError: The history cannot be read.
            NotFoundError: The run is gone.
        """
        told = self._keep(record)
        with told.lock:
            try:
                tell_on(told.teller, self._store, record.run_id)
            except BaseException:
                told.is_broken = True  # half an event may have been told
                raise
            yield told.teller

    def _keep(self, record: RunRecord) -> ToldRun:
        with self._lock:
            told = self._kept.get(record.run_id)
            if told is not None and not told.is_broken:
                self._kept.move_to_end(record.run_id)
                return told
        # Compiling takes a while, and nobody else is to wait for it.
        made = ToldRun(TaskTeller(self._definitions.get(record.definition).program))
        with self._lock:
            self._kept[record.run_id] = made
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return made


def tell_on(teller: TaskTeller, store: RunStore, run_id: str) -> None:
    """Tell a run's history on from where its teller is, to the newest event.

    Raises:
        DamagedHistoryError: The history cannot be read, or does not fold.
        NotFoundError: There is no such run.
    """
    for row in store.iter_history(run_id, teller.state.seq):
        events = decode_events(row.body, store.get_payload, _NEEDED)
        try:
            teller.tell(events[max(teller.state.seq - row.first_seq + 1, 0) :])
        except (LookupError, AssertionError, AttributeError, TypeError, ValueError) as error:
            raise DamagedHistoryError(
                f"The history of run {run_id} does not fit together at event {teller.state.seq}.",
                hint="Its rows are left as they are; restore them from a backup.",
            ) from error
