"""Expressions that never end, explode, or make values that nothing can hold."""

from __future__ import annotations

import json

import pytest


def make_text(expression):
    """A workflow whose second task evaluates the expression."""
    quoted = json.dumps("${ " + expression + " }")
    return f"do:\n  - first:\n      set: {{ready: true}}\n  - hostile:\n      set: {{result: {quoted}}}\n"


@pytest.mark.parametrize(
    "expression",
    [
        "[range(1e12)] | length",
        "def f: f; f",
        "[limit(1e9; repeat(1))] | length",
        "last(range(1e12))",
        "reduce range(1e12) as $i (0; . + $i)",
        "0 | [recurse(. + 1)] | length",
        "until(false; .)",
        '("a" * 28) + "b" | test("^(a+)+$")',
        '("x" * 40) | test("(x+x+)+y")',
        '[range(40)] | map("a") | join("") | test("^(a|a)*b$")',
    ],
)
async def test_an_expression_without_end_is_ended(carry_out, expression):
    report = await carry_out(make_text(expression), expression_seconds=1.0)
    if report.outcome.status == "completed":
        assert report.seconds < 5
        return
    assert report.error.type.endswith("/expression")
    assert report.error.instance == "/do/1/hostile"
    assert "limit" in report.error.detail
    assert report.seconds < 20
    report.check_bounded()


@pytest.mark.parametrize(
    "expression",
    [
        '[range(3e7) | tostring] | join(",")',
        '"x" * 1e9',
        "[range(1e8)]",
        "reduce range(60) as $i ([1]; . + .)",
        'reduce range(40) as $i ("ab"; . + .)',
        "[range(1e6)] | map([range(100)])",
        '[splits(""; "")] | length',
        "tojson | . * 1e8",
    ],
)
async def test_an_expression_that_fills_the_memory_is_ended(carry_out, expression):
    report = await carry_out(make_text(expression), expression_seconds=3.0, expression_memory_bytes=128 * 2**20)
    assert report.error.type.endswith(("/expression", "/runtime"))
    assert report.error.instance == "/do/1/hostile"
    assert report.seconds < 40
    report.check_bounded()


def pipe(part, times):
    return " | ".join([part] * times)


@pytest.mark.parametrize(
    "expression",
    [
        pipe("{a: ., b: .}", 60),
        pipe("[., ., .]", 60),
        '"xy" | ' + pipe(". + .", 60),
        '"xy" | ' + pipe('"\\(.)\\(.)"', 60),
        "[1] | " + pipe(". + .", 60),
        '["ab"] | ' + pipe("[.[], .[]]", 60),
        '["ab"] | ' + pipe("[(. | tostring), (. | tostring)]", 60),
    ],
)
async def test_a_value_that_doubles_within_one_expression_is_refused(carry_out, expression):
    report = await carry_out(make_text(expression), expression_seconds=3.0)
    assert report.error.instance == "/do/1/hostile"
    report.check_bounded()


LOOP = """
do:
  - begin:
      set: {{text: abcdefgh, list: [1]}}
  - grow:
      for: {{each: i, in: '${{ $workflow.input.rounds }}'}}
      do:
        - double:
            set: {value}
"""


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("{a: '${ . }', b: '${ . }'}", "bytes"),
        ("{a: ['${ . }', '${ . }', '${ . }']}", "bytes"),
        ("{text: '${ .text + .text }'}", "bytes|MiB"),
        ("{list: '${ .list + .list }'}", "larger|limit|bytes|memory"),
        ("{a: '${ . }'}", "nested more than"),
        ("'${ [.] }'", "nested more than"),
        ("'${ {a: [.]} }'", "nested more than"),
    ],
)
async def test_a_value_that_grows_in_a_loop_is_refused_where_it_exceeds(carry_out, value, word):
    report = await carry_out(LOOP.format(value=value), {"rounds": list(range(2000))}, expression_seconds=30.0)
    assert report.error.instance.startswith("/do/1/grow/for/")
    assert report.error.instance.endswith("/do/0/double")
    assert any(part in report.error.detail for part in word.split("|")), report.error.detail
    report.check_bounded(250)


async def test_an_export_that_doubles_is_refused(carry_out):
    text = LOOP.format(value="{a: 1}") + "            export: {as: '${ {a: $context, b: $context} }'}\n"
    report = await carry_out(text, {"rounds": list(range(100))})
    assert report.error.instance.endswith("/do/0/double")
    report.check_bounded()
