"""The specification's own data: each example is valid, each invalid document is refused in words one understands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from kapell.language import InvalidWorkflowError, edit, load_workflow, read_document, save_document, validate
from kapell.language.schema import make_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_spec() -> Path | None:
    folder = os.environ.get("KAPELL_SPEC_DIR")
    if folder is None and os.environ.get("CI") == "true":
        pytest.fail("KAPELL_SPEC_DIR must name the folder with the specification's schema and examples.", pytrace=False)
    return None if folder is None else Path(folder)


SPEC = find_spec()
EXAMPLES = sorted((SPEC / "examples").glob("*.yaml")) if SPEC else []
NEEDS_SPEC = pytest.mark.skipif(
    SPEC is None, reason="KAPELL_SPEC_DIR is not set: it names the folder with the specification's data"
)


@NEEDS_SPEC
def test_all_examples_are_there() -> None:
    assert len(EXAMPLES) == 66


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_valid(path: Path) -> None:
    validation = validate(read_document(path.read_bytes(), path.name))
    assert [str(problem) for problem in validation.errors] == []
    workflow = validation.workflow
    assert workflow is not None
    assert workflow.definition["document"]["name"] == workflow.document.name


@NEEDS_SPEC
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "extra-property-in-call.yaml",
            (
                "extra-property-in-call.yaml:12:7: error: `foo` is no key of `getPet`. "
                "Its keys are `call` and `with`, and those of every task: "
                "`if`, `input`, `output`, `export`, `timeout`, `then` and `metadata`."
            ),
        ),
        (
            "listen-any-until-any-until.yaml",
            (
                "listen-any-until-any-until.yaml:7:1: error: the key `do` stands here for the second time, "
                "after line 6. Remove or rename one of the two."
            ),
        ),
        (
            "two-tasks-in-one-item.yaml",
            "two-tasks-in-one-item.yaml:12:5: error: two tasks in one list item. Put `- ` before `setMessage`.",
        ),
    ],
)
def test_every_invalid_document_is_refused_with_its_place_and_advice(name: str, said: str) -> None:
    assert SPEC is not None
    with pytest.raises(InvalidWorkflowError) as caught:
        load_workflow((SPEC / "invalid" / name).read_bytes(), name)
    assert str(caught.value) == said


@NEEDS_SPEC
def test_events_that_end_the_listening_have_no_end_of_their_own() -> None:
    assert SPEC is not None
    text = (SPEC / "invalid" / "listen-any-until-any-until.yaml").read_text("utf-8").replace("do:\ndo:", "do:")
    with pytest.raises(InvalidWorkflowError) as caught:
        load_workflow(text, "w.yaml")
    assert str(caught.value) == "w.yaml:13:13: error: `until` cannot stand within `until`"


def iter_leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Iterate over the pointers and values of all texts, numbers and booleans."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from iter_leaves(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from iter_leaves(item, f"{pointer}/{index}")
    else:
        yield pointer, value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_survives_loading_and_saving(path: Path) -> None:
    assert save_document(read_document(path.read_bytes())).encode() == path.read_bytes()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_after_one_edit_every_other_line_of_an_example_is_identical(path: Path) -> None:
    document = read_document(path.read_bytes(), path.name)
    lines = document.text.split("\n")
    leaves = list(iter_leaves(document.value))
    assert leaves
    for pointer, value in leaves:
        new = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"new {value!r}"
        changed = edit(document, pointer, new)
        place = document.locate_pointer(pointer).line - 1
        height = len((value if isinstance(value, str) else "").rstrip("\n").split("\n"))
        after = save_document(changed).split("\n")
        assert after[:place] == lines[:place]
        if height == 1:
            assert after[place + 1 :] == lines[place + 1 :]
        else:
            rest = lines[place + 1 + height :]
            assert after[len(after) - len(rest) :] == rest
        assert edit(changed, pointer, value).value == document.value


@pytest.fixture(scope="module")
def own_schema() -> Any:
    return jsonschema_rs.validator_for(make_json_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_satisfies_our_schema_for_editors(path: Path, own_schema: Any) -> None:
    own_schema.validate(read_document(path.read_bytes()).value)


@NEEDS_SPEC
@pytest.mark.parametrize("name", ["extra-property-in-call.yaml", "two-tasks-in-one-item.yaml"])
def test_our_schema_refuses_what_is_invalid(name: str, own_schema: Any) -> None:
    assert SPEC is not None
    assert not own_schema.is_valid(read_document((SPEC / "invalid" / name).read_bytes()).value)
