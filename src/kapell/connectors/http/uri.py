"""URIs: the template's variables, the query, and what may not be in one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from kapell.sdk import ActivityError

if TYPE_CHECKING:
    from collections.abc import Mapping

# RFC 6570, 2.3: letters, digits, "_", percent-encoded triplets, with single dots between.
_VARIABLE = re.compile(r"\{((?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*)\}")
_ILLEGAL = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?)([^/?#:]+)")
_PASSWORD = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#@]*@")


def expand_template(template: str, variables: Any) -> str:
    """Replace each `{name}` by the top-level property of that name (RFC 6570, 3.2.2: simple string expansion).

    Names are taken literally, dots included. A property that is missing or null gives an empty string. Braces that do
    not hold a variable's name are left as they are.

    Args:
        template: The URI, as the author wrote it.
        variables: The task's input; anything but an object has no properties.

    Raises:
        ActivityError: A referenced property is an object or an array (DSL reference, "URI Template").
    """
    if "{" not in template:
        return template
    values = variables if isinstance(variables, dict) else {}
    return _VARIABLE.sub(lambda match: quote(_to_text(match[1], values.get(match[1])), safe=""), template)


def _to_text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        kind = "an object" if isinstance(value, dict) else "an array"
        raise ActivityError(
            "expression",
            400,
            "Invalid URI template",
            f"The variable '{{{name}}}' is {kind}; only strings, numbers, booleans and null can stand in a URI.",
        )
    return to_scalar_text(value)


def to_scalar_text(value: Any) -> str:
    """Return a string as it is, and any other JSON value as its JSON text."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def quote_uri(uri: str) -> str:
    """Percent-encode what RFC 3986 does not allow in a URI, and leave everything else exactly as it is.

    A host outside ASCII is written in its IDNA form instead.

    Raises:
        ActivityError: The URI holds control characters: a line break in a URI is an injection.
    """
    if _CONTROL.search(uri):
        raise ActivityError("validation", 400, "Invalid URI", "The URI contains control characters or line breaks.")
    if not uri.isascii():
        uri = _HOST.sub(_encode_host, uri)
    return _ILLEGAL.sub(lambda match: quote(match[0], safe=""), uri)


def _encode_host(match: re.Match[str]) -> str:
    try:
        return match[1] + match[2].encode("idna").decode()
    except UnicodeError:
        raise ActivityError("validation", 400, "Invalid URI", f"'{match[2]}' is not the name of a host.") from None


def append_query(uri: str, pairs: list[tuple[str, str]]) -> str:
    """Append name/value pairs, percent-encoded, to the query that a URI may already have; a fragment is dropped."""
    uri = uri.partition("#")[0]
    if not pairs:
        return uri
    encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    if "?" not in uri:
        return f"{uri}?{encoded}"
    return f"{uri}{encoded}" if uri[-1] in "?&" else f"{uri}&{encoded}"


def to_pairs(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Flatten an object into name/value pairs: null is left out, an array repeats its name, others become text."""
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        items = value if isinstance(value, list) else [value]
        pairs.extend((name, to_scalar_text(item)) for item in items if item is not None)
    return pairs


def hide_credentials(uri: str) -> str:
    """Return the URI without the user information that may stand before its host."""
    return _PASSWORD.sub(r"\1", uri) if "@" in uri else uri
