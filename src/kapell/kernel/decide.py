"""Deciding: what a command makes of a run, as events.

The story. A host owns a run's state. It hands in a command and the moment; `decide` checks the command against the
table of transitions, turns it into an event, and then makes step after step until nothing is ready, or some 64 events
are made (`more`), or a step needs the helper process (`needs`). Every event is folded into the state as it is made, and
returned with the effects that it asks for. The host puts the events on disk, and only then starts the effects.

Same state, same command, same moment, same answers: same events. There is no clock, no chance and no I/O in here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.kernel import commands as c
from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.effects import Effect
from kapell.kernel.evaluation import NO_ANSWERS, Answer, Evaluation, NeedsHelp
from kapell.kernel.evolve import evolve
from kapell.kernel.limits import Limits
from kapell.kernel.listening import find_refusal
from kapell.kernel.references import make_reference
from kapell.kernel.steps import Step
from kapell.kernel.transitions import LEGAL
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kapell.language.program import Program

DEFAULT_LIMITS = Limits()


class Decision(msgspec.Struct, frozen=True):
    """What came of a command.

    Attributes:
        events: What has happened; already folded into the state.
        effects: What the outside has to do once the events are on disk.
        needs: Expressions for the helper; call again with `Advance`, the same moment and the answers.
        more: There is more to do: call again with `Advance`, when others have had their turn.
        refused: Why the command changed nothing, if so.
    """

    events: list[ev.Event]
    effects: list[Effect]
    needs: tuple[Evaluation, ...] = ()
    more: bool = False
    refused: Reason | None = None


def decide(
    program: Program,
    state: st.State,
    command: c.Command,
    now: int,
    limits: Limits = DEFAULT_LIMITS,
    answers: Mapping[int, Answer] = NO_ANSWERS,
) -> Decision:
    """Obey a command and go on as far as the run can.

    Args:
        program: The run's compiled workflow.
        state: Where the run stands; it is moved on in place.
        command: What is asked for. `Advance` goes on after `more` or `needs`.
        now: The moment, in microseconds since 1970-01-01 UTC.
        limits: The limits of the run.
        answers: What the helper said to the `needs` of the call before.
    """
    kind = type(command)
    if kind not in LEGAL[state.status]:
        return _refuse("illegal", _describe_illegal(state, kind))
    events: list[ev.Event] = []
    effects: list[Effect] = []
    if kind is not c.Advance:
        made = _OBEY[kind](program, state, command, now)
        if isinstance(made, Reason):
            return Decision(events, effects, refused=made)
        events.append(made)
        effects.extend(evolve(program, state, made))
    return _go_on(program, state, now, limits, answers, events, effects)


def _go_on(
    program: Program,
    state: st.State,
    now: int,
    limits: Limits,
    answers: Mapping[int, Answer],
    events: list[ev.Event],
    effects: list[Effect],
) -> Decision:
    """Make steps until nothing is ready, enough is made, or help is needed."""
    step = Step(program, state, now, limits, answers)
    stops_at_result, has_result = limits.stop_at_result, False
    waiting = {id(item): item for item in state.ready} if stops_at_result else {}
    while state.status == "running" and state.ready:
        if len(events) >= limits.max_events or (events and state.sizes.heavy_bytes > limits.max_heavy_bytes):
            return Decision(events, effects, more=True)
        try:
            event = step.make_event()
        except NeedsHelp as needs:
            return Decision(events, effects, needs.evaluations)
        events.append(event)
        effects.extend(evolve(program, state, event))
        if stops_at_result:
            has_result = has_result or type(event) is ev.TaskCompleted
            if has_result and not _may_share_commit(state, waiting):
                return Decision(events, effects, more=True)
    return Decision(events, effects)


def _may_share_commit(state: st.State, waiting: Mapping[int, st.Item]) -> bool:
    """Whether what comes next may be put on disk together with a result: the run's end, and other branches' tasks.

    `waiting` is what was ready before the result: that cannot follow from it.
    """
    return not state.ready or type(state.ready[0]) is st.FinishRun or id(state.ready[0]) in waiting


def _refuse(code: str, text: str) -> Decision:
    return Decision([], [], refused=Reason(code, text))


def _describe_illegal(state: st.State, kind: type[c.Command]) -> str:
    words = {
        c.CancelRun: "cancelled",
        c.SuspendRun: "suspended",
        c.ResumeRun: "resumed",
        c.RetryTask: "retried",
        c.SkipTask: "skipped",
    }
    what = words.get(kind)
    if what is None:
        return f"The run is {state.status}; that is not expected now."
    fitting = sorted(status for status, commands in LEGAL.items() if kind in commands)
    return f"The run is {state.status}, so it cannot be {what}; only a run that is {' or '.join(fitting)} can."


# -- obeying: a command becomes its events, or a reason why not --------------------------------------------------------

Made = ev.Event | Reason


def _start(program: Program, state: st.State, command: c.StartRun, now: int) -> Made:
    del program, state
    return ev.RunStarted(
        at=now,
        run_id=command.run_id,
        raw_input=command.input,
        parent_run_id=command.parent_run_id,
        depth=command.depth,
        traceparent=command.traceparent,
        position=command.position,
    )


def _fork(program: Program, state: st.State, command: c.ForkRun, now: int) -> Made:
    del state
    deadline = None
    if program.timeout is not None and program.timeout.fixed is not None:
        deadline = now + int(program.timeout.fixed.total_seconds() * 1_000_000)
    return ev.RunForked(
        at=now,
        run_id=command.run_id,
        source_run_id=command.source_run_id,
        source_seq=command.source_seq,
        raw_input=command.raw_input,
        input=command.input,
        context=command.context,
        chain=command.chain,
        node=command.node,
        value=command.value,
        deadline=deadline,
        position=command.position,
        correlations=command.correlations,
        consumed=command.consumed,
    )


def _fire_timer(program: Program, state: st.State, command: c.FireTimer, now: int) -> Made:
    del program
    entry = state.entries.get(command.entry)
    due = None if entry is None else entry.timers.get(command.purpose)
    if due is None:
        return Reason("stale", "Nothing waits for this time any more.")
    if due > now:
        return Reason("early", "The time has not come yet.")
    return ev.TimerFired(at=now, entry=command.entry, purpose=command.purpose)


def _end_attempt(program: Program, state: st.State, command: c.EndAttempt, now: int) -> Made:
    del program
    attempt = _find_attempt(state, command.entry, command.attempt, ("open", "held"))
    if attempt is None:
        return _stale_attempt()
    error = command.error
    if error is not None and not error.instance:
        error = msgspec.structs.replace(error, instance=state.entries[command.entry].reference)
    return ev.AttemptEnded(
        at=now,
        entry=command.entry,
        attempt=command.attempt,
        output=msgspec.UNSET if error is not None or command.output is None else command.output,
        error=error,
        started=command.started,
    )


def _lose_attempt(program: Program, state: st.State, command: c.LoseAttempt, now: int) -> Made:
    del program
    if _find_attempt(state, command.entry, command.attempt, ("open",)) is None:
        return _stale_attempt()
    text = "The engine stopped while the attempt was under way. "
    text += (
        "It is idempotent and made again." if command.idempotent else "It is not idempotent, so it is not made again."
    )
    return ev.AttemptLost(
        at=now,
        entry=command.entry,
        attempt=command.attempt,
        again=command.idempotent,
        reason=Reason("lost", text),
    )


def _hold_attempt(program: Program, state: st.State, command: c.HoldAttempt, now: int) -> Made:
    del program
    if _find_attempt(state, command.entry, command.attempt, ("open",)) is None:
        return _stale_attempt()
    return ev.AttemptHeld(at=now, entry=command.entry, attempt=command.attempt, reason=command.reason)


def _dispatch_attempt(program: Program, state: st.State, command: c.DispatchAttempt, now: int) -> Made:
    del program
    if _find_attempt(state, command.entry, command.attempt, ("held",)) is None:
        return _stale_attempt()
    return ev.AttemptDispatched(at=now, entry=command.entry, attempt=command.attempt)


def _find_attempt(
    state: st.State, entry_number: int, attempt_number: int, states: tuple[str, ...]
) -> st.Attempt | None:
    entry = state.entries.get(entry_number)
    if entry is None or entry.attempt is None:
        return None
    attempt = entry.attempt
    return attempt if attempt.number == attempt_number and attempt.state in states else None


def _stale_attempt() -> Reason:
    return Reason("stale", "The run does not wait for this attempt any more.")


def _receive_event(program: Program, state: st.State, command: c.ReceiveEvent, now: int) -> Made:
    refusal = find_refusal(program, state, command)
    if refusal is not None:
        return refusal
    return ev.EventReceived(
        at=now,
        entry=command.entry,
        position=command.position,
        filter=command.filter,
        until=command.until,
        value=command.value,
        event_id=command.event_id,
        source=command.source,
        type=command.type,
        correlations=command.correlations,
    )


def _suspend(program: Program, state: st.State, command: c.SuspendRun, now: int) -> Made:
    del program, state
    return ev.RunSuspended(at=now, reason=command.reason)


def _resume(program: Program, state: st.State, command: c.ResumeRun, now: int) -> Made:
    del program, state, command
    return ev.RunResumed(at=now)


def _cancel(program: Program, state: st.State, command: c.CancelRun, now: int) -> Made:
    del program, state
    return ev.CancelRequested(at=now, reason=command.reason)


def _confirm_cancel(program: Program, state: st.State, command: c.ConfirmCancel, now: int) -> Made:
    del program, state, command
    return ev.RunCancelled(at=now)


def _retry(program: Program, state: st.State, command: c.RetryTask, now: int) -> Made:
    entry_number = 0
    failed = state.failed
    if failed is None:
        return Reason("not_repairable", "The run faulted outside of its tasks (in its input or output): start it anew.")
    if command.reference is not None:
        wanted = command.reference
        if wanted != find_failed_reference(program, state):
            around = {entry.reference: entry.entry for entry in state.iter_ancestors(failed.parent) if entry.entry}
            if wanted not in around:
                offered = ", ".join([find_failed_reference(program, state), *around])
                return Reason("no_such_task", f"`{wanted}` is not open in this run. What can be retried: {offered}.")
            entry_number = around[wanted]
    return ev.TaskRetried(
        at=now,
        entry=entry_number,
        input=command.input,
        deadline=_new_deadline(state, now),
        reason=command.reason,
    )


def _skip(_program: Program, state: st.State, command: c.SkipTask, now: int) -> Made:
    failed = state.failed
    if failed is None or failed.node == 0:
        return Reason("not_repairable", "The run did not fault in a task, so there is none to skip.")
    deadline = _new_deadline(state, now)
    return ev.TaskPassed(at=now, entry=failed.entry, output=command.output, deadline=deadline, reason=command.reason)


def find_failed_reference(program: Program, state: st.State) -> str:
    """Return the reference of the task whose fault ended the run; empty if it was none."""
    failed = state.failed
    if failed is None or failed.node == 0:
        return ""
    return make_reference(program, state.entries[failed.parent], program.nodes[failed.node])


def _new_deadline(state: st.State, now: int) -> int | None:
    """Give a repaired run its workflow timeout anew, as it had been spent when it faulted."""
    return None if state.run_length is None else now + state.run_length


_OBEY: dict[type[c.Command], Callable[[Program, st.State, Any, int], Made]] = {
    c.StartRun: _start,
    c.ForkRun: _fork,
    c.FireTimer: _fire_timer,
    c.EndAttempt: _end_attempt,
    c.LoseAttempt: _lose_attempt,
    c.HoldAttempt: _hold_attempt,
    c.DispatchAttempt: _dispatch_attempt,
    c.ReceiveEvent: _receive_event,
    c.SuspendRun: _suspend,
    c.ResumeRun: _resume,
    c.CancelRun: _cancel,
    c.ConfirmCancel: _confirm_cancel,
    c.RetryTask: _retry,
    c.SkipTask: _skip,
}
