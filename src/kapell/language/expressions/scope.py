"""Checks the names of an expression: which variables it takes from outside, and that every function exists."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kapell.language.expressions import tree
from kapell.language.expressions.builtins import BUILTINS, FORMATS, REFUSED
from kapell.language.expressions.errors import ExpressionSyntaxError

if TYPE_CHECKING:
    from kapell.language.expressions.tree import Node, Pattern

_Names = frozenset[str]
_Functions = frozenset[tuple[str, int]]


def find_free_variables(root: Node) -> frozenset[str]:
    """Return the variables that an expression takes from outside, without their `$`.

    Raises:
        ExpressionSyntaxError: It calls a function or format that does not exist or is refused, or breaks to nowhere.
    """
    scope = _Scope()
    scope.visit(root, frozenset(), frozenset(), frozenset())
    return frozenset(scope.free)


class _Scope:
    def __init__(self) -> None:
        self.free: set[str] = set()

    def visit(self, node: Node, bound: _Names, functions: _Functions, labels: _Names) -> None:
        match node:
            case tree.Variable(name=name):
                if name not in bound:
                    self.free.add(name)
                return
            case tree.Bind(source=source, patterns=patterns, body=body):
                self.visit(source, bound, functions, labels)
                inner = self.visit_patterns(patterns, bound, functions, labels)
                self.visit(body, inner, functions, labels)
                return
            case tree.Reduce() | tree.Foreach():
                self.visit_loop(node, bound, functions, labels)
                return
            case tree.Definition():
                self.visit_definition(node, bound, functions, labels)
                return
            case tree.Label(name=name, body=body):
                self.visit(body, bound, functions, labels | {name})
                return
            case tree.Break(name=name, position=position):
                if name not in labels:
                    raise ExpressionSyntaxError(f"`break ${name}` has no `label ${name}` around it.", position)
            case tree.Call():
                _check_call(node, functions)
            case tree.Format(name=name, position=position) | tree.StringTemplate(format=name, position=position):
                _check_format(name, position)
        for child in tree.iter_children(node):
            self.visit(child, bound, functions, labels)

    def visit_loop(
        self, node: tree.Reduce | tree.Foreach, bound: _Names, functions: _Functions, labels: _Names
    ) -> None:
        self.visit(node.source, bound, functions, labels)
        self.visit(node.initial, bound, functions, labels)
        inner = self.visit_patterns(node.patterns, bound, functions, labels)
        self.visit(node.update, inner, functions, labels)
        if isinstance(node, tree.Foreach) and node.extract is not None:
            self.visit(node.extract, inner, functions, labels)

    def visit_definition(self, node: tree.Definition, bound: _Names, functions: _Functions, labels: _Names) -> None:
        known = functions | {(node.name, len(node.parameters))}
        values = frozenset(parameter[1:] for parameter in node.parameters if parameter.startswith("$"))
        filters = frozenset((parameter.lstrip("$"), 0) for parameter in node.parameters)
        self.visit(node.body, bound | values, known | filters, labels)
        self.visit(node.rest, bound, known, labels)

    def visit_patterns(
        self, patterns: tuple[Pattern, ...], bound: _Names, functions: _Functions, labels: _Names
    ) -> _Names:
        """Visit the keys of patterns, each of which sees what was bound before it; return all that is bound after."""
        for pattern in patterns:
            bound = self.visit_pattern(pattern, bound, functions, labels)
        return bound

    def visit_pattern(self, pattern: Pattern, bound: _Names, functions: _Functions, labels: _Names) -> _Names:
        match pattern:
            case tree.VariablePattern(name=name):
                return bound | {name}
            case tree.ArrayPattern(items=items):
                return self.visit_patterns(items, bound, functions, labels)
            case tree.ObjectPattern(entries=entries):
                for entry in entries:
                    self.visit(entry.key, bound, functions, labels)
                    if entry.binds is not None:
                        bound |= {entry.binds}
                    if entry.pattern is not None:
                        bound = self.visit_pattern(entry.pattern, bound, functions, labels)
                return bound


def _check_format(name: str, position: int) -> None:
    if name not in FORMATS:
        raise ExpressionSyntaxError(f"`@{name}` is no format of jq.", position, _suggest(name, FORMATS, "@"))


def _check_call(call: tree.Call, functions: _Functions) -> None:
    name, arity = call.name, len(call.arguments)
    if (name, arity) in functions:
        return
    if name in REFUSED:
        raise ExpressionSyntaxError(f"`{name}` is not available: {REFUSED[name]}.", call.position)
    if (name, arity) in BUILTINS:
        return
    if "::" in name:
        raise ExpressionSyntaxError("Expressions cannot load modules.", call.position, "Write the function here.")
    known = functions | BUILTINS
    arities = sorted(arity for other, arity in known if other == name)
    if arities:
        wanted = " or ".join(str(number) for number in arities)
        raise ExpressionSyntaxError(
            f"`{name}` takes {wanted} arguments, not {arity}.", call.position, "`;` separates them."
        )
    hint = _suggest(name, {other for other, _ in known}) or f'If it is text, write `"{name}"`; if a field, `.{name}`.'
    raise ExpressionSyntaxError(f"There is no function `{name}`.", call.position, hint)


def _suggest(name: str, known: frozenset[str] | set[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"Did you mean `{prefix}{close[0]}`?" if close else ""
