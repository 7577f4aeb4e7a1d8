"""`kapell runs fork`: a new run that keeps another one's results before a task, after saying what happens again."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from kapell.cli import exits
from kapell.cli.output import say
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.cli.show import Show
    from kapell.cli.target import Target
    from kapell.kernel.forking import RepeatedEffect


def fork_run(target: Target, show: Show, name: str, task: str, paths: Sequence[Path], *, is_agreed: bool) -> int:
    """Begin a new run at a task of another, once the person has agreed, and carry it on to its end.

    Raises:
        ConflictError: Another process owns the folder, or the run cannot be forked there.
        UsageError: Side effects would happen again, and nobody can be asked.
    """
    source = target.find_run(name)
    reference = target.find_reference(source, task)
    repeats = target.preview_fork(source, reference)
    if repeats and not is_agreed and not _ask(repeats):
        say("Nothing was done.")
        return exits.CANCELLED
    return target.fork(show, source, reference, paths)


def _ask(repeats: Sequence[RepeatedEffect]) -> bool:
    """Say what happens again, and ask whether it may."""
    say("These have been done by that run, and may be done once more:")
    for (reference, what), count in Counter((effect.reference, effect.what) for effect in repeats).items():
        say(f"  {reference}  {what}{f'  ({count} times)' if count > 1 else ''}")
    if not sys.stdin.isatty():
        raise UsageError("Side effects would happen again, and there is nobody to ask.", hint="Agree with --yes.")
    say("Go on? [y/N] ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
