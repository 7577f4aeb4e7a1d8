"""jq's functions on values, as far as Python can give exactly what libjq gives.

Each takes the input and then its arguments, one value each, and either returns the result, raises `ExpressionError` as
jq would, or raises `HelperNeeded` where only libjq can tell its answer. The table at the end says what each costs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from kapell.language.expressions.errors import ExpressionError, HelperNeeded
from kapell.language.expressions.values import (
    describe,
    equals,
    get_item,
    negate,
    to_number,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.language.expressions.costs import Cost
from kapell.language.expressions.container_functions import (
    add_up,
    all_true,
    any_true,
    flatten,
    from_entries,
    get_first,
    get_last,
    get_maximum,
    get_minimum,
    get_path,
    list_keys,
    list_keys_unsorted,
    reverse,
    sort,
    to_entries,
    transpose,
    unique,
)
from kapell.language.expressions.text_functions import (
    count_bytes,
    ends_with,
    explode,
    find_first_index,
    find_last_index,
    join_texts,
    list_indices,
    lower_ascii,
    parse_boolean,
    parse_json,
    parse_number,
    split_text,
    starts_with,
    strip_both,
    strip_prefix,
    strip_suffix,
    to_json,
    to_text,
    trim,
    trim_left,
    trim_right,
    upper_ascii,
)


def get_length(value: Any) -> Any:
    """Carry out `length`."""
    if value is None:
        return 0
    if type(value) is bool:
        raise ExpressionError(f"{describe(value)} has no length")
    if type(value) in (int, float):
        return negate(value) if value < 0 else value
    return len(value)


def has_key(value: Any, key: Any) -> bool:
    """Carry out `has(key)`."""
    if type(value) is dict and type(key) is str:
        return key in value
    if type(value) is list and type(key) in (int, float):
        return 0 <= int(key) < len(value)
    if value is None:
        return False
    raise ExpressionError(f"Cannot check whether {type_name(value)} has a {type_name(key)} key")


def raise_error(_value: Any, message: Any) -> Any:
    """Carry out `error(message)`."""
    raise ExpressionError(message)


def is_contained(value: Any, other: Any) -> bool:
    """Carry out `contains(other)`."""
    if type(value) is dict and type(other) is dict:
        return all(key in value and _contains(value[key], part) for key, part in other.items())
    if type(value) is not type(other) and type_name(value) != type_name(other):
        raise ExpressionError(f"{describe(value)} and {describe(other)} cannot have their containment checked")
    if type(value) is bool and value is not other:
        raise ExpressionError(f"{describe(value)} and {describe(other)} cannot have their containment checked")
    return _contains(value, other)


def _contains(value: Any, other: Any) -> bool:
    kind = type(value)
    if kind is type(other):
        if kind is dict:
            return all(key in value and _contains(value[key], part) for key, part in other.items())
        if kind is list:
            return all(any(_contains(item, part) for item in value) for part in other)
        if kind is str:
            return other in value
    return equals(value, other)


def is_inside(value: Any, other: Any) -> bool:
    """Carry out `inside(other)`."""
    return is_contained(other, value)


# -- numbers -----------------------------------------------------------------------------------------------------------


def _numeric(function: Callable[[float], float]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        if type(value) is int:
            return value if function in _INTEGRAL else to_number(function(value))
        if type(value) is not float:
            raise ExpressionError(f"{describe(value)} number required")
        return to_number(function(value))

    return apply


def _round(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _sqrt(value: float) -> float:
    if value < 0:
        raise HelperNeeded("no number")
    return math.sqrt(value)


_INTEGRAL = frozenset({math.floor, math.ceil, math.trunc, _round})


def get_absolute(value: Any) -> Any:
    """Carry out `abs`."""
    if type(value) is str or (type(value) in (list, dict)):
        raise HelperNeeded("the order of types")
    return (
        value if type(value) in (int, float) and value > 0 else negate(value) if value else to_number(_as_number(value))
    )


def _as_number(value: Any) -> Any:
    if type(value) not in (int, float):
        raise ExpressionError(f"{describe(value)} cannot be negated")
    return value


FUNCTIONS: dict[tuple[str, int], tuple[Callable[..., Any], Cost]] = {
    ("length", 0): (get_length, "plain"),
    ("keys", 0): (list_keys, "elements"),
    ("keys_unsorted", 0): (list_keys_unsorted, "copy"),
    ("has", 1): (has_key, "plain"),
    ("in", 1): (lambda value, other: has_key(other, value), "plain"),
    ("type", 0): (type_name, "plain"),
    ("not", 0): (lambda value: value is False or value is None, "plain"),
    ("tojson", 0): (to_json, "deep"),
    ("tostring", 0): (to_text, "deep"),
    ("fromjson", 0): (parse_json, "letters"),
    ("tonumber", 0): (parse_number, "plain"),
    ("toboolean", 0): (parse_boolean, "plain"),
    ("error", 0): (lambda value: raise_error(value, value), "plain"),
    ("error", 1): (raise_error, "plain"),
    ("contains", 1): (is_contained, "deep"),
    ("inside", 1): (is_inside, "deep"),
    ("floor", 0): (_numeric(math.floor), "plain"),
    ("ceil", 0): (_numeric(math.ceil), "plain"),
    ("trunc", 0): (_numeric(math.trunc), "plain"),
    ("round", 0): (_numeric(_round), "plain"),
    ("sqrt", 0): (_numeric(_sqrt), "plain"),
    ("fabs", 0): (_numeric(math.fabs), "plain"),
    ("abs", 0): (get_absolute, "plain"),
    ("ascii_downcase", 0): (lower_ascii, "elements"),
    ("ascii_upcase", 0): (upper_ascii, "elements"),
    ("utf8bytelength", 0): (count_bytes, "copy"),
    ("startswith", 1): (starts_with, "plain"),
    ("endswith", 1): (ends_with, "plain"),
    ("ltrimstr", 1): (strip_prefix, "plain"),
    ("rtrimstr", 1): (strip_suffix, "plain"),
    ("split", 1): (split_text, "elements"),
    ("join", 1): (join_texts, "letters"),
    ("explode", 0): (explode, "elements"),
    ("indices", 1): (list_indices, "letters"),
    ("index", 1): (find_first_index, "letters"),
    ("rindex", 1): (find_last_index, "letters"),
    ("trim", 0): (trim, "copy"),
    ("ltrim", 0): (trim_left, "copy"),
    ("rtrim", 0): (trim_right, "copy"),
    ("trimstr", 1): (strip_both, "copy"),
    ("getpath", 1): (get_path, "elements"),
    ("add", 0): (add_up, "deep"),
    ("any", 0): (any_true, "deep"),
    ("all", 0): (all_true, "deep"),
    ("flatten", 0): (flatten, "deep"),
    ("flatten", 1): (flatten, "deep"),
    ("reverse", 0): (reverse, "copy"),
    ("sort", 0): (sort, "deep"),
    ("unique", 0): (unique, "deep"),
    ("min", 0): (get_minimum, "deep"),
    ("max", 0): (get_maximum, "deep"),
    ("to_entries", 0): (to_entries, "elements"),
    ("from_entries", 0): (from_entries, "deep"),
    ("transpose", 0): (transpose, "deep"),
    ("first", 0): (get_first, "plain"),
    ("last", 0): (get_last, "plain"),
    ("nth", 1): (get_item, "plain"),
}
"""The functions on values by name and number of arguments, each with what it visits."""
