"""How much an evaluation visits, and when that is too much to be done in the engine's own process.

One visit stands for some 100 ns of work; the limit keeps an evaluation well under the 100 ms that the event loop may be
held. What is beyond it is not refused but left to the helper process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from kapell.language.expressions.errors import HelperNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

Cost = Literal["plain", "copy", "elements", "deep", "letters"]
"""What a function visits: next to nothing; what it copies at C's speed; each element of its arguments; all that is in
them; all that is in them and each letter of the texts."""

Environment = Mapping[str, Any]
"""The variables' values by name, and under `BUDGET` the list that holds the remaining number of visits."""

MAX_VISITS = 20_000
"""How many values an expression may visit here."""

BUDGET = ""
"""The key of the remaining visits in an environment, set only where there are loops; no variable can be named so."""

_COPIES_A_VISIT = 32
_COPIED_BYTES_A_VISIT = 2048
_LETTERS_A_VISIT = 8
_BYTES_A_VISIT = 256


def spend(env: Environment, visits: int) -> None:
    """Count visits to values. Raises `HelperNeeded` when there were too many of them."""
    budget = env.get(BUDGET)
    if budget is None:
        remaining = MAX_VISITS - visits
    else:
        budget[0] = remaining = budget[0] - visits
    if remaining < 0:
        raise HelperNeeded("more values to visit than are visited here")


def weigh_copy(arguments: tuple[Any, ...]) -> int:
    """Return the cost of copying the arguments."""
    visits = 0
    for argument in arguments:
        if type(argument) in (list, dict):
            visits += len(argument) // _COPIES_A_VISIT
        elif type(argument) is str:
            visits += len(argument) // _COPIED_BYTES_A_VISIT
    return visits


def weigh_elements(arguments: tuple[Any, ...]) -> int:
    """Return the cost of looking at each element or letter of the arguments."""
    visits = 0
    for argument in arguments:
        if type(argument) in (list, dict):
            visits += len(argument)
        elif type(argument) is str:
            visits += len(argument) // _LETTERS_A_VISIT
    return visits


def weigh_deep(arguments: tuple[Any, ...], letters_a_visit: int = _BYTES_A_VISIT) -> int:
    """Return the cost of looking at all that is in the arguments; no more is counted than allowed."""
    visits = 0
    waiting: list[Any] = list(arguments)
    while waiting:
        value = waiting.pop()
        if type(value) is str:
            visits += len(value) // letters_a_visit
        elif type(value) is list or type(value) is dict:
            visits += len(value)
            if visits > MAX_VISITS:
                return visits
            waiting.extend(value.values() if isinstance(value, dict) else value)
    return visits


def weigh_letters(arguments: tuple[Any, ...]) -> int:
    """Return the cost of looking at all that is in the arguments, letter by letter."""
    return weigh_deep(arguments, _LETTERS_A_VISIT)


WEIGHERS: dict[Cost, Callable[[tuple[Any, ...]], int]] = {
    "copy": weigh_copy,
    "elements": weigh_elements,
    "deep": weigh_deep,
    "letters": weigh_letters,
}
"""What weighs the arguments of functions of each cost but `plain`."""
