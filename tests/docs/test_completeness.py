"""Nothing that users can set, call, ask for or meet is missing from the reference."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from kapell.api.application import make_document
from kapell.api.problems import STATUSES
from kapell.cli.app import app
from kapell.identity.permissions import BUILT_IN_ROLES, PERMISSIONS
from kapell.language.error_types import DEFAULT_STATUS
from kapell.language.expressions.builtins import BUILTINS, REFUSED
from kapell.language.forms import CALLS, kinds_of, named_of
from kapell.language.model import NamedTask
from kapell.language.places import ARGUMENTS
from kapell.settings import PREFIX, Settings

REFERENCE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference"


def iter_options(path, command):
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            if not below.hidden:
                yield from iter_options(f"{path} {name}", below)
    else:
        yield path, [option for each in command.params if not each.hidden for option in each.opts if "-" in option]


COMMANDS = dict(iter_options("kapell", typer.main.get_command(app)))
PATHS = make_document()["paths"]
ROUTES = [f"{method.upper()} {path}" for path, methods in PATHS.items() for method in methods]
NEEDED = {
    "settings.md": [f"{PREFIX}{name.upper()}" for name in Settings.__struct_fields__],
    "errors.md": [*STATUSES, *DEFAULT_STATUS],
    "commands.md": [*COMMANDS, *{option for options in COMMANDS.values() for option in options}],
    "api.md": ROUTES,
    "access.md": [*PERMISSIONS, *BUILT_IN_ROLES],
    "language/tasks.md": [*kinds_of(named_of(NamedTask)[1]), *CALLS],
    "language/expressions.md": [*(f"${name}" for name in ARGUMENTS), *(name for name, _ in BUILTINS), *REFUSED],
}


def find_missing(page, words):
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)]


@pytest.mark.parametrize("page", NEEDED)
def test_the_reference_has_all_of_it(page):
    assert NEEDED[page]
    assert find_missing(page, NEEDED[page]) == []


def test_each_error_says_what_to_do():
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| (.*) \|$", (REFERENCE / "errors.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) >= len(STATUSES)
    assert [code for code, advice in rows if not advice.strip()] == [], "add a line to tools/reference/errors.py"


def test_each_command_stands_beside_its_own_options():
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    sections = {re.match(r"[a-z -]+", part)[0].strip(): part for part in text.split("\n## `")[1:]}
    for path, options in COMMANDS.items():
        assert [option for option in options if option not in sections[path]] == [], path


def test_each_route_says_what_it_needs_on_the_page_of_its_area():
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (REFERENCE / "api").glob("*.md"))
    missing = [route for route in ROUTES if f"## `{route}`" not in pages]
    assert missing == []


def test_each_parameter_says_what_it_is_for():
    given = [
        (path, each)
        for path, methods in PATHS.items()
        for operation in methods.values()
        for each in operation.get("parameters", ())
    ]
    unsaid = [(path, each["name"]) for path, each in given if each["in"] != "path" and not each.get("description")]
    assert unsaid == []


def test_the_search_finds_what_is_missing():
    assert find_missing("settings.md", ["KAPELL_DATA", "KAPELL_NO_SUCH_SETTING"]) == ["KAPELL_NO_SUCH_SETTING"]
