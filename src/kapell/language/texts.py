"""The forms that texts of the language must have: names, versions, URIs, times."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from kapell.language.expressions.expression import is_expression

EXPRESSION: Final = r"\s*\$\{[\s\S]+\}\s*"
"""A text that is all one expression in `${ }`."""

_SEMVER = (
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?"
)
_URI_REFERENCE = r"(?:[^\s\x00-\x1f\x7f<>\"^`\\|{}]|\{[^\s{}]+\})+"
_DATE_TIME = (
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[-+]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_JSON_POINTER = r"(/([^~/]|~[01])*)*"


class TextFormat(msgspec.Struct, frozen=True):
    """A form that a text must have.

    Attributes:
        pattern: A regular expression that all of the text must match, in what Python and ECMA 262 have in common.
        wanted: What is wanted, to follow "is not".
        hint: An example.
    """

    pattern: str
    wanted: str
    hint: str = ""


_URI_HINT = "Such as https://example.com/pets/{petId}."

FORMATS: Final[dict[str, TextFormat]] = {
    "semver": TextFormat(_SEMVER, "a semantic version", "Three numbers with dots, such as '1.0.0'."),
    "dns-label": TextFormat(
        r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?",
        "a name of at most 63 letters, digits and hyphens",
        "Such as order-pizza; a hyphen stands neither first nor last.",
    ),
    "hostname": TextFormat(
        r"[a-zA-Z0-9]([a-zA-Z0-9-.]{0,61}[a-zA-Z0-9])?",
        "a host name of at most 63 letters, digits, hyphens and dots",
    ),
    "expression": TextFormat(EXPRESSION, "an expression", "Write it as ${ ... }."),
    "uri-template": TextFormat(_URI_REFERENCE, "a URI or URI template", _URI_HINT),
    "path-template": TextFormat(_URI_REFERENCE, "a path or URI template", "Such as /oauth2/token."),
    "uri-template-or-expression": TextFormat(
        f"{EXPRESSION}|{_URI_REFERENCE}", "a URI, a URI template or an expression in ${ }", _URI_HINT
    ),
    "date-time-or-expression": TextFormat(
        f"{EXPRESSION}|{_DATE_TIME}",
        "a time (RFC 3339) or an expression in ${ }",
        "Such as 2026-02-28T12:00:00Z.",
    ),
    "json-pointer-or-expression": TextFormat(
        f"{EXPRESSION}|{_JSON_POINTER}",
        "a JSON pointer or an expression in ${ }",
        "Such as /do/0/getPet.",
    ),
}
"""The forms by their names in `shapes.Text.format`."""

_COMPILED: Final = {name: re.compile(written.pattern) for name, written in FORMATS.items()}
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*:")


def matches_format(text: str, name: str) -> bool:
    """Tell whether a text has a form."""
    return _COMPILED[name].fullmatch(text) is not None


def is_wrapped(text: str) -> bool:
    """Tell whether a text is all one expression in `${ }`."""
    return is_expression(text) and text.strip() != "${}"


def unwrap(text: str) -> tuple[str, int]:
    """Give the expression without its `${ }`, where it has one, and how many characters stand before it."""
    if not is_wrapped(text):
        return text, 0
    begin = text.index("${") + 2
    return text[begin : text.rindex("}")], begin


def has_scheme(text: str) -> bool:
    """Tell whether a URI is absolute, and no relative reference."""
    return _ABSOLUTE.match(text) is not None
