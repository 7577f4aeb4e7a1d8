"""Random workflows on the real engine, that crashes, is suspended and is repaired at random moments: every run ends.

The workflows are those of `test_kernel_laws.py`. Whatever happens, at the end nothing is left: no run, no attempt, no
taken slot, no error that only the event loop heard of.
"""

import asyncio
import importlib.util
import json
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs

from kapell.engine.admission import SlotAdmission
from kapell.engine.loading import load_active
from kapell.errors import ConflictError
from kapell.kernel.limits import Limits
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, Takes

CHILD = (
    "document: { dsl: '1.0.3', namespace: test, name: child, version: '1.0.0' }\n"
    "do: [ { w: { wait: PT2S } }, { a: { set: { n: '${ (.n // 0) + 1 }' } } } ]"
)
OWN_ERROR = "https://example.test/errors/own"


def load_laws():
    """The neighbouring module, which writes the workflows; test modules are no package."""
    found = importlib.util.spec_from_file_location("kernel_laws", Path(__file__).with_name("test_kernel_laws.py"))
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


LAWS = load_laws()


class Fate:
    """What happens to one run: how activities answer, and what is done to it when."""

    def __init__(self, seed):
        self.chance = Random(seed)  # noqa: S311 -- the same fate each time is what is wanted
        story = LAWS.write_story(seed, listens=False)
        document = LAWS.read_document(json.dumps(story.definition).replace("test(", "contains("), "random")
        self.workflow = LAWS.check_structure(document).workflow
        self.slots = self.chance.choice([1, 2, 9])

    def make_kit(self):
        return EngineKit(
            {"http": self.answer, "shell": self.answer},
            workflows=[CHILD],
            limits=Limits(max_tasks=60),
            idempotent=self.chance.choice([[], ["http"], ["http", "shell"]]),
            admission=self.make_admission(),
            shortest_parking_seconds=self.chance.choice([1e9, 1]),
        )

    def make_admission(self):
        return SlotAdmission({"calls": self.slots}, {"http": "calls"})

    def answer(self, _request):
        error = ActivityError(OWN_ERROR, self.chance.choice([400, 503]), "Oh")
        seconds = self.chance.choice([0.5, 1, 4])
        if self.chance.random() < 0.3:
            raise error
        return self.chance.choice([{"n": 3}, Takes(seconds, {"n": 3}), Takes(seconds, {"n": 3}), Takes(seconds, error)])

    async def strike(self, kit, run_id):
        """Let one thing happen to the run."""
        engine = kit.engine
        blow = self.chance.choice(["pass", "pass", "turn", "crash", "suspend", "resume", "cancel", "retry", "skip"])
        if blow == "pass":
            await kit.advance(self.chance.choice([0.1, 1, 3]))
        elif blow == "turn":
            for _ in range(self.chance.randrange(6)):
                await asyncio.sleep(0)
        elif blow == "crash":
            kit._admission = self.make_admission()
            await kit.crash()
        elif blow == "suspend":
            await engine.suspend_run(run_id)
        elif blow == "resume":
            await engine.resume_run(run_id)
        elif blow == "cancel" and self.chance.random() < 0.3:
            await engine.cancel_run(run_id)
        elif blow == "retry":
            await engine.retry_task(run_id)
        elif blow == "skip":
            await engine.skip_task(run_id)


async def live(fate):
    async with fate.make_kit() as kit:
        run_id = kit.start(fate.workflow, {"n": 1})
        await kit.settle()
        for _ in range(fate.chance.randrange(9)):
            with suppress(ConflictError):
                await fate.strike(kit, run_id)
        with suppress(ConflictError):
            await kit.engine.resume_run(run_id)
        ended = await asyncio.wait_for(kit.finish(run_id), 30)
        for record in kit.store.list_unfinished():
            await asyncio.wait_for(kit.finish(record.run_id), 30)
        await kit.advance(60)
        stored = load_active(kit.store, kit.engine.definitions, run_id)
        assert stored.state.status == stored.record.status == ended.outcome.status
        assert kit.store.list_unfinished() == []
        assert kit.engine.attempts_under_way == 0
        assert kit.engine.is_idle
        assert kit._admission._in_use == {"calls": 0}
        assert not kit._admission._waiting["calls"]


@settings(max_examples=100)
@given(hs.integers(0, 2**32))
def test_every_run_ends_and_nothing_is_left(seed):
    unheard = []

    async def listen():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context))
        await live(Fate(seed))

    asyncio.run(listen())
    assert unheard == []


@pytest.mark.parametrize("seed", [73, 237, 1335])
def test_runs_with_work_that_nobody_waits_for(seed):
    asyncio.run(live(Fate(seed)))
