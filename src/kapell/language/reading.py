"""Reading a document into the model, field by field, and saying everything that is wrong with it.

The story. The declaration (`forms`) is walked beside the value. Where several things may stand, the one that was meant
is chosen first (by the key that tells tasks apart, by the type of the JSON value) and only that one is checked: so the
message is about the author's mistake, and not about the eleven other kinds of tasks that it also is not. What cannot
be read becomes `BAD` and spoils what it stands in, while the reading of the rest goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from kapell.language.forms import (
    CALLS,
    ArgumentsForm,
    BooleanForm,
    ChoiceForm,
    DurationForm,
    Field,
    Form,
    KeyedForm,
    ListForm,
    MapForm,
    NamedForm,
    NumberForm,
    PropertiesForm,
    RecordForm,
    RecordInfo,
    WordForm,
    kinds_of,
    named_of,
    record_of,
)
from kapell.language.model import Record, TaskBase
from kapell.language.problems import list_words, suggest
from kapell.language.reading_scalars import BAD, ScalarReader, TooManyProblemsError, kind_of, label_of
from kapell.language.rules import find_broken_rule
from kapell.language.shapes import Integer, Text, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.language.pointers import Path


class Reader(ScalarReader):
    """Reads one document into the model."""

    def read(self, form: Form, value: Any, path: Path) -> Any:
        """Read a value by its form; what cannot be read is reported and gives a value that is in no model."""
        return self._READERS[type(form)](self, form, value, path)

    def read_root(self, record: type[Record]) -> Any:
        """Read the whole document as a class; `None` where that cannot be done."""
        try:
            result = self.read(RecordForm(record), self._document.value, ())
        except TooManyProblemsError:
            return None
        return None if result is BAD else result

    # -- objects ------------------------------------------------------------------------------------------------------

    def _read_record(self, form: RecordForm, value: Any, path: Path) -> Any:
        info = record_of(form.record)
        if not isinstance(value, dict):
            hint = f"Its keys are {list_words(info.fields, 'and')}." if path else ""
            return self._wrong_type("an object", value, path, hint)
        if form.non_empty and not value:
            return self._error("empty", f"{label_of(path)} is empty", path, f"Write {list_words(info.fields)}.")
        good = self._check_keys(info, value, path)
        good = self._check_rules(form.record, value, path) and good
        fields = {}
        for name, field in info.fields.items():
            if name in value:
                fields[field.attribute] = self._read_field(form.record, field, value, path)
        if not good or any(part is BAD for part in fields.values()):
            return BAD
        if info.has_definition:
            fields["definition"] = value
        return form.record(**fields)

    def _read_field(self, record: type[Record], field: Field, value: dict[str, Any], path: Path) -> Any:
        written, place = value[field.name], (*path, field.name)
        if isinstance(field.form, ArgumentsForm):
            return self._read_arguments(value.get("call"), written, place)
        result = self.read(field.form, written, place)
        if record is type(result) and isinstance(written, dict) and "until" in written:
            # events that end the listening are awaited once: they have no `until` of their own
            return self._error("unknown_key", "`until` cannot stand within `until`", (*place, "until"), key=True)
        return result

    def _check_keys(self, info: RecordInfo, value: dict[str, Any], path: Path) -> bool:
        good = True
        for key in value:
            if key not in info.fields and not info.record.KEEPS:
                good = self._refuse_key(info, key, path) and good
        for name, field in info.fields.items():
            if field.required and name not in value:
                about = field.about[:1].lower() + field.about[1:].rstrip(".")
                self._error("missing_key", f"{label_of(path)} lacks `{name}`: {about}", path, key=True)
                good = False
        return good

    def _refuse_key(self, info: RecordInfo, key: str, path: Path) -> bool:
        """Say that a key is unknown; it is a warning where the schema leaves room and nothing similar is known."""
        meant = suggest(key, info.fields)
        place = (*path, key)
        if info.record.OPEN and not meant:
            hint = f"Known are {list_words(info.fields, 'and')}."
            self._warn(
                "unknown_key", f"`{key}` means nothing in {label_of(path)} and is ignored", place, hint, key=True
            )
            return True
        hint = f"Did you mean `{meant}`?" if meant else _list_keys(info)
        code = "similar_key" if info.record.OPEN else "unknown_key"
        self._error(code, f"`{key}` is no key of {label_of(path)}", place, hint, key=True)
        return False

    def _check_rules(self, record: type[Record], value: dict[str, Any], path: Path) -> bool:
        good = True
        for rule in record.RULES:
            said = find_broken_rule(rule, value)
            if said:
                self._error("combination", f"{label_of(path)} {said}", path, key=True)
                good = False
        return good

    def _read_properties(self, form: PropertiesForm, value: Any, path: Path) -> Any:
        result = self._read_record(RecordForm(form.record, form.non_empty), value, path)
        if result is BAD:
            return BAD
        known = record_of(form.record).fields
        for key in value.keys() - known.keys():
            self._collect(Value(), value[key], (*path, key))
        return value

    def _read_map(self, form: MapForm, value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            return self._wrong_type("an object", value, path)
        if form.non_empty and not value:
            return self._error("empty", f"{label_of(path)} is empty", path)
        result = {key: self.read(form.item, item, (*path, key)) for key, item in value.items()}
        return BAD if any(item is BAD for item in result.values()) else result

    def _read_arguments(self, call: Any, value: Any, path: Path) -> Any:
        if isinstance(call, str) and call in CALLS:
            return self.read(RecordForm(CALLS[call]), value, path)
        return self.read(MapForm(Value()), value, path)

    def _read_choice(self, form: ChoiceForm, value: Any, path: Path) -> Any:
        for option in form.forms:
            if isinstance(value, _JSON_TYPES[type(option)]) and not (
                isinstance(value, bool) and isinstance(option, Integer)
            ):
                return self.read(option, value, path)
        wanted = " or ".join(_WANTED[type(option)] for option in form.forms)
        hint = self._quote_hint(path) if isinstance(value, bool | int | float) else ""
        return self._wrong_type(wanted, value, path, hint)

    # -- lists --------------------------------------------------------------------------------------------------------

    def _read_list(self, form: ListForm, value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            return self._wrong_type("a list", value, path, "Put `- ` before each entry.")
        if form.non_empty and not value:
            return self._error("empty", f"{label_of(path)} is empty", path)
        result = tuple(self.read(form.item, item, (*path, index)) for index, item in enumerate(value))
        return BAD if any(item is BAD for item in result) else result

    def _read_named(self, form: NamedForm, value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            hint = f"Put `- ` before the name of each {form.word}." if isinstance(value, dict) else ""
            return self._wrong_type(f"a list of {form.word}s", value, path, hint)
        if form.non_empty and not value:
            return self._error("empty", f"{label_of(path)} is an empty list of {form.word}s", path)
        result = [self._read_item(form, item, (*path, index)) for index, item in enumerate(value)]
        return BAD if any(item is BAD for item in result) else tuple(result)

    def _read_item(self, form: NamedForm, item: Any, path: Path) -> Any:
        if not isinstance(item, dict) or not item:
            said = f"an entry of {label_of(path[:-1])} must be a {form.word} with its name"
            return self._error("type", f"{said}, not {kind_of(item)}", path, f"Such as `- my{form.word.title()}:`.")
        attribute, inner = named_of(form.record)
        words = _words_of(inner)
        names = list(item)
        if any(name in words for name in names) and not _is_named(item, words):
            return self._refuse_nameless(form, inner, item, path)
        results = [self.read(inner, item[name], (*path, name)) for name in names]
        if len(names) > 1:
            for name in names[1:]:
                self._error(
                    "several_names",
                    f"two {form.word}s in one list item",
                    (*path, name),
                    f"Put `- ` before `{name}`.",
                    key=True,
                )
            return BAD
        return BAD if results[0] is BAD else form.record(name=names[0], **{attribute: results[0]})

    def _refuse_nameless(self, form: NamedForm, inner: Form, item: dict[str, Any], path: Path) -> Any:
        """Say that a task has no name, or that what belongs to it is not indented."""
        words = _words_of(inner)
        unindented = [name for name, value in item.items() if value is None and name not in words]
        first = next(name for name in item if name in words)
        if unindented:
            return self._error(
                "indentation",
                f"`{first}` stands beside the {form.word} `{unindented[0]}` and not in it",
                (*path, first),
                f"Indent it further than `{unindented[0]}`.",
                key=True,
            )
        self.read(inner, item, path)
        return self._error(
            "nameless",
            f"the {form.word} has no name",
            path,
            f"Write `- my{form.word.title()}:` and indent `{first}` below it.",
        )

    # -- tasks and other unions ---------------------------------------------------------------------------------------

    def _read_keyed(self, form: KeyedForm, value: Any, path: Path) -> Any:
        kinds = kinds_of(form)
        if not isinstance(value, dict):
            return self._wrong_type(f"a {form.word}", value, path, f"It holds one of {list_words(kinds)}.")
        written = [key for key in value if key in kinds]
        if "for" in written and "do" in written:
            written.remove("do")
        if len(written) == 1:
            return self._read_record(RecordForm(kinds[written[0]]), value, path)
        if written:
            said = f"a {form.word} does one thing, and {label_of(path)} has {list_words(written, 'and')}"
            hint = f"Make a {form.word} of each." if form.word == "task" else "Keep one of them."
            return self._error("several_kinds", said, (*path, written[1]), hint, key=True)
        known = {key for record in kinds.values() for key in record_of(record).fields}
        unknown = [key for key in value if key not in known]
        meant = next(((key, word) for key in unknown if (word := suggest(key, kinds))), None)
        said = f"a {form.word} is one of {list_words(kinds)}; {label_of(path)} has none of them"
        if meant is not None:
            return self._error("no_kind", said, (*path, meant[0]), f"Did you mean `{meant[1]}`?", key=True)
        return self._error("no_kind", said, path, key=True)

    _READERS: ClassVar[dict[type, Callable[[Reader, Any, Any, Path], Any]]] = {
        Text: ScalarReader.read_text,
        Integer: ScalarReader.read_integer,
        Value: ScalarReader.read_value,
        WordForm: ScalarReader.read_word,
        BooleanForm: ScalarReader.read_boolean,
        NumberForm: ScalarReader.read_number,
        DurationForm: ScalarReader.read_duration,
        RecordForm: _read_record,
        ListForm: _read_list,
        MapForm: _read_map,
        NamedForm: _read_named,
        KeyedForm: _read_keyed,
        PropertiesForm: _read_properties,
        ChoiceForm: _read_choice,
    }


_JSON_TYPES: Final[dict[type, type]] = {
    Text: str,
    Integer: int,
    RecordForm: dict,
    MapForm: dict,
    ListForm: list,
}
_WANTED: Final[dict[type, str]] = {
    Text: "a text",
    Integer: "a whole number",
    RecordForm: "an object",
    MapForm: "an object",
    ListForm: "a list",
}


def _words_of(form: Form) -> tuple[str, ...]:
    """Give the keys that tell the kinds of a named thing apart, so that they are hardly ever meant as names."""
    return tuple(kinds_of(form)) if isinstance(form, KeyedForm) else ()


def _is_named(item: dict[str, Any], words: tuple[str, ...]) -> bool:
    """Tell whether the keys of a list's item are names of tasks, though some are also words of the language."""
    return all(isinstance(value, dict) and any(word in value for word in words) for value in item.values())


def _list_keys(info: RecordInfo) -> str:
    """Advise with all the keys; those that every task has come last."""
    common = record_of(TaskBase).fields
    own = [key for key in info.fields if key not in common or not info.has_definition]
    if len(own) == len(info.fields):
        return f"Its keys are {list_words(own, 'and')}."
    return f"Its keys are {list_words(own, 'and')}, and those of every task: {list_words(common, 'and')}."
