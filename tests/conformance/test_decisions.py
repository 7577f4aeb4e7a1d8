"""Scenarios of our own for each decision on what the specification leaves open: see docs/conformance.md.

They run on the real engine over memory and virtual time, with activities that the scenario makes up.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from kapell.connectors import HttpSettings, ProcessSettings, make_activities
from kapell.errors import UsageError
from kapell.kernel.events import ErrorCaught
from kapell.language.program import Kind
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, Takes

FEATURES = Path(__file__).with_name("features")
HEAD = "document: { dsl: '1.0.3', namespace: test, name: scenario, version: '1.0.0' }\ndo:\n"

scenarios(str(FEATURES))


class Answers:
    """What a made-up activity answers, in turn; the last answer stays."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = 0

    def __call__(self, request):
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        outcome = answer.get("output")
        if "error" in answer:
            error = answer["error"]
            outcome = ActivityError(error["type"], error["status"], error.get("title", "Oh"), error.get("detail", ""))
        if "takes" in answer:
            return Takes(None if answer["takes"] == "forever" else answer["takes"], outcome)
        if isinstance(outcome, ActivityError):
            raise outcome
        return outcome


class Setting:
    """What a scenario says about the world around the workflow, and the world afterwards."""

    def __init__(self):
        self.activities = {}
        self.idempotent = []
        self.secrets = {}
        self.kit = None
        self.started_at = None

    def make_kit(self):
        self.kit = EngineKit(self.activities, idempotent=self.idempotent, secrets=self.secrets)
        return self.kit

    def requests(self, kind):
        return self.kit.activities[kind].requests


@pytest.fixture
def setting():
    return Setting()


@pytest.fixture
def execute(setting):
    async def run(world):
        async with setting.make_kit() as kit:
            return await kit.run(world.definition, world.input)

    return lambda world: asyncio.run(run(world))


# -- given ------------------------------------------------------------------------------------------------------------


@given("a workflow that does:")
def given_tasks(world, docstring):
    world.definition = HEAD + re.sub("^", "  ", docstring, flags=re.MULTILINE)


@given(parsers.re(r"(?P<kind>http|shell) answers:"))
def given_answers(setting, kind, docstring, read_yaml):
    setting.activities[kind] = Answers(read_yaml(docstring))


@given(parsers.re(r"(?P<kind>http|shell) is idempotent"))
def given_idempotent(setting, kind):
    setting.idempotent.append(kind)


@given("a real shell")
def given_real_shell(setting):
    setting.activities["shell"] = make_activities(HttpSettings(), ProcessSettings())["shell"]


@given(parsers.parse("the secret {name} is {value}"))
def given_secret(setting, name, value):
    setting.secrets[name] = value


# -- when -------------------------------------------------------------------------------------------------------------


@when("the engine dies with an attempt under way")
def engine_dies(world, setting):
    async def run():
        async with setting.make_kit() as kit:
            run_id = kit.start(world.definition, world.input)
            await kit.settle()
            assert kit.engine.attempts_under_way == 1
            await kit.crash()
            return await kit.finish(run_id)

    world.ended = asyncio.run(run())


@when("the workflow is started")
def start_workflow(world, setting):
    async def run():
        async with setting.make_kit() as kit:
            kit.start(world.definition, world.input)

    with pytest.raises(UsageError) as refused:
        asyncio.run(run())
    world.refused = [refused.value.message]


# -- then -------------------------------------------------------------------------------------------------------------


@then(parsers.re(r"(?P<kind>http|shell) should have been asked (?P<count>\d+) times?"))
def should_have_asked(setting, kind, count):
    assert len(setting.requests(kind)) == int(count)


@then(parsers.re(r"(?P<kind>http|shell) should have been asked with:"))
def should_have_asked_with(setting, kind, docstring, read_yaml):
    wanted = read_yaml(docstring)
    (request,) = setting.requests(kind)
    assert {name: request.arguments.get(name) for name in wanted} == wanted


@then(parsers.re(r"all requests to (?P<kind>http|shell) should have had the same key"))
def should_have_same_key(setting, kind):
    assert len({request.key for request in setting.requests(kind)}) == 1


@then(parsers.re(r"(?P<count>\d+) requests? to (?P<kind>http|shell) should have been cancelled"))
def should_have_cancelled(setting, count, kind):
    assert len(setting.kit.activities[kind].cancelled) == int(count)


@then(
    parsers.re(r"the requests to http should have had the reference (?P<reference>\S+) and the entries (?P<entries>.+)")
)
def should_have_entries(setting, reference, entries):
    requests = setting.requests("http")
    assert {request.reference for request in requests} == {reference}
    assert [request.entry for request in requests] == [int(entry) for entry in entries.split(", ")]
    assert {request.attempt for request in requests} == {1}


@then(parsers.re(r"(?P<name>\w+) should have run (?P<count>\d+) times?"))
def should_have_run(world, name, count):
    assert world.ended.tasks.count(name) == int(count)


@then(parsers.parse("{seconds:d} seconds should have passed"))
def should_have_passed(setting, seconds):
    assert (setting.kit.clock.now() - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds() == seconds


def list_waits(world):
    caught = [event for event in world.ended.history if isinstance(event, ErrorCaught) and event.action == "retry"]
    return [(event.due - event.at) / 1_000_000 for event in caught]


@then(parsers.parse("the retries should have waited {seconds} seconds"))
def should_have_waited(world, seconds):
    assert list_waits(world) == [float(wait) for wait in seconds.split(",")]


@then(parsers.parse("each retry should have waited between {low:d} and {high:d} seconds, not all of them the same"))
def should_have_waited_between(world, low, high):
    waits = list_waits(world)
    assert len(waits) == 20
    assert all(low <= wait <= high for wait in waits)
    assert any(one != other for one, other in pairwise(waits))


@then(parsers.parse("{count:d} event should have been emitted"))
def should_have_emitted(world, count):
    assert len(world.ended.emitted) == count


@then(parsers.parse("nothing that is stored should show {text}"))
def should_not_show(setting, text):
    medium = setting.kit.store._medium
    stored = [row.body for run in medium.runs.values() for row in run.rows]
    stored += [snapshot for run in medium.runs.values() for _, snapshot in run.snapshots]
    stored += medium.payloads.values()
    stored += [line.text.encode() for lines in medium.log.values() for line in lines]
    assert stored
    assert not [body for body in stored if text.encode() in body or json.dumps(text).encode() in body]


@then(parsers.parse("the check should say: {text}"))
def should_say(world, text):
    assert any(text in problem for problem in world.refused), world.refused


@then("the check should find no error")
def should_find_no_error(world):
    assert [problem for problem in world.refused if " error: " in problem] == []


@then("the check should find an error")
def should_find_error(world):
    assert [problem for problem in world.refused if " error: " in problem]


@then(parsers.parse("the start should be refused with: {text}"))
def should_be_refused(world, text):
    assert text in world.refused[0]


def test_every_kind_of_task_is_in_a_scenario():
    text = "\n".join(path.read_text(encoding="utf-8") for path in FEATURES.glob("*.feature"))
    kinds = [kind for kind in Kind if kind not in {Kind.FUNCTION, Kind.ACTIVITY, Kind.WORKFLOW, Kind.UNSUPPORTED}]
    assert [kind for kind in kinds if not re.search(rf"\b{kind}:", text)] == []
