"""The commands that documents tell the reader to type exist, with the options that they show."""

import re
from pathlib import Path

import pytest
import typer

from kapell.cli.app import app

ROOT = Path(__file__).resolve().parent.parent.parent
MADE = ROOT / "docs" / "reference"
SHOWN = re.compile(r"(?:^|`)kapell ((?:[^`\n]|\\\n)+)", re.MULTILINE)
COMMANDS = typer.main.get_command(app)


def list_commands():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    for path in sorted(documents):
        if MADE not in path.parents:
            for shown in SHOWN.findall(path.read_text(encoding="utf-8")):
                yield pytest.param(shown, id=f"{path.relative_to(ROOT)}: kapell {shown[:40]}")


def check_command(shown):
    command, words = COMMANDS, shown.replace("\\\n", " ").split()
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        word = words.pop(0).rstrip(",;:.")
        assert word in command.commands, f"there is no command {word!r}"
        command = command.commands[word]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    known |= {"-h", "--help"}
    for word in words:
        if re.match(r"--?[a-z]", word):
            assert word in known, f"{word} is no option of {command.name}"


@pytest.mark.parametrize("shown", list(list_commands()))
def test_a_command_in_a_document_exists(shown):
    check_command(shown)


@pytest.mark.parametrize("shown", ["rnu hello.yaml", "run hello.yaml --inputs 1", "runs lits"])
def test_the_check_finds_what_does_not_exist(shown):
    with pytest.raises(AssertionError):
        check_command(shown)
