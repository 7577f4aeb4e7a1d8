"""Folding: what an event makes of the state, and what the outside has to do because of it.

Nothing is evaluated and nothing is refused here: an event has happened. The table has one line for each kind of event;
the modules `folding_*` hold what the lines name. An event that a step has made takes the step's item off the front of
the queue; an event that a command has made finds the entry that it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.folding_faults import (
    fold_attempt_created,
    fold_attempt_dispatched,
    fold_attempt_ended,
    fold_attempt_held,
    fold_attempt_lost,
    fold_branch_faulted,
    fold_child_started,
    fold_error_caught,
    fold_task_faulted,
    fold_timer_fired,
)
from kapell.kernel.folding_listening import fold_event_handled, fold_event_received
from kapell.kernel.folding_runs import (
    fold_cancel_requested,
    fold_input_accepted,
    fold_run_cancelled,
    fold_run_completed,
    fold_run_faulted,
    fold_run_forked,
    fold_run_resumed,
    fold_run_started,
    fold_run_suspended,
    fold_task_passed,
    fold_task_retried,
)
from kapell.kernel.folding_tasks import (
    fold_iteration_started,
    fold_loop_ended,
    fold_task_completed,
    fold_task_entered,
    fold_task_skipped,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kapell.kernel.effects import Effect
    from kapell.language.program import Program


def evolve(program: Program, state: st.State, event: ev.Event) -> Sequence[Effect]:
    """Fold one event into `state`, in place, and return what the outside has to do because of it.

    A host that recovers a run ignores what is returned, and asks `kapell.kernel.recovery` for what is open instead.
    """
    state.seq += 1
    return _FOLD[type(event)](program, state, event)


_FOLD: dict[type[ev.Event], Callable[[Program, st.State, Any], Sequence[Effect]]] = {
    ev.RunStarted: fold_run_started,
    ev.InputAccepted: fold_input_accepted,
    ev.RunForked: fold_run_forked,
    ev.TaskEntered: fold_task_entered,
    ev.TaskCompleted: fold_task_completed,
    ev.TaskSkipped: fold_task_skipped,
    ev.TaskFaulted: fold_task_faulted,
    ev.IterationStarted: fold_iteration_started,
    ev.LoopEnded: fold_loop_ended,
    ev.ErrorCaught: fold_error_caught,
    ev.BranchFaulted: fold_branch_faulted,
    ev.AttemptCreated: fold_attempt_created,
    ev.AttemptHeld: fold_attempt_held,
    ev.AttemptDispatched: fold_attempt_dispatched,
    ev.AttemptEnded: fold_attempt_ended,
    ev.AttemptLost: fold_attempt_lost,
    ev.ChildStarted: fold_child_started,
    ev.TimerFired: fold_timer_fired,
    ev.EventReceived: fold_event_received,
    ev.EventHandled: fold_event_handled,
    ev.RunSuspended: fold_run_suspended,
    ev.RunResumed: fold_run_resumed,
    ev.CancelRequested: fold_cancel_requested,
    ev.TaskRetried: fold_task_retried,
    ev.TaskPassed: fold_task_passed,
    ev.RunCompleted: fold_run_completed,
    ev.RunFaulted: fold_run_faulted,
    ev.RunCancelled: fold_run_cancelled,
}
