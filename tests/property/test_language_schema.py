"""Our validator agrees with the specification's schema, on its examples changed at random.

`AHEAD` and `STRICTER` are all the places where they differ on purpose: what Kapell accepts from the specification's
main branch, and what it refuses though the schema's wording lets it pass.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapell.language import Problem, read_document
from kapell.language.schema import make_json_schema
from kapell.language.validator import check_structure

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = os.environ.get("KAPELL_SPEC_DIR")
if FOLDER is None:
    if os.environ.get("CI") == "true":
        pytest.fail("KAPELL_SPEC_DIR must name the folder with the specification's schema.", pytrace=False)
    pytest.skip(
        "KAPELL_SPEC_DIR is not set: it names the folder with the specification's data", allow_module_level=True
    )
SPEC = Path(FOLDER)


def define(schema: Any, name: str) -> Any:
    return schema["$defs"][name]


def task(schema: Any, name: str) -> Any:
    return define(schema, name)["allOf"][1]["properties"]


def accept_catch_then(schema: Any) -> None:
    task(schema, "tryTask")["catch"]["properties"]["then"] = {"type": "string"}


def accept_schedule_read(schema: Any) -> None:
    schema["properties"]["schedule"]["properties"]["read"] = {"enum": ["data", "envelope", "raw"]}


def accept_inline_for_in(schema: Any) -> None:
    task(schema, "forTask")["for"]["properties"]["in"] = {"type": ["string", "array"]}


def accept_emit_without_source(schema: Any) -> None:
    task(schema, "emitTask")["emit"]["properties"]["event"]["properties"]["with"]["required"] = ["type"]


def accept_relative_references(schema: Any) -> None:
    # The text is one of URI references, and no more than one thing at once for `oneOf`.
    schema["$defs"]["uriTemplate"] = {"type": "string", "pattern": r'^(?!\$\{)([^\s<>"^`\\|{}]|\{[^\s{}]+\})+$'}


def accept_expressions_of_several_lines(schema: Any) -> None:
    define(schema, "runtimeExpression")["pattern"] = r"^\s*\$\{[\s\S]+\}\s*$"


def accept_a_status_from_an_expression(schema: Any) -> None:
    define(schema, "error")["properties"]["status"] = {
        "oneOf": [{"type": "integer"}, {"$ref": "#/$defs/runtimeExpression"}]
    }


AHEAD: dict[str, Callable[[Any], None]] = {
    "catch.then": accept_catch_then,
    "schedule.read": accept_schedule_read,
    "a list in for.in": accept_inline_for_in,
    "emit with only a type": accept_emit_without_source,
    "relative references": accept_relative_references,
    "expressions of several lines": accept_expressions_of_several_lines,
    "raise.error.status from an expression": accept_a_status_from_an_expression,
}


def read_backoff_parameters(schema: Any) -> None:
    kinds = define(schema, "retryPolicy")["properties"]["backoff"]["oneOf"]
    for kind in kinds:
        for definition in kind["properties"].values():
            definition["properties"] = {"factor": {"type": "number"}, "maxDelay": {"$ref": "#/$defs/duration"}}


def read_all_policies(schema: Any) -> None:
    # The schema looks only into the policy by which it recognises the object.
    policies = define(schema, "authenticationPolicy")["oneOf"]
    every = {name: part for policy in policies for name, part in policy["properties"].items()}
    define(schema, "authenticationPolicy")["properties"] = every


def read_the_title_of_filters(schema: Any) -> None:
    define(schema, "errorFilter")["properties"]["detail"] = {"type": "string"}


STRICTER: dict[str, Callable[[Any], None]] = {
    "parameters of backoff, which the schema leaves open": read_backoff_parameters,
    "policies beside the one that is used": read_all_policies,
    "`detail`, which the schema of filters spells `details`": read_the_title_of_filters,
}


def make_reference() -> Any:
    schema = copy.deepcopy(read_document((SPEC / "schema" / "workflow.yaml").read_bytes()).value)
    for change in (*AHEAD.values(), *STRICTER.values()):
        change(schema)
    return jsonschema_rs.validator_for(schema, validate_formats=True)


REFERENCE = make_reference()
OWN = jsonschema_rs.validator_for(make_json_schema())
EXAMPLES = [read_document(path.read_bytes()).value for path in sorted((SPEC / "examples").glob("*.yaml"))]


def iter_parts(value: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from iter_parts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from iter_parts(item, (*path, index))


def collect_keys(schema: Any) -> set[str]:
    return {key for _, part in iter_parts(schema) if isinstance(part, dict) for key in part.get("properties", {})}


KEYS = [*sorted(collect_keys(make_json_schema())), "x-other", "zzz"]
VALUES = [
    *(None, True, 0, -1, 2**70, 3.0, 1.5, "", "x", "get", "http", "end", "1.0.0", ".x", "${ .x }", "${ .x\n}"),
    *("a ${ .x } b", "https://a.b/{c}", "/relative", "not a uri", "PT1S", "P1Y2M", "P", "PT", "5m", "stdout", "data"),
    *("2026-02-28T12:00:00Z", "2026-02-30", "/do/0", "do/0", [], {}, ["x"], {"x": 1}, {"seconds": 1}, {"weeks": 1}),
    *({"use": "x"}, {"a": {"set": {"x": 1}}}, [{"a": {"set": {"x": 1}}}], [{"a": {"set": {}}}], {"one": {"with": {}}}),
]  # fmt: skip
PARTS = sorted({msgspec.json.encode(part) for example in EXAMPLES for _, part in iter_parts(example)})


@st.composite
def changed_examples(draw: st.DrawFn) -> Any:
    """An example with a few parts removed, replaced, renamed, added or repeated."""
    document = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        path, part = draw(st.sampled_from(list(iter_parts(document))))
        change = draw(st.sampled_from(["replace", "remove", "rename", "add", "graft"]))
        new = copy.deepcopy(draw(st.sampled_from(VALUES)))
        key = draw(st.sampled_from(KEYS))
        if change == "graft":
            new = msgspec.json.decode(draw(st.sampled_from(PARTS)))
        if change in ("add", "graft") and isinstance(part, dict):
            part[key] = new
        elif change in ("add", "graft") and isinstance(part, list):
            part.append(new)
        elif path:
            parent = document
            for step in path[:-1]:
                parent = parent[step]
            if change == "remove":
                del parent[path[-1]]
            elif change == "rename" and isinstance(parent, dict):
                parent[key] = parent.pop(path[-1])
            else:
                parent[path[-1]] = new
    return document


def is_only_similar(problems: tuple[Problem, ...]) -> bool:
    """Tell whether all that we refuse are keys that the schema leaves open and that are probably misspelt."""
    return bool(problems) and all(problem.code == "similar_key" for problem in problems)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(changed_examples())
def test_our_verdict_is_that_of_the_schema(document: Any) -> None:
    text = msgspec.json.encode(document).decode()
    validation = check_structure(read_document(text))
    assert (validation.workflow is None) == bool(validation.errors)
    if is_only_similar(validation.errors):
        return
    assert (not validation.errors) == REFERENCE.is_valid(document), (
        [str(problem) for problem in validation.errors],
        text,
        [error.message[:200] for error in REFERENCE.iter_errors(document)],
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(changed_examples())
def test_our_schema_for_editors_accepts_what_we_accept(document: Any) -> None:
    text = msgspec.json.encode(document).decode()
    validation = check_structure(read_document(text))
    if not validation.errors:
        assert OWN.is_valid(document), ([error.message[:200] for error in OWN.iter_errors(document)], text)
