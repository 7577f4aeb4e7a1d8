"""jq's functions that take filters rather than values: they decide how often, and on what, their arguments run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from kapell.language.expressions.costs import MAX_VISITS, Environment, spend, weigh_deep
from kapell.language.expressions.errors import ExpressionError, HelperNeeded
from kapell.language.expressions.filters import (
    Filter,
    Many,
    NotNative,
    combine,
    multiple,
    single,
)
from kapell.language.expressions.unknown import UNKNOWN, Undetermined, contains_unknown
from kapell.language.expressions.values import describe, equals, make_sort_key, sort_values

Test = Callable[[Any], bool]


def _empty(_is_true: Test) -> Filter:
    return multiple(lambda _value, _env: ())


def _select(is_true: Test, condition: Filter) -> Filter:
    if condition.single is not None:
        test = condition.single
        return multiple(lambda value, env: (value,) if is_true(test(value, env)) else ())
    tests = condition.many
    return multiple(lambda value, env: (value for result in tests(value, env) if is_true(result)))


# -- cutting streams short ---------------------------------------------------------------------------------------------


def _first(_is_true: Test, source: Filter) -> Filter:
    sources = source.many
    return multiple(lambda value, env: islice(sources(value, env), 1))


def _last(_is_true: Test, source: Filter) -> Filter:
    sources = source.many

    def run(value: Any, env: Environment) -> Iterable[Any]:
        results = list(sources(value, env))
        return results[-1:]

    return multiple(run)


def _limit(_is_true: Test, count: Filter, source: Filter) -> Filter:
    counts, sources = count.many, source.many

    def run(value: Any, env: Environment) -> Iterator[Any]:
        for number in counts(value, env):
            _check_count(number, "limit doesn't support negative count")
            yield from islice(sources(value, env), number) if number else ()

    return multiple(run)


def _nth(_is_true: Test, place: Filter, source: Filter) -> Filter:
    places, sources = place.many, source.many

    def run(value: Any, env: Environment) -> Iterator[Any]:
        for number in places(value, env):
            _check_count(number, "nth doesn't support negative indices")
            yield from islice(sources(value, env), number, number + 1)

    return multiple(run)


def _check_count(number: Any, message: str) -> None:
    if number is UNKNOWN:
        raise Undetermined
    if type(number) is not int or number > MAX_VISITS:
        raise HelperNeeded("an unusual count")
    if number < 0:
        raise ExpressionError(message)


def _is_empty(_is_true: Test, source: Filter) -> Filter:
    sources = source.many
    return single(lambda value, env: not any(True for _ in sources(value, env)))


def _any(is_true: Test, source: Filter, condition: Filter) -> Filter:
    sources, tests = source.many, condition.many
    return single(
        lambda value, env: any(is_true(result) for item in sources(value, env) for result in tests(item, env))
    )


def _all(is_true: Test, source: Filter, condition: Filter) -> Filter:
    sources, tests = source.many, condition.many
    return single(
        lambda value, env: all(is_true(result) for item in sources(value, env) for result in tests(item, env))
    )


# -- loops -------------------------------------------------------------------------------------------------------------


def _range(_is_true: Test, *bounds: Filter) -> Filter:
    zero, one = single(lambda _value, _env: 0), single(lambda _value, _env: 1)
    start, stop, step = {1: (zero, *bounds, one), 2: (*bounds, one), 3: bounds}[len(bounds)]

    def gather(_value: Any, *numbers: Any) -> tuple[Any, ...]:
        return numbers

    combined = combine(gather, (start, stop, step)).many

    def run(value: Any, env: Environment) -> Iterator[Any]:
        for numbers in combined(value, env):
            yield from _count(numbers, env, strict=len(bounds) < 3)  # noqa: PLR2004 -- the form with a step

    return multiple(run)


def _count(numbers: tuple[Any, ...], env: Environment, *, strict: bool) -> range:
    if any(number is UNKNOWN for number in numbers):
        raise Undetermined
    if strict and not all(type(number) in (int, float) for number in numbers):
        raise ExpressionError("Range bounds must be numeric")
    if not all(type(number) is int for number in numbers) or numbers[2] == 0:
        raise HelperNeeded("an unusual range")
    counted = range(*numbers)
    spend(env, MAX_VISITS + 1 if counted.stop - counted.start > MAX_VISITS * abs(counted.step) else len(counted))
    return counted


def _until(is_true: Test, condition: Filter, update: Filter) -> Filter:
    if condition.single is None or update.single is None:
        raise NotNative("several states")
    test, following = condition.single, update.single

    def run(value: Any, env: Environment) -> Any:
        while not is_true(test(value, env)):
            spend(env, 1)
            value = following(value, env)
        return value

    return single(run)


def _recurse(_is_true: Test, update: Filter) -> Filter:
    updates = update.many

    def run(value: Any, env: Environment) -> Iterator[Any]:
        waiting = [iter((value,))]
        while waiting:
            for result in waiting[-1]:
                spend(env, 3)  # an iterator is made for each
                yield result
                waiting.append(iter(updates(result, env)))
                break
            else:
                waiting.pop()

    return multiple(run)


# -- by a key ----------------------------------------------------------------------------------------------------------


def _with_keys(value: Any, keys: Many, env: Environment) -> list[tuple[Any, Any]]:
    """Pair each element with what it is ordered by: all results of the filter for it."""
    if type(value) is not list:
        if value is UNKNOWN:
            raise Undetermined
        if type(value) is dict:
            raise HelperNeeded("the elements of an object by a key")
        raise ExpressionError(f"Cannot iterate over {describe(value)}")
    spend(env, len(value))
    keyed = [(list(keys(item, env)), item) for item in value]
    spend(env, weigh_deep(([key for key, _ in keyed],)))
    if contains_unknown([key for key, _ in keyed]):
        raise Undetermined
    return keyed


def _key_of(pair: tuple[Any, Any]) -> Any:
    return pair[0][0]


def _sorted(value: Any, keys: Many, env: Environment) -> list[tuple[Any, Any]]:
    pairs = _with_keys(value, keys, env)
    return sort_values(pairs, _key_of if all(len(key) == 1 for key, _ in pairs) else _whole_key_of)


def _whole_key_of(pair: tuple[Any, Any]) -> Any:
    return pair[0]


def _sort_by(_is_true: Test, key: Filter) -> Filter:
    keys = key.many
    return single(lambda value, env: [item for _, item in _sorted(value, keys, env)])


def _group_by(_is_true: Test, key: Filter) -> Filter:
    keys = key.many
    return single(lambda value, env: _group(value, keys, env))


def _unique_by(_is_true: Test, key: Filter) -> Filter:
    keys = key.many
    return single(lambda value, env: [group[0] for group in _group(value, keys, env)])


def _group(value: Any, keys: Many, env: Environment) -> list[list[Any]]:
    groups: list[list[Any]] = []
    last: Any = None
    for key, item in _sorted(value, keys, env):
        if groups and equals(last, key):
            groups[-1].append(item)
        else:
            groups.append([item])
        last = key
    return groups


def _min_by(_is_true: Test, key: Filter) -> Filter:
    keys = key.many

    def run(value: Any, env: Environment) -> Any:
        pairs = _with_keys(value, keys, env)
        return min(pairs, key=make_sort_key(pairs, _whole_key_of), default=(None, None))[1]

    return single(run)


def _max_by(_is_true: Test, key: Filter) -> Filter:
    keys = key.many

    def run(value: Any, env: Environment) -> Any:
        pairs = _with_keys(value, keys, env)
        return max(reversed(pairs), key=make_sort_key(pairs, _whole_key_of), default=(None, None))[1]

    return single(run)


CALLS: dict[tuple[str, int], Callable[..., Filter]] = {
    ("empty", 0): _empty,
    ("select", 1): _select,
    ("first", 1): _first,
    ("last", 1): _last,
    ("limit", 2): _limit,
    ("nth", 2): _nth,
    ("isempty", 1): _is_empty,
    ("any", 2): _any,
    ("all", 2): _all,
    ("range", 1): _range,
    ("range", 2): _range,
    ("range", 3): _range,
    ("until", 2): _until,
    ("recurse", 1): _recurse,
    ("sort_by", 1): _sort_by,
    ("group_by", 1): _group_by,
    ("unique_by", 1): _unique_by,
    ("min_by", 1): _min_by,
    ("max_by", 1): _max_by,
}
"""The functions by name and number of arguments; each is given the test of truth, and its compiled arguments."""
