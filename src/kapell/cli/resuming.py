"""`kapell resume`: the runs that a crash or a stop has left unfinished are carried on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from kapell.cli import exits
from kapell.cli.concluding import conclude, describe
from kapell.cli.files import load_offered
from kapell.cli.folder import advise, read_store, resolve_run
from kapell.cli.output import draw_table, is_terminal, print_json, print_lines, say
from kapell.cli.session import work
from kapell.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.cli.folder_target import FolderTarget
    from kapell.cli.show import Show
    from kapell.engine.engine import Engine, RunOutcome
    from kapell.engine.store import RunRecord
    from kapell.settings import Settings


def resume_runs(target: FolderTarget, show: Show, name: str, paths: Sequence[Path]) -> int:
    """Carry unfinished runs on to their end and return the exit code.

    Raises:
        ConflictError: Another process works on the runs, or the run that was named is suspended.
    """
    settings = target.settings
    offered = load_offered(paths)
    unfinished, suspended = _find_unfinished(settings, name)
    for record in suspended:
        command = advise(settings, "runs", "resume", record.run_id)
        say(f"Run {record.run_id} is suspended; let it go on with `{command}`.")
    if not unfinished:
        return _say_nothing(show, name, suspended)
    run_ids = [record.run_id for record in unfinished]

    async def begin(engine: Engine) -> Sequence[str]:
        del engine
        return run_ids

    outcomes = work(settings, show, begin, workflows=offered, only=run_ids)
    if isinstance(outcomes, int):
        return outcomes
    if len(outcomes) == 1:
        return conclude(target, show, outcomes[0])
    return _conclude_all(show, outcomes)


def _find_unfinished(settings: Settings, name: str) -> tuple[list[RunRecord], list[RunRecord]]:
    """Return the runs to carry on, and those that are suspended; child runs go with their parents."""
    try:
        with read_store(settings) as store:
            records = [record for record in store.list_unfinished() if record.parent_run_id is None]
            if name:
                run_id = resolve_run(store, name)
                record = store.get_record(run_id)
                if record.ended_at is not None:
                    raise ConflictError(f"Run {run_id} is {record.status}: there is nothing to carry on.")
                records = [record]
    except NotFoundError:
        if name:
            raise
        return [], []
    suspended = [record for record in records if record.status == "suspended"]
    return [record for record in records if record.status != "suspended"], suspended


def _say_nothing(show: Show, name: str, suspended: list[RunRecord]) -> int:
    if show.as_json:
        print_json([])
    elif not suspended:
        say("There is nothing to resume.")
    return exits.UNUSABLE if name else exits.COMPLETED


def _conclude_all(show: Show, outcomes: list[RunOutcome]) -> int:
    if show.as_json:
        print_json([describe(outcome) for outcome in outcomes])
    else:
        rows = [(outcome.run_id, outcome.status, _say_error(outcome)) for outcome in outcomes]
        print_lines(*draw_table(("run", "status", "error"), rows, sys.stdout))
    if is_terminal(sys.stderr):
        say("See `kapell runs show RUN` for the output of one.", "dim")
    return exits.find_worst([outcome.status for outcome in outcomes])


def _say_error(outcome: RunOutcome) -> str:
    return "" if outcome.error is None else f"{outcome.error.title}: {outcome.error.detail}"
