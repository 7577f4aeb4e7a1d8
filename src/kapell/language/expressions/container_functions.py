"""jq's functions on arrays and objects."""

from __future__ import annotations

from typing import Any

from kapell.language.expressions.errors import ExpressionError, HelperNeeded
from kapell.language.expressions.unknown import UNKNOWN, Undetermined
from kapell.language.expressions.values import (
    MAX_TEXT,
    add,
    describe,
    equals,
    get_item,
    make_sort_key,
    sort_values,
)

_MAX_CELLS = 50_000


def list_elements(value: Any) -> list[Any]:
    """Carry out `[.[]]`."""
    if type(value) is list:
        return value
    if type(value) is dict:
        return list(value.values())
    raise ExpressionError(f"Cannot iterate over {describe(value)}")


def list_keys(value: Any) -> list[Any]:
    """Carry out `keys`."""
    return sorted(value) if type(value) is dict else list_keys_unsorted(value)


def list_keys_unsorted(value: Any) -> list[Any]:
    """Carry out `keys_unsorted`."""
    if type(value) not in (dict, list):
        raise ExpressionError(f"{describe(value)} has no keys")
    return list(value) if type(value) is dict else list(range(len(value)))


def _array(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ExpressionError(f"{describe(value)} cannot be sorted, as it is not an array")
    return value


def add_up(value: Any) -> Any:
    """Carry out `add`."""
    items = list_elements(value)
    if items and all(type(item) is str for item in items):
        if sum(map(len, items)) > MAX_TEXT:
            raise HelperNeeded("a long text")
        return "".join(items)
    total = None
    for item in items:
        total = add(total, item)
        if type(total) is not int and type(total) is not float and len(items) > _MANY and total is not None:
            raise HelperNeeded("many containers to add")
    return total


_MANY = 200


def any_true(value: Any) -> bool:
    """Carry out `any`."""
    return any(item is not False and item is not None for item in list_elements(value))


def all_true(value: Any) -> bool:
    """Carry out `all`."""
    return all(item is not False and item is not None for item in list_elements(value))


def flatten(value: Any, depth: Any = 1e9) -> list[Any]:
    """Carry out `flatten` and `flatten(depth)`."""
    if type(depth) not in (int, float):
        raise HelperNeeded("a depth that is no number")
    if depth < 0:
        raise ExpressionError("flatten depth must not be negative")
    result: list[Any] = []
    for item in list_elements(value):
        if type(item) is list and depth > 0:
            result.extend(flatten(item, depth - 1))
        else:
            result.append(item)
    return result


def reverse(value: Any) -> Any:
    """Carry out `reverse`."""
    if type(value) is not list:
        if value is None or value == {}:
            return []
        raise HelperNeeded("reversal of no array")
    return value[::-1]


def sort(value: Any) -> list[Any]:
    """Carry out `sort`."""
    return sort_values(_array(value))


def unique(value: Any) -> list[Any]:
    """Carry out `unique`."""
    result: list[Any] = []
    for item in sort(value):
        if not result or not equals(result[-1], item):
            result.append(item)
    return result


def get_minimum(value: Any) -> Any:
    """Carry out `min`."""
    return min(_bounded(value), key=make_sort_key(value), default=None)


def get_maximum(value: Any) -> Any:
    """Carry out `max`; of equals, the last."""
    return max(reversed(_bounded(value)), key=make_sort_key(value), default=None)


def _bounded(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ExpressionError(f"{describe(value)} and {describe(value)} cannot be iterated over")
    return value


def to_entries(value: Any) -> list[dict[str, Any]]:
    """Carry out `to_entries`."""
    return [{"key": key, "value": value[key]} for key in list_keys_unsorted(value)]


def from_entries(value: Any) -> dict[str, Any]:
    """Carry out `from_entries`; entries without a plain `key` are judged by libjq."""
    result = {}
    for entry in list_elements(value):
        if type(entry) is not dict or type(entry.get("key")) is not str or not ("value" in entry or len(entry) == 1):
            raise HelperNeeded("unusual entries")
        result[entry["key"]] = entry.get("value")
    return result


def transpose(value: Any) -> list[Any]:
    """Carry out `transpose`."""
    if type(value) is not list or not all(type(row) is list for row in value):
        raise HelperNeeded("transposition of no matrix")
    width = max((len(row) for row in value), default=0)
    if width * len(value) > _MAX_CELLS:
        raise HelperNeeded("a large matrix")
    return [[row[column] if column < len(row) else None for row in value] for column in range(width)]


def get_first(value: Any) -> Any:
    """Carry out `first`."""
    return get_item(value, 0)


def get_last(value: Any) -> Any:
    """Carry out `last`."""
    return get_item(value, -1)


def get_path(value: Any, path: Any) -> Any:
    """Carry out `getpath(path)`."""
    if type(path) is not list:
        raise ExpressionError("Path must be specified as an array")
    for key in path:
        if value is UNKNOWN or key is UNKNOWN:
            raise Undetermined
        value = get_item(value, key)
    return value
