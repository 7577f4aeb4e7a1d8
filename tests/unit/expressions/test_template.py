"""Templates: JSON values in which some strings are expressions."""

from __future__ import annotations

import pytest

from kapell.language.expressions import UNKNOWN, ExpressionError, ExpressionSyntaxError, HelperNeeded, compile_template


def test_expressions_are_replaced_and_all_else_is_kept() -> None:
    value = {"a": "${ .x }", "b": [1, "${ $y + 1 }", {"c": "plain ${HOME}"}], "d": ".x", "e": None}
    template = compile_template(value)
    assert template.evaluate({"x": {"z": 1}}, {"y": 2}) == {
        "a": {"z": 1},
        "b": [1, 3, {"c": "plain ${HOME}"}],
        "d": ".x",
        "e": None,
    }
    assert [each.source.strip() for each in template.expressions] == [".x", "$y + 1"]
    assert template.variables == {"y"}
    assert not template.is_constant


def test_a_constant_is_given_back_as_it_is() -> None:
    value = {"a": [1, "x ${ .y }"]}
    template = compile_template(value)
    assert template.is_constant
    assert template.evaluate(None, {}) is value
    assert template.foresee(UNKNOWN, {}) is value


def test_a_single_expression_is_a_template_too() -> None:
    assert compile_template("${ .a }").evaluate({"a": [1]}, {}) == [1]


def test_everything_that_needs_the_helper_is_asked_for_at_once() -> None:
    template = compile_template({"a": '${ test("x") }', "b": "${ .n }", "c": ['${ gsub("x"; "y") }']})
    with pytest.raises(HelperNeeded) as caught:
        template.evaluate({"n": 1}, {})
    assert caught.value.indexes == (0, 2)
    assert template.evaluate({"n": 1}, {}, {0: True, 2: "z"}) == {"a": True, "b": 1, "c": ["z"]}
    with pytest.raises(HelperNeeded) as caught:
        template.evaluate({"n": 1}, {}, {0: True})
    assert caught.value.indexes == (2,)


def test_errors_come_through() -> None:
    with pytest.raises(ExpressionError):
        compile_template({"a": "${ .a.b }"}).evaluate({"a": 1}, {})
    with pytest.raises(ExpressionSyntaxError):
        compile_template({"a": ["${ .a | }"]})


def test_what_is_unknown_stays_at_its_place() -> None:
    template = compile_template({"a": "${ .x }", "b": "${ .y }", "c": '${ .y | test("1") }'})
    assert template.foresee({"x": UNKNOWN, "y": "1"}, {}) == {"a": UNKNOWN, "b": "1", "c": UNKNOWN}
