"""Repairing runs: resume, retry and skip. Unless told to detach, the run is carried on to its end, as by `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from kapell.cli.files import decode_json
from kapell.kernel.commands import ResumeRun, RetryTask, SkipTask
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.cli.show import Show
    from kapell.cli.target import Target

ASKED = Reason("asked", "A person asked for it.")


def resume_run(target: Target, show: Show, name: str, paths: Sequence[Path]) -> int:
    """Let a suspended run go on."""
    return target.repair(show, target.find_run(name), ResumeRun(), paths)


def retry_task(target: Target, show: Show, name: str, task: str | None, text: str | None, paths: Sequence[Path]) -> int:
    """Try a faulted run's task again, or one around it, with another input if one is given."""
    run_id = target.find_run(name)
    value: Any = UNSET if text is None else decode_json(text.encode(), "--input")
    reference = None if task is None else target.find_reference(run_id, task)
    return target.repair(show, run_id, RetryTask(reference=reference, input=value, reason=ASKED), paths)


def skip_task(target: Target, show: Show, name: str, text: str | None, paths: Sequence[Path]) -> int:
    """Let a faulted run's task count as done, with this output if one is given."""
    run_id = target.find_run(name)
    value: Any = UNSET if text is None else decode_json(text.encode(), "--output")
    return target.repair(show, run_id, SkipTask(output=value, reason=ASKED), paths)
