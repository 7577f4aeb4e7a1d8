"""What the doctor looks at, and what looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from kapell.doctor.model import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from kapell.clock import Clock
    from kapell.doctor.rows import Rows
    from kapell.settings import Settings


class Patient:
    """An installation that is looked at.

    Attributes:
        settings: The settings in force.
        clock: Tells the time.
        rows: The databases.
        folder: The data folder.
        is_owned: Whether somebody owns the runs now: a server, or a command that works on them.
    """

    def __init__(self, settings: Settings, clock: Clock, rows: Rows, *, is_owned: bool) -> None:
        """Look at the installation of these settings."""
        self.settings = settings
        self.clock = clock
        self.rows = rows
        self.folder: Path = settings.data
        self.is_owned = is_owned


Check = Callable[[Patient], Iterator[Verdict]]
