"""Evaluating within a step, and asking for help where only the helper process may evaluate.

A step is a pure function of the state and of the answers that it has been given. It numbers its evaluations as it makes
them. Where one needs the helper and has no answer yet, the step is given up with `NeedsHelp`; the host evaluates, and
calls again with the same command and moment, so that the step comes to the same place under the same number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from kapell.kernel.faults import excess_error, expression_error
from kapell.kernel.sizes import find_excess
from kapell.language.duration import parse_duration
from kapell.language.expressions import Expression, ExpressionError, HelperNeeded, Template

if TYPE_CHECKING:
    from datetime import timedelta

    from kapell.kernel.sizes import Known
    from kapell.language.program import DurationSpec

NO_EXTRA: Mapping[str, Any] = {}


class Seeing(Protocol):
    """What the expressions of one place see."""

    @property
    def reference(self) -> str:
        """The place, for errors."""
        ...

    def variables(self, names: frozenset[str], extra: Mapping[str, Any] = NO_EXTRA) -> Mapping[str, Any]:
        """Build the variables of these names; `extra` goes before the rest."""
        ...


class Evaluation(msgspec.Struct, frozen=True):
    """An expression for the helper. `slot` is its number within the step."""

    slot: int
    expression: Expression
    document: Any
    variables: Mapping[str, Any]


class Answer(msgspec.Struct, frozen=True):
    """What the helper said: a value, or why there is none."""

    value: Any = None
    error: str | None = None


NO_ANSWERS: Mapping[int, Answer] = {}


class NeedsHelp(Exception):  # noqa: N818 -- it is a request, not an error
    """The step cannot be made before these are answered."""

    def __init__(self, evaluations: tuple[Evaluation, ...]) -> None:
        """Carry what is asked for."""
        super().__init__("the step needs the expression helper")
        self.evaluations = evaluations


class Evaluator:
    """The evaluations of a step, with the answers that are there already."""

    __slots__ = ("_answers", "_known", "_max_bytes", "_slot")

    def __init__(self, answers: Mapping[int, Answer], max_bytes: int, known: Known) -> None:
        """Begin a step whose values may have `max_bytes` bytes each; for `known` see `exceeds`."""
        self._answers = answers
        self._max_bytes = max_bytes
        self._known = known
        self._slot = 0

    def begin_next(self) -> None:
        """Begin the next step: its evaluations are numbered anew, and nothing is answered yet."""
        self._answers = NO_ANSWERS
        self._slot = 0

    def expression(self, expression: Expression, document: Any, at: Seeing, extra: Mapping[str, Any] = NO_EXTRA) -> Any:
        """Evaluate one expression. Raises `StepError` of type expression, or `NeedsHelp`."""
        slot = self._slot
        self._slot += 1
        if slot in self._answers:
            return self._take(slot, expression, at)
        variables = at.variables(expression.variables, extra)
        try:
            return expression.evaluate(document, variables)
        except HelperNeeded:
            raise NeedsHelp((Evaluation(slot, expression, document, variables),)) from None
        except ExpressionError as error:
            raise expression_error(at.reference, expression.source, str(error)) from None

    def condition(self, expression: Expression, document: Any, at: Seeing, extra: Mapping[str, Any] = NO_EXTRA) -> bool:
        """Evaluate a condition: everything but `false` and `null` is true, as in jq."""
        value = self.expression(expression, document, at, extra)
        return value is not None and value is not False

    def template(self, template: Template, document: Any, at: Seeing) -> Any:
        """Evaluate a value with expressions in it. Raises as `expression` does."""
        first = self._slot
        expressions = template.expressions
        self._slot += len(expressions)
        answers = None
        if self._answers:
            answers = {
                index: self._take(first + index, expression, at)
                for index, expression in enumerate(expressions)
                if first + index in self._answers
            }
        variables = at.variables(template.variables)
        try:
            value = template.evaluate(document, variables, answers)
        except HelperNeeded as needed:
            raise NeedsHelp(
                tuple(
                    Evaluation(
                        first + index,
                        expressions[index],
                        document,
                        {name: variables[name] for name in expressions[index].variables},
                    )
                    for index in needed.indexes
                )
            ) from None
        except ExpressionError as error:
            source = getattr(error, "source", None) or "; ".join(part.source for part in expressions)
            raise expression_error(at.reference, source, str(error)) from None
        excess = find_excess(value, self._max_bytes, self._known)
        if excess:
            raise excess_error(at.reference, excess, self._max_bytes)
        return value

    def duration(self, spec: DurationSpec, document: Any, at: Seeing) -> timedelta:
        """Evaluate a duration. Raises `StepError` if the expression gives none."""
        if spec.fixed is not None:
            return spec.fixed
        assert spec.template is not None
        value = self.template(spec.template, document, at)
        try:
            return parse_duration(value)
        except ValueError as error:
            raise expression_error(at.reference, spec.template.expressions[0].source, str(error)) from None

    def _take(self, slot: int, expression: Expression, at: Seeing) -> Any:
        answer = self._answers[slot]
        if answer.error is not None:
            raise expression_error(at.reference, expression.source, answer.error)
        return answer.value
