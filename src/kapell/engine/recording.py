"""Recording a command without carrying it out: the run's history says what was asked, and nothing is started.

This is for a process that holds the data folder for a moment and will not stay: what follows from the command is done
by whoever owns the runs next.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from kapell.engine.definitions import Definitions
from kapell.engine.loading import load_active
from kapell.engine.maintenance.lease import LEASE_SECONDS
from kapell.engine.projection import project
from kapell.engine.store import Batch, RunRecord
from kapell.errors import ConflictError
from kapell.kernel.codec import encode_events
from kapell.kernel.decide import decide
from kapell.kernel.events import to_micros
from kapell.kernel.limits import Limits
from kapell.kernel.state import State

if TYPE_CHECKING:
    from kapell.clock import Clock
    from kapell.engine.definitions import Definition
    from kapell.engine.store import RunStore
    from kapell.kernel.commands import Command, ForkRun
    from kapell.language.program import Program

_ONLY_THE_COMMAND = Limits(max_events=1)


def record_command(store: RunStore, clock: Clock, run_id: str, command: Command) -> None:
    """Record a command of a run that is on disk. The caller holds the data folder's lock.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: The command does not fit the state that the run is in.
    """
    active = load_active(store, Definitions(store), run_id)
    _append(store, clock, active.record, active.program, active.state, command)


def record_fork(store: RunStore, clock: Clock, definition: Definition, command: ForkRun) -> None:
    """Record the beginning of a run that goes on from another one. The caller holds the data folder's lock."""
    now, program = clock.now(), definition.program
    record = RunRecord(
        run_id=command.run_id,
        namespace=program.namespace,
        name=program.name,
        version=program.version,
        definition=definition.digest,
        status="running",
        created_at=now,
        updated_at=now,
    )
    _append(store, clock, record, program, State(), command)


def _append(store: RunStore, clock: Clock, record: RunRecord, program: Program, state: State, command: Command) -> None:
    now = clock.now()
    epoch = store.acquire(f"{socket.gethostname()}:{os.getpid()}", now, LEASE_SECONDS)
    first_seq = state.seq + 1
    decision = decide(program, state, command, to_micros(now), _ONLY_THE_COMMAND)
    if decision.refused is not None:
        raise ConflictError(decision.refused.text)
    project(record, state, now)
    body, payloads = encode_events(decision.events)
    batch = Batch(
        run_id=record.run_id,
        first_seq=first_seq,
        count=len(decision.events),
        at=now,
        body=body,
        record=record,
        payloads=payloads,
    )
    store.append(epoch, [batch])
