"""Evaluates expressions for people who try them out, apart from those of runs.

What only libjq can evaluate is done in a helper process of its own, with the limits that runs have, so that no run ever
waits for somebody who tries. How many evaluations somebody has under way at once, and all together, is bounded.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from kapell.engine.expression_helper import ExpressionHelper
from kapell.errors import TooManyAttemptsError
from kapell.language.expressions import (
    Expression,
    ExpressionError,
    ExpressionSyntaxError,
    HelperNeeded,
    compile_expression,
    make_helper_task,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kapell.settings import Settings

_MOST_OF_A_CALLER = 2
_MOST = 10


class EvaluationProblem(msgspec.Struct, frozen=True):
    """Why an expression has no value.

    Attributes:
        kind: `syntax`: it is no expression that Kapell runs; `evaluation`: it failed on this data.
        message: What is wrong.
        position: Where in the text, counted from 0; null where that is not known.
        line: The same as a line, counted from 1.
        column: And as a column in it, counted from 1.
        hint: What to write instead.
    """

    kind: Literal["syntax", "evaluation"]
    message: str
    position: int | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""


class Evaluator:
    """Evaluates one expression at a time for each who asks. Belongs to one event loop."""

    def __init__(self, settings: Settings) -> None:
        """Take the limits of the settings; no process is started before one is needed."""
        self._helper = ExpressionHelper(
            processes=1,
            time_limit_seconds=settings.expression_seconds,
            memory_limit_bytes=settings.expression_memory_bytes,
            output_limit_bytes=min(settings.expression_output_bytes, settings.max_body_bytes),
        )
        self._under_way: Counter[str] = Counter()

    async def compile(self, source: str) -> Expression | EvaluationProblem:
        """Return an expression that can be evaluated, or why the text is none."""
        try:
            expression: Expression = await asyncio.to_thread(compile_expression, source)
        except ExpressionSyntaxError as error:
            before = source[: error.position]
            line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
            return EvaluationProblem("syntax", error.message, error.position, line, column, error.hint)
        if "secrets" in expression.variables:
            return EvaluationProblem("evaluation", "Secrets are there only while a task is performed.")
        return expression

    async def evaluate(
        self, caller_id: str, expression: Expression, document: Any, variables: Mapping[str, Any]
    ) -> msgspec.Raw | EvaluationProblem:
        """Return the value of an expression as JSON, or why it has none.

        Raises:
            TooManyAttemptsError: The caller has enough under way, or all together have.
        """
        if self._under_way[caller_id] >= _MOST_OF_A_CALLER or self._under_way.total() >= _MOST:
            raise TooManyAttemptsError(
                "Too many evaluations are under way.", retry_after_seconds=1, hint="Wait for those before."
            )
        self._under_way[caller_id] += 1
        try:
            return await self._evaluate(expression, document, variables)
        finally:
            self._under_way[caller_id] -= 1
            if not self._under_way[caller_id]:
                del self._under_way[caller_id]

    async def close(self) -> None:
        """End what is under way."""
        await self._helper.close()

    async def _evaluate(
        self, expression: Expression, document: Any, variables: Mapping[str, Any]
    ) -> msgspec.Raw | EvaluationProblem:
        try:
            value = expression.evaluate(document, variables)
        except ExpressionError as error:
            return EvaluationProblem("evaluation", error.message)
        except HelperNeeded:
            (result,) = await self._helper.evaluate([make_helper_task(expression, document, variables)])
            if result.error is not None:
                return EvaluationProblem("evaluation", result.error)
            value = result.value
        try:
            return msgspec.Raw(msgspec.json.encode(value))
        except (UnicodeEncodeError, RecursionError) as error:
            return EvaluationProblem("evaluation", f"The value cannot be written as JSON: {error}.")
