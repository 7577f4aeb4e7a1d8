"""Listening: which events a task waits for, and whether one that has come is one of them.

An event is worth looking at when it agrees with one of the task's keys: with the values that a filter names and that
are known beforehand. What only an expression can tell is asked afterwards, of the events that remain. All of it reads
the state of a run and changes nothing; the command that `Match` makes does.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.kernel.arguments import Surroundings
from kapell.kernel.commands import ReceiveEvent
from kapell.kernel.consumption import Consumed
from kapell.kernel.evaluation import NO_EXTRA
from kapell.kernel.faults import StepError
from kapell.kernel.fitting import Fit, Glance, Sight, find_fit, read_data
from kapell.kernel.state import ROOT, Entry, ListenProgress, State
from kapell.language.compiler_events import is_pattern
from kapell.language.expressions import ExpressionError, HelperNeeded
from kapell.language.expressions.values import equals
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kapell.kernel.evaluation import Answer
    from kapell.language.expressions import Template
    from kapell.language.program import AttributeSpec, FilterSpec, ListenSpec, Program, StrategySpec


class ListenKey(msgspec.Struct, frozen=True, order=True, gc=False):
    """Values that an event must have in certain places.

    Attributes:
        shape: The places, as text; few different ones are in use at any time.
        digest: A hash of the namespace, the shape and the values, 16 bytes.
    """

    shape: str
    digest: bytes


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """That an event is one that a task waits for; the attributes are those of the command `ReceiveEvent`."""

    position: int
    filter: int
    until: bool
    value: Any
    event_id: str
    source: str
    type: str
    correlations: dict[str, Any]
    reference: str

    def make_command(self, entry: int) -> ReceiveEvent:
        """Return the command that hands the event to the task, which is the entry `entry`."""
        return ReceiveEvent(
            entry=entry,
            position=self.position,
            filter=self.filter,
            until=self.until,
            value=self.value,
            event_id=self.event_id,
            source=self.source,
            type=self.type,
            correlations=self.correlations,
            reference=self.reference,
        )


class Matching:
    """What a listening task makes of events, at one moment of its run.

    Attributes:
        cursor: The task has no business with events up to this position.
    """

    __slots__ = ("_consumed", "_glance", "_progress", "_reference", "_spec", "cursor")

    def __init__(self, program: Program, state: State, entry: int) -> None:
        """Look at an entry; one that does not listen any more matches nothing."""
        found = state.entries.get(entry)
        self._progress = None if found is None else found.listening
        self.cursor = 0 if self._progress is None else self._progress.cursor
        if found is None or self._progress is None:
            return
        self._consumed = state.consumed.get(found.node, _NOTHING)
        self._reference = found.reference
        self._spec: ListenSpec = program.nodes[found.node].spec
        self._glance = _glance(program, state, found, self._progress)

    def skips(self, position: int) -> bool:
        """Tell whether the task is done with an event, whatever it is."""
        return position <= self.cursor or (self._progress is not None and self._consumed.holds(position))

    def match(
        self, position: int, event: Mapping[str, Any], answers: Mapping[int, Answer], text: bytes = b""
    ) -> Match | None:
        """Tell what an event is to the task.

        Args:
            position: The event's position.
            event: The whole CloudEvent, as an object.
            answers: What the expression helper said to the calls before, by slot.
            text: The event's JSON text as it came, for `read: raw`.

        Returns:
            What the command needs, or `None` if the task does not wait for this event.

        Raises:
            NeedsHelp: The helper must evaluate something first; call again with its answers and those before.
        """
        progress = self._progress
        if progress is None or not progress.wants or self.skips(position):
            return None
        strategy = self._spec.strategy
        self._glance.begin(answers)
        until = strategy.until_events
        fit = None if until is None else find_fit(until, event, self._glance, progress.until_satisfied)
        if fit is not None:
            return self._make_match(position, event, fit, None, until=True)
        fit = find_fit(strategy, event, self._glance, progress.satisfied)
        return None if fit is None else self._make_match(position, event, fit, read_event(self._spec.read, event, text))

    def _make_match(
        self, position: int, event: Mapping[str, Any], fit: Fit, value: Any, *, until: bool = False
    ) -> Match:
        return Match(
            position=position,
            filter=fit.filter,
            until=until,
            value=value,
            event_id=str(event.get("id", "")),
            source=str(event.get("source", "")),
            type=str(event.get("type", "")),
            correlations=fit.correlations,
            reference=self._reference,
        )


_NOTHING: Final = Consumed()


def _glance(program: Program, state: State, entry: Entry, progress: ListenProgress) -> Glance:
    at = Surroundings(
        program,
        state,
        program.nodes[entry.node],
        reference=entry.reference,
        scope=entry.scope,
        named=state.entries[entry.parent].variables if entry.entry != ROOT else {},
        raw_input=entry.raw_input,
        started_at=entry.entered_at,
    )
    at.input = entry.input
    return Glance(at, progress.expected, state.correlations)


def match_event(
    strategy: StrategySpec,
    event: Mapping[str, Any],
    answers: Mapping[int, Answer],
    satisfied: Sequence[int] = (),
    correlations: Mapping[str, Any] = NO_EXTRA,
) -> Fit | None:
    """Tell which filter of a strategy an event satisfies, where there is no run: expressions see the event alone.

    Args:
        strategy: From `compile_strategy`.
        event: The whole CloudEvent, as an object.
        answers: What the expression helper said to the calls before, by slot.
        satisfied: With `all`, the filters that have had an event.
        correlations: With `all`, the values that those extracted.

    Returns:
        The filter and what it extracts, or `None`.

    Raises:
        NeedsHelp: The helper must evaluate something first; call again with its answers and those before.
    """
    glance = Glance(Sight(), [], correlations)
    glance.begin(answers)
    glance.expected = [_expect(each, event, glance) for each in strategy.expects]
    return find_fit(strategy, event, glance, satisfied)


_NEVER: Final = object()
"""What no value is equal to."""


def _expect(expect: Template, event: Mapping[str, Any], glance: Glance) -> Any:
    try:
        return glance.evaluate.template(expect, event, glance.at)
    except StepError:
        return _NEVER


def read_event(read: str, event: Mapping[str, Any], text: bytes = b"") -> Any:
    """Return what is read of an event: its `data`, the `envelope` (all of it) or its `raw` JSON text."""
    if read == "envelope":
        return dict(event)
    if read == "raw":
        return (text or msgspec.json.encode(event)).decode()
    return read_data(event)


def find_refusal(program: Program, state: State, command: ReceiveEvent) -> Reason | None:
    """Return why a task cannot have an event that was found for it, or `None` if it can.

    Between the search and the command the run may have gone on: the task may have ended or had another event, and
    another task may have extracted a value that correlates.
    """
    entry = state.entries.get(command.entry)
    progress = None if entry is None else entry.listening
    if entry is None or progress is None or not progress.wants:
        return Reason("stale", "The task wants no event any more.")
    consumed = state.consumed.get(entry.node, _NOTHING)
    if command.position <= progress.cursor or consumed.holds(command.position):
        return Reason("stale", "The task is past this event.")
    spec: ListenSpec = program.nodes[entry.node].spec
    strategy = spec.strategy.until_events if command.until else spec.strategy
    satisfied = progress.until_satisfied if command.until else progress.satisfied
    if strategy is None or (command.filter in satisfied and strategy.mode == "all"):
        return Reason("stale", "The task has had an event for this filter.")
    if not 0 <= command.filter < max(len(strategy.filters), 1):
        return Reason("stale", "The task has no such filter.")
    return _find_other_value(strategy, state, command) if strategy.filters else None


def _find_other_value(strategy: StrategySpec, state: State, command: ReceiveEvent) -> Reason | None:
    for correlation in strategy.filters[command.filter].correlations:
        known = state.correlations.get(correlation.name)
        found = command.correlations.get(correlation.name)
        if correlation.expected < 0 and known is not None and not equals(known, found):
            return Reason("stale", f"The correlation `{correlation.name}` has another value by now.")
    return None


# -- keys --------------------------------------------------------------------------------------------------------------

Values = dict[str, Any]
"""Places of an event, such as `type` or `data.orderId`, and what stands there."""

_PLAIN_STEP: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALARS: Final = (str, bool, int, float)
_encode = msgspec.json.Encoder().encode


def list_keys(program: Program, state: State, entry: int) -> tuple[ListenKey, ...]:
    """Return the keys of what a listening task still waits for; nothing if it listens no more.

    Each event that the task could consume now agrees with one of them (`key_event`).
    """
    found = state.entries.get(entry)
    if found is None or found.listening is None:
        return ()
    progress = found.listening
    strategy: StrategySpec = program.nodes[found.node].spec.strategy
    glance = _glance(program, state, found, progress)
    keys = {make_key(program.namespace, values) for values in _iter_values(strategy, glance, progress.satisfied)}
    if strategy.until_events is not None:
        until = _iter_values(strategy.until_events, glance, progress.until_satisfied)
        keys |= {make_key(program.namespace, values) for values in until}
    return tuple(sorted(keys))


def list_types(program: Program, state: State, entry: int) -> frozenset[str]:
    """Return the types of all events that a listening task could consume now; nothing if it may be any type."""
    found = state.entries.get(entry)
    if found is None or found.listening is None:
        return frozenset()
    progress = found.listening
    strategy: StrategySpec = program.nodes[found.node].spec.strategy
    glance = _glance(program, state, found, progress)
    wanted = [*_iter_values(strategy, glance, progress.satisfied)]
    if strategy.until_events is not None:
        wanted += _iter_values(strategy.until_events, glance, progress.until_satisfied)
    types = {values.get("type") for values in wanted}
    return frozenset(map(str, types)) if None not in types else frozenset()


def list_strategy_keys(strategy: StrategySpec, namespace: str) -> tuple[ListenKey, ...]:
    """Return the keys of all filters of a strategy, where there is no run."""
    expected = [each.evaluate(None, {}) if each.is_constant else None for each in strategy.expects]
    glance = Glance(Sight(), expected, {})
    return tuple(sorted({make_key(namespace, values) for values in _iter_values(strategy, glance, ())}))


def make_key(namespace: str, values: Values) -> ListenKey:
    """Return the key of events that have these values."""
    places = sorted(values)
    shape = "|".join(places)
    return ListenKey(shape, _digest(namespace, shape, [values[place] for place in places]))


def key_event(shape: str, namespace: str, event: Mapping[str, Any]) -> bytes | None:
    """Return the digest of what stands in an event in the places of a shape; `None` where it has not all of them."""
    values: list[Any] = []
    for path in _parse_shape(shape):
        value = _look_up(event, path)
        if not isinstance(value, _SCALARS):
            return None
        values.append(value)
    return _digest(namespace, shape, values)


def _digest(namespace: str, shape: str, values: Sequence[Any]) -> bytes:
    text = _encode([namespace, shape, [_normalise(value) for value in values]])
    return hashlib.blake2b(text, digest_size=16).digest()


def _normalise(value: Any) -> Any:
    """Let numbers that are equal look the same."""
    return int(value) if type(value) is float and value.is_integer() else value


@lru_cache(maxsize=4096)
def _parse_shape(shape: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(place.split(".")) for place in shape.split("|")) if shape else ()


def _look_up(event: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = read_data(event) if path[0] == "data" else event.get(path[0])
    for step in path[1:]:
        if type(value) is not dict:
            return None
        value = value.get(step)
    return value


def _iter_values(strategy: StrategySpec, glance: Glance, satisfied: Sequence[int]) -> Iterator[Values]:
    """Yield what is known beforehand of the events that each filter still waits for."""
    if not strategy.filters:
        yield {}
    for index, spec in enumerate(strategy.filters):
        if strategy.mode != "all" or index not in satisfied:
            yield _list_values(spec, glance)


def _list_values(spec: FilterSpec, glance: Glance) -> Values:
    values: Values = {}
    for attribute in spec.attributes:
        if _PLAIN_STEP.fullmatch(attribute.name):
            _add(values, attribute.name, _foresee(attribute, glance))
    for correlation in spec.correlations:
        if correlation.path is not None and all(_PLAIN_STEP.fullmatch(step) for step in correlation.path):
            _add(values, ".".join(correlation.path), glance.find_expected(correlation))
    return values


def _add(values: Values, place: str, value: Any) -> None:
    if isinstance(value, _SCALARS):
        values.setdefault(place, value)


def _foresee(attribute: AttributeSpec, glance: Glance) -> Any:
    """Return what an attribute must be equal to, if that is known whatever the event is; otherwise `None`."""
    if attribute.value.is_constant:
        return None if attribute.is_pattern else attribute.literal
    if any(place[0] == "." for expression in attribute.value.expressions for place in expression.reads):
        return None
    try:
        value = attribute.value.evaluate(None, glance.at.variables(attribute.value.variables))
    except (ExpressionError, HelperNeeded):
        return None
    return None if type(value) is bool or (isinstance(value, str) and is_pattern(value)) else value
