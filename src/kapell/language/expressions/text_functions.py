"""jq's functions on texts, and between texts and other values."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from kapell.language.expressions.container_functions import list_elements
from kapell.language.expressions.errors import ExpressionError, HelperNeeded
from kapell.language.expressions.values import MAX_TEXT, describe, equals, get_item, split, to_number

_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_MAX_PARSED = 50_000
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace() and code not in range(0x1C, 0x20))
"""What Unicode calls white space; Python counts four separators of ASCII too."""


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
        raise ExpressionError(f"{describe(value)} only strings can be parsed")
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
    return _text(value, _NO_TEXTS_AT_END).endswith(_text(suffix, _NO_TEXTS_AT_END))


_NO_TEXTS = "startswith() requires string inputs"
_NO_TEXTS_AT_END = "endswith() requires string inputs"


def strip_prefix(value: Any, prefix: Any) -> str:
    """Carry out `ltrimstr(prefix)`."""
    return _text(value, _NO_TEXTS).removeprefix(_text(prefix, _NO_TEXTS))


def strip_suffix(value: Any, suffix: Any) -> str:
    """Carry out `rtrimstr(suffix)`."""
    return _text(value, _NO_TEXTS_AT_END).removesuffix(_text(suffix, _NO_TEXTS_AT_END))


def split_text(value: Any, separator: Any) -> list[str]:
    """Carry out `split(separator)`."""
    message = "split input and separator must be strings"
    return split(_text(value, message), _text(separator, message))


def join_texts(value: Any, separator: Any) -> str:
    """Carry out `join(separator)`; null counts as nothing, numbers and booleans as their text."""
    items = list_elements(value)
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


def trim(value: Any) -> str:
    """Carry out `trim`."""
    return _text(value, "trim input must be a string").strip(_BLANKS)


def trim_left(value: Any) -> str:
    """Carry out `ltrim`."""
    return _text(value, "trim input must be a string").lstrip(_BLANKS)


def trim_right(value: Any) -> str:
    """Carry out `rtrim`."""
    return _text(value, "trim input must be a string").rstrip(_BLANKS)


def strip_both(value: Any, affix: Any) -> str:
    """Carry out `trimstr(affix)`."""
    return strip_suffix(strip_prefix(value, affix), affix)


def explode(value: Any) -> list[int]:
    """Carry out `explode`."""
    return [ord(character) for character in _text(value, "explode input must be a string")]


def list_indices(value: Any, part: Any) -> Any:
    """Carry out `indices(part)`."""
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


def _find_text(value: str, part: str) -> list[int]:
    places: list[int] = []
    place = value.find(part) if part else -1
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
