"""Workflow files and inputs that are made to hurt: refused with a place and a sentence, quickly."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import psutil
import pytest

from kapell.app import open_engine
from kapell.errors import KapellError, UsageError
from kapell.language import InvalidWorkflowError, load_workflow
from kapell.settings import Settings

HEAD = "document: {dsl: '1.0.3', namespace: hostile, name: work, version: '1.0.0'}\n"
DEEP = 10_000


def nest(opening, closing, inside="1"):
    return opening * DEEP + inside + closing * DEEP


def laughs(levels=30):
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, levels)]
    return "\n".join(lines)


DOCUMENTS = {
    "flow sequences": HEAD + "do:\n  - a:\n      set: " + nest("[", "]"),
    "flow mappings": HEAD + "do:\n  - a:\n      set: " + nest("{a: ", "}"),
    "block mappings": HEAD + "do:\n" + "\n".join(" " * depth + "a:" for depth in range(1, 3000)),
    "block sequences": HEAD + "do:\n  " + "- " * DEEP + "a",
    "open brackets": "[" * 100_000,
    "laughs": HEAD + laughs(),
    "laughs in a task": HEAD + laughs() + "\ndo:\n  - a:\n      set: {a: *a29}\n",
    "an alias of itself": HEAD + "do: &a\n  - a:\n      set: *a\n",
    "merge keys": HEAD + "x: &x {a: 1}\ndo:\n  - a:\n      set: {<<: *x}\n",
    "json objects": '{"document": ' + nest('{"a":', "}") + "}",
    "json arrays": nest("[", "]"),
    "deep tasks": json.dumps({"do": 1}).replace("1", nest('[{"a": {"do": ', "}}]")),
    "bad utf-8": HEAD.encode() + b"do:\n  - a:\n      set: {a: \xff\xfe}\n",
    "half a pair": (HEAD + "do:\n  - a:\n      set: {a: ").encode() + b"\xed\xa0\x80}\n",
    "utf-16": (HEAD + "do: []").encode("utf-16"),
    "null bytes": HEAD + "do:\n  - a:\n      set: {a: \x00}\n",
    "a tag": HEAD + "do:\n  - a:\n      set: !!python/object/apply:os.system ['true']\n",
    "deep expression": HEAD + 'do:\n  - a:\n      set: "${ ' + nest("(", ")") + ' }"\n',
    "deep array expression": HEAD + 'do:\n  - a:\n      set: "${ ' + nest("[", "]") + ' }"\n',
    "deep negation": HEAD + 'do:\n  - a:\n      set: "${ ' + "-" * DEEP + '1 }"\n',
    "deep condition": HEAD + 'do:\n  - a:\n      set: "${ ' + "if . then " * DEEP + "1" + " end" * DEEP + ' }"\n',
    "deep interpolation": HEAD + "do:\n  - a:\n      set: '${ " + '"\\(' * 3000 + "1" + ')"' * 3000 + " }'\n",
    "only opened": HEAD + 'do:\n  - a:\n      set: "${ ' + "(" * 100_000 + ' }"\n',
    "a huge number": HEAD + "do:\n  - a:\n      set: {a: " + "9" * 100_000 + "}\n",
    "empty": "",
    "a scalar": "x" * 1_000_000,
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_refused_with_a_place_and_a_sentence(name):
    memory, began = psutil.Process().memory_info().rss, time.process_time()
    with pytest.raises(InvalidWorkflowError) as refusal:
        load_workflow(DOCUMENTS[name], "hostile.yaml")
    assert time.process_time() - began < 10
    assert psutil.Process().memory_info().rss - memory < 200 * 2**20
    assert str(refusal.value).startswith("hostile.yaml:")
    assert len(str(refusal.value)) < 2000


HARMLESS = {
    "a long path": "${ " + ".a" * DEEP + "? }",
    "a long pipe": "${ " + " | ".join(["."] * DEEP) + " }",
    "a long sum": "${ " + " + ".join(["1"] * DEEP) + " }",
    "a long alternative": "${ " + " // ".join(["null"] * DEEP) + " }",
    "a long array": "${ [" + ",".join(["1"] * DEEP) + "] }",
    "a long and": "${ " + " and ".join(["true"] * DEEP) + " }",
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_a_long_expression_is_refused_or_carried_out(carry_out, name):
    text = f"do:\n  - first:\n      set: {{a: null}}\n  - long:\n      set: {{result: {json.dumps(HARMLESS[name])}}}\n"
    try:
        report = await carry_out(text)
    except InvalidWorkflowError:
        return
    if report.outcome.status == "faulted":
        assert report.error.instance == "/do/1/long"
        assert report.error.type.endswith("/expression")
        assert len(report.error.detail) < 100_000


def deep_value():
    value = 1
    for _ in range(DEEP):
        value = {"a": value}
    return value


INPUTS = {"deep": deep_value(), "large": "x" * 40_000_000, "wide": [[1] * 10] * 2_000_000}


@pytest.mark.parametrize("name", INPUTS)
async def test_an_input_that_nothing_can_hold_is_refused(tmp_path, name):
    workflow = load_workflow(HEAD + "do:\n  - a:\n      set: {a: 1}\n", "w")
    async with open_engine(Settings(data=tmp_path / "data")) as engine:
        with pytest.raises(UsageError, match="is not usable"):
            engine.start_run(workflow, INPUTS[name])
        run_id = engine.start_run(workflow, {})
        assert (await engine.wait_run(run_id)).status == "completed"


@pytest.mark.parametrize("text", ["\ud800", {"\udfff": 1}, ["a\ud800b"]])
async def test_half_a_pair_in_the_input_harms_nobody_else(tmp_path, text):
    workflow = load_workflow(HEAD + "do:\n  - a:\n      set: {a: '${ . }'}\n", "w")
    async with open_engine(Settings(data=tmp_path / "data")) as engine:
        with suppress(KapellError):
            await engine.wait_run(engine.start_run(workflow, {"text": text}))
        run_id = engine.start_run(workflow, {})
        assert (await engine.wait_run(run_id)).status == "completed"


def test_half_a_pair_in_the_workflow_is_refused():
    with pytest.raises(InvalidWorkflowError, match=r"hostile\.yaml:"):
        load_workflow(HEAD + 'do:\n  - a:\n      set: {a: "x\\uD800y"}\n', "hostile.yaml")
