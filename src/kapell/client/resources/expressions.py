"""Expressions: evaluated by the server, as its runs would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.client.calls import Call
from kapell.client.operations import Resource, S, operation
from kapell.client.wire.expressions import Evaluated, Evaluation

if TYPE_CHECKING:
    from collections.abc import Mapping


class Expressions(Resource[S]):
    """Expressions of workflows."""

    @operation
    def evaluate(
        self,
        expression: str,
        *,
        data: Any = msgspec.UNSET,
        variables: Mapping[str, Any] | None = None,
        run_id: str | None = None,
        reference: str = "",
        at: int | None = None,
    ) -> Call[Evaluated]:
        """Evaluate an expression, or check its syntax where there is nothing to evaluate it on.

        Args:
            expression: The expression, bare or in `${ }`.
            data: What `.` is.
            variables: What its variables are, by name without `$`.
            run_id: A run, on whose recorded data the expression is evaluated in place of `data`.
            reference: The task of the run that sees the data.
            at: The event of the history after which it is seen.
        """
        body = Evaluation(expression, data, dict(variables or {}), run_id, reference, at)
        return Call(method="POST", path="/expressions/evaluate", gives=Evaluated, body=body)
