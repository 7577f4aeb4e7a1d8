"""`kapell settings`: every setting, the value in force, where it comes from, and what it means."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

import msgspec

from kapell.cli import exits
from kapell.cli.output import colour, print_json, print_lines
from kapell.settings import describe_settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

_WIDTH = 100


def list_settings(data: Path | None, secrets: Path | None, *, as_json: bool) -> int:
    """Print all settings. Raises `UsageError` if one cannot be used."""
    given = {name for name, value in (("data", data), ("secrets", secrets)) if value is not None}
    lines = describe_settings(read_settings(data=data, secrets=secrets), given)
    if as_json:
        print_json([msgspec.structs.asdict(line) for line in lines])
        return exits.COMPLETED
    for line in lines:
        value = "-" if line.value in (None, "", {}) else str(line.value)
        print_lines(f"{colour(line.name, 'bold', sys.stdout)} = {value}  ({line.source})")
        print_lines(*textwrap.wrap(line.description, _WIDTH, initial_indent="    ", subsequent_indent="    "))
    return exits.COMPLETED
