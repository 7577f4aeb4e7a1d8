"""Write the reference pages that the code itself knows best: `docs/reference/`.

With `--check` it writes nothing and fails where a page is not what the code says.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kapell.api.application import make_document
from kapell.api.problems import STATUSES
from kapell.cli.app import app
from kapell.errors import KapellError
from kapell.language.schema import make_json_schema
from kapell.settings import PREFIX, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
ATTRIBUTE = re.compile(r"^        (\w+): (.*(?:\n            .*)*)", re.MULTILINE)
NOTICE = "<!-- Made by `make docs` from the code; change it there. -->\n\n"


def read_attributes(documented: type) -> dict[str, str]:
    """Return what a class's docstring says of each attribute.

    Raises:
        ValueError: A field is not documented, or something is documented that is no field.
    """
    found = {name: " ".join(text.split()) for name, text in ATTRIBUTE.findall(documented.__doc__ or "")}
    fields = set(getattr(documented, "__struct_fields__", ()))
    if fields != set(found):
        raise ValueError(f"{documented.__name__} documents {sorted(found)} and has {sorted(fields)}")
    return found


def make_settings_page() -> str:
    """Return the page of the settings, in the order in which they are declared."""
    meanings, defaults = read_attributes(Settings), Settings()
    rows = [
        f"| `{PREFIX}{name.upper()}` | {show_default(getattr(defaults, name))} | {meanings[name]} |"
        for name in Settings.__struct_fields__
    ]
    return (
        "# Settings\n\n"
        + NOTICE
        + "Each is an environment variable. A name that is none of these is refused, with the likeliest one.\n\n"
        + "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows, ""])
    )


def show_default(value: object) -> str:
    """Return a default as the page shows it."""
    return "" if value in ("", None) else f"`{value}`"


def make_schema_page() -> str:
    """Return the JSON Schema of workflows, which editors complete and check by."""
    return json.dumps(make_json_schema(), indent=2, ensure_ascii=False) + "\n"


def make_commands_page() -> str:
    """Return the page of the commands, each with its arguments and options."""
    sections = [
        "# Commands\n\n" + NOTICE + "`kapell --help` and `kapell COMMAND --help` say the same in the terminal.\n",
        *(describe_command(path, command) for path, command in iter_commands("kapell", typer.main.get_command(app))),
    ]
    return "\n".join(sections)


# Typer brings its own copy of click, which it does not offer to others: its commands are looked at, not imported.
def iter_commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command below a command, with what one types to call it, in alphabetical order."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in sorted(command.commands.items()):
        if not below.hidden:
            yield from iter_commands(f"{path} {name}", below)


def describe_command(path: str, command: Any) -> str:
    """Return a command's section.

    Raises:
        ValueError: An argument or option has no help text.
    """
    context = command.make_context(path, [], resilient_parsing=True)
    pieces = [show_usage(piece) for parameter in command.params for piece in parameter.get_usage_pieces(context)]
    rows = []
    for parameter in command.params:
        name, meaning = parameter.get_help_record(context) or ("", "")
        if not meaning.replace("[required]", "").strip() and not parameter.hidden:
            raise ValueError(f"{path}: {parameter.name} has no help text")
        if not parameter.hidden:
            rows.append(f"| `{name}` | {meaning} |".replace("  [", " ["))
    table = "\n".join(["| argument, option | meaning |", "|---|---|", *rows, ""]) if rows else ""
    return f"## `{' '.join([path, *pieces])}`\n\n{inspect.cleandoc(command.help or '')}\n\n{table}"


def show_usage(piece: str) -> str:
    """Return an argument as one types it: `FILE...`, `[RUN]`."""
    return re.sub(r"[{}]", "", piece).replace("[[", "[").replace("]]", "]").replace("......", "...")


def make_api_page() -> str:
    """Return the page of the API's routes and of the problems that it answers with."""
    document = make_document()
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            summary = (operation.get("description") or operation["summary"]).splitlines()[0]
            needed = f"`{operation['x-permission']}`" if operation.get("x-permission") else ""
            row = f"| `{method.upper()} {path}` | {needed} | {summary} |"
            sections.setdefault(operation["tags"][0], []).append(row)
    tables = [
        "\n".join([f"## {tag.capitalize()}\n", "| request | permission | what it does |", "|---|---|---|", *rows, ""])
        for tag, rows in sections.items()
    ]
    problems = [
        f"| `{kind.code}` | {STATUSES[kind.code]} | {inspect.cleandoc(kind.__doc__ or '').splitlines()[0]} |"
        for kind in sorted(iter_kinds(KapellError), key=lambda kind: (STATUSES[kind.code], kind.code))
    ]
    return "\n".join(
        [
            "# API\n\n" + NOTICE + "`/api/v1/openapi.json` has all of it for programs: parameters, bodies, answers.",
            "Every request but the public ones carries an API token (`Authorization: Bearer kpl_...`) or a session's",
            "cookie. A permission is held in namespaces; what is outside of them is not there for the caller.\n",
            *tables,
            "## Problems\n",
            "Errors are `application/problem+json` (RFC 9457) with a `code` for programs, a sentence, and advice.\n",
            "\n".join(["| code | status | meaning |", "|---|---|---|", *problems, ""]),
        ]
    )


def iter_kinds(kind: type[KapellError]) -> Iterator[type[KapellError]]:
    """Yield every kind of error that has a code of its own."""
    for below in kind.__subclasses__():
        if "code" in vars(below):
            yield below
        yield from iter_kinds(below)


PAGES: dict[str, Callable[[], str]] = {
    "api.md": make_api_page,
    "commands.md": make_commands_page,
    "settings.md": make_settings_page,
    "workflow.schema.json": make_schema_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; give 1 where a checked page is out of date."""
    stale = []
    for name, make_page in PAGES.items():
        path, text = FOLDER / name, make_page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(FOLDER.parent.parent)}")
    if stale:
        print(f"out of date: {', '.join(stale)}; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
