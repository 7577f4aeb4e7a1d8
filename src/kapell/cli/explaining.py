"""`kapell explain` and `kapell why`: what a workflow will do, and why a run stands where it stands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from kapell.cli import exits
from kapell.cli.files import load_workflow_file
from kapell.cli.folder import advise, read_store, resolve_run
from kapell.cli.output import colour, print_json, print_lines
from kapell.cli.stories import say_iteration
from kapell.errors import NotFoundError
from kapell.language.explain import draw_outline, explain_workflow
from kapell.language.problems import suggest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kapell.kernel.why import Explanation, Finding
    from kapell.language.program import Program
    from kapell.reasons import Reason
    from kapell.settings import Settings

_MOST_FINDINGS = 20


def explain_file(file: Path, *, as_json: bool) -> int:
    """Print what a workflow will do."""
    outline = explain_workflow(load_workflow_file(file))
    if as_json:
        print_json(msgspec.to_builtins(outline))
    else:
        print_lines(draw_outline(outline))
    return exits.COMPLETED


def explain_why(settings: Settings, name: str, task: str | None, *, as_json: bool) -> int:
    """Print why a run stands where it stands, or what became of a task.

    Raises:
        NotFoundError: There is no such run or task.
    """
    from kapell.clock import SystemClock
    from kapell.engine.definitions import Definitions
    from kapell.engine.loading import iter_events
    from kapell.kernel.events import to_micros
    from kapell.kernel.why import explain_run, explain_task

    now = to_micros(SystemClock().now())
    with read_store(settings) as store:
        run_id = resolve_run(store, name)
        program = Definitions(store).get(store.get_record(run_id).definition).program
        events = (event for _, event in iter_events(store, run_id))
        found = explain_run(program, events, now) if task is None else explain_task(program, events, now, task)
    if found is None:
        raise _no_such_task(program, str(task))
    if as_json:
        print_json({"run_id": run_id, **msgspec.to_builtins(found)})
    else:
        print_lines(*_draw(settings, run_id, found))
    return exits.COMPLETED


def _no_such_task(program: Program, task: str) -> NotFoundError:
    names = [node.name for node in program.nodes if node.name]
    likely = suggest(task, names)
    hint = f"Did you mean `{likely}`?" if likely else f"Its tasks are: {', '.join(dict.fromkeys(names))}."
    return NotFoundError(f"The workflow has no task `{task}`.", hint=hint)


def _draw(settings: Settings, run_id: str, found: Explanation) -> Iterator[str]:
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
            command = _find_command(settings, run_id, option)
            yield f"  {option.text}" + (f"\n      {command}" if command else "")


def _draw_finding(finding: Finding) -> str:
    name = finding.name + say_iteration(finding.reference) if finding.reference else ""
    return f"{f'{name}: ' if name else ''}{finding.reason.text}"


def _find_command(settings: Settings, run_id: str, option: Reason) -> str:
    if option.code not in {"retry", "skip", "resume", "suspend", "cancel"}:
        return ""
    return advise(settings, "runs", option.code, run_id)
