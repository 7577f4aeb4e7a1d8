"""The page of the expressions: where they stand, what they see, and which functions of jq there are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from kapell.kernel.arguments import RUNTIME_DESCRIPTOR
from kapell.language.expressions.builtins import BUILTINS, FORMATS, REFUSED
from kapell.language.expressions.calls import CALLS
from kapell.language.expressions.formats import FORMATTERS
from kapell.language.expressions.functions import FUNCTIONS
from kapell.language.expressions.macros import MACROS
from kapell.language.expressions.parser import MAX_LENGTH, MAX_NESTING
from kapell.language.places import ARGUMENTS
from kapell.settings import Settings
from reference.markdown import make_page, make_table

if TYPE_CHECKING:
    from collections.abc import Iterable

_INTRODUCTION: Final = r"""
Expressions are [jq](https://jqlang.org/manual/) 1.8. They have one input, `.`, see the variables below, and give one value: a
text such as `${ .name }` is replaced by what it gives. Why they run as they do, and at what price, stands in [How expressions
run](../../explanation/expressions.md).

## Where they stand

| where | how it is written |
| --- | --- |
| wherever a value is expected: in `set`, in the arguments of calls and processes, ... | `${ .name }`, as the whole text; within objects and lists, however deep |
| where an expression is always meant: `if`, `when`, `exceptWhen`, `while`, `in`, `from`, `as`, `until`, `correlate` | with `${ }` or without |
| within a longer text | not evaluated (a shell's own `${HOME}` survives); write `${ "Hello \(.name)" }` |

An expression that gives nothing gives `null`; of several results the first counts. What an `if`, `when` or `while` takes for
true is everything but `false` and `null`.

## What they see

`.` is the data at hand: in `input.from` and `if` the raw input, in the task's own members the transformed input, in
`output.as` the raw output, in `export.as` the transformed output."""

_ABOUT: Final = {
    "context": "What tasks exported; an empty object at first.",
    "input": "The transformed input of the task (of the workflow in its own `output`).",
    "output": "The task's output; only in `output` and `export`.",
    "secrets": "Secrets, by name: those that `use.secrets` lists. Only in the `input.from`, the arguments and the "
    "authentication of a task that calls or runs something.",
    "authorization": "The `scheme` of the call that is made; its `parameter` reads `***`.",
    "task": "The task: `name`, `reference`, `definition`, `input`, `output`, `startedAt`.",
    "workflow": "The run: `id`, `definition`, `input`, `startedAt`.",
    "runtime": "Kapell: {members}.",
}

_ADDED: Final = [
    ("$item", "In a `for`: the element. `for.each` names it otherwise."),
    ("$index", "In a `for`: how many elements went before. `for.at` names it otherwise."),
    ("$error", "In a `catch`: the error. `catch.as` names it otherwise."),
]

_FUNCTIONS: Final = """\
## Functions

*Quick* functions are evaluated within the engine. The *others* are evaluated by libjq in a helper process, which takes
longer and is limited: `{seconds:g}` s (`KAPELL_EXPRESSION_SECONDS`), `{memory}` MiB
(`KAPELL_EXPRESSION_MEMORY_BYTES`), `{output}` MiB of output (`KAPELL_EXPRESSION_OUTPUT_BYTES`). Both give the same. An
expression has at most {length} characters and {nesting} levels of nesting.

A number after the slash says how many arguments a function takes. `def` defines functions of one's own."""


def make_expressions_page() -> str:
    """Return the page of the expressions.

    Raises:
        ValueError: A variable is not described here, or something is described that is no variable.
    """
    if _ABOUT.keys() != set(ARGUMENTS):
        raise ValueError(f"described are {sorted(_ABOUT)}, known are {sorted(ARGUMENTS)}")
    members = ", ".join(f"`{name}`" for name in RUNTIME_DESCRIPTOR)
    variables = [(f"`${name}`", _ABOUT[name].format(members=members)) for name in ARGUMENTS]
    quick = {name for table in (FUNCTIONS, MACROS, CALLS) for name in table} & BUILTINS
    settings = Settings()
    limits = {
        "seconds": settings.expression_seconds,
        "memory": settings.expression_memory_bytes // 2**20,
        "output": settings.expression_output_bytes // 2**20,
        "length": MAX_LENGTH,
        "nesting": MAX_NESTING,
    }
    refused: dict[str, list[str]] = defaultdict(list)
    for name, reason in REFUSED.items():
        refused[reason].append(f"`{name}`")
    return make_page(
        "Expressions",
        _INTRODUCTION.strip(),
        make_table(("variable", "what it holds"), [*variables, *((f"`{name}`", about) for name, about in _ADDED)]),
        _FUNCTIONS.format(**limits),
        f"**Quick**: {_list_functions(quick)}, and the formats {_list_formats(FORMATTERS)}.",
        f"**Others**: {_list_functions(BUILTINS - quick)}, and the formats {_list_formats(FORMATS - FORMATTERS.keys())}.",
        "**Refused**, with the reason:",
        make_table(("functions", "why"), [(", ".join(names), reason) for reason, names in refused.items()]),
    )


def _list_functions(functions: Iterable[tuple[str, int]]) -> str:
    arities: dict[str, list[int]] = defaultdict(list)
    for name, count in sorted(functions):
        arities[name].append(count)
    return ", ".join(
        f"`{name}`" if counts == [0] else f"`{name}/{','.join(map(str, counts))}`" for name, counts in arities.items()
    )


def _list_formats(names: Iterable[str]) -> str:
    return ", ".join(f"`@{name}`" for name in sorted(names))
