"""How parameters are written into path, query, headers and cookies (OpenAPI 3.1, "Style Values").

Names and values are percent-encoded here, while the delimiters of a style stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from kapell.connectors.http.uri import to_scalar_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kapell.connectors.openapi.operation import Parameter

_RESERVED = ":/?#[]@!$&'()*+,;="
_DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}


def write_path(parameter: Parameter, value: Any) -> str:
    """Return what replaces `{name}` in a path: styles `simple`, `label` and `matrix`."""
    if parameter.as_json:
        return _encode(msgspec.json.encode(value).decode())
    if parameter.style == "label":
        return "." + _join(value, "." if parameter.explode else ",", _encode, explode=parameter.explode)
    if parameter.style == "matrix":
        return _write_matrix(parameter, value)
    return _join(value, _DELIMITERS.get(parameter.style, ","), _encode, explode=parameter.explode)


def write_query(parameter: Parameter, value: Any) -> list[str]:
    """Return the `name=value` pieces of a query: `form`, `deepObject` and the delimited styles."""
    encode = _encode_reserved if parameter.allow_reserved else _encode
    name = _encode(parameter.name)
    if parameter.as_json:
        return [f"{name}={encode(msgspec.json.encode(value).decode())}"]
    if parameter.style == "deepObject":
        return [f"{key}={encode(text)}" for key, text in _iter_deep(name, value)]
    if parameter.explode and isinstance(value, dict):
        return [f"{_encode(key)}={encode(_to_text(item))}" for key, item in value.items()]
    if parameter.explode and isinstance(value, list):
        return [f"{name}={encode(_to_text(item))}" for item in value]
    if isinstance(value, list) and not value:
        return []
    return [f"{name}={_join(value, _DELIMITERS.get(parameter.style, ','), encode, explode=False)}"]


def write_header(parameter: Parameter, value: Any) -> str:
    """Return a header's value: style `simple`, not percent-encoded."""
    if parameter.as_json:
        return msgspec.json.encode(value).decode()
    return _join(value, ",", str, explode=parameter.explode)


def write_cookie(parameter: Parameter, value: Any) -> str:
    """Return the `name=value` pair, or pairs, of a cookie: style `form`."""
    return "; ".join(write_query(parameter, value))


def _write_matrix(parameter: Parameter, value: Any) -> str:
    name = _encode(parameter.name)
    if parameter.explode and isinstance(value, dict):
        return "".join(f";{_encode(key)}={_encode(_to_text(item))}" for key, item in value.items())
    if parameter.explode and isinstance(value, list):
        return "".join(f";{name}={_encode(_to_text(item))}" for item in value)
    return f";{name}={_join(value, ',', _encode, explode=False)}"


def _join(value: Any, delimiter: str, encode: Callable[[str], str], *, explode: bool) -> str:
    if isinstance(value, list):
        return delimiter.join(encode(_to_text(item)) for item in value)
    if isinstance(value, dict):
        link = "=" if explode else delimiter
        return delimiter.join(f"{encode(key)}{link}{encode(_to_text(item))}" for key, item in value.items())
    return encode(_to_text(value))


def _iter_deep(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Write `name[key]=value`, with the brackets percent-encoded; arrays repeat their name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _iter_deep(f"{name}%5B{_encode(key)}%5D", item)
    elif isinstance(value, list):
        for item in value:
            yield from _iter_deep(name, item)
    else:
        yield name, _to_text(value)


def _to_text(value: Any) -> str:
    return "" if value is None else to_scalar_text(value)


def _encode(text: str) -> str:
    return quote(text, safe="")


def _encode_reserved(text: str) -> str:
    return quote(text, safe=_RESERVED)
