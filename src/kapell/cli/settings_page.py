"""`kapell settings`: every setting, the value in force, where it comes from, and what it means."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.cli import exits
from kapell.cli.output import colour, print_json, print_lines
from kapell.settings import CONFIG, PREFIX, Settings, read_file, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DOCUMENTED = re.compile(r"^ {8}(\w+): (.*(?:\n {12,}.*)*)", re.MULTILINE)
_PASSWORD = re.compile(r"(://[^:@/]*:).*(?=@)|([?&]password=)[^&]*")
"""The password in a URL of a database or a proxy."""

_WIDTH = 100


class SettingLine(msgspec.Struct, frozen=True):
    """A setting as it is listed."""

    name: str
    variable: str
    value: Any
    default: Any
    source: str
    description: str


def list_settings(data: Path | None, secrets: Path | None, *, as_json: bool) -> int:
    """Print all settings. Raises `UsageError` if one cannot be used."""
    given = {name for name, value in (("data", data), ("secrets", secrets)) if value is not None}
    lines = make_lines(read_settings(data=data, secrets=secrets), given)
    if as_json:
        print_json([msgspec.structs.asdict(line) for line in lines])
        return exits.COMPLETED
    for line in lines:
        value = "-" if line.value in (None, "", {}) else str(line.value)
        print_lines(f"{colour(line.name, 'bold', sys.stdout)} = {value}  ({line.source})")
        print_lines(*textwrap.wrap(line.description, _WIDTH, initial_indent="    ", subsequent_indent="    "))
    return exits.COMPLETED


def _find_source(name: str, variable: str, given: set[str], in_file: Mapping[str, Any]) -> str:
    if name in given:
        return "option"
    if variable in os.environ or any(each.startswith(f"{variable}_") for each in os.environ if name == "oidc"):
        return variable
    return os.environ[CONFIG] if name in in_file else "default"


def make_lines(settings: Settings, given: set[str]) -> list[SettingLine]:
    """Return a line for each setting, described by the text that documents it in the code."""
    descriptions = read_descriptions()
    defaults = Settings()
    in_file = read_file(os.environ)
    lines = []
    for name in Settings.__struct_fields__:
        variable = PREFIX + name.upper()
        source = _find_source(name, variable, given, in_file)
        value, default = _plain(getattr(settings, name)), _plain(getattr(defaults, name))
        lines.append(SettingLine(name, variable, value, default, source, descriptions[name]))
    return lines


def read_descriptions() -> dict[str, str]:
    """Return what each setting means, by its name."""
    found = _DOCUMENTED.findall(Settings.__doc__ or "")
    return {name: " ".join(text.split()) for name, text in found}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(provider.issuer) for key, provider in value.items()}  # never their secrets
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1\2***", value)
    return str(value) if hasattr(value, "__fspath__") else value
