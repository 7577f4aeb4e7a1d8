"""The operators between two values: what each does, what it costs, and its closure for single results."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from kapell.language.expressions import values
from kapell.language.expressions.costs import WEIGHERS, Cost, Environment, spend, weigh_copy, weigh_deep

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.language.expressions.filters import One

OPERATORS: dict[str, tuple[Callable[[Any, Any], Any], Cost]] = {
    "+": (values.add, "copy"),
    "-": (values.subtract, "deep"),
    "*": (values.multiply, "deep"),
    "/": (values.divide, "elements"),
    "%": (values.remainder, "plain"),
    "==": (values.equals, "deep"),
    "!=": (lambda left, right: not values.equals(left, right), "deep"),
    "<": (lambda left, right: values.compare(left, right) < 0, "deep"),
    "<=": (lambda left, right: values.compare(left, right) <= 0, "deep"),
    ">": (lambda left, right: values.compare(left, right) > 0, "deep"),
    ">=": (lambda left, right: values.compare(left, right) >= 0, "deep"),
}


ASSIGNMENTS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda _old, given: given,
    "//=": lambda old, given: old if values.is_true(old) else given,
    **{f"{sign}=": OPERATORS[sign][0] for sign in "+-*/%"},
}
"""What an assignment makes of the old value and the operand."""

_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_ORDERED = frozenset({int, float, str})
_SIZED = frozenset({str, list, dict})
_CONTAINERS = frozenset({list, dict})


def compile_operator(sign: str, left: One, right: One) -> One:
    """Compile an operator on single results; two texts or two integers, which are most of all, come first."""
    function, cost = OPERATORS[sign]
    if sign == "+":

        def run_add(value: Any, env: Environment) -> Any:
            other = right(value, env)
            one = left(value, env)
            result = values.add(one, other)
            if type(result) in _SIZED:
                spend(env, weigh_copy((result,)))
            return result

        return run_add
    if sign in ("==", "!="):
        expected = sign == "=="

        def run_equal(value: Any, env: Environment) -> Any:
            other = right(value, env)
            one = left(value, env)
            if type(one) is type(other) and type(one) not in _CONTAINERS:
                return (one == other) is expected
            spend(env, weigh_deep((one,)))
            return values.equals(one, other) is expected

        return run_equal

    if sign in _COMPARISONS:
        plain = _COMPARISONS[sign]

        def run_compare(value: Any, env: Environment) -> Any:
            other = right(value, env)
            one = left(value, env)
            if type(one) is type(other) and type(one) in _ORDERED:
                return plain(one, other)
            spend(env, weigh_deep((one,)))
            return function(one, other)

        return run_compare

    weigh = WEIGHERS["elements" if cost == "plain" else cost]

    def run(value: Any, env: Environment) -> Any:
        other = right(value, env)
        one = left(value, env)
        if type(one) in _SIZED:
            spend(env, weigh((one, other)))
        return function(one, other)

    return run
