"""What the helper process is handed for one evaluation: no more of the document than the filter reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

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
    needed = {name: variables[name] for name in sorted(expression.variables) if name in variables}
    return HelperTask(expression.source, document, needed)
