"""Progress as plain lines: each event and each line of a process, as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.cli.output import say
from kapell.cli.progress import Progress
from kapell.cli.stories import Stories, name_task
from kapell.kernel.events import from_micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kapell.engine.active import ActiveRun
    from kapell.engine.engine import Engine
    from kapell.engine.store import LogLine
    from kapell.kernel.events import Event
    from kapell.kernel.narration import Sentence


class TellingProgress(Progress):
    """Shows each event as a line of its own."""

    def begin(self, engine: Engine) -> None:
        """Begin to watch the runs of an engine."""
        self.stories = Stories(engine)
        engine.listen(self._tell)
        engine.listen_to_logs(self.take_log)

    def note(self, text: str) -> None:
        """Say something that is about no task."""
        say(text)

    def _tell(self, active: ActiveRun, first_seq: int, events: Sequence[Event]) -> None:
        for sentence in self.stories.tell(active, first_seq, events):
            self.take(active.run_id, sentence)

    def take(self, run_id: str, sentence: Sentence) -> None:
        """Show what happened to a run."""
        name = name_task(sentence)
        moment = _say_moment(from_micros(sentence.at))
        say(f"{moment} {run_id} {f'{name}: ' if name else ''}{sentence.text}")

    def take_log(self, run_id: str, line: LogLine) -> None:
        """Show what a task of a run has written."""
        say(f"{_say_moment(line.at)} {run_id} {line.stream}: {line.text}")


def _say_moment(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S.%f}"[:-3]
