"""Progress: what happens in the runs that a person waits for. This is the show that shows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kapell.engine.engine import Engine


class Progress:
    """Shows nothing."""

    def begin(self, engine: Engine) -> None:
        """Begin to watch the runs of an engine."""

    def note(self, text: str) -> None:
        """Say something that is about no task."""

    def close(self) -> None:
        """End the show, and leave the terminal as it was."""
