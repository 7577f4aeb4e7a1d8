"""The parser: jq's precedences and forms, its refusals with their places, and its limits."""

from __future__ import annotations

import pytest

from kapell.language.expressions import ExpressionSyntaxError, compile_expression, parse_expression, tree

SAME = [
    (".a | .b, .c", ".a | (.b, .c)"),
    (".a // .b // .c", ".a // (.b // .c)"),
    (".a // .b, .c", "(.a // .b), .c"),
    (".a = .b // .c", "(.a = .b) // .c"),
    (".a or .b and .c", ".a or (.b and .c)"),
    (".a == .b and .c", "(.a == .b) and .c"),
    (".a + .b == .c", "(.a + .b) == .c"),
    (".a - .b - .c", "(.a - .b) - .c"),
    (".a / .b * .c", "(.a / .b) * .c"),
    (".a + .b * .c", ".a + (.b * .c)"),
    ("-.a * .b", "(-.a) * .b"),
    ("12 / -3 * 2", "(12 / (-3)) * 2"),
    (".a | .b as $x | $x, .c", ".a | (.b as $x | ($x, .c))"),
    ("1 + .a as $x | $x * 2", "1 + (.a as $x | ($x * 2))"),
    ("def f: 1; f | f", "def f: 1; (f | f)"),
    ("try .a // .b", "(try .a) // .b"),
    ('."a"."b"', '.["a"]["b"]'),
    (".a.[0]", ".a[0]"),
    (
        '{a, $x, b: 1 + 2, "c", @text "d", (.e): 3, if: 4}',
        '{"a": .a, "x": $x, "b": (1 + 2), "c": .["c"], @text "d": .["d"], (.e): 3, "if": 4}',
    ),
    ("# a comment\n.a # and another", ".a"),
    ("reduce .[] as $x (0; . + $x) | .", "(reduce .[] as $x (0; . + $x)) | ."),
]


def strip_positions(node: object) -> object:
    if isinstance(node, tree.Node):
        fields = [field for field in node.__struct_fields__ if field != "position"]
        return (type(node).__name__, *(strip_positions(getattr(node, field)) for field in fields))
    if isinstance(node, tuple):
        return tuple(strip_positions(item) for item in node)
    return (type(node).__name__, node)


@pytest.mark.parametrize(("source", "spelled_out"), SAME)
def test_precedence_and_shorthands(source: str, spelled_out: str) -> None:
    assert strip_positions(parse_expression(source)) == strip_positions(parse_expression(spelled_out))


DIFFERENT = [(".a.b?", "(.a.b)?"), ("(.a, .b)", "[.a, .b]"), ("-1 - 1", "-(1 - 1)"), (".a[0]?", "(.a[0])?")]


@pytest.mark.parametrize(("source", "other"), DIFFERENT)
def test_what_is_not_the_same(source: str, other: str) -> None:
    assert strip_positions(parse_expression(source)) != strip_positions(parse_expression(other))


ACCEPTED = [
    "..",
    ".[]",
    ".[1:2]",
    ".[:2]",
    ".[1:]",
    ".a?",
    "..[0]?",
    '"a\\(1 + 2)b\\("c")"',
    '@base64 "x\\(.)"',
    "@uri",
    "if . then 1 end",
    "if . then 1 elif .a then 2 else 3 end",
    "try error catch .",
    "label $out | 1, break $out",
    "reduce .[] as [$a, {b: $c}] (0; . + $a)",
    "foreach .[] as $x (0; . + $x; [., $x])",
    ". as [$a] ?// $a | $a",
    '. as {$a, b: [$c], "d": $e, ("f"): $g, $h: [$i]} | $a',
    "def f(g; $x): g + $x; f(.a; 1)",
    "$__loc__",
    ".1 + 1. + 1e3",
    "{}",
    "[]",
    ".and",
    ".if.then",
    "{$__loc__}",
    '"\\u00e9\\ud83d\\ude00\\n"',
    "limit(3; .[])",
    ".a |= . + 1",
    "1 as $x | 2 as $y | [$x, $y]",
    ".[.a]",
    "(1, 2)[0]?",
    "- -1",
    ".a as $x | def f: $x; f",
    '{"a b": 1}."a b"',
    "[.[] | {a: .b | .c}]",
]


@pytest.mark.parametrize("source", ACCEPTED)
def test_forms_of_jq_are_read(source: str) -> None:
    assert isinstance(parse_expression(source), tree.Node)


REFUSED = [
    ("", 0, "empty"),
    (".a ==", 5, "the expression ends where an expression was expected"),
    (".a | | .b", 5, "there is `|`"),
    ("[1, 2", 5, "`]` for the `[` at 0"),
    ("{a: 1", 5, "`}` for the `{` at 0"),
    ("(.a", 3, "`)` for the `(` at 0"),
    ("if .a then 1", 12, "`end` for the `if` at 0"),
    ('"abc', 4, "not closed"),
    ('"a\\qb"', 2, "no escape"),
    ('"\\ud800"', 1, "surrogate"),
    ('"\\u12"', 1, "four hexadecimal digits"),
    ("1 < 2 < 3", 6, "cannot be chained"),
    (".a = .b = .c", 8, "cannot be chained"),
    ("'a'", 0, "double quotes"),
    (".a && .b", 3, "`and` and `or`"),
    (".a?//1", 2, "`? //`"),
    ("{1: 2}", 1, '"1"'),
    ("{(null): 2}", 2, "A key is a string"),
    (". as [] | 1", 6, "a variable, such as `$x`"),
    ("lenght", 0, "Did you mean `length`?"),
    ("frobnicate(1)", 0, "no function `frobnicate`"),
    ("split", 0, "takes 1 or 2 arguments, not 0"),
    ("@bas64", 0, "Did you mean `@base64`?"),
    ("break $out", 0, "no `label $out`"),
    (".a | env.HOME", 5, "environment is no input"),
    ("$ENV.HOME", 0, "environment is no input"),
    ("input", 0, "one input"),
    ("[inputs]", 1, "one input"),
    ('import "a" as b; 1', 0, "cannot load modules"),
    ('include "a"; 1', 0, "cannot load modules"),
    ("a::b", 0, "cannot load modules"),
    ("halt", 0, "cannot end the process"),
    ("halt_error(1)", 0, "cannot end the process"),
    ("debug", 0, "no terminal"),
    ("get_search_list", 0, "cannot load modules"),
    ("input_line_number", 0, "one input"),
    ("modulemeta", 0, "cannot load modules"),
]


@pytest.mark.parametrize(("source", "position", "says"), REFUSED)
def test_a_refusal_says_where_and_what(source: str, position: int, says: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_expression(source)
    assert says in str(caught.value)
    assert caught.value.position == position


def test_positions_count_in_the_text_with_its_marks() -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_expression("  ${ .a | lenght }")
    assert caught.value.position == len("  ${ .a | ")


DEEP = [
    "(" * 10_000 + "1" + ")" * 10_000,
    "[" * 10_000,
    "{a:" * 10_000,
    '"\\(' * 10_000,
    "-" * 10_000 + "1",
    "try " * 10_000 + "1",
    "if " * 10_000,
    "1" + " + 1" * 10_000,
    "." + "[0]" * 10_000,
    "." + "?" * 10_000,
    "1 as $x | " * 3_000 + "1",
    "def f: 1; " * 3_000 + "1",
    "label $x | " * 3_000 + "1",
    ". as " + "[" * 10_000,
    "." * 100_000,
]


@pytest.mark.parametrize("source", DEEP, ids=lambda source: source[:12])
def test_depth_and_length_are_limited(source: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match=r"nested|longer"):
        compile_expression(source)


def test_long_lists_and_pipes_cost_no_depth() -> None:
    assert compile_expression("[" + ", ".join("1" for _ in range(5_000)) + "] | length").evaluate(None, {}) == 5_000
    assert compile_expression(" | ".join(". + 1" for _ in range(1_000))).evaluate(0, {}) == 1_000


def test_free_variables() -> None:
    source = "$a + (.x as $b | $b + $c) | reduce .[] as $d ($e; . + $d) | def f($g): $g + $h; f(1)"
    assert compile_expression(source).variables == {"a", "c", "e", "h"}
    assert compile_expression(". as {k: $i, $j} | $i + $j + $k").variables == {"k"}
    assert compile_expression("(1 as $x | $x) + $x").variables == {"x"}
