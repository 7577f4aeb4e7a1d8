"""A JSON value in which some strings are expressions: what stands under `set`, `with`, `as`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kapell.language.expressions.errors import HelperNeeded
from kapell.language.expressions.expression import Expression, compile_expression, is_expression
from kapell.language.expressions.unknown import UNKNOWN

_Fill = Callable[[list[Any]], Any]


class Template:
    """A compiled template; immutable.

    Attributes:
        expressions: Its expressions, in the order in which they stand.
        variables: The variables that they take from outside, without their `$`.
        is_constant: Whether it has no expression at all.
    """

    def __init__(self, value: Any) -> None:
        """Compile the expressions. Raises `ExpressionSyntaxError`."""
        expressions: list[Expression] = []
        self._value = value
        self._fill = _compile_shape(value, expressions)
        self.expressions = tuple(expressions)
        self.variables: frozenset[str] = frozenset().union(*(each.variables for each in expressions))
        self.is_constant = not expressions

    def evaluate(self, document: Any, variables: Mapping[str, Any], answers: Mapping[int, Any] | None = None) -> Any:
        """Return the value with each expression replaced by its result.

        Args:
            document: The input, `.`, of all expressions.
            variables: The variables' values by name, without `$`.
            answers: Results of expressions, by index, that the helper process has evaluated.

        Raises:
            ExpressionError: An expression failed.
            HelperNeeded: Some expressions must be evaluated by the helper; `indexes` names them all.
        """
        if self._fill is None:
            return self._value
        if not answers:
            try:
                return self._fill([expression.evaluate(document, variables) for expression in self.expressions])
            except HelperNeeded:
                answers = {}  # one after the other, then, to name all that need it
        return self._fill(self._evaluate_with(document, variables, answers))

    def _evaluate_with(self, document: Any, variables: Mapping[str, Any], answers: Mapping[int, Any]) -> list[Any]:
        results: list[Any] = []
        needed: list[int] = []
        for index, expression in enumerate(self.expressions):
            if index in answers:
                results.append(answers[index])
                continue
            try:
                results.append(expression.evaluate(document, variables))
            except HelperNeeded:
                needed.append(index)
        if needed:
            raise HelperNeeded("expressions of a template", tuple(needed))
        return results

    def foresee(self, document: Any, variables: Mapping[str, Any]) -> Any:
        """Evaluate where values may be `UNKNOWN`; what only the helper can tell is unknown too.

        Raises:
            ExpressionError: An expression will fail whatever the unknown values are.
        """
        if self._fill is None:
            return self._value
        return self._fill([_foresee(expression, document, variables) for expression in self.expressions])


def _foresee(expression: Expression, document: Any, variables: Mapping[str, Any]) -> Any:
    try:
        return expression.foresee(document, variables)
    except HelperNeeded:
        return UNKNOWN


def compile_template(value: Any) -> Template:
    """Compile a JSON value whose strings that are `${ }` are expressions. Raises `ExpressionSyntaxError`."""
    return Template(value)


def _compile_shape(value: Any, expressions: list[Expression]) -> _Fill | None:
    """Collect the expressions of a value; return what puts their results in its place, None for a constant."""
    if type(value) is str and is_expression(value):
        index = len(expressions)
        expressions.append(compile_expression(value))
        return lambda results: results[index]
    if type(value) is dict:
        pairs = [(key, item, _compile_shape(item, expressions)) for key, item in value.items()]
        if any(fill is not None for _, _, fill in pairs):
            return lambda results: {key: item if fill is None else fill(results) for key, item, fill in pairs}
    if type(value) is list:
        items = [(item, _compile_shape(item, expressions)) for item in value]
        if any(fill is not None for _, fill in items):
            return lambda results: [item if fill is None else fill(results) for item, fill in items]
    return None
