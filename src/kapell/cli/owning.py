"""How any command reaches a run of a folder or database, whoever owns it.

While another process owns the data folder, a command is left in its inbox and the answer awaited. When none does, this
process takes the folder and obeys by itself.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kapell.app import make_lock, own_store
from kapell.cli.folder import read_store
from kapell.clock import SystemClock
from kapell.engine.inbox import encode_command
from kapell.engine.recording import record_command
from kapell.engine.store import ENDED
from kapell.errors import ConflictError, StorageError
from kapell.storage.data_folder import LockHolder

if TYPE_CHECKING:
    from kapell.engine.inbox import OuterCommand
    from kapell.engine.store import RunStore
    from kapell.settings import Settings

_ANSWER_SECONDS = 10.0
_END_SECONDS = 30.0
_LOOK_SECONDS = 0.02


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
