"""`kapell doctor`: tells what the examination finds, as it finds it."""

from __future__ import annotations

import os
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.cli import exits
from kapell.cli.output import colour, print_json, print_lines, say
from kapell.clock import SystemClock
from kapell.doctor.examination import FILE_CHECKS, examine
from kapell.doctor.folder_checks import fix_modes
from kapell.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kapell.doctor.model import Finding

_MARKS = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "problem": ("PROBLEM", "red"),
    "skipped": ("-", "dim"),
}
_WIDTH = 100
_INDENT = " " * 10


def see_doctor(data: Path | None, database: str | None, *, fixes: bool, as_json: bool, verbose: bool) -> int:
    """Examine an installation; 1 if there is a problem. Raises `StorageError` if rights cannot be narrowed."""
    clock = SystemClock()
    given: dict[str, Any] = {"data": data, "database": database}
    fixed = _fix(examine(os.environ, clock, only=FILE_CHECKS, **given)) if fixes else []
    found = examine(os.environ, clock, **given)
    findings = list(found) if as_json else list(_tell(found, verbose=verbose))
    counts = Counter(finding.status for finding in findings)
    if as_json:
        print_json(
            {
                "problems": counts["problem"],
                "warnings": counts["warning"],
                "fixed": fixed,
                "findings": [msgspec.structs.asdict(finding) for finding in findings],
            }
        )
    else:
        if fixed:
            print_lines(f"The rights of {', '.join(fixed)} were narrowed.")
        print_lines(f"{_count(counts['problem'], 'problem')}, {_count(counts['warning'], 'warning')}.")
        if any(finding.fixes for finding in findings):
            say("`kapell doctor --fix` mends the rights of files.", "dim")
    return exits.FAULTED if counts["problem"] else exits.COMPLETED


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _tell(findings: Iterable[Finding], *, verbose: bool) -> Iterable[Finding]:
    """Print the findings as they come, and pass them on."""
    for finding in findings:
        if finding.status != "skipped" or verbose:
            _print(finding)
        yield finding


def _print(finding: Finding) -> None:
    word, name = _MARKS[finding.status]
    text = f"{finding.check}: {finding.text}"
    first, *rest = textwrap.wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False)
    print_lines(f"{colour(f'{word:<10}', name, sys.stdout)}{first}", *(f"{_INDENT}{line}" for line in rest))
    for line in textwrap.wrap(finding.advice, _WIDTH - 3, break_on_hyphens=False, break_long_words=False):
        print_lines(f"{_INDENT}   {line}")


def _fix(findings: Iterable[Finding]) -> list[str]:
    """Narrow the rights of files that others can read, and return which."""
    paths = tuple(path for finding in findings for path in finding.fixes)
    try:
        fix_modes(paths)
    except OSError as error:
        raise StorageError(
            f"The rights of {error.filename} cannot be changed: {error.strerror}.",
            hint="Run it as the user to whom it belongs.",
        ) from error
    return list(paths)
