"""An error on its way up: which `try` catches it, and whether it tries again (decisions 1, 8, 9, 10)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kapell.kernel import events as ev
from kapell.kernel.faults import StepError
from kapell.kernel.retry import compute_delay, compute_jitter
from kapell.kernel.state import ROOT
from kapell.language.error_types import LOST, error_type_matches
from kapell.language.program import NO_NODE, TO_NEXT
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kapell.kernel.arguments import Surroundings
    from kapell.kernel.evaluation import Evaluator
    from kapell.kernel.state import Entry, Fault, State
    from kapell.language.error_types import WorkflowError
    from kapell.language.program import Program, RetrySpec, TrySpec


def catch_fault(
    program: Program,
    state: State,
    item: Fault,
    now: int,
    evaluate: Evaluator,
    surround: Callable[[Entry], Surroundings],
) -> ev.Event:
    """Return what becomes of an error on its way up. Raises `NeedsHelp`.

    It is `ErrorCaught` of the innermost `try` that catches it, `BranchFaulted` of a competing fork whose other branches
    may still win, or `RunFaulted`.
    """
    reasons: list[Reason] = []
    error = item.error
    inside = item.node
    for entry in state.iter_ancestors(item.parent):
        if _others_may_win(program, entry):
            return ev.BranchFaulted(at=now, entry=entry.entry, node=inside, error=error)
        inside = entry.node
        if entry.tried is None or entry.tried.handling:
            continue
        spec: TrySpec = program.nodes[entry.node].spec
        attempt = _Catch(spec, entry, error, now, evaluate, surround(entry))
        try:
            refusal = attempt.find_refusal() or attempt.catch(state.run_id)
            if isinstance(refusal, ev.ErrorCaught):
                return refusal
        except StepError as fault:
            # A filter that fails does not swallow the error that it was asked about: both are told.
            refusal = Reason("filter_failed", f"The `catch` of `{entry.reference}` failed itself: {fault.error.detail}")
        reasons.append(refusal)
    assert entry.entry == ROOT
    return ev.RunFaulted(at=now, error=error, reasons=reasons)


class _Catch:
    """One `try` and one error that has reached it."""

    def __init__(
        self, spec: TrySpec, entry: Entry, error: WorkflowError, now: int, evaluate: Evaluator, at: Surroundings
    ) -> None:
        self._spec = spec
        self._entry = entry
        self._error = error
        self._now = now
        self._evaluate = evaluate
        self._at = at
        self._named: Mapping[str, Any] = {spec.variable: error.to_json()}

    def find_refusal(self) -> Reason | None:
        """Return why this `try` does not catch the error, or `None` if it does."""
        spec, reference = self._spec, self._entry.reference
        differing = _find_difference(spec.error_filter, self._error)
        if differing is not None:
            return Reason("not_matched", f"`{reference}` does not catch it: {differing}")
        if spec.when is not None and not self._holds(spec.when):
            return Reason("not_matched", f"`{reference}` does not catch it: `{spec.when.source}` did not hold.")
        if spec.except_when is not None and self._holds(spec.except_when):
            return Reason("not_matched", f"`{reference}` does not catch it: `{spec.except_when.source}` held.")
        return None

    def catch(self, run_id: str) -> ev.ErrorCaught | Reason:
        """Return what is done with the error: tried again while the policy allows, then handled (decision 8).

        An error that was only caught to be tried again goes on upwards when that is over: the reason is returned.
        """
        spec = self._spec
        reason = Reason("caught", "The error was caught.")
        if spec.retry is not None:
            outcome = self._find_retry_refusal(spec.retry) or self._retry(spec.retry, run_id)
            if isinstance(outcome, ev.ErrorCaught):
                return outcome
            reason = outcome
        if spec.catch_first != NO_NODE:
            return self._caught("handle", reason)
        if spec.retry is not None and spec.catch_then == TO_NEXT:
            return reason
        return self._caught("end", reason)

    def _caught(self, action: str, reason: Reason, **more: Any) -> ev.ErrorCaught:
        return ev.ErrorCaught(
            at=self._now, entry=self._entry.entry, error=self._error, action=action, reason=reason, **more
        )

    def _holds(self, expression: Any) -> bool:
        return self._evaluate.condition(expression, self._entry.input, self._at, self._named)

    def _find_retry_refusal(self, retry: RetrySpec) -> Reason | None:
        assert self._entry.tried is not None
        if self._error.type == LOST and not _names_lost(self._spec):
            return Reason(
                "lost", "Not tried again: the outcome is unknown, and the filter does not name the lost type."
            )
        if retry.when is not None and not self._holds(retry.when):
            return Reason("retry_not_wanted", f"Not tried again: `{retry.when.source}` did not hold.")
        if retry.except_when is not None and self._holds(retry.except_when):
            return Reason("retry_not_wanted", f"Not tried again: `{retry.except_when.source}` held.")
        if retry.max_retries is not None and self._entry.tried.retries >= retry.max_retries:
            return Reason("retries_exhausted", f"Not tried again: all {retry.max_retries} retries are used up.")
        return None

    def _retry(self, retry: RetrySpec, run_id: str) -> ev.ErrorCaught | Reason:
        tried = self._entry.tried
        assert tried is not None
        number = tried.retries + 1
        delay = self._compute_delay(retry, number, run_id)
        due = self._now + _micros(delay)
        if retry.total_duration is not None:
            limit = self._evaluate.duration(retry.total_duration, self._entry.input, self._at)
            if due - tried.began_at > _micros(limit):
                return Reason("retries_exhausted", f"Not tried again: it would take longer than {limit} in all.")
        attempt_deadline = None
        if retry.attempt_duration is not None:
            length = self._evaluate.duration(retry.attempt_duration, self._entry.input, self._at)
            attempt_deadline = due + _micros(length)
        of = "" if retry.max_retries is None else f" of {retry.max_retries}"
        reason = Reason(
            "retry", f"Retry {number}{of} in {delay.total_seconds():g} s.", {"delay_seconds": delay.total_seconds()}
        )
        return self._caught("retry", reason, due=due, retries=number, attempt_deadline=attempt_deadline)

    def _compute_delay(self, retry: RetrySpec, number: int, run_id: str) -> timedelta:
        document = self._entry.input
        delay = timedelta() if retry.delay is None else self._evaluate.duration(retry.delay, document, self._at)
        longest = None if retry.max_delay is None else self._evaluate.duration(retry.max_delay, document, self._at)
        wait = compute_delay(retry.backoff, delay, number, factor=retry.factor, max_delay=longest)
        if retry.jitter_from is None or retry.jitter_to is None:
            return wait
        lowest = self._evaluate.duration(retry.jitter_from, document, self._at)
        highest = self._evaluate.duration(retry.jitter_to, document, self._at)
        seed = f"{run_id}{self._entry.reference}/{self._entry.entry}/{number}"
        return wait + compute_jitter(lowest, highest, seed)


def _others_may_win(program: Program, entry: Entry) -> bool:
    """Tell whether the entry is a competing fork with a further branch under way (decision 11)."""
    return entry.forked is not None and program.nodes[entry.node].spec.compete and entry.forked.remaining > 1


def _find_difference(wanted: Mapping[str, Any] | None, error: WorkflowError) -> str | None:
    """Return in which member the error differs from a static filter, as a sentence, or `None`."""
    for name, value in (wanted or {}).items():
        found = getattr(error, name)
        same = error_type_matches(value, found) if name == "type" else value == found
        if not same:
            return f"its `{name}` is {found!r}, not {value!r}."
    return None


def _names_lost(spec: TrySpec) -> bool:
    wanted = (spec.error_filter or {}).get("type")
    return isinstance(wanted, str) and error_type_matches(wanted, LOST)


def _micros(length: timedelta) -> int:
    return int(length.total_seconds() * 1_000_000)
