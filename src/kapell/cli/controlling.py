"""Controlling runs: cancel and suspend, and how any command reaches a run, whoever owns it.

While another process owns the data folder, a command is left in its inbox and the answer awaited. When none does, this
process takes the folder and obeys by itself.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from kapell.app import make_lock, own_store
from kapell.cli import exits
from kapell.cli.folder import read_store, resolve_run
from kapell.cli.output import print_json, say
from kapell.clock import SystemClock
from kapell.engine.inbox import encode_command
from kapell.engine.recording import record_command
from kapell.engine.store import ENDED
from kapell.errors import ConflictError, StorageError
from kapell.kernel.commands import CancelRun, SuspendRun
from kapell.reasons import Reason
from kapell.storage.data_folder import LockHolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.engine import Engine
    from kapell.engine.inbox import OuterCommand
    from kapell.engine.store import RunStore
    from kapell.settings import Settings

_ANSWER_SECONDS = 10.0
_END_SECONDS = 30.0
_LOOK_SECONDS = 0.02

ASKED = Reason("asked", "A person asked for it.")


def cancel_run(settings: Settings, name: str, *, as_json: bool) -> int:
    """Cancel a run, and return when nothing of it is left."""
    from kapell.cli.session import Show, work

    with read_store(settings) as store:
        run_id = resolve_run(store, name)
    if not ask_owner(settings, run_id, CancelRun(reason=ASKED), wait_for_end=True):

        async def begin(engine: Engine) -> Sequence[str]:
            # What waits for the cancellation to be confirmed needs no second request.
            if store_status(settings, run_id) != "cancelling":
                await engine.cancel_run(run_id)
            return [run_id]

        outcomes = work(settings, Show(quiet=True), begin, only=(run_id,))
        if isinstance(outcomes, int):
            return outcomes
    return report(settings, run_id, as_json=as_json)


def suspend_run(settings: Settings, name: str, *, as_json: bool) -> int:
    """Let nothing more of a run start."""
    with read_store(settings) as store:
        run_id = resolve_run(store, name)
    command = SuspendRun(reason=ASKED)
    if not ask_owner(settings, run_id, command):
        record(settings, run_id, command)
    return report(settings, run_id, as_json=as_json)


def record(settings: Settings, run_id: str, command: OuterCommand) -> None:
    """Record a command in a folder that nobody owns. Raises `ConflictError`, also if somebody owns it by now."""
    with own_store(settings) as store:
        record_command(store, SystemClock(), run_id, command)


def is_owned(settings: Settings) -> bool:
    """Tell whether another process owns the runs at this moment."""
    lock = make_lock(settings)
    if lock.try_lock():
        lock.unlock()
        return False
    return True


def ask_owner(settings: Settings, run_id: str, command: OuterCommand, *, wait_for_end: bool = False) -> bool:
    """Leave a command in the inbox of the process that owns the folder, and return `True` when it is obeyed.

    Args:
        settings: The settings, with the folder.
        run_id: The run.
        command: What is asked for.
        wait_for_end: Return only when the run has ended.

    Returns:
        `False` if no other process owns the folder, so that nothing was asked.

    Raises:
        ConflictError: The owner refused it; the text says why.
        StorageError: The owner does not answer.
    """
    if not is_owned(settings):
        return False
    with read_store(settings) as store:
        command_id = store.put_command(run_id, encode_command(command), SystemClock().now())
        _await_answer(settings, store, command_id)
        if wait_for_end:
            _await_end(store, run_id)
    return True


def _await_answer(settings: Settings, store: RunStore, command_id: int) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    while (answer := store.find_answer(command_id)) is None:
        if time.monotonic() > deadline:
            raise StorageError(
                f"{_name_owner(settings)}, which owns the runs, has not answered for {_ANSWER_SECONDS:g} s.",
                hint="The command stays in its inbox, and is obeyed when it, or whoever owns the runs next, looks.",
            )
        time.sleep(_LOOK_SECONDS)
    if answer.error:
        raise ConflictError(answer.error)


def _name_owner(settings: Settings) -> str:
    holder = make_lock(settings).find_holder()
    if holder is None:
        return "The process"
    return f"Process {holder.pid}" if isinstance(holder, LockHolder) else f"The process {holder.name}"


def _await_end(store: RunStore, run_id: str) -> None:
    deadline = time.monotonic() + _END_SECONDS
    while store.get_record(run_id).status not in ENDED and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def store_status(settings: Settings, run_id: str) -> str:
    """Return where a run stands on disk."""
    with read_store(settings) as store:
        return store.get_record(run_id).status


def report(settings: Settings, run_id: str, *, as_json: bool) -> int:
    """Say where a run stands after a command."""
    status = store_status(settings, run_id)
    if as_json:
        with suppress(BrokenPipeError):
            print_json({"run_id": run_id, "status": status})
    else:
        say(f"Run {run_id} is {status}.")
    return exits.COMPLETED
