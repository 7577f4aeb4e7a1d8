"""A JSON Schema of the language, for editors: written from the same declarations that the validator reads by.

It is looser than the validator (it knows no scopes and no expressions) and never stricter, so that an editor marks
nothing that Kapell accepts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from kapell.language import shapes
from kapell.language.duration import ISO_8601, WRITTEN_PARTS
from kapell.language.forms import (
    CALLS,
    ArgumentsForm,
    BooleanForm,
    ChoiceForm,
    DurationForm,
    Form,
    KeyedForm,
    ListForm,
    MapForm,
    NamedForm,
    NumberForm,
    PropertiesForm,
    RecordForm,
    WordForm,
    named_of,
    record_of,
)
from kapell.language.model import CallTask, Record, Workflow
from kapell.language.shapes import Integer, Text, Value
from kapell.language.texts import EXPRESSION, FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def make_json_schema() -> dict[str, Any]:
    """Write the JSON Schema (draft 2020-12) of workflows, with titles and descriptions."""
    writer = _Writer()
    root = writer.write_record(Workflow)
    return {
        "$schema": DIALECT,
        "title": "Workflow",
        "description": "A workflow in the Open Workflow Specification DSL 1.0.3, as Kapell reads it.",
        **{key: value for key, value in root.items() if key not in ("title", "description")},
        "$defs": dict(sorted(writer.definitions.items())),
    }


class _Writer:
    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def write(self, form: Form) -> dict[str, Any]:
        """Write the schema of a form."""
        return self._WRITERS[type(form)](self, form)

    # -- objects ------------------------------------------------------------------------------------------------------

    def write_record(self, record: type[Record]) -> dict[str, Any]:
        """Write the schema of a class in place."""
        info = record_of(record)
        properties = {}
        for name, field in info.fields.items():
            schema = dict(self.write(field.form))
            if field.about:
                schema["description"] = field.about
            if field.default is not None:
                schema["default"] = field.default
            properties[name] = schema
        written: dict[str, Any] = {
            "type": "object",
            "title": re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", record.__name__),
            "description": info.about,
            "properties": properties,
        }
        required = [name for name, field in info.fields.items() if field.required]
        if required:
            written["required"] = required
        if not record.OPEN and not record.KEEPS:
            written["additionalProperties"] = False
        rules = [rule for declared in record.RULES for rule in _write_rule(declared, info.fields)]
        if record is CallTask:
            rules = [*rules, *self._write_calls()]
        if rules:
            written["allOf"] = rules
        return written

    def _refer(self, record: type[Record]) -> dict[str, Any]:
        name = record.__name__
        if name not in self.definitions:
            self.definitions[name] = {}  # a part may hold itself
            self.definitions[name] = self.write_record(record)
        return {"$ref": f"#/$defs/{name}"}

    def _write_calls(self) -> list[dict[str, Any]]:
        """Say what `with` holds for each call that is built into the language."""
        return [
            {
                "if": {"properties": {"call": {"const": call}}, "required": ["call"]},
                "then": {"properties": {"with": self._refer(record)}},
            }
            for call, record in CALLS.items()
        ]

    def _write_reference(self, form: RecordForm) -> dict[str, Any]:
        return {**self._refer(form.record), **({"minProperties": 1} if form.non_empty else {})}

    def _write_properties(self, form: PropertiesForm) -> dict[str, Any]:
        return self._write_reference(RecordForm(form.record, form.non_empty))

    def _write_map(self, form: MapForm) -> dict[str, Any]:
        item = self.write(form.item)
        written: dict[str, Any] = {"type": "object", "additionalProperties": item or True}
        return {**written, "minProperties": 1} if form.non_empty else written

    def _write_arguments(self, form: ArgumentsForm) -> dict[str, Any]:
        del form
        return {"type": "object"}

    # -- lists and unions ---------------------------------------------------------------------------------------------

    def _write_list(self, form: ListForm) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "array", "items": self.write(form.item)}
        return {**written, "minItems": 1} if form.non_empty else written

    def _write_named(self, form: NamedForm) -> dict[str, Any]:
        name = form.record.__name__
        if name not in self.definitions:
            self.definitions[name] = {}
            _, inner = named_of(form.record)
            self.definitions[name] = {
                "type": "object",
                "title": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name),
                "description": f"A {form.word} under its name.",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": self.write(inner),
            }
        written: dict[str, Any] = {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}
        return {**written, "minItems": 1} if form.non_empty else written

    def _write_keyed(self, form: KeyedForm) -> dict[str, Any]:
        name = form.word.capitalize()
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = {
                "type": "object",
                "title": name,
                "oneOf": [self._refer(record) for _, record in form.kinds],
            }
        return {"$ref": f"#/$defs/{name}"}

    def _write_choice(self, form: ChoiceForm) -> dict[str, Any]:
        return {"oneOf": [self.write(option) for option in form.forms]}

    # -- scalars ------------------------------------------------------------------------------------------------------

    def _write_text(self, form: Text) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "string"}
        if form.min_length:
            written["minLength"] = form.min_length
        if form.format:
            written["pattern"] = f"^(?:{FORMATS[form.format].pattern})$"
        elif form.wrapped:
            written["pattern"] = f"^{EXPRESSION}$"
        return written

    def _write_integer(self, form: Integer) -> dict[str, Any]:
        written: dict[str, Any] = {"type": "integer"}
        if form.minimum is not None:
            written["minimum"] = form.minimum
        if form.maximum is not None:
            written["maximum"] = form.maximum
        return written

    def _write_value(self, form: Value) -> dict[str, Any]:
        del form
        return {}

    def _write_word(self, form: WordForm) -> dict[str, Any]:
        return {"type": "string", "enum": list(form.words)}

    def _write_boolean(self, form: BooleanForm) -> dict[str, Any]:
        del form
        return {"type": "boolean"}

    def _write_number(self, form: NumberForm) -> dict[str, Any]:
        del form
        return {"type": "number"}

    def _write_duration(self, form: DurationForm) -> dict[str, Any]:
        del form
        parts = {part: {"type": "integer", "description": f"The number of {part}."} for part in WRITTEN_PARTS}
        literal = re.sub(r"\?P<\w+>", "", ISO_8601.pattern)
        self.definitions["Duration"] = {
            "title": "Duration",
            "description": "A length of time: parts, ISO 8601 text such as PT5M, or an expression.",
            "oneOf": [
                {"type": "object", "minProperties": 1, "properties": parts, "additionalProperties": False},
                {"type": "string", "pattern": f"^(?:{EXPRESSION}|{literal})$"},
            ],
        }
        return {"$ref": "#/$defs/Duration"}

    _WRITERS: ClassVar[dict[type, Callable[[_Writer, Any], dict[str, Any]]]] = {
        Text: _write_text,
        Integer: _write_integer,
        Value: _write_value,
        WordForm: _write_word,
        BooleanForm: _write_boolean,
        NumberForm: _write_number,
        DurationForm: _write_duration,
        RecordForm: _write_reference,
        ListForm: _write_list,
        MapForm: _write_map,
        NamedForm: _write_named,
        KeyedForm: _write_keyed,
        ArgumentsForm: _write_arguments,
        PropertiesForm: _write_properties,
        ChoiceForm: _write_choice,
    }


def _write_rule(rule: shapes.Rule, keys: Any) -> list[dict[str, Any]]:
    match rule:
        case shapes.ExactlyOne(keys=alternatives):
            return [{"oneOf": [{"required": [key]} for key in alternatives]}]
        case shapes.Needs(key=key, other=other):
            return [{"dependentRequired": {key: [other]}}]
        case shapes.Alone(key=key):
            others = [{"required": [other]} for other in keys if other != key]
            return [{"if": {"required": [key]}, "then": {"not": {"anyOf": others}}}]
        case shapes.NeededWhen(key=key, other=other, value=value):
            needed = {"properties": {other: {"const": value}}, "required": [other]}
            return [{"if": needed, "then": {"required": [key]}, "else": {"not": {"required": [key]}}}]
        case shapes.NeededFor(key=key, other=other, values=values):
            needed = {"properties": {other: {"enum": list(values)}}, "required": [other]}
            return [{"if": needed, "then": {"required": [key]}}]
