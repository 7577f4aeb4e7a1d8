"""The pages of the language: every object with its members, from the declarations that the validator reads by."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kapell.language import list_unsupported, load_workflow, read_document, validate
from kapell.language import model as m
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
    WordForm,
    kinds_of,
    named_of,
    record_of,
)
from kapell.language.model.tasks import TaskBase
from kapell.language.shapes import Alone, ExactlyOne, Integer, NeededFor, NeededWhen, Needs, Rule, Text, Value
from reference.markdown import make_page, make_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.language.model import Record

EXAMPLES: Final = Path(__file__).parent / "examples"

TASKS: Final = "tasks.md"
OBJECTS: Final = "workflow.md"

_OVERVIEW: Final = """\
Kapell runs workflows in the [Open Workflow Specification](https://serverlessworkflow.io) DSL 1.0.3, an open standard; what
you write here runs on other engines of that standard, too. These pages list every member that Kapell reads.

- [Workflow](language/workflow.md): the document, and what tasks refer to.
- [Tasks](language/tasks.md): the twelve kinds of tasks, with what each is made of.
- [Expressions](language/expressions.md): jq, the variables, the functions.
- [How far Kapell conforms](../conformance.md): what it does where the specification is silent or contradicts itself, and
  what it does not run yet.
- [JSON Schema](workflow.schema.json): with it editors complete and check workflows; `kapell schema` prints it.

```{toctree}
:hidden:

language/workflow
language/tasks
language/expressions
```

## In one look

```yaml
document:
  dsl: '1.0.3'
  namespace: shop
  name: ship
  version: '1.0.0'
input:
  schema:
    document:
      type: object
      required: [order]
do:
  - weigh:
      call: http
      with:
        method: get
        endpoint: https://scales.example/orders/{order}
      export:
        as: '$context + {grams: .grams}'
  - label:
      run:
        shell:
          command: print-label "$1"
          arguments:
            - ${ $context.grams | tostring }
output:
  as: '{label: .}'
```

A workflow has a name and a list of tasks, each under a name of its own. A task gets the output of the task before, transforms
it if it likes (`input.from`), does its work, transforms the result (`output.as`), and hands it on. What later tasks need
besides goes into the context (`export.as`). The last task's output is the run's.

A document is YAML 1.2 or JSON. A key that is not known, or that stands twice, is refused, with line and column."""

_TASKS: Final = """\
There are twelve kinds of tasks, told apart by the key that is written. Each stands under a name, which is unique in its
list."""

_COMMON: Final = """\
## All tasks

Every task may have these besides what makes its kind. They take effect in this order: `if`, `input`, the work, `output`,
`export`, `then`."""

_NOT_YET: Final = "**Not supported yet**: it is read and checked, and a run with it is refused before it starts."


def make_language_pages() -> dict[str, str]:
    """Return the pages by file name, relative to the reference's folder."""
    writer = _Writer()
    writer.write_objects()
    return {
        "language.md": make_page("Language", _OVERVIEW),
        f"language/{TASKS}": make_page("Tasks", *writer.list_task_sections()),
        f"language/{OBJECTS}": make_page("Workflow", *writer.list_object_sections()),
    }


class _Writer:
    """Gives every object of the language one place: with the first kind of task that has it, or with the workflow."""

    def __init__(self) -> None:
        self._tasks = kinds_of(_keyed(m.NamedTask, "task"))
        self._runs = kinds_of(_keyed(m.RunTask, "run"))
        self._pages: dict[type[Record], str] = {}
        self._below: dict[type[Record], list[type[Record]]] = {}

    def write_objects(self) -> None:
        """Decide where each object stands."""
        taken: set[type[Record]] = {*self._tasks.values(), *CALLS.values(), *self._runs.values(), m.NamedTask}
        self._pages = dict.fromkeys(taken, TASKS)
        owners = (m.Workflow, TaskBase)
        self._below[m.Workflow] = [record for owner in owners for record in _collect(owner, taken, shared=True)]
        for kind in (*self._tasks.values(), *CALLS.values(), *self._runs.values()):
            self._below[kind] = list(_collect(kind, taken, shared=False))
        for owner, records in self._below.items():
            self._pages |= dict.fromkeys(records, OBJECTS if owner is m.Workflow else TASKS)

    def list_object_sections(self) -> Iterator[str]:
        """Give the workflow and the objects that belong to no one kind of task."""
        yield record_of(m.Workflow).about
        yield self._table(m.Workflow, OBJECTS)
        for record in self._below[m.Workflow]:
            yield from self._describe(record, "##", OBJECTS)
        yield "## Duration"
        yield (
            "A length of time is written as an object of parts, as ISO 8601 text, or as an expression that gives either. "
            "The parts are `days`, `hours`, `minutes`, `seconds` and `milliseconds`: `wait: {minutes: 5}` or `wait: PT5M`."
        )

    def list_task_sections(self) -> Iterator[str]:
        """Give all kinds of tasks, calls and runs."""
        yield _TASKS
        rows = [(f"[`{key}`](#{key})", record_of(kind).about) for key, kind in self._tasks.items()]
        yield make_table(("task", "what it does"), rows)
        yield _COMMON
        yield self._table(TaskBase, TASKS)
        for key, kind in self._tasks.items():
            yield f"## {key}"
            yield record_of(kind).about
            yield from _show_example(key)
            yield self._table(kind, TASKS, without=frozenset(record_of(TaskBase).fields))
            yield from self._describe_below(kind)
            if key == "call":
                yield from self._list_kinds("call", CALLS)
            if key == "run":
                yield from self._list_kinds("run", self._runs)

    def _list_kinds(self, key: str, kinds: dict[str, type[Record]]) -> Iterator[str]:
        for name, kind in kinds.items():
            yield f"### {key}: {name}"
            yield from _show_example(f"{key}-{name}")
            yield self._table(kind, TASKS)
            yield from self._describe_below(kind)

    def _describe_below(self, kind: type[Record]) -> Iterator[str]:
        level = "####" if kind in CALLS.values() or kind in self._runs.values() else "###"
        for record in self._below[kind]:
            yield from self._describe(record, level, TASKS)

    def _describe(self, record: type[Record], level: str, page: str) -> Iterator[str]:
        yield f"{level} {record.__name__}"
        yield record_of(record).about
        path = EXAMPLES / f"object-{record.__name__}.yaml"
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            yield from _show_checked(path.name, text, text)
        yield self._table(record, page)

    def _table(self, record: type[Record], page: str, without: frozenset[str] = frozenset()) -> str:
        fields = [field for name, field in record_of(record).fields.items() if name not in without]
        rows = [(f"`{field.name}`", self._say(field.form, page), _say_need(field), field.about) for field in fields]
        rules = " ".join(_say_rule(rule) for rule in record.RULES)
        return "\n\n".join(filter(None, [make_table(("key", "value", "", "what it is"), rows), rules]))

    def _say(self, form: Form, page: str) -> str:
        """Return what a form holds, in words, with links."""
        match form:
            case DurationForm():
                return f"[duration]({_link(OBJECTS, page)}#duration)"
            case RecordForm(record=record) | PropertiesForm(record=record):
                return self._link(record, page)
            case ListForm(item=item):
                return f"list of {_group(self._say(item, page))}"
            case MapForm(item=item):
                return f"object of {_group(self._say(item, page))}"
            case NamedForm(record=record, word=word):
                return f"list of named {self._name_of(record, word, page)}"
            case KeyedForm(word=word):
                return f"a [{word}]({_link(TASKS, page)})" if word == "task" else "one of the kinds below"
            case ArgumentsForm():
                return "the arguments of the call, see below"
            case ChoiceForm(forms=forms):
                return " or ".join(dict.fromkeys(self._say(each, page) for each in forms))
            case _:
                return _say_scalar(form)

    def _name_of(self, record: type[Record], word: str, page: str) -> str:
        _, inner = named_of(record)
        if isinstance(inner, RecordForm):
            return f"[{word}s]({self._place(inner.record, page)})"
        return f"[{word}s]({_link(TASKS, page)})"

    def _link(self, record: type[Record], page: str) -> str:
        return f"[{record.__name__}]({self._place(record, page)})"

    def _place(self, record: type[Record], page: str) -> str:
        return f"{_link(self._pages[record], page)}#{record.__name__.lower()}"


def _group(words: str) -> str:
    return f"({words})" if " or " in words else words


def _link(target: str, page: str) -> str:
    return "" if target == page else target


def _keyed(owner: type[Record], field: str) -> KeyedForm:
    form = named_of(owner)[1] if owner is m.NamedTask else record_of(owner).fields[field].form
    assert isinstance(form, KeyedForm)
    return form


def _collect(record: type[Record], taken: set[type[Record]], *, shared: bool) -> Iterator[type[Record]]:
    """Yield the objects below one that have no place yet, in the order of the text; tasks are gone through by others.

    Args:
        record: Where to begin.
        taken: The objects that have their place; what is yielded is added.
        shared: Whether the objects of the workflow are looked for, which go before those of tasks.
    """
    for field in record_of(record).fields.values():
        for below in _iter_records(field.form):
            if below in taken or (shared and not _is_shared(below)):
                continue
            taken.add(below)
            yield below
            yield from _collect(below, taken, shared=shared)


def _is_shared(record: type[Record]) -> bool:
    return record.__module__.rpartition(".")[2] in {"workflow", "data", "authentication"}


def _iter_records(form: Form) -> Iterator[type[Record]]:
    match form:
        case RecordForm(record=record) | PropertiesForm(record=record):
            yield record
        case ListForm(item=item) | MapForm(item=item):
            yield from _iter_records(item)
        case ChoiceForm(forms=forms):
            for each in forms:
                yield from _iter_records(each)
        case NamedForm(record=record):
            yield from _iter_records(named_of(record)[1])


def _say_scalar(form: Text | Integer | Value | WordForm | BooleanForm | NumberForm) -> str:
    match form:
        case Text():
            return _say_text(form)
        case Integer(minimum=least, maximum=most):
            return "number" if least is None else f"number, {least} to {most}"
        case Value(role=role):
            return "any value" if role == "literal" else "any value with expressions"
        case WordForm(words=words):
            return ", ".join(f"`{word}`" for word in words)
        case BooleanForm():
            return "`true`, `false`"
        case NumberForm():
            return "number"
    raise AssertionError(form)


def _say_text(form: Text) -> str:
    kind = re.sub(r"-or-expression$", "", form.format).replace("-", " ").replace("uri template", "URI template")
    text = {"": "text", "expression": "expression"}.get(kind, f"text ({kind})")
    if form.role == "expression":
        return "expression in `${ }`" if form.wrapped else "expression"
    return f"{text} or expression" if form.role == "value" and text != "expression" else text


def _say_need(field: Field) -> str:
    if field.required:
        return "required"
    default = field.default
    if default in (None, ""):
        return ""
    return f"default `{str(default).lower() if isinstance(default, bool) else default}`"


def _say_rule(rule: Rule) -> str:
    match rule:
        case ExactlyOne(keys=keys):
            return f"Exactly one of {', '.join(f'`{key}`' for key in keys)} is written."
        case Needs(key=key, other=other):
            return f"Where `{key}` is written, `{other}` is too."
        case Alone(key=key):
            return f"Where `{key}` is written, nothing else is."
        case NeededWhen(key=key, other=other, value=value):
            return f"`{key}` is written just where `{other}` is `{value}`."
        case NeededFor(key=key, other=other, values=values):
            return f"`{key}` is needed where `{other}` is {', '.join(f'`{value}`' for value in values)}."
    raise AssertionError(rule)


def _show_example(name: str) -> Iterator[str]:
    """Give an example, which was checked, and say so if a run of it is refused.

    Raises:
        ValueError: There is no such example, or it is not valid.
    """
    path = EXAMPLES / f"{name}.yaml"
    if not path.is_file():
        raise ValueError(f"{path} is missing: each kind of task, call and run has an example")
    tasks = path.read_text(encoding="utf-8")
    text = _WRAPPING.format(tasks="".join(f"  {line}" for line in tasks.splitlines(keepends=True)))
    yield from _show_checked(path.name, text, tasks)


def _show_checked(name: str, text: str, shown: str) -> Iterator[str]:
    problems = [str(each) for each in validate(read_document(text, name)).problems]
    if problems:
        raise ValueError(f"{name}: {problems}")
    if list_unsupported(load_workflow(text)):
        yield _NOT_YET
    yield f"```yaml\n{shown}```"


_WRAPPING: Final = """\
document: {{dsl: '1.0.3', namespace: reference, name: example, version: '1.0.0'}}
use: {{secrets: [shopToken]}}
do:
{tasks}
"""
