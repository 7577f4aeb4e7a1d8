"""`kapell explain` and `kapell why`: what a workflow will do, and why a run stands where it stands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from kapell.cli import exits
from kapell.cli.files import load_workflow_file
from kapell.cli.output import colour, print_json, print_lines
from kapell.cli.stories import say_iteration
from kapell.language.explain import draw_outline, explain_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kapell.cli.target import Target
    from kapell.kernel.why import Explanation, Finding
    from kapell.reasons import Reason

_MOST_FINDINGS = 20


def explain_file(file: Path, *, as_json: bool) -> int:
    """Print what a workflow will do."""
    outline = explain_workflow(load_workflow_file(file))
    if as_json:
        print_json(msgspec.to_builtins(outline))
    else:
        print_lines(draw_outline(outline))
    return exits.COMPLETED


def explain_why(target: Target, name: str, task: str | None, *, as_json: bool) -> int:
    """Print why a run stands where it stands, or what became of a task.

    Raises:
        NotFoundError: There is no such run or task.
    """
    run_id = target.find_run(name)
    found = target.explain(run_id, task)
    if as_json:
        print_json({"run_id": run_id, **msgspec.to_builtins(found)})
    else:
        print_lines(*_draw(target, run_id, found))
    return exits.COMPLETED


def _draw(target: Target, run_id: str, found: Explanation) -> Iterator[str]:
    yield colour(f"{run_id}  {found.summary}", "bold", sys.stdout)
    for finding in found.present:
        yield f"  {_draw_finding(finding)}"
    if found.past:
        yield ""
        yield "What was decided on the way:"
        hidden = len(found.past) - _MOST_FINDINGS
        if hidden > 0:
            yield f"  ... {hidden} earlier ones (--json has all)"
        for finding in found.past[-_MOST_FINDINGS:]:
            yield f"  {_draw_finding(finding)}"
    if found.options:
        yield ""
        yield "What can be done now:"
        for option in found.options:
            command = _find_command(target, run_id, option)
            yield f"  {option.text}" + (f"\n      {command}" if command else "")


def _draw_finding(finding: Finding) -> str:
    name = finding.name + say_iteration(finding.reference) if finding.reference else ""
    return f"{f'{name}: ' if name else ''}{finding.reason.text}"


def _find_command(target: Target, run_id: str, option: Reason) -> str:
    if option.code not in {"retry", "skip", "resume", "suspend", "cancel"}:
        return ""
    return target.advise("runs", option.code, run_id)
