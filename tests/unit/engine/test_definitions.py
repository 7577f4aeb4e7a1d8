"""Workflows that are kept and offered: once each, and found by version."""

from itertools import pairwise

import pytest

from kapell.engine.definitions import Definitions, _version_key
from kapell.errors import NotFoundError
from kapell.language import load_workflow
from kapell.testing.memory_store import MemoryRunStore


def make(version="1.0.0", name="greet", value=1):
    return load_workflow(
        f"document: {{ dsl: '1.0.3', namespace: test, name: {name}, version: '{version}' }}\n"
        f"do: [ {{ a: {{ set: {{ x: {value} }} }} }} ]"
    )


def test_the_same_workflow_is_kept_once_and_compiled_once():
    definitions = Definitions(MemoryRunStore())
    first = definitions.add(make())
    assert definitions.add(make()) is first
    assert definitions.add(make(value=2)).digest != first.digest


def test_a_kept_workflow_comes_back_in_another_process():
    store = MemoryRunStore()
    kept = Definitions(store).add(make(value=9007199254740993))
    found = Definitions(store.reopen()).get(kept.digest)
    assert found.program.definition == kept.program.definition
    assert [node.reference for node in found.program.nodes] == ["", "/do/0/a"]
    with pytest.raises(NotFoundError):
        Definitions(store).get("nowhere")


def test_versions_are_ordered_as_semver_says():
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.2.0",
        "1.10.0",
        "2.0.0",
    ]
    assert all(_version_key(lower) < _version_key(higher) for lower, higher in pairwise(ordered))


def test_the_latest_is_the_highest_version():
    definitions = Definitions(MemoryRunStore())
    for version in ("1.9.0", "1.10.0", "1.10.0-rc.1"):
        definitions.offer(make(version))
    assert definitions.find_offered("test", "greet", "latest").program.version == "1.10.0"
    assert definitions.find_offered("test", "greet", "1.9.0").program.version == "1.9.0"


def test_what_is_not_offered_is_refused_with_what_is():
    definitions = Definitions(MemoryRunStore())
    with pytest.raises(NotFoundError, match="--workflows"):
        definitions.find_offered("test", "greet", "latest")
    definitions.offer(make())
    with pytest.raises(NotFoundError, match=r"no workflow test/greet:2\.0\.0.*test/greet:1\.0\.0"):
        definitions.find_offered("test", "greet", "2.0.0")


def test_what_is_only_kept_is_not_offered():
    definitions = Definitions(MemoryRunStore())
    definitions.add(make())
    with pytest.raises(NotFoundError):
        definitions.find_offered("test", "greet", "1.0.0")
