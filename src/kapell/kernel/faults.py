"""The errors that the kernel itself raises, and the exception that carries an error out of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.kernel.sizes import MAX_DEPTH
from kapell.language.error_types import EXPRESSION, LOST, RUNTIME, TIMEOUT, VALIDATION, WorkflowError, make_error

if TYPE_CHECKING:
    from kapell.kernel.sizes import Excess


class StepError(Exception):
    """A step cannot be made: the task faults with `error`."""

    def __init__(self, error: WorkflowError) -> None:
        """Carry the error."""
        super().__init__(error.detail)
        self.error = error


def make_timeout_error(reference: str, what: str) -> WorkflowError:
    """Return the error of a task, retry or workflow that took longer than its timeout allows."""
    return make_error(TIMEOUT, f"{what} took longer than its timeout allows.", instance=reference)


def make_lost_error(reference: str) -> WorkflowError:
    """Return the error of an attempt whose outcome nobody knows, and that must not be made again unasked."""
    return make_error(
        LOST,
        "The engine stopped while this attempt was under way, so its outcome is unknown. It may have taken effect. "
        "Look at the target, then `retry` the task or `skip` it.",
        instance=reference,
    )


def expression_error(reference: str, source: str, message: str) -> StepError:
    """Return the error of an expression that failed (dsl.md, Runtime Expressions)."""
    return StepError(make_error(EXPRESSION, f"{message} (in `{source}`)", instance=reference))


def validation_error(reference: str, what: str, problem: str) -> StepError:
    """Return the error of data that does not satisfy its schema (dsl.md, Data Flow)."""
    return StepError(make_error(VALIDATION, f"The {what} does not satisfy its schema: {problem}", instance=reference))


def excess_error(reference: str, excess: Excess, limit: int) -> StepError:
    """Return the error of a value that is larger, or deeper, than is allowed."""
    return StepError(make_error(RUNTIME, describe_excess(excess, limit), status=413, instance=reference))


def describe_excess(excess: Excess, limit: int) -> str:
    """Return the sentence that says so."""
    if excess == "depth":
        return f"The value is nested more than {MAX_DEPTH} levels deep, the most that is allowed."
    return f"The value is larger than {limit:,} bytes, the most that is allowed (`max_value_bytes`)."


def runtime_error(reference: str, detail: str) -> StepError:
    """Return an error that belongs to no other type."""
    return StepError(make_error(RUNTIME, detail, instance=reference))
