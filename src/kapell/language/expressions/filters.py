"""What an expression is compiled to: closures over the live values.

A filter takes the input and the environment. Most give exactly one result and are plain functions (`single`); those
that may give none or several are functions that return an iterable (`multiple`). A filter has one of the two forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from kapell.language.expressions.costs import Environment, spend

One = Callable[[Any, Environment], Any]
Many = Callable[[Any, Environment], Iterable[Any]]


class NotNative(Exception):  # noqa: N818 -- an answer of the compiler, not a failure
    """Only libjq can evaluate this expression."""


class Filter(msgspec.Struct, frozen=True):
    """A compiled piece of an expression, in one of its two forms."""

    single: One | None
    multiple: Many | None

    @property
    def many(self) -> Many:
        """The filter as one that may give any number of results."""
        if self.multiple is not None:
            return self.multiple
        one = self.single
        assert one is not None

        def give_one(value: Any, env: Environment) -> Iterable[Any]:
            return (one(value, env),)

        return give_one


def single(function: One) -> Filter:
    """Make a filter that gives exactly one result."""
    return Filter(function, None)


def multiple(function: Many) -> Filter:
    """Make a filter that may give any number of results."""
    return Filter(None, function)


def combine(function: Callable[..., Any], filters: tuple[Filter, ...], order: tuple[int, ...] | None = None) -> Filter:
    """Make the filter that calls `function(input, result, ...)` with each combination of the filters' results.

    Args:
        function: What to call.
        filters: What gives its arguments after the input.
        order: In which order the filters are run, the first being the outermost loop; as they stand, if not given.
    """
    ones = [part.single for part in filters if part.single is not None]
    if len(ones) == len(filters):
        if len(ones) == 0:
            return single(lambda value, _env: function(value))
        if len(ones) == 1:
            (first,) = ones
            return single(lambda value, env: function(value, first(value, env)))
        return _combine_singles(function, ones, order)
    loops = order if order is not None else tuple(range(len(filters)))
    if len(ones) == len(filters) - 1:
        return multiple(_combine_one_loop(function, filters, loops))
    manies = [part.many for part in filters]

    def run(value: Any, env: Environment) -> Iterator[Any]:
        return _product(function, manies, loops, value, env)

    return multiple(run)


def _combine_one_loop(function: Callable[..., Any], filters: tuple[Filter, ...], loops: tuple[int, ...]) -> Many:
    """Compile the frequent case that only one filter may give several results."""
    looping = next(place for place in loops if filters[place].single is None)
    depth = loops.index(looping)
    before = [(place, one) for place in loops[:depth] if (one := filters[place].single) is not None]
    after = [(place, one) for place in loops[depth + 1 :] if (one := filters[place].single) is not None]
    many = filters[looping].many

    def run(value: Any, env: Environment) -> Iterator[Any]:
        arguments: list[Any] = [None] * len(filters)
        for place, one in before:
            arguments[place] = one(value, env)
        for arguments[looping] in many(value, env):
            for place, one in after:
                arguments[place] = one(value, env)
            yield function(value, *arguments)

    return run


def _combine_singles(function: Callable[..., Any], ones: list[One], order: tuple[int, ...] | None) -> Filter:
    backwards = order is not None and order[0] != 0
    if len(ones) == 2:  # noqa: PLR2004 -- the frequent case, without a list of arguments
        first, second = ones

        def run_two(value: Any, env: Environment) -> Any:
            return function(value, first(value, env), second(value, env))

        def run_two_backwards(value: Any, env: Environment) -> Any:
            right = second(value, env)
            return function(value, first(value, env), right)

        return single(run_two_backwards if backwards else run_two)

    def run(value: Any, env: Environment) -> Any:
        if backwards:
            return function(value, *reversed([one(value, env) for one in reversed(ones)]))
        return function(value, *[one(value, env) for one in ones])

    return single(run)


def _product(
    function: Callable[..., Any], manies: list[Many], loops: tuple[int, ...], value: Any, env: Environment
) -> Iterator[Any]:
    arguments: list[Any] = [None] * len(manies)

    def descend(depth: int) -> Iterator[Any]:
        if depth == len(loops):
            yield function(value, *arguments)
            return
        place = loops[depth]
        for result in manies[place](value, env):
            arguments[place] = result
            spend(env, 1)
            yield from descend(depth + 1)

    return descend(0)
