"""Evaluates in a process that can be killed what only libjq can evaluate.

libjq has no limit of time and holds Python's lock while it works, so it never runs in the engine's own process:
`child.py` is the process that it runs in, `client.py` keeps such processes, `pieces.py` is the JSON between them.
"""

from __future__ import annotations

from kapell.engine.expression_helper.client import ExpressionHelper, HelperResult

__all__ = ["ExpressionHelper", "HelperResult"]
