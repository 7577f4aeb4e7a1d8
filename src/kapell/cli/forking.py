"""`kapell runs fork`: a new run that keeps another one's results before a task, after saying what happens again."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from kapell.app import own_store
from kapell.cli import exits
from kapell.cli.controlling import is_owned, report
from kapell.cli.files import load_offered
from kapell.cli.folder import advise, read_store, resolve_run
from kapell.cli.output import say
from kapell.cli.session import Show, conclude, work
from kapell.clock import SystemClock
from kapell.engine.definitions import Definition, Definitions
from kapell.engine.loading import iter_events
from kapell.engine.recording import record_fork
from kapell.errors import ConflictError, UsageError
from kapell.ids import make_run_id
from kapell.kernel.forking import ForkPlan, plan_fork
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.engine.engine import Engine
    from kapell.engine.store import RunStore
    from kapell.kernel.forking import RepeatedEffect
    from kapell.settings import Settings


def fork_run(settings: Settings, show: Show, name: str, task: str, paths: Sequence[Path], *, is_agreed: bool) -> int:
    """Begin a new run at a task of another, once the person has agreed, and carry it on to its end.

    Raises:
        ConflictError: Another process owns the folder, or the run cannot be forked there.
        UsageError: Side effects would happen again, and nobody can be asked.
    """
    offered = load_offered(paths)
    with read_store(settings) as store:
        source = resolve_run(store, name)
        definition = Definitions(store).get(store.get_record(source).definition)
        reference = _find_reference(definition, task)
        plan = _plan(store, definition, source, reference)
    if is_owned(settings):
        raise ConflictError(
            "Another process owns the data folder, and a run can only be forked by the owner.",
            hint="Wait until it has ended, and try again.",
        )
    if plan.repeats and not is_agreed and not _ask(plan.repeats):
        say("Nothing was done.")
        return exits.CANCELLED
    run_id = plan.command.run_id
    if show.detach:
        with own_store(settings) as owned:
            record_fork(owned, SystemClock(), definition, plan.command)
        say(f"Recorded; carry it on with `{advise(settings, 'resume', run_id)}`.")
        return report(settings, run_id, as_json=show.as_json)

    async def begin(engine: Engine) -> Sequence[str]:
        run_id, _ = engine.fork_run(source, reference)
        return [run_id]

    return conclude(settings, show, work(settings, show, begin, workflows=offered))


def _find_reference(definition: Definition, task: str) -> str:
    if task.startswith("/"):
        return task
    found = [node.reference for node in definition.program.nodes if node.name == task]
    if len(found) != 1:
        hint = f"There are several: {', '.join(found)}." if found else "See `kapell runs show`."
        raise UsageError(f"The workflow has no single task `{task}`.", hint=hint)
    return found[0]


def _plan(store: RunStore, definition: Definition, source: str, reference: str) -> ForkPlan:
    run_id = make_run_id(SystemClock().now())
    plan = plan_fork(definition.program, (event for _, event in iter_events(store, source)), reference, run_id)
    if isinstance(plan, Reason):
        raise ConflictError(plan.text)
    return plan


def _ask(repeats: Sequence[RepeatedEffect]) -> bool:
    """Say what happens again, and ask whether it may."""
    say("These have been done by that run, and may be done once more:")
    for (reference, what), count in Counter((effect.reference, effect.what) for effect in repeats).items():
        say(f"  {reference}  {what}{f'  ({count} times)' if count > 1 else ''}")
    if not sys.stdin.isatty():
        raise UsageError("Side effects would happen again, and there is nobody to ask.", hint="Agree with --yes.")
    say("Go on? [y/N] ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
