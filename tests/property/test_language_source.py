"""Reading, writing and editing hold for any JSON value, and no text makes the reader fail unlike it says."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from kapell.language import InvalidWorkflowError, edit, read_document, validate
from kapell.language.editing import EditError, _to_lines
from kapell.language.json_source import locate_json
from kapell.language.pointers import split_pointer, to_pointer

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.sampled_from(
        ["on", "yes", "null", "~", "1.0", "0x1F", "1e5", ".inf", "- a", "a: b", "# c", "'", '"', "a\nb", " x"]
    )
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
printable = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
plain_scalars = st.none() | st.booleans() | st.integers() | printable
plain_values = st.recursive(
    plain_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(printable, inner, max_size=4),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    return msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


@given(values)
def test_json_is_read_exactly_on_the_fast_way_and_on_the_slow(value: Any) -> None:
    text = json.dumps({"value": value}, ensure_ascii=False, indent=1)
    document = read_document(text, "w.json")
    assert same(document.value, {"value": value})
    assert same(locate_json(text).value, {"value": value})


@given(plain_values)
def test_yaml_that_another_library_wrote_is_read_exactly(value: Any) -> None:
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump({"value": value}, stream)
    assert same(read_document(stream.getvalue(), "w.yaml").value, {"value": value})


@given(st.dictionaries(printable, plain_values, min_size=1, max_size=4))
def test_what_an_edit_writes_in_block_style_reads_as_what_was_meant(value: dict[str, Any]) -> None:
    assert same(read_document("\n".join(_to_lines(value))).value, value)


@given(values, values)
def test_an_edit_gives_just_the_value_that_was_asked_for(value: Any, new: Any) -> None:
    text = json.dumps({"a": 1, "value": value, "z": [2]}, ensure_ascii=False, indent=1)
    changed = edit(read_document(text), "/value", new)
    assert same(changed.value, {"a": 1, "value": new, "z": [2]})


BLOCK = """\
a: 1 # one
list:
- x
- y: z   # two
  w: |
    some
    lines
empty:
end: 'quoted'
"""
POINTERS = ["/a", "/list", "/list/0", "/list/1", "/list/1/y", "/list/1/w", "/empty", "/end"]


@settings(max_examples=300)
@given(st.sampled_from(POINTERS), plain_values)
@example("/list", {})
@example("/list/1/w", "\n")
@example("/empty", [])
def test_an_edit_of_yaml_gives_just_the_value_that_was_asked_for_or_is_refused(pointer: str, new: Any) -> None:
    document = read_document(BLOCK)
    try:
        changed = edit(document, pointer, new)
    except EditError:
        pytest.fail(f"{pointer} could not become {new!r}")
    wanted = json.loads(json.dumps(document.value))
    *way, last = split_pointer(pointer)
    parent = wanted
    for step in way:
        parent = parent[int(step) if isinstance(parent, list) else step]
    parent[int(last) if isinstance(parent, list) else last] = new
    assert same(changed.value, wanted)


@settings(max_examples=500)
@given(st.text(max_size=200) | st.text("ab:-?[]{},&*!|>'\"%@`# \n\t0.~<$", max_size=80) | st.binary(max_size=100))
def test_any_text_is_read_or_refused_with_a_place(source: str | bytes) -> None:
    try:
        document = read_document(source, "w.yaml")
    except InvalidWorkflowError as error:
        (problem,) = error.problems
        assert problem.line >= 1
        assert problem.column >= 1
    else:
        msgspec.json.encode(document.value)
        validate(document)


@given(st.lists(texts | st.integers(0, 100), max_size=5).map(tuple))
def test_pointers_can_be_taken_apart_again(path: tuple[str | int, ...]) -> None:
    assert split_pointer(to_pointer(path)) == tuple(str(step) for step in path)
