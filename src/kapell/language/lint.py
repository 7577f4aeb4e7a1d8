"""The linter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.language.model import Workflow
    from kapell.language.problems import Problem
    from kapell.language.reading_scalars import Site
    from kapell.language.source import SourceDocument


def lint_sites(document: SourceDocument, sites: Sequence[Site]) -> list[Problem]:
    """Check."""
    del document, sites
    return []


def lint_workflow(document: SourceDocument, workflow: Workflow) -> list[Problem]:
    """Check."""
    del document, workflow
    return []
