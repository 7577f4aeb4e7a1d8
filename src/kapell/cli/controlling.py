"""Controlling runs: cancel and suspend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.cli.concluding import report

if TYPE_CHECKING:
    from kapell.cli.target import Target


def cancel_run(target: Target, name: str, *, as_json: bool) -> int:
    """Cancel a run, and return when nothing of it is left."""
    run_id = target.find_run(name)
    code = target.cancel(run_id)
    return report(target, run_id, as_json=as_json) if code is None else code


def suspend_run(target: Target, name: str, *, as_json: bool) -> int:
    """Let nothing more of a run start."""
    run_id = target.find_run(name)
    target.suspend(run_id)
    return report(target, run_id, as_json=as_json)
