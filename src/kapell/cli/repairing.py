"""Repairing runs: resume, retry and skip. Unless told to detach, the run is carried on to its end, as by `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from kapell.cli.controlling import ASKED, ask_owner, record, report
from kapell.cli.files import decode_json, load_offered
from kapell.cli.folder import advise, read_store, resolve_run
from kapell.cli.output import say
from kapell.cli.session import Show, conclude, work
from kapell.engine.definitions import Definitions
from kapell.errors import NotFoundError
from kapell.kernel.commands import ResumeRun, RetryTask, SkipTask

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from kapell.engine.engine import Engine
    from kapell.engine.inbox import OuterCommand
    from kapell.settings import Settings


def resume_run(settings: Settings, show: Show, name: str, paths: Sequence[Path]) -> int:
    """Let a suspended run go on."""
    run_id = find_run(settings, name)
    return _repair(settings, show, run_id, ResumeRun(), paths, lambda engine: engine.resume_run(run_id))


def retry_task(
    settings: Settings, show: Show, name: str, task: str | None, text: str | None, paths: Sequence[Path]
) -> int:
    """Try a faulted run's task again, or one around it, with another input if one is given."""
    run_id = find_run(settings, name)
    value: Any = UNSET if text is None else decode_json(text.encode(), "--input")
    reference = None if task is None else _find_reference(settings, run_id, task)
    command = RetryTask(reference=reference, input=value, reason=ASKED)
    return _repair(settings, show, run_id, command, paths, lambda engine: engine.retry_task(run_id, reference, value))


def skip_task(settings: Settings, show: Show, name: str, text: str | None, paths: Sequence[Path]) -> int:
    """Let a faulted run's task count as done, with this output if one is given."""
    run_id = find_run(settings, name)
    value: Any = UNSET if text is None else decode_json(text.encode(), "--output")
    command = SkipTask(output=value, reason=ASKED)
    return _repair(settings, show, run_id, command, paths, lambda engine: engine.skip_task(run_id, value))


def find_run(settings: Settings, name: str) -> str:
    """Return the id of the run that a person names."""
    with read_store(settings) as store:
        return resolve_run(store, name)


def _find_reference(settings: Settings, run_id: str, task: str) -> str:
    """Return the reference of a task that was given by its name, where the document has only one of that name."""
    if task.startswith("/"):
        return task
    with read_store(settings) as store:
        program = Definitions(store).get(store.get_record(run_id).definition).program
    found = [node.reference for node in program.nodes if node.name == task]
    if len(found) != 1:
        hint = f"There are several: {', '.join(found)}." if found else "See `kapell runs show`."
        raise NotFoundError(f"The workflow has no single task `{task}`.", hint=hint)
    return found[0]


def _repair(
    settings: Settings,
    show: Show,
    run_id: str,
    command: OuterCommand,
    paths: Sequence[Path],
    obey: Callable[[Engine], Awaitable[None]],
) -> int:
    """Give a run a command through its owner, or as its owner; then carry the run on, or leave it."""
    offered = load_offered(paths)
    if ask_owner(settings, run_id, command):
        say(f"The process that owns the data folder carries it on: `{advise(settings, 'runs', 'log', '-f', run_id)}`.")
        return report(settings, run_id, as_json=show.as_json)
    if show.detach:
        record(settings, run_id, command)
        say(f"Recorded; carry it on with `{advise(settings, 'resume', run_id)}`.")
        return report(settings, run_id, as_json=show.as_json)

    async def begin(engine: Engine) -> Sequence[str]:
        await obey(engine)
        return [run_id]

    return conclude(settings, show, work(settings, show, begin, workflows=offered, only=(run_id,)))
