"""The stories of runs, as several commands tell them: the narrators of an engine's runs, and the names of tasks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kapell.engine.loading import iter_events
from kapell.kernel import events as ev
from kapell.kernel.narration import Narrator, Sentence
from kapell.kernel.recovery import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.engine.active import ActiveRun
    from kapell.engine.engine import Engine

_ITERATION = re.compile(r"/for(?:each)?/(\d+)(?=/)")


def name_task(sentence: Sentence) -> str:
    """Return a task's name, with the number of its iteration where it stands in a loop; empty for the run itself."""
    if not sentence.reference:
        return ""
    return sentence.name + say_iteration(sentence.reference)


def say_iteration(reference: str) -> str:
    """Return in which iteration a task stands, such as `[3]`; empty outside of loops."""
    numbers = _ITERATION.findall(reference)
    return f"[{','.join(numbers)}]" if numbers else ""


class Stories:
    """The runs of an engine, each with the narrator who tells it."""

    def __init__(self, engine: Engine) -> None:
        """Tell the runs of this engine, also those that were begun by another."""
        self._engine = engine
        self.narrators: dict[str, Narrator] = {}
        self.depths: dict[str, int] = {}
        """How deep a run stands below the one that a person waits for."""

    def tell(self, active: ActiveRun, first_seq: int, events: Sequence[ev.Event]) -> Iterator[Sentence]:
        """Tell new events of a run."""
        narrator = self.narrators.get(active.run_id)
        if narrator is None:
            narrator = self._make_narrator(active, first_seq)
        for event in events:
            sentence = narrator.tell(event)
            if isinstance(event, ev.ChildStarted):
                self.depths[event.child_run_id] = self.depths.get(active.run_id, 0) + sentence.depth
            yield sentence
        if narrator.state.is_ended and narrator.state.status != "faulted":
            self.narrators.pop(active.run_id, None)

    def _make_narrator(self, active: ActiveRun, first_seq: int) -> Narrator:
        narrator = Narrator(active.program)
        if first_seq > 1:
            before = (event for seq, event in iter_events(self._engine.store, active.run_id) if seq < first_seq)
            fold(active.program, before, narrator.state)
        self.narrators[active.run_id] = narrator
        return narrator
