"""Expressions and what comes of them, as the API takes and gives them."""

from __future__ import annotations

from typing import Any

import msgspec


class EvaluationProblem(msgspec.Struct, frozen=True):
    """Why an expression has no value.

    Attributes:
        kind: `syntax`: it is no expression that Kapell runs; `evaluation`: it failed on this data.
        message: What is wrong.
        position: Where in the text, counted from 0; `None` where that is not known.
        line: The same as a line, counted from 1.
        column: And as a column in it, counted from 1.
        hint: What to write instead.
    """

    kind: str
    message: str
    position: int | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""


class Evaluated(msgspec.Struct, frozen=True):
    """What came of an expression.

    Attributes:
        has_value: Whether it was evaluated, and successfully.
        value: The value.
        problem: Why there is none.
        variables: The variables that the expression takes, without `$`.
        seq: The event of the run after which the data was seen.
    """

    has_value: bool
    value: Any = None
    problem: EvaluationProblem | None = None
    variables: list[str] = []
    seq: int | None = None


# -- bodies ------------------------------------------------------------------------------------------------------------


class Evaluation(msgspec.Struct, frozen=True):
    """What is to be evaluated."""

    expression: str
    data: Any = msgspec.UNSET
    variables: dict[str, Any] = {}
    run_id: str | None = None
    reference: str = ""
    at: int | None = None
