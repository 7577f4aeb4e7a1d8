"""Words for what a task listens for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.language.program import FilterSpec, StrategySpec

_MOST = 5


def say_strategy(strategy: StrategySpec) -> str:
    """Return what a strategy waits for, such as ``an event of type `a` or `b` ``."""
    if not strategy.filters:
        return "any event"
    if strategy.mode == "all" and len(strategy.filters) > 1:
        return f"{len(strategy.filters)} events: {say_filters(strategy.filters, 'and')}"
    return f"an event {say_filters(strategy.filters, 'or')}"


def say_filters(filters: Sequence[FilterSpec], word: str) -> str:
    """Return what events some filters are about, by their types."""
    types = list(dict.fromkeys(_say_type(spec) for spec in filters))
    if len(types) > _MOST:
        types[_MOST - 1 :] = [f"{len(types) - _MOST + 1} more"]
    *before, last = types
    return f"{', '.join(before)} {word} {last}" if before else last


def list_types(filters: Sequence[FilterSpec]) -> list[str]:
    """Return the types that filters name, as they are written."""
    written = (attribute.literal for spec in filters for attribute in spec.attributes if attribute.name == "type")
    return [literal for literal in dict.fromkeys(written) if isinstance(literal, str)]


def _say_type(spec: FilterSpec) -> str:
    """Return the type that a filter names, or that it asks for something else."""
    names = list_types([spec])
    if names:
        return f"of type `{names[0]}`"
    asked = [f"`{attribute.name}`" for attribute in spec.attributes]
    return f"with a certain {', '.join(asked)}" if asked else "of any type"
