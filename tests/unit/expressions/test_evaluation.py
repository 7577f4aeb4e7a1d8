"""Evaluation by closures: jq's meaning where Python's differs, exact integers, and when the helper is asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from kapell.language.expressions import ExpressionError, HelperNeeded, compile_expression, is_expression

BIG = 2**63 - 1

CASES: list[tuple[str, Any, Any]] = [
    (".a.b", {"a": {"b": 1}}, 1),
    (".a.b", {"a": None}, None),
    (".a.b", None, None),
    (".[-1]", [1, 2], 2),
    (".[1.7]", [1, 2], 2),
    (".[-0.5]", [1, 2], 1),
    (".[1:]", "aé€", "é€"),
    ("true == 1", None, False),
    ("[true] == [1]", None, False),
    ('{"a": false} == {"a": 0}', None, False),
    ("1 == 1.0", None, True),
    ("[1, true, 1] | unique", None, [True, 1]),
    ("[true, 1] - [1]", None, [True]),
    ("index(1)", [True, 1], 1),
    ("false < 0", None, True),
    (
        "sort",
        [{"a": 1}, "a", 0, True, None, [0], False, {"a": 0}],
        [None, False, True, 0, "a", [0], {"a": 0}, {"a": 1}],
    ),
    ("null + 1", None, 1),
    ("{a: 1} + {b: 2, a: 3}", None, {"a": 3, "b": 2}),
    ("{a: {b: 1}} * {a: {c: 2}}", None, {"a": {"b": 1, "c": 2}}),
    ("[1, 2, 1] - [1]", None, [2]),
    ('"a,b" / ","', None, ["a", "b"]),
    ("6 / 2", None, 3),
    ("7 / 2", None, 3.5),
    ("-7 % 3", None, -1),
    ("5.9 % 3.1", None, 2),
    (".", BIG, BIG),
    (". + 0", BIG, BIG),
    (". / 1", BIG, BIG),
    (". - 1", -(2**62), -(2**62) - 1),
    ("tostring", BIG, str(BIG)),
    (". == 9223372036854775806", BIG, False),
    ("9007199254740993", None, 9007199254740993),
    ("0.5 + 0.5 | tostring", None, "1"),
    (".a // 7", {"a": False}, 7),
    (".[] // 7", [None, False], 7),
    ("empty", None, None),
    (".[] | select(. > 1)", [1, 2, 3], 2),
    ("1, error", None, 1),
    (".a[]?", {"a": 1}, None),
    ("(.a.b)?", {"a": 1}, None),
    ('try error("x") catch "caught"', None, "caught"),
    ('"\\(1, 2)-\\(.a)"', {"a": [1]}, "1-[1]"),
    ("[(1, 2) + (10, 20)]", None, [11, 12, 21, 22]),
    ('{("a", "b"): 1}', None, {"a": 1}),
    ("[limit(2; .[])]", [1, 2, 3], [1, 2]),
    ("reduce .[] as $x (0; . + $x)", [1, 2, 3], 6),
    ("[foreach .[] as $x (0; . + $x)]", [1, 2, 3], [1, 3, 6]),
    ("group_by(.k) | map(length)", [{"k": 1}, {"k": 0}, {"k": 1}], [1, 2]),
    ("with_entries(.value += 1)", {"a": 1}, {"a": 2}),
    ("keys", {"b": 1, "a": 2}, ["a", "b"]),
    ("to_entries", {"b": 1}, [{"key": "b", "value": 1}]),
    ('join("-")', ["a", None, 1, True], "a--1-true"),
    ("@base64", "é", "w6k="),
    ("@uri", "a b/é", "a%20b%2F%C3%A9"),
    ("@html", "<a>", "&lt;a&gt;"),
    ("@sh", ["it's", 1], "'it'\\''s' 1"),
    ("@csv", ['a"b', 1, None], '"a""b",1,'),
    ("length", "é€😀", 3),
    ("ascii_downcase", "ÀB", "Àb"),
    (".a.b = 1", None, {"a": {"b": 1}}),
    (".items[].n += 1", {"items": [{"n": 1}, {"n": 2}]}, {"items": [{"n": 2}, {"n": 3}]}),
    ("del(.a)", {"a": 1, "b": 2}, {"b": 2}),
    ("[range(0; 10; 3)]", None, [0, 3, 6, 9]),
    ("[.[] as $x | $x * 2]", [1, 2], [2, 4]),
    ("if . then 1 end", False, False),
    ("any(.[]; . > 2)", [1, 3], True),
    ("fromjson", '{"a": 12345678901234567}', {"a": 12345678901234567}),
    (". as [$a, {b: $c}] | [$a, $c]", [1, {"b": 2}], [1, 2]),
    (". as {a: [$q], $b} | [$q, $b]", {"a": [1], "b": 2}, [1, 2]),
    ("reduce .[] as [$k, $n] (0; . + $k * $n)", [[1, 2], [3, 4]], 14),
    ("trim", "\u2003 a\n", "a"),
    ("trim", "\x1ca", "\x1ca"),
    ('getpath(["a", 0])', {"a": [7]}, 7),
    ("$x + 1", None, 6),
    ("$y.a[0]", None, "z"),
]


@pytest.mark.parametrize(("source", "document", "expected"), CASES)
def test_results(source: str, document: Any, expected: Any) -> None:
    expression = compile_expression(source)
    assert expression.native
    result = expression.evaluate(document, {"x": 5, "y": {"a": ["z"]}})
    assert result == expected
    assert type(result) is type(expected)


ERRORS = [
    (".a", 5, 'Cannot index number with string ("a")'),
    (".[0]", {}, "Cannot index object with number (0)"),
    (".[]", "a", 'Cannot iterate over string ("a")'),
    ("1 + .", "a", 'number (1) and string ("a") cannot be added'),
    ("1 / .", 0, "divisor is zero"),
    ("{a: 1} - 1", None, "cannot be subtracted"),
    ("keys", 1, "number (1) has no keys"),
    ('error("no \\(.)")', "way", "no way"),
    ("error({code: 7})", None, '{"code":7}'),
    ("keys", "a" * 100, 'string ("' + "a" * 24 + '...") has no keys'),
    (". + 1", list(range(100)), "array ([0,1,2,3,4,5,6,7,8,9,10,1...]) and"),
    ("$missing", None, "$missing is not defined here"),
    ("-.", "a", "cannot be negated"),
    ("tonumber", [], "cannot be parsed as a number"),
]


@pytest.mark.parametrize(("source", "document", "message"), ERRORS)
def test_errors_are_of_jqs_kind(source: str, document: Any, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source).evaluate(document, {})
    assert message in caught.value.message


def test_a_raised_value_is_kept() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("error({code: 7})").evaluate(None, {})
    assert caught.value.value == {"code": 7}


FOR_THE_HELPER = [
    'test("a")',
    'gsub("a"; "b")',
    "now",
    "def f: 1; f",
    "[paths]",
    "try error catch .",
    ". as [$a] ?// $a | $a",
]


@pytest.mark.parametrize("source", FOR_THE_HELPER)
def test_what_only_libjq_can_do_is_left_to_it(source: str) -> None:
    expression = compile_expression(source)
    assert not expression.native
    with pytest.raises(HelperNeeded):
        expression.evaluate("a", {})


TOO_MUCH: list[tuple[str, Any]] = [
    ("[range(1e6)]", None),
    ("[range(1000000)] | length", None),
    ("[.[] as $a | .[] as $b | .[] as $c | 1]", list(range(100))),
    ("reduce range(100) as $i (.; [., .])", 1),
    ("reduce range(100) as $i (.; . + .)", "aaaaaaaaaa"),
    ("reduce range(100) as $i (.; . + .)", [1, 2]),
    ("reduce range(1000) as $i (2; . * .) | tostring", None),
    ("reduce range(19000) as $i (.; . + [$i])", []),
    ("last(repeat(1))", None),
    ("until(false; .)", None),
    ("[recurse(.)]", 1),
    (" | ".join(["[., .]"] * 60), 1),
    ('"a" * 1000000000', None),
    ("sort", list(range(30_000))),
    ("tojson", [[1] * 100] * 1_000),
    ("map(. == $big)", [1] * 10_000),
    ("[.[] | select(. == $list)]", [list(range(1_000))] * 1_000),
]


@pytest.mark.parametrize(("source", "document"), TOO_MUCH, ids=lambda value: str(value)[:40])
def test_much_work_is_left_to_the_helper(source: str, document: Any) -> None:
    if "$big" in source:
        assert compile_expression(source).evaluate(document, {"big": 1}) == [True] * len(document)
        return
    with pytest.raises(HelperNeeded):
        compile_expression(source).evaluate(document, {"list": list(range(1_000))})


def test_deep_documents_never_end_in_a_recursion_error() -> None:
    deep: Any = 1
    other: Any = 1
    for _ in range(10_000):
        deep, other = [deep], [other]
    assert compile_expression(".[0]").evaluate(deep, {}) is deep[0]
    for source in (
        "tojson",
        ". == $other",
        "[..] | length",
        "flatten",
        "sort",
        "contains($other)",
        "{a: .} * {a: $other}",
    ):
        with suppress(HelperNeeded):
            compile_expression(source).evaluate(deep, {"other": other})


def test_values_are_never_changed_in_place() -> None:
    document = {"a": {"b": [1, 2]}, "c": 1}
    for source in (".a.b[0] = 9", ".a.b += [3]", "del(.a.b)", ".a * {b: 1}", ".a.b | reverse | sort", ".[] |= 1"):
        compile_expression(source).evaluate(document, {})
    assert document == {"a": {"b": [1, 2]}, "c": 1}


def test_marks_are_optional_where_an_expression_is_meant() -> None:
    assert compile_expression("${ .a }").evaluate({"a": 1}, {}) == 1
    assert compile_expression(".a").evaluate({"a": 1}, {}) == 1
    assert compile_expression("${ .a }") is compile_expression("${ .a }")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${ .a }", True),
        ("  ${.a}\n", True),
        ("${ {a: 1} }", True),
        (".a", False),
        ("x ${ .a }", False),
        ("${HOME}/x", False),
        ("${HOME}/${USER}", False),
        ("${HOME} ${ .a }", False),
        ('${ "a ${x} }" }', True),
        ('${ {a: "}\\"}"} | "${" }', True),
        ("${ .a } }", True),
    ],
)
def test_strict_mode(text: str, *, expected: bool) -> None:
    assert is_expression(text) is expected
