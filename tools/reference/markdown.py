"""What all reference pages are written with."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made by `make docs` from the code; change it there. -->"

_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n     .*)*)", re.MULTILINE)


def make_page(title: str, *parts: str) -> str:
    """Return a page: the title, the notice that it is made, and its parts with a blank line between them."""
    return "\n\n".join([f"# {title}", NOTICE, *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def make_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, or nothing where there are no rows. Columns that are empty in all rows are left out."""
    found = [[cell.replace("\n", " ").replace("|", "\\|") for cell in row] for row in rows]
    if not found:
        return ""
    shown = [number for number in range(len(head)) if any(row[number] for row in found)]
    lines = [[head[number] for number in shown], ["---" for _ in shown]]
    lines += [[row[number] for number in shown] for row in found]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def read_text(docstring: str | None) -> str:
    """Return what a docstring says before its sections."""
    return re.split(r"\n(?:Attributes|Args|Returns|Raises|Yields):", inspect.cleandoc(docstring or ""))[0].strip()


def read_attributes(docstring: str | None) -> dict[str, str]:
    """Return what a docstring says of each attribute, in one line each."""
    return read_section(docstring, "Attributes")


def read_section(docstring: str | None, name: str) -> dict[str, str]:
    """Return what a section of a docstring (`Attributes`, `Args`, `Raises`) says of each name, in one line each."""
    text = inspect.cleandoc(docstring or "")
    section = re.search(rf"^{name}:\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
    return {word: " ".join(about.split()) for word, about in _ATTRIBUTE.findall(section[1])} if section else {}


def read_fields(documented: type) -> dict[str, str]:
    """Return what a struct's docstring says of each field.

    Raises:
        ValueError: A field is not documented, or something is documented that is no field.
    """
    found = read_attributes(documented.__doc__)
    fields = set(getattr(documented, "__struct_fields__", ()))
    if fields != set(found):
        raise ValueError(f"{documented.__name__} documents {sorted(found)} and has {sorted(fields)}")
    return found
