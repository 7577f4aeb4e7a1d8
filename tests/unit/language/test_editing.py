"""Saving and editing: what was not edited stays exactly as it was."""

from __future__ import annotations

from typing import Any

import pytest

from kapell.language import edit, read_document, save_document
from kapell.language.editing import EditError

TEXT = """\
# A workflow.
document: {dsl: '1.0.3', namespace: a, name: "b", version: 1.0.0}   # flow style

do:
- first:              # not indented
    set:
      plain: x y
      single: 'it''s'
      double: "a\\tb"
      number: 1
      empty:
      nothing: # comment
    then:   end
- second:
    run:
      shell:
        command: |
          echo one
          echo two

        stdin: >-
          folded
          text
    output:
      as:
        a: 1   # one
        b: 2
"""


def edit_lines(pointer: str, value: Any, text: str = TEXT) -> list[tuple[str, str]]:
    """Edit, and give the lines that changed, as the text before and after."""
    document = read_document(text)
    changed = edit(document, pointer, value)
    assert changed.locate_pointer(pointer)
    assert save_document(document) == text
    before, after = text.split("\n"), save_document(changed).split("\n")
    while before and after and before[0] == after[0]:
        del before[0], after[0]
    while before and after and before[-1] == after[-1]:
        del before[-1], after[-1]
    return [("\n".join(before), "\n".join(after))]


@pytest.mark.parametrize(
    ("pointer", "value", "before", "after"),
    [
        ("/do/0/first/set/plain", "z", "      plain: x y", "      plain: z"),
        ("/do/0/first/set/plain", "yes: no", "      plain: x y", "      plain: 'yes: no'"),
        ("/do/0/first/set/plain", "true", "      plain: x y", "      plain: 'true'"),
        ("/do/0/first/set/plain", "12", "      plain: x y", "      plain: '12'"),
        ("/do/0/first/set/plain", "", "      plain: x y", "      plain: ''"),
        ("/do/0/first/set/plain", "a\nb", "      plain: x y", '      plain: "a\\nb"'),
        ("/do/0/first/set/plain", None, "      plain: x y", "      plain: null"),
        ("/do/0/first/set/plain", 2**70, "      plain: x y", f"      plain: {2**70}"),
        ("/do/0/first/set/plain", {"a": [1]}, "      plain: x y", '      plain: {"a":[1]}'),
        ("/do/0/first/set/single", "don't", "      single: 'it''s'", "      single: 'don''t'"),
        ("/do/0/first/set/double", "x", '      double: "a\\tb"', '      double: "x"'),
        ("/do/0/first/set/number", 2, "      number: 1", "      number: 2"),
        ("/do/0/first/set/empty", "x", "      empty:", "      empty: x"),
        ("/do/0/first/set/nothing", True, "      nothing: # comment", "      nothing: true # comment"),
        ("/do/0/first/then", "exit", "    then:   end", "    then:   exit"),
        (
            "/document/name",
            "c",
            "document: {dsl: '1.0.3', namespace: a, name: \"b\", version: 1.0.0}   # flow style",
            "document: {dsl: '1.0.3', namespace: a, name: \"c\", version: 1.0.0}   # flow style",
        ),
        (
            "/do/1/second/run/shell/command",
            "echo three\n",
            "          echo one\n          echo two",
            "          echo three",
        ),
        ("/do/1/second/run/shell/command", "ls", "        command: |\n          echo one\n          echo two",
         "        command: |-\n          ls"),
        ("/do/1/second/output/as/a", 3, "        a: 1   # one", "        a: 3   # one"),
        ("/do/1/second/output/as", ".x", "        a: 1   # one\n        b: 2", '        ".x"'),
        (
            "/do/1/second/output/as",
            {"c": {"d": [1, {"e": "f g"}]}},
            "        a: 1   # one\n        b: 2",
            "        c:\n          d:\n            - 1\n            - e: f g",
        ),
    ],
)  # fmt: skip
def test_an_edit_changes_its_place_alone(pointer: str, value: Any, before: str, after: str) -> None:
    assert edit_lines(pointer, value) == [(before, after)]


def test_a_list_that_is_not_indented_can_be_replaced() -> None:
    changed = edit(read_document("a:\n- 1\n- 2\nb: 3\n"), "/a", {"x": 1})
    assert changed.value == {"a": {"x": 1}, "b": 3}
    assert changed.text == 'a: {"x":1}\nb: 3\n'


def test_the_same_value_changes_nothing() -> None:
    document = read_document("a: '1'\n")
    assert edit(document, "/a", "1") is document


def test_line_breaks_and_byte_order_mark_stay() -> None:
    text = "\ufeffa: 1\r\nb: 2 # c\r\n"
    document = read_document(text.encode())
    assert save_document(document) == text
    assert save_document(edit(document, "/b", 3)) == "\ufeffa: 1\r\nb: 3 # c\r\n"


def test_json_is_edited_as_json() -> None:
    text = '{\n  "a": [1, 2],\n  "b": "x"\n}\n'
    assert save_document(edit(read_document(text), "/b", {"c": None})) == '{\n  "a": [1, 2],\n  "b": {"c":null}\n}\n'
    assert save_document(edit(read_document(text), "/a/1", "é")) == '{\n  "a": [1, "é"],\n  "b": "x"\n}\n'


@pytest.mark.parametrize(
    ("text", "pointer", "value", "said"),
    [
        ("a: 1", "/b", 1, "There is no value at /b in <workflow>."),
        ("a: 1", "a", 1, "a JSON pointer is empty or begins with a slash, unlike 'a'."),
        (
            "a: &x 1\nb: *x",
            "/b",
            2,
            "The value at /b is an alias of another one. Edit that one, or write the alias out first.",
        ),
        (
            "a: &x {c: 1}\nb: *x",
            "/a/c",
            2,
            (
                "The value at /a/c cannot be changed in its place alone: other places repeat it by an alias. "
                "Write aliases out, or change the text by hand."
            ),
        ),
        ("a: 1", "/a", {1, 2}, "There is no way"),
    ],
)
def test_an_edit_that_cannot_be_made_is_refused(text: str, pointer: str, value: Any, said: str) -> None:
    if said == "There is no way":
        said = "The value at /a cannot be changed"
        value = "\ud800"
    with pytest.raises(EditError) as caught:
        edit(read_document(text), pointer, value)
    assert str(caught.value).startswith(said) or "no JSON value" in str(caught.value)
