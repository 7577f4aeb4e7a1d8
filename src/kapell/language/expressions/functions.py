"""jq's functions on values, as far as Python can give exactly what libjq gives.

Each takes the input and then its arguments, one value each, and either returns the result, raises `ExpressionError` as
jq would, or raises `HelperNeeded` where only libjq can tell its answer. The table at the end says what each costs.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.language.expressions.errors import ExpressionError, HelperNeeded
from kapell.language.expressions.values import (
    MAX_TEXT,
    add,
    describe,
    equals,
    get_item,
    make_sort_key,
    negate,
    sort_values,
    split,
    to_number,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.language.expressions.costs import Cost

_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_MAX_PARSED = 50_000


def _elements(value: Any) -> list[Any]:
    if type(value) is list:
        return value
    if type(value) is dict:
        return list(value.values())
    raise ExpressionError(f"Cannot iterate over {describe(value)}")


def _array(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ExpressionError(f"{describe(value)} cannot be sorted, as it is not an array")
    return value


# -- any value ---------------------------------------------------------------------------------------------------------


def get_length(value: Any) -> Any:
    """Carry out `length`."""
    if value is None:
        return 0
    if type(value) is bool:
        raise ExpressionError(f"{describe(value)} has no length")
    if type(value) in (int, float):
        return negate(value) if value < 0 else value
    return len(value)


def list_keys(value: Any) -> list[Any]:
    """Carry out `keys`."""
    return sorted(value) if type(value) is dict else list_keys_unsorted(value)


def list_keys_unsorted(value: Any) -> list[Any]:
    """Carry out `keys_unsorted`."""
    if type(value) not in (dict, list):
        raise ExpressionError(f"{describe(value)} has no keys")
    return list(value) if type(value) is dict else list(range(len(value)))


def has_key(value: Any, key: Any) -> bool:
    """Carry out `has(key)`."""
    if type(value) is dict and type(key) is str:
        return key in value
    if type(value) is list and type(key) in (int, float):
        return bool(0 <= key < len(value))
    if value is None:
        return False
    raise ExpressionError(f"Cannot check whether {type_name(value)} has a {type_name(key)} key")


def to_json(value: Any) -> str:
    """Carry out `tojson`; very small and very large doubles are written by libjq only."""
    _check_doubles(value)
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _check_doubles(value: Any) -> None:
    kind = type(value)
    if kind is float:
        if "e" in repr(value) or (value == 0 and math.copysign(1, value) < 0):
            raise HelperNeeded("the text of a number")
    elif kind is list:
        for item in value:
            _check_doubles(item)
    elif kind is dict:
        for item in value.values():
            _check_doubles(item)


def to_text(value: Any) -> str:
    """Carry out `tostring`."""
    return value if type(value) is str else to_json(value)


def parse_json(value: Any) -> Any:
    """Carry out `fromjson`; what is no plain JSON (`nan`, a comma too much) is judged by libjq."""
    if type(value) is not str:
        raise ExpressionError(f"{describe(value)} cannot be parsed as JSON")
    if len(value) > _MAX_PARSED:
        raise HelperNeeded("a long text")
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise HelperNeeded("unusual JSON") from None


def parse_number(value: Any) -> Any:
    """Carry out `tonumber`; unusual spellings are judged by libjq."""
    if type(value) in (int, float):
        return value
    if type(value) is not str:
        raise ExpressionError(f"{describe(value)} cannot be parsed as a number")
    if _PLAIN_NUMBER.fullmatch(value) is None:
        raise HelperNeeded("an unusual number")
    return to_number(float(value)) if "." in value else int(value)


def parse_boolean(value: Any) -> bool:
    """Carry out `toboolean`."""
    if type(value) is bool:
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ExpressionError(f"{describe(value)} cannot be parsed as a boolean")


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


# -- texts -------------------------------------------------------------------------------------------------------------


def lower_ascii(value: Any) -> str:
    """Carry out `ascii_downcase`."""
    return _text(value, "explode input must be a string").translate(_LOWER)


def upper_ascii(value: Any) -> str:
    """Carry out `ascii_upcase`."""
    return _text(value, "explode input must be a string").translate(_UPPER)


def _text(value: Any, message: str) -> str:
    if type(value) is not str:
        raise ExpressionError(message)
    return value


def count_bytes(value: Any) -> int:
    """Carry out `utf8bytelength`."""
    return len(_text(value, f"{describe(value)} only strings have UTF-8 byte length").encode())


def starts_with(value: Any, prefix: Any) -> bool:
    """Carry out `startswith(prefix)`."""
    return _text(value, _NO_TEXTS).startswith(_text(prefix, _NO_TEXTS))


def ends_with(value: Any, suffix: Any) -> bool:
    """Carry out `endswith(suffix)`."""
    return _text(value, "endswith() requires string inputs").endswith(
        _text(suffix, "endswith() requires string inputs")
    )


_NO_TEXTS = "startswith() requires string inputs"


def strip_prefix(value: Any, prefix: Any) -> str:
    """Carry out `ltrimstr(prefix)`."""
    return _text(value, _NO_TEXTS).removeprefix(_text(prefix, _NO_TEXTS))


def strip_suffix(value: Any, suffix: Any) -> str:
    """Carry out `rtrimstr(suffix)`."""
    return _text(value, _NO_TEXTS).removesuffix(_text(suffix, _NO_TEXTS))


def split_text(value: Any, separator: Any) -> list[str]:
    """Carry out `split(separator)`."""
    message = "split input and separator must be strings"
    return split(_text(value, message), _text(separator, message))


def join_texts(value: Any, separator: Any) -> str:
    """Carry out `join(separator)`; null counts as nothing, numbers and booleans as their text."""
    items = _elements(value)
    if not items:
        return ""
    if type(separator) is not str:
        raise HelperNeeded("a separator that is no text")
    texts = []
    for item in items:
        if type(item) in (list, dict):
            raise ExpressionError(f"{describe(separator)} and {describe(item)} cannot be added")
        texts.append("" if item is None else to_text(item))
    if len(separator) * len(texts) > MAX_TEXT:
        raise HelperNeeded("a long text")
    return separator.join(texts)


def explode(value: Any) -> list[int]:
    """Carry out `explode`."""
    return [ord(character) for character in _text(value, "explode input must be a string")]


def list_indices(value: Any, part: Any) -> Any:
    """Carry out `indices(part)`."""
    if value is None:
        return None
    if type(value) is str and type(part) is str:
        return _find_text(value, part)
    if type(value) is list and type(part) is list:
        if len(value) * len(part) > _MAX_PARSED:
            raise HelperNeeded("large arrays")
        width = len(part)
        places = range(len(value) - width + 1) if width else ()
        return [place for place in places if equals(value[place : place + width], part)]
    if type(value) is list:
        return [place for place, item in enumerate(value) if equals(item, part)]
    return get_item(value, part)


def _find_text(value: str, part: str) -> list[int] | None:
    if not part:
        return None
    places = []
    place = value.find(part)
    while place >= 0:
        places.append(place)
        place = value.find(part, place + 1)
    return places


def find_first_index(value: Any, part: Any) -> Any:
    """Carry out `index(part)`."""
    places = list_indices(value, part)
    return get_item(places, 0)


def find_last_index(value: Any, part: Any) -> Any:
    """Carry out `rindex(part)`."""
    places = list_indices(value, part)
    return get_item(places, -1)


# -- arrays and objects ------------------------------------------------------------------------------------------------


def add_up(value: Any) -> Any:
    """Carry out `add`."""
    items = _elements(value)
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
    return any(item is not False and item is not None for item in _elements(value))


def all_true(value: Any) -> bool:
    """Carry out `all`."""
    return all(item is not False and item is not None for item in _elements(value))


def flatten(value: Any, depth: Any = 1e9) -> list[Any]:
    """Carry out `flatten` and `flatten(depth)`."""
    if type(depth) not in (int, float):
        raise HelperNeeded("a depth that is no number")
    if depth < 0:
        raise ExpressionError("flatten depth must not be negative")
    result: list[Any] = []
    for item in _elements(value):
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
    for entry in _elements(value):
        if type(entry) is not dict or type(entry.get("key")) is not str or not ("value" in entry or len(entry) == 1):
            raise HelperNeeded("unusual entries")
        result[entry["key"]] = entry.get("value")
    return result


def transpose(value: Any) -> list[Any]:
    """Carry out `transpose`."""
    if type(value) is not list or not all(type(row) is list for row in value):
        raise HelperNeeded("transposition of no matrix")
    width = max((len(row) for row in value), default=0)
    if width * len(value) > _MAX_PARSED:
        raise HelperNeeded("a large matrix")
    return [[row[column] if column < len(row) else None for row in value] for column in range(width)]


def get_first(value: Any) -> Any:
    """Carry out `first`."""
    return get_item(value, 0)


def get_last(value: Any) -> Any:
    """Carry out `last`."""
    return get_item(value, -1)


def is_kind(*names: str) -> Callable[[Any], bool]:
    """Make the test that a value's type is one of these."""
    kinds = frozenset(names)
    return lambda value: type_name(value) in kinds


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
