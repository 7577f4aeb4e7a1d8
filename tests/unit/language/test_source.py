"""Reading YAML and JSON: exact values, places, and what is refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from kapell.language.nodes import Limits
from kapell.language.problems import InvalidWorkflowError
from kapell.language.source import read_document


def refuse(source: str | bytes, name: str = "w.yaml", **limits: int) -> str:
    with pytest.raises(InvalidWorkflowError) as caught:
        read_document(source, name, limits=Limits(**limits))
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on: yes", {"on": "yes"}),
        ("at: 2024-02-29", {"at": "2024-02-29"}),
        ("n: 9223372036854775807", {"n": 2**63 - 1}),
        ("n: 123456789012345678901234567890", {"n": 123456789012345678901234567890}),
        ("n: [0x1F, 0o17, 010, -3, 1.5, 1e3, .5]", {"n": [31, 15, 10, -3, 1.5, 1000.0, 0.5]}),
        ("a: [~, null, , true, False]", None),
        ("a: [~, null, true, False, '1', \"true\"]", {"a": [None, None, True, False, "1", "true"]}),
        ("version: 1.0.3", {"version": "1.0.3"}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: !!str 12\nb: !!float 3", {"a": "12", "b": 3.0}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
    ],
)
def test_yaml_is_read_by_the_core_schema(text: str, value: Any) -> None:
    if value is None:
        refuse(text)
    else:
        assert read_document(text).value == value


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "w.yaml:1:1: error: the document is empty. A workflow has at least `document` and `do`."),
        ("a:\n\t- b", "w.yaml:2:1: error: a tab stands where YAML wants spaces. Indent with spaces."),
        (
            "a: b: c",
            ("w.yaml:1:5: error: a `: ` stands where no new key can begin. "
            "Put quotes around a text that holds `: `, or correct the indentation."),
        ),
        (
            "a: 1\nb: 2\na: 3",
            ("w.yaml:3:1: error: the key `a` stands here for the second time, after line 1. "
            "Remove or rename one of the two."),
        ),
        ("a: 'x\nb: 1", "w.yaml:1:4: error: a quote is opened here and never closed. Close it with the same quote."),
        (
            "1: x",
            "w.yaml:1:1: error: the key 1 is read as a number, and a key must be a text. Write '1' in quotes.",
        ),
        ("? [a]\n: b", "w.yaml:1:3: error: a key must be a text. Put quotes around it."),
        ("a: .nan", "w.yaml:1:4: error: .nan is no JSON number. Put quotes around it if a text is meant."),
        ("a: [?x]", "w.yaml:1:5: error: a text that begins with `?` needs quotes"),
        ("a: {?x: 1}", "w.yaml:1:5: error: a text that begins with `?` needs quotes"),
        ("a: 1e999", "w.yaml:1:4: error: 1e999 is greater than a JSON number can be"),
        ("a: *x", "w.yaml:1:4: error: there is no anchor `&x` before this alias"),
        ("a: &x [*x]", "w.yaml:1:8: error: the alias `*x` stands within what it repeats"),
        (
            "a: !foo 1",
            "w.yaml:1:4: error: the tag !foo has no meaning here. Remove it; a workflow holds what JSON can hold.",
        ),
        ("a: 1\n---\nb: 1", "w.yaml:2:1: error: a second document begins here. Keep one workflow to a file."),
        ("%YAML 1.1\n---\na: 1", "w.yaml:2:1: error: only YAML 1.2 is read. Remove the %YAML line."),
        (
            "<<: {a: 1}",
            ("w.yaml:1:1: error: merge keys (<<) belong to YAML 1.1. "
            "Write the keys out, or repeat a whole value by an alias."),
        ),
        (b"ok: 1\na: \xff", "w.yaml:2:4: error: the byte 0xff is not UTF-8. Save the file as UTF-8."),
        (b"\xff\xfea\x00", "w.yaml:1:1: error: the text is encoded in UTF-16. Save the file as UTF-8."),
        (
            "a: b\x00",
            ("w.yaml:1:5: error: the character U+0000 is not allowed in YAML. "
            "Remove it, or write it as an escape in double quotes."),
        ),
        ('a: "\\ud800"', "w.yaml:1:4: error: half of a surrogate pair stands alone; it is no character"),
        ("a: \ud800", "w.yaml:1:4: error: half of a surrogate pair stands alone; it is no character"),
        ("a: " + "9" * 5000, "w.yaml:1:4: error: a number of so many digits is not read"),
        ("a:\n  - b\n c: 1", ("w.yaml:3:2: error: this line does not fit the indentation of those above it. "
         "Align it with its siblings.")),
    ],
)  # fmt: skip
def test_yaml_is_refused_with_its_place_and_advice(source: str | bytes, said: str) -> None:
    assert refuse(source) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n "a": 2}', ("w.json:2:2: error: the key `a` stands here for the second time, after line 1. "
         "Remove or rename one of the two.")),
        ('{"a": NaN}', "w.json:1:7: error: this is not JSON: a value should stand here, not `NaN`"),
        ('{"a": 1e999}', "w.json:1:7: error: 1e999 is greater than a JSON number can be"),
        ('{"a": "\\ud800"}', "w.json:1:7: error: half of a surrogate pair stands alone; it is no character"),
        ('{"a": [1,]}', "w.json:1:10: error: this is not JSON: a value should stand here, not `]`"),
        ('{"a" 1}', "w.json:1:6: error: this is not JSON: `:` should stand here, not `1`"),
        ('{"a": 1', "w.json:1:8: error: the document ends where `}` should stand"),
        ('{"a": 1} 2', "w.json:1:10: error: this is not JSON: the end of the document should stand here, not `2`"),
        ('{"a": "x', ("w.json:1:7: error: a text is opened here and not closed. "
         'Texts stand between " and ", on one line.')),
        ('{"a": "\\x"}', "w.json:1:7: error: an unknown escape in this text. Write `\\\\` for a backslash."),
        ("{'a': 1}", "w.json:1:2: error: this is not JSON: a key in double quotes should stand here, not `'a'`"),
    ],
)  # fmt: skip
def test_json_is_refused_with_its_place_and_advice(text: str, said: str) -> None:
    assert refuse(text, "w.json") == said


def test_json_is_read_the_fast_way_with_exact_numbers() -> None:
    document = read_document('{"n": 9223372036854775807, "s": "\\u00e9", "x": [1.5, true, null, {}]}')
    assert document.is_json
    assert document.value == {"n": 2**63 - 1, "s": "é", "x": [1.5, True, None, {}]}
    assert document.root.value == document.value


def test_yaml_in_flow_style_is_no_json_but_is_read() -> None:
    document = read_document("{a: 1, b: [x]}")
    assert not document.is_json
    assert document.value == {"a": 1, "b": ["x"]}


@pytest.mark.parametrize(
    "text",
    ["a: 1\nb:\n  - x: y\n    'z/~': [1, {q: w}]\n", '{"a": 1,\n"b":\n  [{"x": "y",\n   "z/~": [1, {"q": "w"}]}]}'],
)
def test_every_value_and_key_knows_its_place(text: str) -> None:
    document = read_document(text)
    lines = text.split("\n")
    for pointer, key, value in [
        ("/a", "a", "1"),
        ("/b/0/x", "x", "y"),
        ("/b/0/z~1~0", "z/~", "["),
        ("/b/0/z~1~0/1/q", "q", "w"),
    ]:
        place, key_place = document.locate_pointer(pointer), document.locate_pointer(pointer, key=True)
        assert lines[place.line - 1][place.column - 1 :].lstrip('"').startswith(value)
        assert lines[key_place.line - 1][key_place.column - 1 :].lstrip("'\"").startswith(key)


def test_a_place_that_does_not_exist_is_that_of_what_encloses_it() -> None:
    document = read_document("a:\n  b: 1\n")
    assert document.locate(("a", "x", 3)) == document.locate(("a",)) == (2, 3)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "a: " + "[" * 10_000,
        "a: " + "{a: " * 10_000,
        "- " * 10_000,
        "? " * 10_000,
        "".join(f"{' ' * depth}a:\n" for depth in range(1_000)),
        '{"a":' * 10_000,
    ],
)
def test_deep_nesting_is_refused_in_bounded_time(text: str) -> None:
    assert "error" in refuse(text)


def test_depth_is_a_parameter() -> None:
    assert "nested more than 3 levels deep" in refuse("a: [[[x]]]", max_depth=3)
    assert "nested more than 3 levels deep" in refuse('{"a": [[["x"]]]}', "w.json", max_depth=3)
    read_document("a: [[x]]", limits=Limits(max_depth=3))
    read_document('{"a": [["x"]]}', limits=Limits(max_depth=3))


@pytest.mark.timeout(30)
def test_aliases_that_repeat_aliases_are_refused_and_not_expanded() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10)
    )
    assert "with aliases followed" in refuse(bomb)


def test_a_long_text_repeated_by_aliases_is_refused() -> None:
    assert "with aliases followed" in refuse(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]\n")


def test_size_is_a_parameter_and_counts_bytes() -> None:
    assert refuse("a: éééé", max_bytes=10).startswith("w.yaml:1:1: error: the document has 11 bytes; the limit is 10.")
    assert "the document has 11 bytes" in refuse("a: éééé".encode(), max_bytes=10)
    read_document("a: éééé", limits=Limits(max_bytes=11))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "unit",
    [
        "x",
        "a: ",
        "- ",
        "'",
        '"',
        "[",
        "]",
        "{a",
        "&a ",
        "*a ",
        "! ",
        "#",
        "%",
        "|\n",
        "a\n",
        "? ",
        "\t",
        ", ",
        ": ",
        "é",
    ],
)
def test_a_megabyte_of_garbage_is_answered_in_bounded_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit.encode()))
    try:
        read_document(text)
    except InvalidWorkflowError as error:
        assert error.problems  # noqa: PT017 -- some units are valid texts, and then there is nothing to refuse
