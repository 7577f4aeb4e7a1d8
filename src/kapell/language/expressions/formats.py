"""jq's `@formats`, as functions from a value to text."""

from __future__ import annotations

import base64
import urllib.parse
from typing import TYPE_CHECKING, Any

from kapell.language.expressions.errors import ExpressionError
from kapell.language.expressions.text_functions import to_json, to_text
from kapell.language.expressions.values import describe

if TYPE_CHECKING:
    from collections.abc import Callable

_HTML = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;"})
_TSV = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _uri(value: Any) -> str:
    return urllib.parse.quote(to_text(value), safe="-_.~")


def _base64(value: Any) -> str:
    return base64.b64encode(to_text(value).encode()).decode()


def _row(value: Any, name: str) -> list[Any]:
    if type(value) is not list:
        raise ExpressionError(f"{describe(value)} cannot be {name}-formatted, only array")
    return value


def _cell(value: Any, name: str, write: Callable[[str], str]) -> str:
    if value is None:
        return ""
    if type(value) is str:
        return write(value)
    if type(value) in (list, dict):
        raise ExpressionError(f"{describe(value)} is not valid in a {name} row")
    return to_text(value)


def _csv(value: Any) -> str:
    return ",".join(_cell(item, "csv", lambda text: '"' + text.replace('"', '""') + '"') for item in _row(value, "csv"))


def _tsv(value: Any) -> str:
    return "\t".join(_cell(item, "tsv", lambda text: text.translate(_TSV)) for item in _row(value, "tsv"))


def _shell_word(value: Any) -> str:
    if type(value) in (list, dict):
        raise ExpressionError(f"{describe(value)} can not be escaped for shell")
    if type(value) is str:
        return "'" + value.replace("'", "'\\''").replace("\x00", "\\0") + "'"
    return to_text(value)


def _sh(value: Any) -> str:
    return " ".join(_shell_word(item) for item in value) if type(value) is list else _shell_word(value)


FORMATTERS: dict[str, Callable[[Any], str]] = {
    "text": to_text,
    "json": to_json,
    "html": lambda value: to_text(value).translate(_HTML),
    "uri": _uri,
    "csv": _csv,
    "tsv": _tsv,
    "sh": _sh,
    "base64": _base64,
}
"""The formats by name; `urid` and `base64d`, which mend broken input in libjq's own way, are left to it."""
