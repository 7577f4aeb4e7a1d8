"""Random programs and documents for the property tests of expressions."""

from __future__ import annotations

import json

from hypothesis import strategies as st

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
    *("to_entries | from_entries", "paths", "trim", "ascii_downcase", "tojson | fromjson"),
)


def _extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
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
                    *("has", "in", "contains", "inside", "startswith", "endswith", "ltrimstr", "rtrimstr", "split"),
                    *(
                        "join",
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
