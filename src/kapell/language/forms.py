"""The declaration of the language, taken from the model's classes: what each field is called and may hold.

A form says what a value looks like. `record_of` gives the fields of a class with their forms; the validator reads by
them, `schema` writes a JSON Schema of them, and both therefore always agree with the model.
"""

from __future__ import annotations

import inspect
import types
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from kapell.language import model, shapes
from kapell.language.model import Duration, Record
from kapell.language.shapes import Integer, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterator


class WordForm(msgspec.Struct, frozen=True):
    """One of some words."""

    words: tuple[str, ...]


class BooleanForm(msgspec.Struct, frozen=True):
    """True or false."""


class NumberForm(msgspec.Struct, frozen=True):
    """Any number."""


class DurationForm(msgspec.Struct, frozen=True):
    """A duration."""


class RecordForm(msgspec.Struct, frozen=True):
    """An object of the language."""

    record: type[Record]
    non_empty: bool = False


class ListForm(msgspec.Struct, frozen=True):
    """A list."""

    item: Form
    non_empty: bool = False


class MapForm(msgspec.Struct, frozen=True):
    """An object with any keys."""

    item: Form
    non_empty: bool = False


class NamedForm(msgspec.Struct, frozen=True):
    """A list of objects with one key each."""

    record: type[Record]
    word: str
    non_empty: bool = False


class KeyedForm(msgspec.Struct, frozen=True):
    """One of some classes, told apart by the key that is written."""

    kinds: tuple[tuple[str, type[Record]], ...]
    word: str


class ArgumentsForm(msgspec.Struct, frozen=True):
    """The arguments of a call."""


class PropertiesForm(msgspec.Struct, frozen=True):
    """An object that is checked as a class and kept as it is."""

    record: type[Record]
    non_empty: bool = False


class ChoiceForm(msgspec.Struct, frozen=True):
    """One of some forms, told apart by the type of the JSON value."""

    forms: tuple[Form, ...]


Form = (
    Text
    | Integer
    | Value
    | WordForm
    | BooleanForm
    | NumberForm
    | DurationForm
    | RecordForm
    | ListForm
    | MapForm
    | NamedForm
    | KeyedForm
    | ArgumentsForm
    | PropertiesForm
    | ChoiceForm
)


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a class.

    Attributes:
        name: The key in the language.
        attribute: The name in Python.
        about: What it is for.
        form: What it may hold.
        required: Whether it must be written.
        default: The default, where it is a plain value.
    """

    name: str
    attribute: str
    about: str
    form: Form
    required: bool
    default: Any


class RecordInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A class of the model.

    Attributes:
        record: The class.
        about: What it is.
        fields: Its fields, by their keys.
        has_definition: Whether the written object is kept beside the fields.
    """

    record: type[Record]
    about: str
    fields: dict[str, Field]
    has_definition: bool


CALLS: dict[str, type[Record]] = {
    "http": model.HttpArguments,
    "openapi": model.OpenApiArguments,
    "grpc": model.GrpcArguments,
    "asyncapi": model.AsyncApiArguments,
    "a2a": model.A2aArguments,
    "mcp": model.McpArguments,
}
"""The arguments of the calls that are built into the language."""


@cache
def record_of(record: type[Record]) -> RecordInfo:
    """Give the declaration of a class."""
    hints = _hints_of(record)
    fields = {}
    for attribute, name, default in _iter_fields(record):
        about, marks = _marks_of(hints[attribute])
        if not any(isinstance(mark, shapes.Hidden) for mark in marks):
            fields[name] = Field(
                name=name,
                attribute=attribute,
                about=about,
                form=_form_of(hints[attribute]),
                required=default is msgspec.NODEFAULT,
                default=default if isinstance(default, str | bool | int | float) else None,
            )
    about = (inspect.getdoc(record) or "").partition("\n")[0]
    return RecordInfo(
        record=record, about=about, fields=fields, has_definition="definition" in record.__struct_fields__
    )


@cache
def named_of(record: type[Record]) -> tuple[str, Form]:
    """Give the attribute and the form of what stands under a name (`NamedTask`: `task`)."""
    attribute = record.__struct_fields__[1]
    return attribute, _form_of(_hints_of(record)[attribute])


def kinds_of(form: KeyedForm) -> dict[str, type[Record]]:
    """Give the classes of a union by the key that tells them apart."""
    return dict(form.kinds)


def _hints_of(record: type[Record]) -> dict[str, Any]:
    return get_type_hints(record, vars(shapes) | vars(model), include_extras=True)


def _iter_fields(record: type[Record]) -> Iterator[tuple[str, str, Any]]:
    """Iterate over the attribute, the key and the default of each field."""
    defaults = record.__struct_defaults__
    missing = len(record.__struct_fields__) - len(defaults)
    padded = (*[msgspec.NODEFAULT] * missing, *defaults)
    yield from zip(record.__struct_fields__, record.__struct_encode_fields__, padded, strict=True)


def _marks_of(hint: Any) -> tuple[str, list[Any]]:
    about, marks = "", []
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, str):
            about = mark
        else:
            marks.append(mark)
    return about, marks


def _form_of(hint: Any) -> Form:
    _, marks = _marks_of(hint)
    if marks or hasattr(hint, "__metadata__"):
        hint = hint.__origin__
    by_type = {type(mark): mark for mark in marks}
    return _form_of_type(hint, by_type)


def _form_of_type(hint: Any, marks: dict[type, Any]) -> Form:
    origin, arguments = get_origin(hint), get_args(hint)
    if shapes.Arguments in marks:
        return ArgumentsForm()
    if origin in (Union, types.UnionType):
        return _form_of_union([argument for argument in arguments if argument is not type(None)], marks)
    if origin is Literal:
        return WordForm(arguments)
    if origin is tuple:
        return _form_of_list(arguments[0], marks)
    if origin is dict:
        if shapes.Properties in marks:
            return PropertiesForm(getattr(model, marks[shapes.Properties].name), shapes.NonEmpty in marks)
        return MapForm(_form_of(arguments[1]), shapes.NonEmpty in marks)
    return _form_of_plain(hint, marks)


def _form_of_union(options: list[Any], marks: dict[type, Any]) -> Form:
    if shapes.Keyed in marks:
        return KeyedForm(tuple((_distinguishing_key(option), option) for option in options), marks[shapes.Keyed].word)
    if len(options) > 1:
        return ChoiceForm(tuple(_form_of(option) for option in options))
    (option,) = options
    if hasattr(option, "__metadata__"):
        return _form_of(option)
    return _form_of_type(option, marks)


def _form_of_list(item: Any, marks: dict[type, Any]) -> Form:
    if shapes.Named in marks:
        return NamedForm(item, marks[shapes.Named].word, shapes.NonEmpty in marks)
    return ListForm(_form_of(item), shapes.NonEmpty in marks)


def _form_of_plain(hint: Any, marks: dict[type, Form]) -> Form:
    if hint is str:
        return marks.get(Text, Text())
    if hint is bool:
        return BooleanForm()
    if hint is int:
        return marks.get(Integer, Integer())
    if hint is float:
        return NumberForm()
    if hint is Any:
        return marks.get(Value, Value(role="literal"))
    if hint is Duration:
        return DurationForm()
    return RecordForm(hint, shapes.NonEmpty in marks)


def _distinguishing_key(record: type[Record]) -> str:
    """Give the key by which a class of a union is known: its first own field that must be written."""
    own = record.__annotations__
    for attribute, name, default in _iter_fields(record):
        if default is msgspec.NODEFAULT and attribute in own:
            return name
    raise TypeError(f"{record.__name__} has no field of its own that must be written")
