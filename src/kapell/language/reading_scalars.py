"""Reading texts, numbers, words and durations, and reporting what is wrong; `reading` builds on this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.language.duration import ISO_8601, WRITTEN_PARTS
from kapell.language.model import Duration
from kapell.language.pointers import Path
from kapell.language.problems import Problem, list_words, suggest
from kapell.language.shapes import Integer, Text, Value
from kapell.language.texts import FORMATS, has_scheme, is_wrapped, matches_format

if TYPE_CHECKING:
    from kapell.language.forms import BooleanForm, DurationForm, NumberForm, WordForm
    from kapell.language.problems import Severity
    from kapell.language.source import SourceDocument

BAD: Final[Any] = object()
"""Stands for what could not be read."""


class Site(msgspec.Struct, frozen=True):
    """A text that the run may evaluate, and where it stands.

    Attributes:
        path: The place.
        text: The text as it is written.
        form: What the field there holds.
    """

    path: Path
    text: str
    form: Text | Value


MAX_PROBLEMS: Final = 100
"""How many problems are collected; a document that has more is no workflow at all."""


class TooManyProblemsError(Exception):
    """Nothing would be gained by reading on."""


class ScalarReader:
    """Reads what holds no other parts of the language.

    Attributes:
        problems: What was found so far.
        sites: The texts that the run may evaluate, found so far.
    """

    def __init__(self, document: SourceDocument) -> None:
        """Begin with nothing found."""
        self._document = document
        self.problems: list[Problem] = []
        self.sites: list[Site] = []

    # -- reporting ----------------------------------------------------------------------------------------------------

    def _error(self, code: str, message: str, path: Path, hint: str = "", *, key: bool = False) -> Any:
        self._report("error", code, message, path, hint, key=key)
        return BAD

    def _warn(self, code: str, message: str, path: Path, hint: str = "", *, key: bool = False) -> None:
        self._report("warning", code, message, path, hint, key=key)

    def _report(self, severity: Severity, code: str, message: str, path: Path, hint: str, *, key: bool) -> None:
        self.problems.append(self._document.problem(severity, code, message, path, hint=hint, key=key))
        if len(self.problems) >= MAX_PROBLEMS:
            said = f"more than {MAX_PROBLEMS} problems; the rest is not checked"
            self.problems.append(self._document.problem("error", "too_many_problems", said, path))
            raise TooManyProblemsError

    def _wrong_type(self, wanted: str, value: Any, path: Path, hint: str = "") -> Any:
        label = label_of(path)
        if value is None:
            return self._error("missing_value", f"{label} has no value; {wanted} is wanted", path, hint, key=True)
        return self._error("type", f"{label} must be {wanted}, not {kind_of(value)}", path, hint)

    def _quote_hint(self, path: Path) -> str:
        node = self._document.find_node(path)
        if node is None or node.children is not None or node.style:
            return ""
        return f"Put it in quotes: '{self._document.text[node.start : node.end]}'."

    # -- texts and other scalars --------------------------------------------------------------------------------------

    def read_text(self, form: Text, value: Any, path: Path) -> Any:
        """Read a text."""
        if not isinstance(value, str):
            wanted = "an expression" if form.role == "expression" else "a text"
            hint = self._quote_hint(path) if isinstance(value, bool | int | float) else ""
            return self._wrong_type(wanted, value, path, hint)
        if len(value) < form.min_length:
            return self._error("empty", f"{label_of(path)} is empty", path)
        if form.wrapped and not is_wrapped(value):
            return self._error(
                "expression", f"{label_of(path)} must be an expression in ${{ }}", path, _wrap_hint(value)
            )
        if form.format and not matches_format(value, form.format):
            known = FORMATS[form.format]
            return self._error("format", f"{label_of(path)}: {show(value)} is not {known.wanted}", path, known.hint)
        if form.format.startswith("uri-template") and not has_scheme(value) and not is_wrapped(value):
            self._warn(
                "relative_reference",
                f"{label_of(path)}: {show(value)} is a relative reference",
                path,
                "It is resolved against the place of the workflow; write https:// before the host of a server.",
            )
        if form.role != "literal":
            self.sites.append(Site(path, value, form))
        return value

    def read_word(self, form: WordForm, value: Any, path: Path) -> Any:
        """Read one of some words."""
        if isinstance(value, str) and value in form.words:
            return value
        if not isinstance(value, str):
            return self._wrong_type(f"one of {list_words(form.words)}", value, path)
        meant = suggest(value, form.words)
        hint = f"Did you mean `{meant}`?" if meant else f"It is one of {list_words(form.words)}."
        return self._error("word", f"{label_of(path)} cannot be `{value}`", path, hint)

    def read_boolean(self, form: BooleanForm, value: Any, path: Path) -> Any:
        """Read true or false."""
        del form
        if isinstance(value, bool):
            return value
        hint = "YAML 1.2 knows only true and false." if value in ("yes", "no", "on", "off", "Yes", "No") else ""
        return self._wrong_type("true or false", value, path, hint)

    def read_integer(self, form: Integer, value: Any, path: Path) -> Any:
        """Read a whole number."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return self._wrong_type("a whole number", value, path)
        if (form.minimum is not None and value < form.minimum) or (form.maximum is not None and value > form.maximum):
            return self._error(
                "range", f"{label_of(path)} must be between {form.minimum} and {form.maximum}, not {value}", path
            )
        return value

    def read_number(self, form: NumberForm, value: Any, path: Path) -> Any:
        """Read a number."""
        del form
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._wrong_type("a number", value, path)
        return value

    def read_value(self, form: Value, value: Any, path: Path) -> Any:
        """Read any value, and note what in it may be evaluated."""
        if form.role != "literal":
            self._collect(form, value, path)
        return value

    def _collect(self, form: Value, value: Any, path: Path) -> None:
        """Note all the texts in a value that may be evaluated; the depth of a document is bounded when it is read."""
        if isinstance(value, str):
            if "$" in value:
                self.sites.append(Site(path, value, form))
        elif isinstance(value, dict):
            for key, item in value.items():
                self._collect(form, item, (*path, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._collect(form, item, (*path, index))

    def read_duration(self, form: DurationForm, value: Any, path: Path) -> Any:
        """Read a duration."""
        del form
        if isinstance(value, str):
            return self._read_duration_text(value, path)
        if not isinstance(value, dict):
            hint = f"Such as {{seconds: {value}}}." if isinstance(value, int) else "Such as PT5M or {minutes: 5}."
            return self._wrong_type("a duration", value, path, hint)
        if not value:
            return self._error("empty", f"{label_of(path)} is an empty duration", path, "Such as {minutes: 5}.")
        good = True
        for part, amount in value.items():
            if part not in WRITTEN_PARTS:
                good = self._refuse_part(part, path)
            elif self.read_integer(Integer(), amount, (*path, part)) is BAD:
                good = False
        return Duration(written=value) if good else BAD

    def _read_duration_text(self, value: str, path: Path) -> Any:
        if is_wrapped(value):
            self.sites.append(Site(path, value, Text(role="value", wrapped=True)))
        elif ISO_8601.fullmatch(value) is None:
            return self._error(
                "format",
                f"{label_of(path)}: {show(value)} is not a duration",
                path,
                "Such as PT5M (ISO 8601), {minutes: 5} or an expression in ${ }.",
            )
        return Duration(written=value)

    def _refuse_part(self, part: str, path: Path) -> bool:
        meant = suggest(part, WRITTEN_PARTS)
        hint = f"Did you mean `{meant}`?" if meant else f"The parts are {list_words(WRITTEN_PARTS, 'and')}."
        if part in ("weeks", "months", "years"):
            hint = f"Write ISO 8601, such as P1{part[0].upper()}, or days."
        self._error("unknown_key", f"`{part}` is no part of a duration", (*path, part), hint, key=True)
        return False


def label_of(path: Path) -> str:
    """Name a place as its author would: by the closest key."""
    for step in reversed(path):
        if isinstance(step, str):
            return f"`{step}`"
    return "the workflow"


def kind_of(value: Any) -> str:
    """Name the type of a JSON value, to follow "not"."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    return {int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}[type(value)]


def show(text: str) -> str:
    """Quote a text, cut where it is long."""
    longest = 60
    return f"`{text}`" if len(text) <= longest else f"`{text[:longest]}...`"


def _wrap_hint(text: str) -> str:
    return f"Write it as ${{ {text.strip()} }}." if text.strip() and "${" not in text else ""
