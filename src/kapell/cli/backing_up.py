"""`kapell backup` and `kapell restore`: what they tell, and with which exit code they end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

import msgspec

from kapell.backup.making import make_backup
from kapell.backup.restoring import check_backup, restore_backup
from kapell.cli import exits
from kapell.cli.output import colour, is_terminal, print_json, print_lines, say, say_time
from kapell.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from kapell.backup.archive import Manifest
    from kapell.backup.restoring import KeyNeeded, Restored
    from kapell.settings import Settings

_REDRAW_SECONDS = 0.1
_MEGABYTE = 1_000_000
_ADVICE = {
    "missing": "put it there before `kapell up`",
    "another": "another key is there: put the right one there before `kapell up`",
}


def back_up(settings: Settings, path: Path, *, with_keys: bool, as_json: bool, quiet: bool) -> int:
    """Make a backup. Raises what `make_backup` does."""
    with _Progress(quiet=quiet) as progress:
        made = make_backup(settings, path, SystemClock(), with_keys=with_keys, tell=progress.count_rows)
    if as_json:
        print_json({"file": str(made.path), "bytes": made.size, "manifest": made.manifest})
        return exits.COMPLETED
    print_lines(str(made.path))
    say(f"{made.size / _MEGABYTE:,.1f} MB: {_describe(made.manifest)}.")
    if with_keys:
        say(
            "The keys are inside: whoever has this file can read all secrets and sign for the audit log. "
            "Only you can read it; keep it so.",
            "yellow",
        )
    elif made.manifest.audit_key:
        say("The keys are not inside: keep copies of them elsewhere (see `kapell backup --help`).")
    return exits.COMPLETED


def check(path: Path, *, as_json: bool, quiet: bool) -> int:
    """Say whether a backup is whole, and what is in it. Raises `UsageError` if it is not."""
    with _Progress(quiet=quiet) as progress:
        manifest = check_backup(path, progress.count_bytes)
    if as_json:
        print_json({"file": str(path), "is_whole": True, "manifest": manifest})
        return exits.COMPLETED
    print_lines(
        f"made:   {say_time(manifest.made_at)}, by Kapell {manifest.kapell}, of {manifest.source}",
        f"holds:  {_describe(manifest)}",
        f"keys:   {', '.join(key.name for key in manifest.keys) or 'not inside'}",
        colour("The backup is whole.", "green", sys.stdout),
    )
    return exits.COMPLETED


def restore(settings: Settings, path: Path, *, replaces: bool, as_json: bool, quiet: bool) -> int:
    """Restore a backup, and say what is left to do. Raises what `restore_backup` does."""
    with _Progress(quiet=quiet) as progress:
        restored = restore_backup(
            settings,
            path,
            SystemClock(),
            replaces=replaces,
            tell_check=progress.count_bytes,
            tell=progress.count_rows,
        )
    if as_json:
        print_json(_to_json(restored))
    else:
        _tell_restored(restored)
    return exits.COMPLETED


def _to_json(restored: Restored) -> dict[str, Any]:
    found = restored._asdict()
    found["keys"] = [msgspec.structs.asdict(key) for key in restored.keys]
    found["aside"] = None if restored.aside is None else str(restored.aside)
    return found


def _tell_restored(restored: Restored) -> None:
    manifest = restored.manifest
    print_lines(f"{restored.where}: {_describe(manifest)}, as of {say_time(manifest.made_at)}.")
    for key in restored.keys:
        print_lines(_tell_key(key))
    if restored.aside is not None:
        say(f"What was there before is in {restored.aside}; delete it when you no longer need it.")
    if manifest.audit_key and not restored.is_recorded:
        say("The audit log does not tell of this, as the key that signs it is not there.", "yellow")
    say("Before you start it, make sure that the server that the backup was made of does not run any more:")
    say("both would carry on the same runs. What happened since the backup is done again.")


def _tell_key(key: KeyNeeded) -> str:
    advice = _ADVICE.get(key.state)
    ids = ", ".join(key.key_ids)
    if advice is None:
        return f"{key.path}: {key.state} ({ids})"
    return colour(f"{key.path}: {key.state} ({ids}); {advice}", "yellow", sys.stdout)


def _describe(manifest: Manifest) -> str:
    counts = [
        (manifest.count("runs", "runs"), "runs"),
        (manifest.count("server", "workflow_versions"), "published versions"),
        (manifest.count("server", "people"), "people"),
        (manifest.count("server", "secrets"), "secrets"),
        (manifest.count("server", "audit_records"), "audit records"),
    ]
    return ", ".join(f"{count:,} {what}" for count, what in counts)


class _Progress:
    """Shows a person, on a terminal, how far it has come."""

    def __init__(self, *, quiet: bool) -> None:
        self._is_shown = not quiet and is_terminal(sys.stderr)
        self._clock = SystemClock()
        self._drawn = 0.0
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def count_rows(self, table: str, count: int) -> None:
        self._rows += count
        self._draw(f"{self._rows:,} rows ({table})")

    def count_bytes(self, done: int, total: int) -> None:
        self._draw(f"{100 * done // max(total, 1)} % of {total / _MEGABYTE:,.1f} MB checked")

    def _draw(self, text: str) -> None:
        if self._is_shown and self._clock.monotonic() - self._drawn >= _REDRAW_SECONDS:
            self._drawn = self._clock.monotonic()
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
