"""The page of the commands."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import typer

from kapell.cli import exits
from kapell.cli.app import app
from reference.markdown import make_page, make_table

if TYPE_CHECKING:
    from collections.abc import Iterator

INTRODUCTION = "`kapell --help` and `kapell COMMAND --help` say the same in the terminal."


def make_commands_page() -> str:
    """Return the page of the commands, each with its arguments and options."""
    commands = list(iter_commands("kapell", typer.main.get_command(app)))
    rows = [(f"[`{path}`](#{_anchor(path, command)})", _first_line(command)) for path, command in commands]
    return make_page(
        "Commands",
        INTRODUCTION,
        make_table(("command", "what it does"), rows),
        *(_describe_command(path, command) for path, command in commands),
        "## Exit codes",
        make_table(("code", "meaning"), _list_exit_codes()),
    )


# Typer brings its own copy of click, which it does not offer to others: its commands are looked at, not imported.
def iter_commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command below a command, with what one types to call it, in alphabetical order."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in sorted(command.commands.items()):
        if not below.hidden:
            yield from iter_commands(f"{path} {name}", below)


def _describe_command(path: str, command: Any) -> str:
    context = command.make_context(path, [], resilient_parsing=True)
    rows = []
    for parameter in command.params:
        name, meaning = parameter.get_help_record(context) or ("", "")
        if not meaning.replace("[required]", "").strip() and not parameter.hidden:
            raise ValueError(f"{path}: {parameter.name} has no help text")
        if not parameter.hidden:
            rows.append((f"`{name}`", meaning.replace("  [", " [")))
    about = inspect.cleandoc(command.help or "")
    return f"## {_title(path, command)}\n\n{about}\n\n{make_table(('argument, option', 'meaning'), rows)}"


def _title(path: str, command: Any) -> str:
    """Return a command as one types it: `kapell validate FILE...`."""
    context = command.make_context(path, [], resilient_parsing=True)
    pieces = [_show_usage(piece) for parameter in command.params for piece in parameter.get_usage_pieces(context)]
    return f"`{' '.join([path, *pieces])}`"


def _anchor(path: str, command: Any) -> str:
    """Return what a title is called in a link, as GitHub and Sphinx make it."""
    return re.sub(r"[^\w\- ]", "", _title(path, command).lower()).replace(" ", "-")


def _show_usage(piece: str) -> str:
    return re.sub(r"[{}]", "", piece).replace("[[", "[").replace("]]", "]").replace("......", "...")


def _first_line(command: Any) -> str:
    return inspect.cleandoc(command.help or "").splitlines()[0]


def _list_exit_codes() -> list[tuple[str, str]]:
    found = re.findall(
        r'^([A-Z]+): Final = (\d+)\n(?:"""(.*?)""")?', inspect.getsource(exits), re.MULTILINE | re.DOTALL
    )
    if not found:
        raise ValueError("kapell.cli.exits declares no exit codes as they are looked for here")
    return [(f"`{code}`", " ".join(meaning.split()) or f"{name.capitalize()}.") for name, code, meaning in found]
