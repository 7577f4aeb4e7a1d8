"""Being asked to stop before the server has begun to listen for that, or while something is half done.

The kernel discards SIGTERM for the first process of a container unless that has said what it wants to do with it. Until
the event loop has said so, this does; otherwise `docker stop` during a start would wait for its SIGKILL. Commands that
must leave nothing half done are ended in order by it, too.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

from kapell.cli import exits

if TYPE_CHECKING:
    from types import FrameType


def leave_on_sigterm() -> None:
    """End the process in order when SIGTERM comes, until something else is set up for it."""
    signal.signal(signal.SIGTERM, _leave)


def _leave(_number: int, _frame: FrameType | None) -> Any:
    sys.exit(exits.TERMINATED)
