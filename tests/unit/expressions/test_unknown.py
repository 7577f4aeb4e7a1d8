"""Foreseeing results from values that only the run will know."""

from __future__ import annotations

from typing import Any

import pytest

from kapell.language.expressions import UNKNOWN, ExpressionError, HelperNeeded, Unknown, compile_expression

DOCUMENT = {"known": 1, "later": UNKNOWN, "mixed": [1, UNKNOWN], "nested": {"a": UNKNOWN, "b": 2}, "text": "t"}

CASES: list[tuple[str, Any]] = [
    (".known", 1),
    (".later", UNKNOWN),
    (".later.a.b[0]", UNKNOWN),
    (".mixed[0]", 1),
    (".mixed | length", 2),
    (".nested | keys", ["a", "b"]),
    (".nested + {c: 3}", {"a": UNKNOWN, "b": 2, "c": 3}),
    (".nested * {a: {x: 1}}", UNKNOWN),
    ("{a: .later, b: .known}", {"a": UNKNOWN, "b": 1}),
    ("[.later, 1]", [UNKNOWN, 1]),
    ("[.later | 1]", [1]),
    ("[.later[]]", UNKNOWN),
    ("[1, .later[]]", UNKNOWN),
    ("[.mixed[]]", [1, UNKNOWN]),
    ("[.mixed[] | . + 1]", [2, UNKNOWN]),
    ("[.mixed[] | select(. > 0)]", UNKNOWN),
    ("[.mixed[] | select(true)]", [1, UNKNOWN]),
    (".later + 1", UNKNOWN),
    (".later == 1", UNKNOWN),
    (".mixed == [2, 3]", UNKNOWN),
    (".later and false", UNKNOWN),
    ("false and .later", False),
    ("true or .later", True),
    ("if .later then 1 else 2 end", UNKNOWN),
    ("if .known then .later else 2 end", UNKNOWN),
    ("if .known then 5 else .later end", 5),
    (".known == 1", True),
    ("[.known, 2] | . == [1, 2]", True),
    (".later // 1", UNKNOWN),
    ("null // .later", UNKNOWN),
    (".known // .later", 1),
    ("[.later.a?]", UNKNOWN),
    ("[try .later.a catch 1]", UNKNOWN),
    ("[(.later | 1)?]", [1]),
    ('"x\\(.later)"', UNKNOWN),
    ('"x\\(.known)"', "x1"),
    ("[.later, 2] | tostring", UNKNOWN),
    ("[.later, 2] | sort", UNKNOWN),
    ("[.later, 2] | reverse", [2, UNKNOWN]),
    (".later | type", UNKNOWN),
    (".later | not", UNKNOWN),
    ("reduce .mixed[] as $x (0; . + $x)", UNKNOWN),
    ("reduce .later[] as $x (0; . + 1)", UNKNOWN),
    ("first(.mixed[])", 1),
    ("last(.mixed[])", UNKNOWN),
    ("any(.mixed[]; . == 1)", True),
    ("all(.mixed[]; . == 1)", UNKNOWN),
    ("[limit(.later; 1, 2)]", UNKNOWN),
    ("[range(.later)]", UNKNOWN),
    (".mixed | sort_by(.)", UNKNOWN),
    ("[{k: .later}, {k: 1}] | group_by(.k)", UNKNOWN),
    (".nested | to_entries | length", 2),
    ('.text | test("t")', UNKNOWN),
    (".nested.b = 3", UNKNOWN),
    ("{(.text): .later}", {"t": UNKNOWN}),
    ("{(.later | tostring): 1}", UNKNOWN),
    ("$v.x", UNKNOWN),
    ("$w", 4),
    (".later as $x | 1", 1),
    ("[..] | length", UNKNOWN),
    (".later | error", UNKNOWN),
    ('getpath(["nested", "a", "x"])', UNKNOWN),
    ('getpath(["nested", "b"])', 2),
    ("getpath([.later])", UNKNOWN),
]


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_results(source: str, expected: Any) -> None:
    assert compile_expression(source).foresee(DOCUMENT, {"v": UNKNOWN, "w": 4}) == expected


def test_what_will_fail_in_any_case_fails() -> None:
    with pytest.raises(ExpressionError):
        compile_expression("[.later, (.known | .a)]").foresee(DOCUMENT, {})


def test_an_error_that_holds_something_unknown_can_be_shown() -> None:
    with pytest.raises(ExpressionError, match="cannot be shown"):
        compile_expression("error({a: .later})").foresee(DOCUMENT, {})


def test_where_nothing_is_unknown_it_is_an_evaluation() -> None:
    assert compile_expression(".a + 1").foresee({"a": 1}, {"x": 1}) == 2
    with pytest.raises(HelperNeeded):
        compile_expression('test("a")').foresee("a", {})


def test_an_unknown_variable_that_is_not_read_does_not_matter() -> None:
    assert compile_expression(".a").foresee({"a": 1}, {"x": UNKNOWN}) == 1


def test_the_unknown_is_one_and_has_no_truth() -> None:
    assert Unknown() is UNKNOWN
    with pytest.raises(TypeError):
        bool(UNKNOWN)
