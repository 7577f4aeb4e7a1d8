"""What a command shows, and whether it stays."""

from __future__ import annotations

import sys

import msgspec

from kapell.cli.output import is_terminal
from kapell.cli.progress import Progress


class Show(msgspec.Struct, frozen=True, kw_only=True):
    """What a command shows, and whether it stays.

    Attributes:
        as_json: Print one JSON document about the run, in place of its output alone.
        quiet: Show no progress.
        verbose: Show progress as plain lines.
        detach: Record what is asked for, and carry nothing out.
    """

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    detach: bool = False


def make_progress(show: Show) -> Progress:
    """Return what shows the progress on this stderr."""
    if show.quiet:
        return Progress()
    if show.verbose:
        from kapell.cli.telling_progress import TellingProgress

        return TellingProgress()
    if is_terminal(sys.stderr):
        from kapell.cli.live_progress import LiveProgress

        return LiveProgress()
    return Progress()
