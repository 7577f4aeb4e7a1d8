"""What a field of the language may hold, beyond what its Python type says.

The model's classes are the one declaration of the language. Their types say most of it (`str`, `int`, a `Literal`, a
class, a tuple, a dict); what a type cannot say stands beside it in `Annotated`, as one of the marks below or as a plain
string, which is the field's description. The reader, the messages, the JSON Schema and the linter all work from that.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Role = Literal["literal", "expression", "value"]
"""How the run reads a text: as it stands, always as an expression, or as an expression where it is all `${ }`."""


class Text(msgspec.Struct, frozen=True):
    """A string.

    Attributes:
        role: How the run reads it.
        format: The name of a known form that it must have (`forms.FORMS`), or an empty string.
        wrapped: Whether an expression must stand in `${ }`, also where `role` is `expression`.
        min_length: The least number of characters.
    """

    role: Role = "literal"
    format: str = ""
    wrapped: bool = False
    min_length: int = 0


class Integer(msgspec.Struct, frozen=True):
    """A whole number between two bounds, both included."""

    minimum: int | None = None
    maximum: int | None = None


class Value(msgspec.Struct, frozen=True):
    """Any JSON value; `${ }` is evaluated in all the strings within it, unless the role is `literal`."""

    role: Role = "value"


class NonEmpty(msgspec.Struct, frozen=True):
    """The object or list beside it must hold something."""


class Named(msgspec.Struct, frozen=True):
    """A list of objects with one key each, which is the name of what stands under it."""

    word: str


class Keyed(msgspec.Struct, frozen=True):
    """A union of classes that is told apart by the key that is written: `word` says what it is one of."""

    word: str


class Arguments(msgspec.Struct, frozen=True):
    """The `with` of a call: its class depends on what is called."""


class Properties(msgspec.Struct, frozen=True):
    """An object that is checked as the class of that name, but kept as the plain object that was written."""

    name: str


class Hidden(msgspec.Struct, frozen=True):
    """The field is not a part of the language: Kapell fills it in."""


class ExactlyOne(msgspec.Struct, frozen=True):
    """A rule of a class: just one of these keys is written."""

    keys: tuple[str, ...]


class Needs(msgspec.Struct, frozen=True):
    """A rule of a class: where `key` is written, `other` is too."""

    key: str
    other: str


class Alone(msgspec.Struct, frozen=True):
    """A rule of a class: where `key` is written, nothing else is."""

    key: str


class NeededWhen(msgspec.Struct, frozen=True):
    """A rule of a class: `key` is written just where `other` has this value."""

    key: str
    other: str
    value: str


class NeededFor(msgspec.Struct, frozen=True):
    """A rule of a class: `key` is written where `other` has one of these values."""

    key: str
    other: str
    values: tuple[str, ...]


Rule = ExactlyOne | Needs | Alone | NeededWhen | NeededFor

Expression = Annotated[str, Text(role="expression")]
"""A runtime expression, with or without `${ }` (decision 2)."""

WrappedExpression = Annotated[str, Text(role="expression", wrapped=True)]
"""A runtime expression where the schema asks for `${ }`."""

ValueText = Annotated[str, Text(role="value")]
"""A text that is evaluated where it is all `${ }`."""

JsonValue = Annotated[Any, Value()]
"""Any JSON value, evaluated deeply."""

PlainValue = Annotated[Any, Value(role="literal")]
"""Any JSON value, kept as it is."""
