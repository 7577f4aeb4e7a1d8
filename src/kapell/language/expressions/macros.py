"""jq's functions that are only short for other expressions."""

from __future__ import annotations

from typing import Any

import msgspec

from kapell.language.expressions import tree
from kapell.language.expressions.parser import parse_expression
from kapell.language.expressions.tree import Node


class Macro(msgspec.Struct, frozen=True):
    """A function's definition: its parameters, and its body in which they are called."""

    parameters: tuple[str, ...]
    body: Node

    def expand(self, arguments: tuple[Node, ...]) -> Node:
        """Return the body with the arguments in the place of the parameters."""
        return _replace(self.body, dict(zip(self.parameters, arguments, strict=True)))


def _replace(node: Node, arguments: dict[str, Node]) -> Node:
    if isinstance(node, tree.Call) and not node.arguments and node.name in arguments:
        return arguments[node.name]
    changes = {field: _replace_field(getattr(node, field), arguments) for field in node.__struct_fields__}
    return type(node)(**changes)


def _replace_field(value: Any, arguments: dict[str, Node]) -> Any:
    if isinstance(value, Node):
        return _replace(value, arguments)
    if isinstance(value, tuple):
        return tuple(_replace_field(item, arguments) for item in value)
    return value


_DEFINITIONS = {
    "map(f)": "[.[] | f]",
    "with_entries(f)": "to_entries | [.[] | f] | from_entries",
    "any(f)": "any(.[]; f)",
    "all(f)": "all(.[]; f)",
    "add(f)": "[f] | add",
    "recurse": "..",
    "repeat(f)": "recurse(f)",
    "values": "select(. != null)",
    "nulls": "select(. == null)",
    "booleans": 'select(type == "boolean")',
    "numbers": 'select(type == "number")',
    "strings": 'select(type == "string")',
    "arrays": 'select(type == "array")',
    "objects": 'select(type == "object")',
    "iterables": 'select(type | . == "array" or . == "object")',
    "scalars": 'select(type | . != "array" and . != "object")',
    "IN(f)": ". as $__value | any(f; . == $__value)",
}


def _read_definitions() -> dict[tuple[str, int], Macro]:
    macros = {}
    for head, body in _DEFINITIONS.items():
        name, _, rest = head.partition("(")
        parameters = tuple(rest.rstrip(")").split(";")) if rest else ()
        macros[name, len(parameters)] = Macro(parameters, parse_expression(body))
    return macros


MACROS: dict[tuple[str, int], Macro] = _read_definitions()
"""The macros by name and number of arguments."""
