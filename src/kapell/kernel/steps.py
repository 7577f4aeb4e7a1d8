"""Steps: what the first ready item of a run becomes. One item, one event.

A step looks at the state and changes nothing; `kapell.kernel.evolve` does that with the event. Where an expression must
be evaluated, its result goes into the event, and is never evaluated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from kapell.ids import derive_run_id
from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.arguments import Surroundings
from kapell.kernel.catching import catch_fault
from kapell.kernel.emitting import make_emitted
from kapell.kernel.evaluation import Evaluator
from kapell.kernel.events import from_micros
from kapell.kernel.faults import StepError, excess_error, expression_error, runtime_error, validation_error
from kapell.kernel.references import make_reference
from kapell.kernel.sizes import find_excess
from kapell.language.error_types import WorkflowError, canonical_error_type
from kapell.language.program import TO_NEXT, Kind
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kapell.kernel.evaluation import Answer
    from kapell.kernel.limits import Limits
    from kapell.language.program import DurationSpec, HandlerSpec, ListenSpec, Node, Program, Validator


class Step:
    """Steps of a run at one moment, in microseconds since 1970-01-01 UTC; one after the other, each folded at once."""

    __slots__ = ("_evaluate", "_limits", "_now", "_program", "_state")

    def __init__(
        self, program: Program, state: st.State, now: int, limits: Limits, answers: Mapping[int, Answer]
    ) -> None:
        """Look at the state; nothing happens yet. The answers are for the first step."""
        self._program = program
        self._state = state
        self._now = now
        self._limits = limits
        self._evaluate = Evaluator(answers, limits.max_value_bytes, state.sizes)

    def make_event(self) -> ev.Event:
        """Return the event that the first ready item becomes. Raises `NeedsHelp`."""
        item = self._state.ready[0]
        event = _STEPS[type(item)](self, item)
        self._evaluate.begin_next()
        return event

    # -- entering a task ----------------------------------------------------------------------------------------------

    def _enter(self, item: st.Enter) -> ev.Event:
        node = self._program.nodes[item.node]
        number = self._state.next_entry
        at = self._surround(node, item)
        try:
            if number > self._limits.max_tasks:
                raise runtime_error(
                    at.reference,
                    f"The run has entered {self._limits.max_tasks} tasks, the most that it may (`max_tasks_per_run`).",
                )
            if node.condition is not None and not self._evaluate.condition(node.condition, item.value, at):
                return ev.TaskSkipped(at=self._now, node=node.index, reason=_skip_reason(node))
            if not node.is_plain:
                self._transform_input(node, item.value, at)
            else:
                at.input = item.value
            return _ENTER[node.kind](self, node, number, at)
        except StepError as fault:
            return ev.TaskFaulted(at=self._now, node=node.index, entry=number, error=fault.error)

    def _surround(self, node: Node, item: st.Enter) -> Surroundings:
        parent = self._state.entries[item.parent]
        return Surroundings(
            self._program,
            self._state,
            node,
            reference=make_reference(self._program, parent, node),
            scope=item.scope,
            named=parent.variables,
            raw_input=item.value,
            started_at=self._now,
        )

    def _transform_input(self, node: Node, raw_input: Any, at: Surroundings) -> None:
        _validate(node.input_schema, raw_input, at.reference, "input")
        if node.hides_input:
            at.input = None
        elif node.input_from is None:
            at.input = raw_input
        else:
            at.input = self._evaluate.template(node.input_from, raw_input, at)

    def _set(self, node: Node, number: int, at: Surroundings) -> ev.Event:
        return self._complete(node, number, at, self._evaluate.template(node.spec.value, at.input, at))

    def _switch(self, node: Node, number: int, at: Surroundings) -> ev.Event:
        for case in node.spec.cases:
            if case.condition is None:
                reason = Reason("default_case", f"No condition held, so the default `{case.name}` was taken.")
            elif self._evaluate.condition(case.condition, at.input, at):
                reason = Reason("case_matched", f"`{case.name}` was taken, as `{case.condition.source}` held.")
            else:
                continue
            return self._complete(node, number, at, at.input, to=case.target, case=case.name, reason=reason)
        reason = Reason("no_case_matched", "No condition held and there is no default: the flow goes on as usual.")
        return self._complete(node, number, at, at.input, reason=reason)

    def _emit(self, node: Node, number: int, at: Surroundings) -> ev.Event:
        written = self._evaluate.template(node.spec.event, at.input, at)
        event = make_emitted(
            written,
            origin=f"kapell://{self._program.namespace}/{self._program.name}",
            seed=f"{self._state.run_id}{at.reference}/{number}",
            reference=at.reference,
            now=self._now,
        )
        completed = self._complete(node, number, at, event)
        if node.output_as is not None:
            completed.emitted = event
        return completed

    def _raise(self, node: Node, _number: int, at: Surroundings) -> ev.Event:
        written = self._evaluate.template(node.spec.error, at.input, at)
        raise StepError(_make_raised_error(written, at.reference, node.spec.error))

    def _wait(self, node: Node, number: int, at: Surroundings) -> ev.Event:
        length = self._evaluate.duration(node.spec.duration, at.input, at)
        return self._open(node, number, at, due=self._now + max(0, _micros(length)))

    def _for(self, node: Node, number: int, at: Surroundings) -> ev.Event:
        collection = self._evaluate.template(node.spec.collection, at.input, at)
        if not isinstance(collection, list):
            sources = "; ".join(part.source for part in node.spec.collection.expressions)
            raise expression_error(at.reference, sources, f"`for.in` must give an array, not {_type_name(collection)}")
        return self._open(node, number, at, value=collection)

    def _listen(self, node: Node, number: int, at: Surroundings) -> ev.Event:
        expects = node.spec.strategy.expects
        expected = [self._evaluate.template(each, at.input, at) for each in expects]
        return self._open(node, number, at, value=expected or UNSET)

    def _function(self, node: Node, number: int, at: Surroundings) -> ev.Event:
        return self._open(node, number, at, value=self._evaluate.template(node.spec.arguments, at.input, at))

    def _unsupported(self, node: Node, _number: int, at: Surroundings) -> ev.Event:
        raise runtime_error(at.reference, f"not supported yet: {node.spec.what}")

    def _open(
        self, node: Node, number: int, at: Surroundings, *, due: int | None = None, value: Any = UNSET
    ) -> ev.Event:
        return ev.TaskEntered(
            at=self._now,
            node=node.index,
            entry=number,
            input=UNSET if at.input is at.raw_input else at.input,
            due=due,
            deadline=self._deadline(node.timeout, at),
            value=value,
        )

    def _deadline(self, timeout: DurationSpec | None, at: Surroundings) -> int | None:
        if timeout is None:
            return None
        return self._now + _micros(self._evaluate.duration(timeout, at.input, at))

    # -- an open entry ------------------------------------------------------------------------------------------------

    def _finish(self, item: st.Finish) -> ev.Event:
        entry = self._state.entries[item.entry]
        node = self._program.nodes[entry.node]
        at = self.surround_entry(entry)
        to = None
        if entry.tried is not None and entry.tried.handling and node.spec.catch_then != TO_NEXT:
            to = node.spec.catch_then
        try:
            if node.kind is Kind.LISTEN:
                self._check_size(item.value, at)
            return self._complete(node, entry.entry, at, item.value, to=to, default=item.value)
        except StepError as fault:
            return ev.TaskFaulted(at=self._now, node=node.index, entry=entry.entry, error=fault.error)

    def _check_size(self, value: Any, at: Surroundings) -> None:
        """Raise an error for a value that has grown in the run beyond what one may be."""
        excess = find_excess(value, self._limits.max_value_bytes, self._state.sizes)
        if excess:
            raise excess_error(at.reference, excess, self._limits.max_value_bytes)

    def surround_entry(self, entry: st.Entry) -> Surroundings:
        """Stand inside an open entry."""
        outer = self._state.entries[entry.parent].variables if entry.entry != st.ROOT else {}
        at = Surroundings(
            self._program,
            self._state,
            self._program.nodes[entry.node],
            reference=entry.reference,
            scope=entry.scope,
            named=outer,
            raw_input=entry.raw_input,
            started_at=entry.entered_at,
        )
        at.input = entry.input
        return at

    def _iterate(self, item: st.Iterate) -> ev.Event:
        entry = self._state.entries[item.entry]
        condition = self._program.nodes[entry.node].spec.condition
        at = self.surround_entry(entry)
        at.named = entry.variables
        try:
            goes_on = self._evaluate.condition(condition, item.value, at)
        except StepError as fault:
            return ev.TaskFaulted(at=self._now, node=entry.node, entry=entry.entry, error=fault.error)
        if goes_on:
            return ev.IterationStarted(at=self._now, entry=entry.entry, index=item.index)
        text = f"The loop ended before iteration {item.index}, as `{condition.source}` did not hold."
        return ev.LoopEnded(at=self._now, entry=entry.entry, reason=Reason("while_false", text))

    def _handle(self, item: st.Handle) -> ev.Event:
        entry = self._state.entries[item.entry]
        node = self._program.nodes[entry.node]
        try:
            output, context = item.value, UNSET
            if node.spec.handler is not None:
                at = self.surround_entry(entry)
                at.named = entry.variables
                output, context = self._transform_output(node.spec.handler, output, at)
            reason = self._ask_until(entry, node.spec, context)
        except StepError as fault:
            return ev.TaskFaulted(at=self._now, node=node.index, entry=entry.entry, error=fault.error)
        return ev.EventHandled(
            at=self._now,
            entry=entry.entry,
            output=UNSET if output is item.value else output,
            context=context,
            ends=reason is not None,
            reason=reason,
        )

    def _ask_until(self, entry: st.Entry, spec: ListenSpec, context: Any) -> Reason | None:
        """Return why the listening ends, or `None` if it goes on."""
        until, progress = spec.strategy.until, entry.listening
        if until is None:
            return None
        assert progress is not None
        at = self.surround_entry(entry)
        if context is not UNSET:
            at.context = context
        consumed = progress.outputs if spec.handler is None else progress.values
        if not self._evaluate.condition(until, consumed, at):
            return None
        return Reason("until_true", f"It listens no more, as `{until.source}` holds.")

    def _perform(self, item: st.Perform) -> ev.Event:
        entry = self._state.entries[item.entry]
        node = self._program.nodes[entry.node]
        at = self.surround_entry(entry)
        try:
            if node.kind is Kind.WORKFLOW:
                return self._start_child(entry, node, at)
            return self._create_attempt(entry, node, at, again=item.again)
        except StepError as fault:
            return ev.TaskFaulted(at=self._now, node=node.index, entry=entry.entry, error=fault.error)

    def _create_attempt(self, entry: st.Entry, node: Node, at: Surroundings, *, again: bool) -> ev.Event:
        last = entry.attempt
        arguments: Any = UNSET
        if not again:
            arguments = None if node.hides_input else self._evaluate.template(node.spec.arguments, at.input, at)
        return ev.AttemptCreated(
            at=self._now,
            entry=entry.entry,
            attempt=1 if last is None else last.number + 1,
            key_number=1 if last is None else last.key_number + (0 if again else 1),
            arguments=arguments,
            reason=_why_again(last) if again and last is not None else None,
        )

    def _start_child(self, entry: st.Entry, node: Node, at: Surroundings) -> ev.Event:
        number = 1 if entry.attempt is None else entry.attempt.number + 1
        spec = node.spec
        if spec.awaits and self._state.depth >= self._limits.max_depth:
            raise runtime_error(
                at.reference,
                f"Child runs are nested {self._limits.max_depth} deep, the most that they may be. Does one run itself?",
            )
        value = entry.input if spec.input is None else self._evaluate.template(spec.input, at.input, at)
        seed = f"{self._state.run_id}{entry.reference}/{entry.entry}/{number}"
        return ev.ChildStarted(
            at=self._now,
            entry=entry.entry,
            child_run_id=derive_run_id(from_micros(self._now), seed),
            input=value,
        )

    # -- a result -----------------------------------------------------------------------------------------------------

    def _complete(  # noqa: PLR0913 -- the last three belong to `switch` and open entries alone
        self,
        node: Node,
        number: int,
        at: Surroundings,
        raw_output: Any,
        *,
        to: int | None = None,
        case: str | None = None,
        reason: Reason | None = None,
        default: Any = UNSET,
    ) -> ev.TaskCompleted:
        """Transform and check the output, export to the context, and say where the flow goes."""
        output, context = raw_output, UNSET
        if not node.is_plain:
            output, context = self._transform_output(node, raw_output, at)
        known = at.raw_input if default is UNSET else default
        return ev.TaskCompleted(
            at=self._now,
            node=node.index,
            entry=number,
            output=UNSET if output is known else output,
            context=context,
            to=to,
            case=case,
            reason=reason,
        )

    def _transform_output(self, part: Node | HandlerSpec, raw_output: Any, at: Surroundings) -> tuple[Any, Any]:
        at.raw_output = output = raw_output
        if part.output_as is not None:
            output = self._evaluate.template(part.output_as, raw_output, at)
        _validate(part.output_schema, output, at.reference, "output")
        at.output = output
        context: Any = UNSET
        if part.export_as is not None:
            context = self._evaluate.template(part.export_as, output, at)
        if part.export_schema is not None:
            present = self._state.contexts[at.scope] if context is UNSET else context
            _validate(part.export_schema, present, at.reference, "context")
        return output, context

    # -- faults and the run's end -------------------------------------------------------------------------------------

    def _fault(self, item: st.Fault) -> ev.Event:
        if self._state.next_entry - 1 > self._limits.max_tasks:
            # No `catch` could go on: what it does is tasks too, and a retry without a limit would never end.
            return ev.RunFaulted(at=self._now, error=item.error)
        return catch_fault(self._program, self._state, item, self._now, self._evaluate, self.surround_entry)

    def _finish_run(self, item: st.FinishRun) -> ev.Event:
        program = self._program
        if program.output_as is None and program.output_schema is None:
            return ev.RunCompleted(at=self._now)
        at = self.surround_entry(self._state.entries[st.ROOT])
        at.reference = "/output"
        output = item.value
        try:
            if program.output_as is not None:
                output = self._evaluate.template(program.output_as, output, at)
            _validate(program.output_schema, output, "/output", "workflow's output")
        except StepError as fault:
            return ev.RunFaulted(at=self._now, error=fault.error)
        return ev.RunCompleted(at=self._now, output=UNSET if output is item.value else output)

    # -- the run's beginning ------------------------------------------------------------------------------------------

    def _begin(self, item: st.Begin) -> ev.Event:
        del item
        program, raw_input = self._program, self._state.raw_input
        at = self.surround_entry(self._state.entries[st.ROOT])
        at.reference = "/input"
        value = raw_input
        try:
            _validate(program.input_schema, raw_input, "/input", "workflow's input")
            if program.input_from is not None:
                value = self._evaluate.template(program.input_from, raw_input, at)
            at.input = value
            deadline = self._deadline(program.timeout, at)
        except StepError as fault:
            return ev.RunFaulted(at=self._now, error=fault.error)
        return ev.InputAccepted(at=self._now, input=UNSET if value is raw_input else value, deadline=deadline)


_STEPS: dict[type[st.Item], Callable[[Step, Any], ev.Event]] = {
    st.Begin: Step._begin,
    st.Enter: Step._enter,
    st.Finish: Step._finish,
    st.Iterate: Step._iterate,
    st.Perform: Step._perform,
    st.Handle: Step._handle,
    st.Fault: Step._fault,
    st.FinishRun: Step._finish_run,
}

_ENTER: dict[Kind, Callable[[Step, Node, int, Surroundings], ev.Event]] = {
    Kind.DO: Step._open,
    Kind.SET: Step._set,
    Kind.SWITCH: Step._switch,
    Kind.FOR: Step._for,
    Kind.FORK: Step._open,
    Kind.TRY: Step._open,
    Kind.RAISE: Step._raise,
    Kind.WAIT: Step._wait,
    Kind.EMIT: Step._emit,
    Kind.LISTEN: Step._listen,
    Kind.FUNCTION: Step._function,
    Kind.ACTIVITY: Step._open,
    Kind.WORKFLOW: Step._open,
    Kind.UNSUPPORTED: Step._unsupported,
}


def _validate(validator: Validator | None, value: Any, reference: str, what: str) -> None:
    if validator is not None:
        problem = validator.find_problem(value)
        if problem is not None:
            raise validation_error(reference, what, problem)


def _skip_reason(node: Node) -> Reason:
    assert node.condition is not None
    return Reason("condition_false", f"Skipped, as `{node.condition.source}` did not hold.")


def _make_raised_error(written: Any, reference: str, template: Any) -> WorkflowError:
    status = written.get("status")
    if isinstance(status, bool) or not isinstance(status, int):
        sources = "; ".join(part.source for part in template.expressions)
        raise expression_error(reference, sources, f"an error's status must be a whole number, not {status!r}")
    return WorkflowError(
        type=canonical_error_type(str(written.get("type", ""))),
        status=status,
        title=_text(written.get("title")),
        detail=_text(written.get("detail")),
        instance=_text(written.get("instance")) or reference,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _why_again(last: st.Attempt) -> Reason:
    if last.state == "repairing":
        return Reason(
            "interrupted", "The fault of the run interrupted the attempt before; it is made again by the repair."
        )
    return Reason("lost", "The attempt before was lost and may be made again.")


def _type_name(value: Any) -> str:
    names = {dict: "an object", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _micros(length: Any) -> int:
    return int(length.total_seconds() * 1_000_000)
