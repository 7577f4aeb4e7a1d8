"""The route that evaluates an expression, on given data or on what a run has recorded. Secrets are in neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Request, Response

from kapell.api.callers import needs
from kapell.api.evaluating import EvaluationProblem
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_routes import get_visible, note_read
from kapell.api.wire import answer, body, gives, takes
from kapell.engine.definitions import Definitions
from kapell.engine.loading import iter_events
from kapell.errors import NotFoundError, UsageError
from kapell.kernel.recorded import RecordedData, find_recorded_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kapell.api.callers import Caller
    from kapell.api.parts import Parts
    from kapell.engine.store import RunRecord
    from kapell.language.expressions import Expression

router = APIRouter(tags=["expressions"])

_LONGEST = 10_000


class Evaluation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be evaluated; with neither `data` nor `run_id`, the syntax is checked only.

    Attributes:
        expression: The expression, bare or in `${ }`.
        data: What `.` is.
        variables: What its variables are, by name without `$`.
        run_id: A run; `.` and the variables are then what its history has recorded.
        reference: The task of the run that sees them; left out, the workflow as a whole.
        at: The event of the history after which they are seen; left out, the last one that the task can be seen at.
    """

    expression: Annotated[str, msgspec.Meta(max_length=_LONGEST)]
    data: Any = msgspec.UNSET
    variables: dict[str, Any] = {}
    run_id: str | None = None
    reference: str = ""
    at: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Evaluated(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        has_value: Whether it was evaluated, and successfully.
        value: The value; null where there is none.
        problem: Why there is no value; null where nothing is wrong.
        variables: The variables that the expression takes, without `$`.
        seq: The event of the run after which the data was seen.
    """

    has_value: bool
    value: Any = None
    problem: EvaluationProblem | None = None
    variables: list[str] = []
    seq: int | None = None


@router.post("/expressions/evaluate", responses=gives(Evaluated), openapi_extra=takes(Evaluation))
async def evaluate_expression(
    request: Request, caller: Any = needs("workflow.read"), asked: Any = body(Evaluation)
) -> Response:
    """Evaluate an expression on given data or on a run's (which needs `run.data`), or check its syntax."""
    _check(asked)
    parts = parts_of(request)
    recorded = None if asked.run_id is None else await _find_recorded(parts, caller, asked)
    expression = await parts.evaluator.compile(asked.expression)
    if isinstance(expression, EvaluationProblem):
        return answer(Evaluated(False, problem=expression))
    names = sorted(expression.variables)
    if recorded is not None:
        document, variables = recorded.document, recorded.at.variables(expression.variables)
    elif asked.data is not msgspec.UNSET:
        document, variables = asked.data, asked.variables
    else:
        return answer(Evaluated(False, variables=names))
    problem = _find_missing(expression, variables)
    value = problem or await parts.evaluator.evaluate(caller.principal.principal_id, expression, document, variables)
    seq = None if recorded is None else recorded.seq
    if isinstance(value, EvaluationProblem):
        return answer(Evaluated(False, problem=value, variables=names, seq=seq))
    return answer(Evaluated(True, value, variables=names, seq=seq))


def _check(asked: Evaluation) -> None:
    if asked.run_id is None:
        if asked.reference or asked.at is not None:
            raise UsageError("`reference` and `at` are places in a run.", hint="Say which one by `run_id`.")
    elif asked.data is not msgspec.UNSET or asked.variables:
        raise UsageError("The data is either given or a run's.", hint="Leave out `run_id`, or `data` and `variables`.")


async def _find_recorded(parts: Parts, caller: Caller, asked: Evaluation) -> RecordedData:
    assert asked.run_id is not None
    record = await get_visible(parts, asked.run_id, caller)
    await caller.require(record.namespace, "run.data")
    await note_read(parts, caller, record)
    found: RecordedData | None = await in_thread(_look, parts, record, asked)
    if found is None:
        when = "" if asked.at is None else f" by event {asked.at}"
        raise NotFoundError(f"The run had not come to a task `{asked.reference}`{when}.", hint="See its history.")
    return found


def _look(parts: Parts, record: RunRecord, asked: Evaluation) -> RecordedData | None:
    store = parts.engine.store
    program = Definitions(store).get(record.definition).program
    return find_recorded_data(program, iter_events(store, record.run_id), asked.reference, asked.at)


def _find_missing(expression: Expression, variables: Mapping[str, Any]) -> EvaluationProblem | None:
    missing = sorted(f"${name}" for name in expression.variables if name not in variables)
    return EvaluationProblem("evaluation", f"No value is given for {', '.join(missing)}.") if missing else None
