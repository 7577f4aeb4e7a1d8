"""Running tasks in tests of the kernel: on the real engine, over memory, on virtual time."""

import re

import pytest
from tests.listening_bench import Bench

from kapell.testing.engine_kit import EngineKit

HEAD = "document: { dsl: '1.0.3', namespace: test, name: unit, version: '1.0.0' }\n"


def write_workflow(tasks, *, more=""):
    """Return the text of a workflow with these tasks (a YAML list) and these further keys at its root."""
    return HEAD + more + "\ndo:\n" + re.sub("^", "  ", tasks.strip("\n"), flags=re.MULTILINE)


@pytest.fixture
def workflow():
    return write_workflow


@pytest.fixture
def run():
    """A function that runs tasks to the end and gives what came of it."""

    async def run_tasks(tasks, value=None, *, more="", activities=None, **options):
        async with EngineKit(activities, **options) as kit:
            return await kit.run(write_workflow(tasks, more=more), value)

    return run_tasks


@pytest.fixture
def run_output(run):
    """A function that runs tasks to the end and gives the output; the run must complete."""

    async def run_for_output(tasks, value=None, **options):
        ended = await run(tasks, value, **options)
        assert ended.outcome.status == "completed", ended.outcome.error
        return ended.outcome.output

    return run_for_output


@pytest.fixture
def run_error(run):
    """A function that runs tasks to the end and gives the error; the run must fault."""

    async def run_for_error(tasks, value=None, **options):
        ended = await run(tasks, value, **options)
        assert ended.outcome.status == "faulted", ended.outcome
        return ended.outcome.error

    return run_for_error


@pytest.fixture
def listen():
    """A function that starts a run of tasks in the kernel alone, and gives it with its stream of events."""

    def start(tasks, value=None, *, more="", **options):
        return Bench(write_workflow(tasks, more=more), value, **options)

    return start
