"""The steps of the conformance kit and of our own features: every assertion is made on what the run really did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from pytest_bdd import given, parsers, then, when
from ruamel.yaml import YAML

from kapell.language import InvalidWorkflowError, read_document, validate

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSING = object()


def read_yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)


class World:
    """What a scenario gives and sees."""

    def __init__(self) -> None:
        self.definition = ""
        self.others: list[str] = []
        self.input: Any = {}
        self.ended: Any = None
        self.refused: Sequence[str] = ()

    @property
    def output(self) -> Any:
        assert self.ended.outcome.status == "completed", self.ended.outcome
        return self.ended.outcome.output

    def find(self, path: str) -> Any:
        return find_property(self.output, path)


def find_property(value: Any, path: str) -> Any:
    """Return the member at a dotted path, or `_MISSING`."""
    for name in path.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return _MISSING
    return value


@pytest.fixture
def world() -> World:
    return World()


# -- given ------------------------------------------------------------------------------------------------------------


@given("a workflow with definition:")
def given_workflow(world, docstring):
    world.definition = docstring


@given("a workflow that can be called:")
def given_callable_workflow(world, docstring):
    world.others.append(docstring)


@given("given the workflow input is:")
@given("the workflow input is:")
def given_input(world, docstring):
    world.input = read_yaml(docstring)


# -- when -------------------------------------------------------------------------------------------------------------


@when("the workflow is executed")
def execute_workflow(world, execute):
    world.ended = execute(world)


@when("the workflow is checked")
def check_workflow(world):
    try:
        validation = validate(read_document(world.definition, "workflow.yaml"))
    except InvalidWorkflowError as error:
        world.refused = [str(problem) for problem in error.problems]
    else:
        world.refused = [str(problem) for problem in validation.problems]


# -- then -------------------------------------------------------------------------------------------------------------


@then("the workflow should complete")
def should_complete(world):
    assert world.ended.outcome.status == "completed", world.ended.outcome


@then("the workflow should complete with output:")
def should_complete_with(world, docstring):
    assert world.output == read_yaml(docstring)


@then("the workflow should fault")
def should_fault(world):
    assert world.ended.outcome.status == "faulted", world.ended.outcome
    assert world.ended.outcome.error is not None


@then("the workflow should fault with error:")
def should_fault_with(world, docstring):
    should_fault(world)
    said = world.ended.outcome.error.to_json()
    wanted = read_yaml(docstring)
    assert {name: said.get(name) for name in wanted} == wanted


@then(parsers.re(r"the workflow output should have properties (?P<paths>'.*')"))
def should_have_properties(world, paths):
    wanted = re.findall(r"'([^']+)'", paths)
    assert wanted
    assert [path for path in wanted if world.find(path) is _MISSING] == []


@then(parsers.parse("the workflow output should have a '{path}' property with value:"))
def should_have_value(world, path, docstring):
    assert world.find(path) == read_yaml(docstring)


@then(parsers.parse("the workflow output should have a '{path}' property containing {count:d} items"))
def should_contain_items(world, path, count):
    found = world.find(path)
    assert isinstance(found, list)
    assert len(found) == count


@then(parsers.re(r"(?P<name>\w+) should run first"))
def should_run_first(world, name):
    assert world.ended.tasks[0] == name, world.ended.tasks


@then(parsers.re(r"(?P<name>\w+) should run last"))
def should_run_last(world, name):
    assert world.ended.tasks[-1] == name, world.ended.tasks


@then(parsers.re(r"(?P<name>\w+) should run after (?P<before>\w+)"))
def should_run_after(world, name, before):
    tasks = world.ended.tasks
    assert before in tasks
    assert name in tasks
    assert tasks.index(name) > tasks.index(before), tasks


@pytest.fixture(name="read_yaml")
def give_read_yaml():
    return read_yaml


def pytest_bdd_apply_tag(tag, function):
    """Tags say which decision a scenario tests, to readers and to docs/conformance.md; they are no marks of pytest."""
    return True
