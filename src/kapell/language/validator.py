"""Checking a document: is it a workflow, and if not, what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.language.lint import lint_expressions, lint_workflow
from kapell.language.model import Workflow
from kapell.language.problems import InvalidWorkflowError, Problem
from kapell.language.reading import Reader
from kapell.language.reading_scalars import MAX_PROBLEMS
from kapell.language.source import DEFAULT_LIMITS, SourceDocument, read_document

if TYPE_CHECKING:
    from kapell.language.nodes import Limits


class Validation(msgspec.Struct, frozen=True):
    """What checking a document gave.

    Attributes:
        workflow: The workflow; `None` if there is any error.
        problems: Everything that was found, in the order of the text.
    """

    workflow: Workflow | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that make the document unusable."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def validate(document: SourceDocument) -> Validation:
    """Check a document completely: its structure, its expressions, its names and how its tasks lead to each other.

    It is a pure function: call it away from an event loop, as `read_document`.
    """
    reader = Reader(document)
    workflow = reader.read_root(Workflow)
    problems = reader.problems
    if len(problems) < MAX_PROBLEMS:
        problems += lint_expressions(document, reader.sites)
    if workflow is not None:
        problems += lint_workflow(document, workflow)
    if any(problem.severity == "error" for problem in problems):
        workflow = None
    return Validation(workflow, _select(problems))


def check_structure(document: SourceDocument) -> Validation:
    """Check only what the specification's schema describes, without the linter."""
    reader = Reader(document)
    workflow = reader.read_root(Workflow)
    return Validation(workflow, _select(reader.problems))


def _select(problems: list[Problem]) -> tuple[Problem, ...]:
    """Put problems into the order of the text; of very many, errors are kept first."""
    if len(problems) > MAX_PROBLEMS:
        problems = sorted(problems, key=lambda problem: problem.severity != "error")[: MAX_PROBLEMS + 1]
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))


def load_workflow(source: str | bytes, name: str = "<workflow>", *, limits: Limits = DEFAULT_LIMITS) -> Workflow:
    """Read and check a workflow.

    Raises:
        InvalidWorkflowError: It cannot be read or is not valid; its `problems` say why.
    """
    validation = validate(read_document(source, name, limits=limits))
    if validation.workflow is None:
        raise InvalidWorkflowError(validation.problems)
    return validation.workflow
