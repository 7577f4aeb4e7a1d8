"""Runtime expressions: jq, read into a typed tree and compiled to closures where that gives exactly jq's answer."""

from __future__ import annotations

from kapell.language.expressions.errors import ExpressionError, ExpressionSyntaxError, HelperNeeded
from kapell.language.expressions.expression import Expression, compile_expression, is_expression
from kapell.language.expressions.helper_task import HelperTask, make_helper_task
from kapell.language.expressions.parser import parse_expression
from kapell.language.expressions.template import Template, compile_template
from kapell.language.expressions.tree import Node
from kapell.language.expressions.unknown import UNKNOWN, Unknown

__all__ = [
    "UNKNOWN",
    "Expression",
    "ExpressionError",
    "ExpressionSyntaxError",
    "HelperNeeded",
    "HelperTask",
    "Node",
    "Template",
    "Unknown",
    "compile_expression",
    "compile_template",
    "is_expression",
    "make_helper_task",
    "parse_expression",
]
