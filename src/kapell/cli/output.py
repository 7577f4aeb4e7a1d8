"""Writing for people and for programs: JSON and tables on stdout, everything else on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kapell.errors import KapellError

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}
_STATUS_COLOURS = {
    "completed": "green",
    "faulted": "red",
    "damaged": "red",
    "cancelled": "yellow",
    "cancelling": "yellow",
    "suspended": "yellow",
    "running": "blue",
}
_NARROWEST = 20


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person reads the stream, on a terminal that knows more than plain lines."""
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:
        return False


def colour(text: str, name: str, stream: TextIO) -> str:
    """Return `text` in a colour, where the stream is a terminal and colours are wanted (no-color.org)."""
    if name not in _CODES or os.environ.get("NO_COLOR") or not is_terminal(stream):
        return text
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m"


def colour_status(status: str, stream: TextIO) -> str:
    """Return a run's status in its colour."""
    return colour(status, _STATUS_COLOURS.get(status, ""), stream)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(encode_json(value) + "\n")
    sys.stdout.flush()


def encode_json(value: Any) -> str:
    """Return a value as JSON over several lines."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def print_lines(*lines: str) -> None:
    """Print text on stdout."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def say(text: str, name: str = "") -> None:
    """Tell a person something, on stderr."""
    print(colour(text, name, sys.stderr), file=sys.stderr, flush=True)  # noqa: T201 -- what a command line is for


def say_error(error: KapellError) -> None:
    """Tell what went wrong and what to do about it, on stderr."""
    say(f"{colour('kapell:', 'red', sys.stderr)} {error.message}")
    if error.hint:
        say(f"  {error.hint}")


def draw_table(headings: Sequence[str], rows: Sequence[Sequence[str]], stream: TextIO) -> list[str]:
    """Lay out rows in columns as wide as their longest cell; the last one is cut where the terminal ends."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    room = shutil.get_terminal_size().columns if is_terminal(stream) else 0
    lines = []
    for number, row in enumerate([headings, *rows]):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)]
        used = sum(len(cell) + 2 for cell in cells[:-1])
        cells[-1] = _cut(row[-1], room - used) if room else row[-1]
        if number == 0:
            lines.append(colour("  ".join(cells).rstrip(), "bold", stream))
        else:
            coloured = [colour_status_cell(cell, stream) for cell in cells]
            lines.append("  ".join(coloured).rstrip())
    return lines


def colour_status_cell(cell: str, stream: TextIO) -> str:
    """Return a padded cell in the colour of the status that it holds, if it holds one."""
    word = cell.rstrip()
    return colour_status(word, stream) + cell[len(word) :] if word in _STATUS_COLOURS else cell


def _cut(text: str, room: int) -> str:
    line = " ".join(text.split())
    width = max(room, _NARROWEST)
    return line if len(line) <= width else f"{line[: width - 3]}..."


def say_time(moment: datetime | None) -> str:
    """Return a moment as people read it, in their own time zone; `-` for none."""
    return "-" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
