"""Compiling which events a task, a schedule or a subscription is about.

What a filter says is sorted here into what can be compared at once and what only an expression can tell, so that most
events are told apart without evaluating anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from kapell.language.expressions import Expression, Template, compile_expression, compile_template, tree
from kapell.language.program import (
    AttributeSpec,
    CorrelationSpec,
    FilterSpec,
    HandlerSpec,
    ListenSpec,
    StrategySpec,
)

if TYPE_CHECKING:
    from kapell.language import model as m

_OPERATORS: Final = re.compile(r"[*+?\[(|^$\\{]")
"""What a text must have at least one of to be a regular expression; a `.` alone is in every type of event."""


def is_pattern(text: str) -> bool:
    """Tell whether a text may be meant as a regular expression (decision 17)."""
    return _OPERATORS.search(text) is not None


def compile_listen(task: m.ListenTask, handler: HandlerSpec | None) -> ListenSpec:
    """Compile what a `listen` task awaits. Raises `ExpressionSyntaxError`."""
    strategy = compile_strategy(task.listen.to)
    until = strategy.until
    is_endless = until is not None and isinstance(until.tree, tree.Literal) and until.tree.value is False
    reads_values = until is not None and any(place[0] == "." for place in until.reads)
    return ListenSpec(
        strategy=strategy,
        read=task.listen.read,
        handler=handler,
        keeps_values=handler is not None and reads_values,
        # The output is the array of all that came, so all of it is kept while the task listens. A task that ends by
        # nothing but a fault, its timeout or a cancellation has no output, and may go on for years.
        keeps_outputs=not is_endless,
    )


def compile_strategy(strategy: m.EventStrategy) -> StrategySpec:
    """Compile which events are consumed: of a `listen` task, of `schedule.on`, of a subscription to events.

    Raises:
        ExpressionSyntaxError: An expression in it is none.
    """
    return _compile_strategy(strategy, [])


def _compile_strategy(strategy: m.EventStrategy, expects: list[Template]) -> StrategySpec:
    mode, written = _take_filters(strategy)
    filters = tuple(_compile_filter(one, expects) for one in written)
    until = until_events = None
    if isinstance(strategy.until, str):
        until = compile_expression(strategy.until)
    elif strategy.until is not None:
        until_events = _compile_strategy(strategy.until, expects)
    is_steady = mode != "all" and not expects and all(map(_is_steady, filters))
    return StrategySpec(
        mode=mode,
        filters=filters,
        expects=tuple(expects),
        until=until,
        until_events=until_events,
        is_steady=is_steady and (until_events is None or until_events.is_steady),
    )


def _take_filters(strategy: m.EventStrategy) -> tuple[str, tuple[m.EventFilter, ...]]:
    if strategy.one is not None:
        return "one", (strategy.one,)
    if strategy.all is not None:
        return "all", strategy.all
    return "any", strategy.any or ()


def _compile_filter(written: m.EventFilter, expects: list[Template]) -> FilterSpec:
    attributes = [_compile_attribute(name, value) for name, value in written.with_.items()]
    correlations = []
    for name, correlation in (written.correlate or {}).items():
        source = compile_expression(correlation.from_)
        expected = -1
        if correlation.expect is not None:
            expected = len(expects)
            expects.append(compile_template(correlation.expect))
        correlations.append(CorrelationSpec(name, source, _find_path(source), expected))
    return FilterSpec(tuple(sorted(attributes, key=_weigh)), tuple(correlations))


def _compile_attribute(name: str, written: Any) -> AttributeSpec:
    value = compile_template(written)
    if not value.is_constant:
        return AttributeSpec(name, value)
    return AttributeSpec(name, value, written, isinstance(written, str) and is_pattern(written))


def _weigh(attribute: AttributeSpec) -> int:
    """Return how much work it is to ask for an attribute: a comparison, an expression, a regular expression."""
    return 2 if attribute.is_pattern else int(not attribute.value.is_constant)


def _is_steady(spec: FilterSpec) -> bool:
    return not any(attribute.value.variables for attribute in spec.attributes) and not any(
        correlation.source.variables for correlation in spec.correlations
    )


def _find_path(expression: Expression) -> tuple[str, ...] | None:
    """Return the keys that a plain path such as `.data.orderId` names; `None` for any other expression."""
    keys: list[str] = []
    node = expression.tree
    while isinstance(node, tree.Index):
        if not isinstance(node.key, tree.Literal) or not isinstance(node.key.value, str):
            return None
        keys.append(node.key.value)
        node = node.target
    return tuple(reversed(keys)) if keys and isinstance(node, tree.Identity) else None
