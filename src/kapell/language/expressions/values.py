"""What jq's operators mean on plain JSON values.

Three things differ from Python on purpose: booleans are no numbers (`true == 1` is false), values of different types
have an order (null, false, true, numbers, strings, arrays, objects), and `null` can be added to and indexed. One thing
differs from libjq: integers of 64 bits stay exact, and an integral result is an integer.

What cannot be decided here exactly as libjq would (repetition, infinities, very large values) raises `HelperNeeded`.
"""

from __future__ import annotations

import math
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.language.expressions.costs import MAX_VISITS, weigh_deep
from kapell.language.expressions.errors import ExpressionError, HelperNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_TEXT = 1_000_000
MAX_PAIRS = 20_000
_EXACT_DOUBLE = 2.0**53
_SMALLEST_INTEGER, _INTEGER_LIMIT = -(2**63), 2**64
_SHOWN = 29
_MAX_MIXED = 3_000

_TYPES = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
_RANKS = {type(None): 0, bool: 1, int: 2, float: 2, str: 3, list: 4, dict: 5}


def type_name(value: Any) -> str:
    """Return jq's name of a value's type."""
    return _TYPES[type(value)]


def describe(value: Any) -> str:
    """Return a value as jq's messages show it: its type, and the beginning of its text."""
    text = _show(value)
    if len(text) > _SHOWN:
        text = text[: _SHOWN - 4] + "..." + text[-1]
    return f"{type_name(value)} ({text})"


def _show(value: Any) -> str:
    if type(value) is str:
        value = value[:_SHOWN]
    elif weigh_deep((value,)) > MAX_VISITS:
        return "[...]" if type(value) is list else "{...}"
    try:
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    except (RecursionError, TypeError, ValueError):  # deep, not JSON (an unknown value), half a surrogate pair
        return "..."


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


# -- numbers -----------------------------------------------------------------------------------------------------------


def to_number(result: float) -> int | float:
    """Bring the result of arithmetic into its one form: an exact integer where it is one, else a finite double."""
    if type(result) is int:
        if _SMALLEST_INTEGER <= result < _INTEGER_LIMIT:
            return result
        return _to_double(result)
    if result.is_integer() and -_EXACT_DOUBLE <= result <= _EXACT_DOUBLE:
        return int(result)
    if not math.isfinite(result):
        raise HelperNeeded("infinite or no number")
    return result


def _to_double(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        raise HelperNeeded("infinite") from None


# -- operators ---------------------------------------------------------------------------------------------------------


def add(left: Any, right: Any) -> Any:
    """Carry out `left + right`."""
    kind, other = type(left), type(right)
    if kind is str and other is str:
        if len(left) + len(right) > MAX_TEXT:
            raise HelperNeeded("a long text")
        return left + right
    if _is_number(left) and _is_number(right):
        return to_number(left + right)
    if left is None:
        return right
    if right is None:
        return left
    if kind is other:
        if kind is dict:
            return {**left, **right}
        if kind is list:
            return left + right
    raise ExpressionError(f"{describe(left)} and {describe(right)} cannot be added")


def subtract(left: Any, right: Any) -> Any:
    """Carry out `left - right`; of an array, all elements that the other one has."""
    if _is_number(left) and _is_number(right):
        return to_number(left - right)
    if type(left) is list and type(right) is list:
        if len(left) * len(right) > MAX_PAIRS:
            raise HelperNeeded("large arrays")
        return [item for item in left if not any(equals(item, other) for other in right)]
    raise ExpressionError(f"{describe(left)} and {describe(right)} cannot be subtracted")


def multiply(left: Any, right: Any) -> Any:
    """Carry out `left * right`; of two objects, the deep merge."""
    if _is_number(left) and _is_number(right):
        return to_number(left * right)
    if type(left) is dict and type(right) is dict:
        return _merge(left, right)
    if (type(left) is str and _is_number(right)) or (_is_number(left) and type(right) is str):
        raise HelperNeeded("repetition of a text")
    raise ExpressionError(f"{describe(left)} and {describe(right)} cannot be multiplied")


def _merge(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    merged = dict(left)
    for key, value in right.items():
        own = merged.get(key)
        merged[key] = _merge(own, value) if type(own) is dict and type(value) is dict else value
    return merged


def divide(left: Any, right: Any) -> Any:
    """Carry out `left / right`; of two strings, the parts between the separators."""
    if _is_number(left) and _is_number(right):
        if right == 0:
            raise ExpressionError(
                f"{describe(left)} and {describe(right)} cannot be divided because the divisor is zero"
            )
        if type(left) is int and type(right) is int:
            quotient, remainder = divmod(left, right)
            if remainder == 0:
                return quotient
        return to_number(left / right)
    if type(left) is str and type(right) is str:
        return split(left, right)
    raise ExpressionError(f"{describe(left)} and {describe(right)} cannot be divided")


def remainder(left: Any, right: Any) -> Any:
    """Carry out `left % right` on the integral parts; the sign is that of `left`."""
    if not (_is_number(left) and _is_number(right)):
        raise ExpressionError(f"{describe(left)} and {describe(right)} cannot be divided (remainder)")
    dividend, divisor = int(left), int(right)
    if divisor == 0:
        message = f"{describe(left)} and {describe(right)} cannot be divided (remainder) because the divisor is zero"
        raise ExpressionError(message)
    if not (_SMALLEST_INTEGER < dividend < -_SMALLEST_INTEGER and _SMALLEST_INTEGER < divisor < -_SMALLEST_INTEGER):
        raise HelperNeeded("beyond 64 bits")
    result = abs(dividend) % abs(divisor)
    return -result if dividend < 0 else result


def negate(value: Any) -> Any:
    """Carry out `-value`."""
    if not _is_number(value):
        raise ExpressionError(f"{describe(value)} cannot be negated")
    return to_number(-value) if type(value) is int or not value else -value


def split(text: str, separator: str) -> list[str]:
    """Return the parts of a text between the separators; without a separator, its characters."""
    if not text:
        return []
    return text.split(separator) if separator else list(text)


# -- order -------------------------------------------------------------------------------------------------------------


def is_true(value: Any) -> bool:
    """Tell whether `if` takes a value for true: everything but `false` and `null`."""
    return value is not False and value is not None


def equals(left: Any, right: Any) -> bool:
    """Tell whether two values are the same to jq."""
    kind = type(left)
    if kind is not type(right):
        return _is_number(left) and _is_number(right) and bool(left == right)
    if kind is list:
        return len(left) == len(right) and all(equals(one, other) for one, other in zip(left, right, strict=True))
    if kind is dict:
        return left.keys() == right.keys() and all(equals(value, right[key]) for key, value in left.items())
    return bool(left == right)


def compare(left: Any, right: Any) -> int:
    """Return a negative number, 0 or a positive one, as `left` comes before, with or after `right`."""
    rank, other = _RANKS[type(left)], _RANKS[type(right)]
    if rank != other:
        return rank - other
    if rank == _RANKS[list]:
        return _compare_arrays(left, right)
    if rank == _RANKS[dict]:
        return _compare_objects(left, right)
    if rank == 0 or left == right:
        return 0
    return -1 if left < right else 1


def _compare_arrays(left: list[Any], right: list[Any]) -> int:
    for one, other in zip(left, right, strict=False):
        order = compare(one, other)
        if order:
            return order
    return len(left) - len(right)


def _compare_objects(left: dict[str, Any], right: dict[str, Any]) -> int:
    keys = sorted(left)
    order = _compare_arrays(keys, sorted(right))
    if order:
        return order
    return next((order for key in keys if (order := compare(left[key], right[key]))), 0)


sort_key: Callable[[Any], Any] = cmp_to_key(compare)
"""The key by which Python's `sorted` puts any JSON values into jq's order; slow, see `make_sort_key`."""


def sort_values(items: list[Any], key: Callable[[Any], Any] | None = None) -> list[Any]:
    """Return the items in order, by what `key` gives for each of them; equals keep their places."""
    return sorted(items, key=make_sort_key(items, key))


def make_sort_key(items: list[Any], key: Callable[[Any], Any] | None = None) -> Callable[[Any], Any] | None:
    """Return what Python can sort the items by: themselves where they are all texts or all numbers."""
    kinds = {type(item if key is None else key(item)) for item in items}
    if kinds <= {str} or kinds <= {int, float}:
        return key
    if len(items) > _MAX_MIXED:
        raise HelperNeeded("many values of several types")
    return sort_key if key is None else lambda item: sort_key(key(item))


# -- access ------------------------------------------------------------------------------------------------------------


def get_item(value: Any, key: Any) -> Any:
    """Carry out `value[key]`."""
    kind, key_kind = type(value), type(key)
    if kind is dict and key_kind is str:
        return value.get(key)
    if kind is list and _is_number(key):
        position = int(key)
        if position < 0:
            position += len(value)
        return value[position] if 0 <= position < len(value) else None
    if value is None and (key_kind is str or _is_number(key)):
        return None
    if key_kind is dict or (key_kind is list and (kind is list or value is None)):
        raise HelperNeeded("an index that is no string or number")
    if key_kind is str:
        raise ExpressionError(f'Cannot index {type_name(value)} with string ("{key}")')
    raise ExpressionError(f"Cannot index {type_name(value)} with {describe(key)}")


def get_slice(value: Any, start: Any, end: Any) -> Any:
    """Carry out `value[start:end]`; a bound that is null is open."""
    if value is None:
        return None
    if type(value) is not list and type(value) is not str:
        bounds = {"start": start, "end": end}
        raise ExpressionError(f"Cannot index {type_name(value)} with {describe(bounds)}")
    if not all(bound is None or _is_number(bound) for bound in (start, end)):
        raise ExpressionError("Array/string slice indices must be integers")
    length = len(value)
    first = 0 if start is None else _clamp(math.floor(_from_start(start, length)), length)
    last = length if end is None else _clamp(math.ceil(_from_start(end, length)), length)
    return value[first:last]


def _from_start(position: float, length: int) -> float:
    return position + length if position < 0 else position


def _clamp(position: int, length: int) -> int:
    return max(0, min(position, length))
