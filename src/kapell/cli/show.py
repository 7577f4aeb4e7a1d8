"""What a command shows, and whether it stays."""

from __future__ import annotations

import msgspec


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
