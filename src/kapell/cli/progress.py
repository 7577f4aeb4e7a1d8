"""Progress: what happens in the runs that a person waits for. This is the show that shows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kapell.engine.engine import Engine
    from kapell.engine.store import LogLine
    from kapell.kernel.narration import Sentence


class Progress:
    """Shows nothing."""

    def begin(self, engine: Engine) -> None:
        """Begin to watch the runs of an engine."""

    def begin_afar(self) -> None:
        """Begin to show what `take` and `take_log` are told of the runs of a server."""

    def take(self, run_id: str, sentence: Sentence) -> None:
        """Show what happened to a run of a server."""

    def take_log(self, run_id: str, line: LogLine) -> None:
        """Show what a task of a run has written."""

    def note(self, text: str) -> None:
        """Say something that is about no task."""

    def close(self) -> None:
        """End the show, and leave the terminal as it was."""
