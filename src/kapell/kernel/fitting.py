"""Whether an event fits a filter (decisions 17 and 18).

An attribute must be equal to what is written, or the expression that is written must hold for it. A text that is not
equal may be a regular expression for the whole attribute; that is asked of the helper process, where a pattern that
takes too long is stopped. An expression that fails on an event says that the event does not fit: events come from
everywhere, and one of another form is no fault of the workflow's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.kernel.evaluation import NO_ANSWERS, NO_EXTRA, Answer, Evaluator, Seeing
from kapell.kernel.faults import StepError
from kapell.kernel.sizes import Known
from kapell.language.compiler_events import is_pattern
from kapell.language.expressions import compile_expression
from kapell.language.expressions.values import equals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kapell.language.program import AttributeSpec, CorrelationSpec, FilterSpec, StrategySpec

_NO_LIMIT: Final = 2**62
_WHOLE: Final = compile_expression(r'test($pattern) and test("\\A(?:\($pattern))\\z")')
"""Both: a pattern that is none by itself, such as `a)|(b`, is refused by the first."""

_ONE_STAR: Final = re.compile(r"[A-Za-z0-9_.:/-]*\.[*+][A-Za-z0-9_.:/-]*")
"""The commonest patterns, such as `com.example.*`; they take no time worth mentioning, so no helper is needed."""


class Fit(msgspec.Struct, frozen=True):
    """That an event fits.

    Attributes:
        filter: Which filter; 0 where any event fits.
        correlations: The values that the filter extracts from the event.
    """

    filter: int
    correlations: dict[str, Any]


class Sight:
    """What expressions see where there is no run: nothing but what they are asked of."""

    reference = ""

    def variables(self, names: frozenset[str], extra: Mapping[str, Any] = NO_EXTRA) -> Mapping[str, Any]:
        """Build the variables of these names."""
        return {name: extra.get(name) for name in names}


class Glance:
    """What is known when an event is looked at.

    Attributes:
        at: What expressions see.
        expected: What correlations are written to expect, by `CorrelationSpec.expected`.
        correlations: What was extracted before.
        evaluate: The evaluations of this look.
    """

    __slots__ = ("at", "correlations", "evaluate", "expected")

    def __init__(self, at: Seeing, expected: Sequence[Any], correlations: Mapping[str, Any]) -> None:
        """Know this."""
        self.at = at
        self.expected = expected
        self.correlations = correlations
        self.begin(NO_ANSWERS)

    def begin(self, answers: Mapping[int, Answer]) -> None:
        """Begin to look at an event, with what the helper has answered on it."""
        self.evaluate = Evaluator(answers, _NO_LIMIT, Known())

    def find_expected(self, correlation: CorrelationSpec) -> Any:
        """Return the value that an event must have; `None` if that is not known yet."""
        if correlation.expected >= 0:
            return self.expected[correlation.expected]
        return self.correlations.get(correlation.name)

    def agrees(self, correlation: CorrelationSpec, value: Any) -> bool:
        """Tell whether an event with this value correlates; the first one does, unless a value is written."""
        expected = self.find_expected(correlation)
        return equals(expected, value) or (expected is None and correlation.expected < 0)


def read_data(event: Mapping[str, Any]) -> Any:
    """Return an event's data; of binary data its base64 text, as the JSON format of CloudEvents has it."""
    return event["data"] if "data" in event else event.get("data_base64")


def find_fit(
    strategy: StrategySpec, event: Mapping[str, Any], glance: Glance, satisfied: Sequence[int] = ()
) -> Fit | None:
    """Return the first filter that still waits for an event and that this one fits; raises `NeedsHelp`."""
    if not strategy.filters:
        return Fit(0, {})
    for index, spec in enumerate(strategy.filters):
        if strategy.mode == "all" and index in satisfied:
            continue
        correlations = _fit(spec, event, glance)
        if correlations is not None:
            return Fit(index, correlations)
    return None


def _fit(spec: FilterSpec, event: Mapping[str, Any], glance: Glance) -> dict[str, Any] | None:
    """Return what a filter extracts from an event, or `None` if the event does not fit."""
    try:
        for attribute in spec.attributes:
            found = read_data(event) if attribute.name == "data" else event.get(attribute.name)
            if not _holds(attribute, found, glance):
                return None
        extracted: dict[str, Any] = {}
        for correlation in spec.correlations:
            value = glance.evaluate.expression(correlation.source, event, glance.at)
            if value is None or not glance.agrees(correlation, value):
                return None
            extracted[correlation.name] = value
    except StepError:
        return None
    return extracted


def _holds(attribute: AttributeSpec, found: Any, glance: Glance) -> bool:
    if attribute.value.is_constant:
        if equals(attribute.literal, found):
            return True
        return attribute.is_pattern and isinstance(found, str) and _is_whole(attribute.literal, found, glance)
    wanted = glance.evaluate.template(attribute.value, found, glance.at)
    if type(wanted) is bool and type(found) is not bool:
        return wanted
    if equals(wanted, found):
        return True
    both_texts = isinstance(wanted, str) and isinstance(found, str)
    return both_texts and is_pattern(wanted) and _is_whole(wanted, found, glance)


def _is_whole(pattern: str, text: str, glance: Glance) -> bool:
    """Tell whether a regular expression matches a whole text. Raises `StepError` for one that is none."""
    if _ONE_STAR.fullmatch(pattern):
        return re.fullmatch(pattern, text) is not None
    return glance.evaluate.condition(_WHOLE, text, glance.at, {"pattern": pattern})
