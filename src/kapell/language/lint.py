"""The linter: what the specification's schema does not say, and yet a workflow needs to run (decision 22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.language.lint_errors import lint_errors
from kapell.language.lint_expressions import lint_expressions
from kapell.language.lint_flow import lint_flow
from kapell.language.lint_references import lint_references

if TYPE_CHECKING:
    from kapell.language.model import Workflow
    from kapell.language.problems import Problem
    from kapell.language.source import SourceDocument

__all__ = ["lint_expressions", "lint_workflow"]


def lint_workflow(document: SourceDocument, workflow: Workflow) -> list[Problem]:
    """Check how tasks lead to each other, what names refer to, and which errors are never raised."""
    return [
        *lint_flow(document, workflow),
        *lint_references(document, workflow),
        *lint_errors(document, workflow),
    ]
