"""Closures and libjq are held to each other on generated programs and documents.

Also: what is handed to the helper suffices, what is foreseen from unknown values holds, and the parser agrees with
libjq's on what is an expression. Integers beyond 2^53 are left out, which libjq would round.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import jq
import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kapell.language.expressions import (
    UNKNOWN,
    ExpressionError,
    ExpressionSyntaxError,
    HelperNeeded,
    compile_expression,
    make_helper_task,
)

KEYS = ("a", "b", "c", "key", "value")
TEXTS = ("", "a", "b", "ab", "a,b", "b a", "A", "é", "😀", "1", "1.5", "null", "<x>", 'q"')

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 20),
    st.sampled_from([0.5, 1.5, -2.25, 100, 1e3, 12345.678]),
    st.sampled_from(TEXTS),
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)

_records = st.fixed_dictionaries(
    {},
    optional={
        "a": st.integers(-3, 9) | st.sampled_from(TEXTS),
        "b": st.lists(scalars, max_size=3),
        "c": st.dictionaries(st.sampled_from(KEYS), scalars, max_size=3),
        "key": st.sampled_from(TEXTS),
        "value": scalars,
    },
)
inputs = documents | _records | st.lists(_records, max_size=4)
"""Documents, most of which have a shape that programs expect."""

_literals = scalars.map(json.dumps)
_keys = st.sampled_from(KEYS)

_paths = st.one_of(
    st.just("."),
    _keys.map(lambda key: f".{key}"),
    st.tuples(_keys, _keys).map(lambda keys: f".{keys[0]}.{keys[1]}"),
    _keys.map(lambda key: f'."{key}"'),
    _keys.map(lambda key: f".{key}?"),
    st.integers(-2, 3).map(lambda place: f".[{place}]"),
    st.tuples(_keys, st.integers(-2, 2)).map(lambda pair: f".{pair[0]}[{pair[1]}]?"),
    st.sampled_from([".[]?", ".a[]?", ".[1:]", ".[:-1]?", "..", ".b[0]", "$x", "$y", "$y.a", ".c | .key"]),
)

_PLAIN = (
    *(
        "length",
        "keys",
        "keys_unsorted",
        "type",
        "not",
        "tojson",
        "tostring",
        "tonumber",
        "add",
        "any",
        "all",
        "flatten",
    ),
    *(
        "reverse",
        "sort",
        "unique",
        "min",
        "max",
        "to_entries",
        "from_entries",
        "first",
        "last",
        "floor",
        "ceil",
        "round",
    ),
    *("abs", "ascii_downcase", "ascii_upcase", "utf8bytelength", "explode", "values", "nulls", "strings", "numbers"),
    *("arrays", "objects", "scalars", "iterables", "booleans", "empty", "@text", "@json", "@html", "@uri", "@base64"),
    *(
        "@csv",
        "@sh",
        "@tsv",
        "recurse",
        "transpose",
        "toboolean",
        "fromjson",
        "error",
        "trunc",
        "sqrt",
        "isempty(.[]?)",
    ),
    *("to_entries | from_entries", "paths", "trim", "ltrim", "rtrim", "tojson | fromjson"),
)


def _extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    # Long because it is a list: each way to build a program out of smaller ones.
    two = st.tuples(inner, inner)
    three = st.tuples(inner, inner, inner)
    operators = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "//"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
        two.map(lambda parts: f"{parts[0]} | {parts[1]}"),
        two.map(lambda parts: f"{parts[0]}, {parts[1]}"),
        inner.map(lambda part: f"[{part}]"),
        inner.map(lambda part: f"-({part})"),
        inner.map(lambda part: f"({part})?"),
        two.map(lambda parts: f"try ({parts[0]}) catch 7"),
        inner.map(lambda part: f'try ({part}) catch "caught"'),
        two.map(lambda parts: f'{{a: ({parts[0]}), "b": ({parts[1]}), c}}'),
        two.map(lambda parts: f"{{({parts[0]}): ({parts[1]})}}"),
        two.map(lambda parts: f'"x\\({parts[0]})-\\({parts[1]})"'),
        three.map(lambda parts: f"if {parts[0]} then {parts[1]} else {parts[2]} end"),
        two.map(lambda parts: f"if {parts[0]} then {parts[1]} end"),
        two.map(lambda parts: f"({parts[0]}) as $x | {parts[1]}"),
        three.map(lambda parts: f"reduce ({parts[0]}) as $x ({parts[1]}; {parts[2]})"),
        three.map(lambda parts: f"[foreach ({parts[0]}) as $y ({parts[1]}; {parts[2]})]"),
        two.map(lambda parts: f"({parts[0]})[{parts[1]}]?"),
        two.map(lambda parts: f"({parts[0]})[{parts[1]}:]"),
        two.map(lambda parts: f"({parts[0]}) as [$x, {{a: $y}}] | {parts[1]}"),
        two.map(lambda parts: f"({parts[0]}) as {{a: $x, $b, c: [$y]}} | {parts[1]}"),
        two.map(lambda parts: f"reduce ({parts[0]}) as {{$a, b: [$y]}} (0; [., $a, $y, ({parts[1]})])"),
        inner.map(lambda part: f"getpath([{part}])?"),
        inner.map(lambda part: f"map({part})"),
        inner.map(lambda part: f"map(select({part}))"),
        inner.map(lambda part: f"[.[]? | {part}]"),
        inner.map(lambda part: f"with_entries(.value |= ({part}))"),
        inner.map(lambda part: f"with_entries(select(.value | {part}))"),
        st.tuples(
            st.sampled_from(
                ["sort_by", "group_by", "unique_by", "min_by", "max_by", "any", "all", "first", "last", "add"]
            ),
            inner,
        ).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(
            st.sampled_from(
                [
                    *("has", "in", "contains", "inside", "startswith", "endswith", "ltrimstr", "rtrimstr", "trimstr"),
                    *(
                        "join",
                        "split",
                        "index",
                        "rindex",
                        "indices",
                        "IN",
                        "flatten",
                        "nth",
                        "error",
                        "map_values",
                        "del",
                        "path",
                    ),
                    *("isempty", "select", "getpath"),
                ]
            ),
            inner,
        ).map(lambda parts: f"{parts[0]}({parts[1]})"),
        two.map(lambda parts: f"any({parts[0]}; {parts[1]})"),
        two.map(lambda parts: f"all({parts[0]}; {parts[1]})"),
        st.tuples(st.integers(0, 3), inner).map(lambda parts: f"[limit({parts[0]}; {parts[1]})]"),
        st.tuples(st.integers(0, 3), inner).map(lambda parts: f"nth({parts[0]}; {parts[1]})"),
        st.tuples(st.integers(-2, 4), st.integers(-2, 4)).map(lambda parts: f"[range({parts[0]}; {parts[1]})]"),
        st.tuples(_keys, st.sampled_from(["=", "|=", "+=", "-=", "*=", "//="]), inner).map(
            lambda parts: f".{parts[0]} {parts[1]} ({parts[2]})"
        ),
    )


programs = st.recursive(st.one_of(_literals, _paths, _paths, st.sampled_from(_PLAIN)), _extend, max_leaves=6)
"""Programs, most of which compile to closures."""

VARIABLES = {"x": 3, "y": {"a": [1, "b"]}}
ERROR = object()
run_often = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def ask_libjq(program: str, document: Any, variables: dict[str, Any]) -> Any:
    """Return the first result in libjq, None where there is none, or ERROR."""
    bindings = "".join(f'.v["{name}"] as ${name} | ' for name in variables)
    whole = jq.compile(f"{bindings}.d | first({program}\n) | tojson")
    text = msgspec.json.encode({"v": variables, "d": document}).decode()
    try:
        results = list(whole.input_text(text))
    except ValueError:
        return ERROR
    return json.loads(results[0]) if results else None


def evaluate(program: str, document: Any) -> Any:
    try:
        return compile_expression(program).evaluate(document, VARIABLES)
    except ExpressionError:
        return ERROR


def are_same(one: Any, other: Any) -> bool:
    """Compare as JSON: booleans are no numbers, and the order of keys counts."""
    if type(one) in (int, float) and type(other) in (int, float):
        return bool(one == other)
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(are_same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(are_same(one[key], other[key]) for key in one)
    return bool(one == other)


def test_closures_and_libjq_agree() -> None:
    counts: Counter[str] = Counter()

    @run_often
    @given(programs, inputs)
    def compare(program: str, document: Any) -> None:
        try:
            expression = compile_expression(program)
        except ExpressionSyntaxError:
            assume(False)
        counts["all"] += 1
        if not expression.native:
            return
        counts["native"] += 1
        try:
            result = evaluate(program, document)
        except HelperNeeded:
            counts["left to libjq"] += 1
            return
        expected = ask_libjq(program, document, VARIABLES)
        counts["succeeded"] += result is not ERROR
        assert are_same(result, expected), f"closures give {result!r}, libjq {expected!r}"

    compare()
    assert counts["native"] * 2 >= counts["all"], counts
    assert counts["succeeded"] * 2 >= counts["all"], counts
    assert counts["left to libjq"] * 5 <= counts["all"], counts


@run_often
@given(programs)
def test_what_is_refused_is_no_program_of_libjq_either(program: str) -> None:
    try:
        compile_expression(program)
    except ExpressionSyntaxError:
        accepted = False
    else:
        accepted = True
    try:
        jq.compile(f"null as $x | null as $y | {program}")
    except ValueError:
        assert not accepted
    else:
        assert accepted


@run_often
@given(programs, inputs)
def test_the_helper_is_handed_enough(program: str, document: Any) -> None:
    try:
        task = make_helper_task(compile_expression(program), document, VARIABLES)
    except ExpressionSyntaxError:
        assume(False)
    full = ask_libjq(program, document, VARIABLES)
    assert are_same(ask_libjq(task.program, task.document, task.variables), full)


def cover(document: Any, draw: Any) -> Any:
    """Return a document some parts of which are unknown."""
    if draw(st.integers(0, 4)) == 0:
        return UNKNOWN
    if isinstance(document, list):
        return [cover(item, draw) for item in document]
    if isinstance(document, dict):
        return {key: cover(item, draw) for key, item in document.items()}
    return document


def is_possible(foreseen: Any, actual: Any) -> bool:
    """Tell whether what was foreseen allows for what came."""
    if foreseen is UNKNOWN:
        return True
    if isinstance(foreseen, list) and isinstance(actual, list):
        return len(foreseen) == len(actual) and all(map(is_possible, foreseen, actual))
    if isinstance(foreseen, dict) and isinstance(actual, dict):
        return foreseen.keys() == actual.keys() and all(is_possible(foreseen[key], actual[key]) for key in foreseen)
    return are_same(foreseen, actual)


@run_often
@given(programs, inputs, st.data())
def test_what_is_foreseen_comes_true(program: str, document: Any, data: st.DataObject) -> None:
    covered = cover(document, data.draw)
    try:
        actual = evaluate(program, document)
        foreseen = compile_expression(program).foresee(covered, VARIABLES)
    except (ExpressionSyntaxError, HelperNeeded):
        assume(False)
    except ExpressionError:
        assert actual is ERROR
        return
    if actual is not ERROR:
        assert is_possible(foreseen, actual), f"foreseen {foreseen!r}, came {actual!r}"
