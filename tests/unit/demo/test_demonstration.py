"""The demonstration: its workflows are valid and can run, and what it starts fits their inputs."""

from __future__ import annotations

import random
from collections import Counter

import jsonschema_rs
import pytest

from kapell.demo.demonstration import FIRST, WORKFLOWS, Demonstration, read_workflow
from kapell.language import list_unsupported, load_workflow


def check_input(name, value):
    document = load_workflow(read_workflow(name), name).definition
    schema = document.get("input", {}).get("schema", {}).get("document", {})
    jsonschema_rs.validate(schema, value)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_each_workflow_is_valid_and_can_run(name):
    workflow = load_workflow(read_workflow(name), name)
    assert not list(list_unsupported(workflow))
    assert (workflow.definition["document"]["namespace"], workflow.definition["document"]["name"]) == ("demo", name)


def test_the_first_runs_fit():
    assert len({key for key, *_ in FIRST}) == len(FIRST)
    for _, name, value in FIRST:
        check_input(name, value)


def test_what_comes_later_fits_and_has_something_of_everything():
    demonstration = Demonstration(None, random.Random(7))  # noqa: S311 -- dice of a test
    chosen = [demonstration.choose() for _ in range(300)]
    for name, value in chosen:
        check_input(name, value)
    assert Counter(name for name, _ in chosen).keys() == {"order", "deploy", "nightly-backup"}
    assert any(value.get("card") == "4000-9" for _, value in chosen)
    assert any(value.get("healthy") is False for _, value in chosen)
