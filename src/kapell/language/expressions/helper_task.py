"""What the helper process is handed for one evaluation: no more of the document than the filter reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.language.expressions.reads import INPUT, prune

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kapell.language.expressions.expression import Expression


class HelperTask(msgspec.Struct, frozen=True):
    """One evaluation for the helper process.

    Attributes:
        program: The jq text.
        document: The input, pruned.
        variables: The variables that the program takes, by name without `$`.
    """

    program: str
    document: Any
    variables: dict[str, Any]


def make_helper_task(expression: Expression, document: Any, variables: Mapping[str, Any]) -> HelperTask:
    """Describe the evaluation of an expression on a document, with what it needs of them."""
    places = expression.reads
    needed = {
        name: prune(variables[name], _below(name, places)) for name in sorted(expression.variables) if name in variables
    }
    read = _below(INPUT, places)
    return HelperTask(expression.source, prune(document, read) if read else None, needed)


def _below(root: str, places: frozenset[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    return frozenset(place[1:] for place in places if place[0] == root)
