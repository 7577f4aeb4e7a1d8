"""Media types: which bodies are JSON, which are text, and which travel as base64."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

BodyKind = Literal["json", "text", "form", "multipart", "binary"]

_TEXT_TYPES = frozenset(
    {
        "application/xml",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
        "application/javascript",
        "application/ecmascript",
        "application/graphql",
        "application/sql",
        "application/x-ndjson",
        "application/jsonl",
        "application/json-seq",
    }
)
_TEXT_SUFFIXES = ("+xml", "+yaml")


def get_essence(content_type: str) -> str:
    """Return a media type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


@lru_cache(maxsize=256)
def classify(content_type: str) -> BodyKind:
    """Tell how a body of this media type is represented as a JSON value."""
    essence = get_essence(content_type)
    if essence == "application/json" or essence.endswith("+json") or essence == "text/json":
        return "json"
    if essence == "application/x-www-form-urlencoded":
        return "form"
    if essence == "multipart/form-data":
        return "multipart"
    if essence.startswith("text/") or essence in _TEXT_TYPES or essence.endswith(_TEXT_SUFFIXES):
        return "text"
    return "binary"


@lru_cache(maxsize=256)
def find_charset(content_type: str) -> str | None:
    """Return the `charset` parameter of a media type, if it has one."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None
