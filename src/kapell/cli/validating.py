"""`kapell validate`: is each file a workflow, and if not, what was probably meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from kapell.cli import exits
from kapell.cli.files import read_bytes
from kapell.cli.output import colour, print_json, print_lines
from kapell.errors import UsageError
from kapell.language import InvalidWorkflowError, Problem, list_unsupported, read_document, validate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COLOURS = {"error": "red", "warning": "yellow"}


def validate_files(files: Sequence[Path], *, as_json: bool) -> int:
    """Check files and say what was found; return the exit code."""
    results = [(file, list_problems(file)) for file in files]
    failed = any(not _is_valid(problems) for _, problems in results)
    if as_json:
        print_json(
            [
                {"file": str(file), "valid": _is_valid(problems), "problems": msgspec.to_builtins(problems)}
                for file, problems in results
            ]
        )
        return exits.FAULTED if failed else exits.COMPLETED
    for file, problems in results:
        print_lines(*(_draw(problem) for problem in problems))
        if _is_valid(problems):
            print_lines(f"{file}: {colour('valid', 'green', sys.stdout)}")
    return exits.FAULTED if failed else exits.COMPLETED


def list_problems(file: Path) -> list[Problem]:
    """Return everything that is to be said of a file, in the order of the text; what cannot run yet as warnings."""
    try:
        document = read_document(read_bytes(file), str(file))
    except InvalidWorkflowError as error:
        return list(error.problems)
    except UsageError as error:
        return [Problem(severity="error", code="unreadable", message=error.message.rstrip("."), file=str(file))]
    validation = validate(document)
    problems = list(validation.problems)
    if validation.workflow is not None:
        for problem in list_unsupported(validation.workflow, document):
            hint = "It is valid, but `kapell run` refuses it."
            problems.append(msgspec.structs.replace(problem, severity="warning", hint=hint))
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _is_valid(problems: Sequence[Problem]) -> bool:
    return all(problem.severity != "error" for problem in problems)


def _draw(problem: Problem) -> str:
    word = f" {problem.severity}:"
    return str(problem).replace(word, colour(word, _COLOURS.get(problem.severity, ""), sys.stdout), 1)
