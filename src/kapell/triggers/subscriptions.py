"""What a trigger of the kind `event` says, read: which events it fires for."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Final

import msgspec

from kapell.errors import UsageError
from kapell.language import load_workflow
from kapell.language.compiler_events import compile_strategy
from kapell.language.expressions import ExpressionSyntaxError
from kapell.language.program import StrategySpec
from kapell.triggers.model import TriggerEvents
from kapell.triggers.timing import read_length

LONGEST_DEBOUNCE: Final = timedelta(days=1)

_DOCUMENT: Final = {"dsl": "1.0.3", "namespace": "kapell", "name": "trigger", "version": "1.0.0"}
_TASKS: Final = [{"begin": {"set": {"value": 1}}}]


class Subscription(msgspec.Struct, frozen=True):
    """Which events a trigger fires for.

    Attributes:
        strategy: The filters.
        debounce: It fires once no further event has come for so long; zero if at once.
    """

    strategy: StrategySpec
    debounce: timedelta


def read_subscription(events: TriggerEvents) -> Subscription:
    """Read which events a trigger fires for. Raises `UsageError`."""
    return _read(msgspec.json.encode(events))


@lru_cache(maxsize=20_000)
def _read(written: bytes) -> Subscription:
    events = msgspec.json.decode(written, type=TriggerEvents)
    # The language says what filters are. So they are read as it reads them, with its messages: as part of a workflow.
    source = msgspec.json.encode({"document": _DOCUMENT, "schedule": {"on": events.on}, "do": _TASKS})
    schedule = load_workflow(source, "the events of the trigger").schedule
    if schedule is None or schedule.on is None:
        raise UsageError("The trigger names no events.", hint="Write `one`, `any` or `all` with filters.")
    try:
        strategy = compile_strategy(schedule.on)
    except ExpressionSyntaxError as error:
        raise UsageError(f"A filter has an expression that is none: {error.message}.", hint=error.hint) from None
    if schedule.on.until is not None:
        raise UsageError("`until` cannot be had where events start runs.", hint="Listen in the workflow for more.")
    if strategy.mode == "all" and not strategy.filters:
        raise UsageError("`all` names no events.", hint="Write filters, or `any: []` for every event.")
    debounce = read_length("debounce", events.debounce)
    if debounce > LONGEST_DEBOUNCE:
        raise UsageError("The debouncing time is longer than a day.", hint="Write PT24H or less.")
    if debounce and strategy.mode == "all":
        raise UsageError("`all` cannot be debounced.", hint="Use `one` or `any` with `debounce`.")
    return Subscription(strategy, debounce)
