"""What the helper is handed: only the parts that the filter reads, and all of those."""

from __future__ import annotations

from typing import Any

import pytest

from kapell.language.expressions import compile_expression, make_helper_task

DOCUMENT = {"a": {"b": "x", "big": [1] * 9}, "c": [1], "n": 5}
VARIABLES = {"ctx": {"p": "y", "q": [2]}, "other": 1}

CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ('.a.b | test("x")', {"a": {"b": "x"}}, {}),
    (".a.b | test($ctx.p)", {"a": {"b": "x"}}, {"ctx": {"p": "y"}}),
    ('test("x")', DOCUMENT, {}),
    ('$ctx.p | test("x")', None, {"ctx": {"p": "y"}}),
    ("{x: .a.b, y: .missing.z} | now", {"a": {"b": "x"}}, {}),
    (".n.deep | now", {"n": 5}, {}),
    ("reduce .c[] as $i ($ctx; . + now)", {"c": [1]}, {"ctx": VARIABLES["ctx"]}),
    ("def f: .big; .a | f", {"a": DOCUMENT["a"]}, {}),
    (".a as {b: $x} | $x | now", {"a": DOCUMENT["a"]}, {}),
    (".a as $ctx | $ctx.b | now", {"a": DOCUMENT["a"]}, {}),
    (".c |= now", DOCUMENT, {}),
    ('try (.a.b | test("x")) catch .n', {"a": {"b": "x"}, "n": 5}, {}),
    ("[.. | now]", DOCUMENT, {}),
    ("if now then now end", DOCUMENT, {}),
    ("[.n | now]", {"n": 5}, {}),
    ("[.a | .b | now]", {"a": {"b": "x"}}, {}),
    ("[.n.deep | 1, now]", {"n": 5}, {}),
    ("now | $unset", None, {}),
]


@pytest.mark.parametrize(("source", "document", "variables"), CASES)
def test_only_what_is_read_is_handed_over(source: str, document: Any, variables: dict[str, Any]) -> None:
    task = make_helper_task(compile_expression(source), DOCUMENT, VARIABLES)
    assert task.program == source
    assert task.variables == variables
    if document is not None or "now |" not in source:
        assert task.document == document
