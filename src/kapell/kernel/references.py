"""References: the JSON pointer of a task within its run, with the numbers of the iterations around it (decision 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.language.program import Kind

if TYPE_CHECKING:
    from kapell.kernel.state import Entry
    from kapell.language.program import Node, Program


def make_reference(program: Program, parent: Entry, node: Node) -> str:
    """Return the reference of `node` inside the entry `parent`, such as `/do/0/loop/for/3/do/1/call`."""
    kind = program.nodes[parent.node].kind
    if kind is Kind.FOR:
        return f"{parent.reference}/for/{parent.iteration}{node.suffix}"
    if kind is Kind.LISTEN:
        return f"{parent.reference}/foreach/{parent.iteration}{node.suffix.removeprefix('/foreach')}"
    return parent.reference + node.suffix


def is_within(reference: str, around: str) -> bool:
    """Tell whether a reference is of the task `around`, or of one within it."""
    return reference == around or reference.startswith(f"{around}/")
