"""A compiled expression, and the text forms in which the language takes one."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from kapell.language.expressions import tree
from kapell.language.expressions.compiler import compile_native
from kapell.language.expressions.costs import BUDGET, MAX_VISITS, weigh_deep
from kapell.language.expressions.errors import ExpressionSyntaxError, HelperNeeded
from kapell.language.expressions.filters import Filter, NotNative
from kapell.language.expressions.parser import parse_expression
from kapell.language.expressions.reads import find_reads
from kapell.language.expressions.scope import find_free_variables
from kapell.language.expressions.unknown import UNKNOWN, Undetermined, contains_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kapell.language.expressions.tree import Node

_BRACES = re.compile(r'[{}]|"(?:[^"\\]|\\.)*"', re.DOTALL)
_NODES_FOR_FULL_BUDGET = 15
_CACHED = 4096
_COPIES_UNCHECKED = 1000
_FEEDING = frozenset({"until", "while", "repeat", "recurse"})


def is_expression(text: str) -> bool:
    """Tell whether a text is one expression as a whole: `${ ... }`, and nothing around it but blanks.

    A text such as `${HOME}/${USER}` is none, and is left to whom it is meant for (decision 3 of the language).
    """
    stripped = text.strip()
    if not (stripped.startswith("${") and stripped.endswith("}")):
        return False
    return "${" not in stripped[2:] or _closes_at_end(stripped)


def _closes_at_end(text: str) -> bool:
    """Tell whether the brace that begins a text is closed by the one that ends it; those in strings do not count."""
    depth = 0
    for match in _BRACES.finditer(text):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0 and match.group() == "}":
            return match.end() == len(text)
    return False


def strip_marks(text: str) -> str:
    """Return what stands in `${ ... }`; a text without those is given back as it is."""
    stripped = text.strip()
    return stripped[2:-1] if is_expression(text) else text


class Expression:
    """A jq expression, compiled; immutable.

    Attributes:
        source: The jq text, without `${ }`.
        tree: Its typed tree.
        variables: The variables that it takes from outside, without their `$`.
        native: Whether it is evaluated in this process; otherwise only the helper process may.
    """

    def __init__(self, source: str) -> None:
        """Parse, check and compile a text without `${ }`. Raises `ExpressionSyntaxError`."""
        self.source = source
        self.tree: Node = parse_expression(source)
        self.variables: frozenset[str] = find_free_variables(self.tree)
        compiled, loops = _compile(self.tree)
        self.native = compiled is not None
        self._single = compiled.single if compiled is not None and not loops else None
        self._many = compiled.many if compiled is not None else None
        size = sum(1 for _ in tree.iter_nodes(self.tree))
        self._budget = MAX_VISITS * _NODES_FOR_FULL_BUDGET // max(size, _NODES_FOR_FULL_BUDGET)
        self._may_explode = _feeds_itself(self.tree) or _count_copies(self.tree) > _COPIES_UNCHECKED

    def __repr__(self) -> str:
        """Show the source."""
        return f"Expression({self.source!r})"

    def evaluate(self, document: Any, variables: Mapping[str, Any]) -> Any:
        """Return the first result, or None where there is none (decision 4 of the language).

        Args:
            document: The input, `.`: a JSON value.
            variables: The variables' values by name, without `$`.

        Raises:
            ExpressionError: The evaluation failed; the message is of jq's kind.
            HelperNeeded: Only the helper process may evaluate this, or it is too large to be evaluated here.
        """
        try:
            if self._single is not None:
                result = self._single(document, variables)
            elif self._many is not None:
                env = {**variables, BUDGET: [self._budget]}
                result = next(iter(self._many(document, env)), None)
            else:
                raise HelperNeeded("the expression needs libjq")
            if self._may_explode and weigh_deep((result,)) > MAX_VISITS:
                raise HelperNeeded("a large result")
        except RecursionError:
            raise HelperNeeded("a deep value") from None
        return result

    def foresee(self, document: Any, variables: Mapping[str, Any]) -> Any:
        """Evaluate where values may be `UNKNOWN`: the result is or contains `UNKNOWN` wherever it depends on one.

        It says what the result is if the evaluation succeeds; that it succeeds is not said.

        Raises:
            ExpressionError: The evaluation will fail whatever the unknown values are.
            HelperNeeded: Nothing is unknown to it, and only the helper process may evaluate it.
        """
        known = not contains_unknown([document, *(variables.get(name) for name in self.variables)])
        if known:
            return self.evaluate(document, variables)
        if self._abstract is None:
            return UNKNOWN
        env = {**variables, BUDGET: [self._budget]}
        try:
            return next(iter(self._abstract.many(document, env)), None)
        except (Undetermined, HelperNeeded, RecursionError):
            return UNKNOWN

    @cached_property
    def reads(self) -> frozenset[tuple[str, ...]]:
        """The places in the input (`.`) and in the variables (their names) that it reads, at most; see `find_reads`."""
        return find_reads(self.tree)

    @cached_property
    def _abstract(self) -> Filter | None:
        compiled, _ = _compile(self.tree, abstract=True)
        return compiled


def _compile(root: Node, *, abstract: bool = False) -> tuple[Filter | None, bool]:
    try:
        return compile_native(root, abstract=abstract)
    except (NotNative, RecursionError):
        return None, False


def _feeds_itself(root: Node) -> bool:
    """Tell whether an expression has a loop in which results become inputs, so that values may double each time."""
    return any(
        isinstance(node, tree.Reduce | tree.Foreach) or (isinstance(node, tree.Call) and node.name in _FEEDING)
        for node in tree.iter_nodes(root)
    )


def _count_copies(node: Node) -> int:
    """Return a bound of how many copies of one value the result of a loop-free expression can hold."""
    children = [_count_copies(child) for child in tree.iter_children(node)]
    if isinstance(node, tree.Pipe | tree.Bind):
        product = 1
        for copies in children:
            product *= copies
        return max(product, 1)
    return max(sum(children), 1)


@lru_cache(maxsize=_CACHED)
def _compile_source(source: str) -> Expression:
    return Expression(source)


def compile_expression(source: str) -> Expression:
    """Return the compiled form of an expression, which may stand in `${ }` or bare (decision 2 of the language).

    Raises:
        ExpressionSyntaxError: The text is no expression that Kapell runs; `position` counts in `source`.
    """
    try:
        return _compile_source(strip_marks(source))
    except ExpressionSyntaxError as error:
        if not is_expression(source):
            raise
        offset = source.index("${") + 2
        raise ExpressionSyntaxError(error.message, error.position + offset, error.hint) from None
    except RecursionError:
        raise ExpressionSyntaxError("The expression is nested too deeply.", 0, "Split it into several tasks.") from None
