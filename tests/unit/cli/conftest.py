"""Histories to tell and to explain: of the real engine, over memory, on virtual time."""

import pytest

from kapell.kernel.events import to_micros
from kapell.kernel.narration import narrate
from kapell.kernel.why import explain_run, explain_task
from kapell.testing.engine_kit import EngineKit

HEAD = "document: {dsl: '1.0.3', namespace: test, name: told, version: '1.0.0'}\ndo:\n"


class Told:
    """A run's history, in the words of the modules under test."""

    def __init__(self, kit, run_id):
        self._program = kit.get_program(run_id)
        self._events = kit.read_history(run_id)
        self._now = to_micros(kit.clock.now())
        self.sentences = list(narrate(self._program, self._events))
        self.lines = [f"{line.name}: {line.text}" if line.reference else line.text for line in self.sentences]

    def why(self, task=None):
        if task is None:
            return explain_run(self._program, self._events, self._now)
        return explain_task(self._program, self._events, self._now, task)

    @property
    def present(self):
        return [(finding.name, finding.reason.code, finding.reason.text) for finding in self.why().present]


@pytest.fixture
def tell():
    """A function that runs tasks for so many seconds of virtual time, and tells what happened."""

    async def tell_tasks(tasks, value=None, *, seconds=0.0, then=None, activities=None, **options):
        async with EngineKit(activities, **options) as kit:
            run_id = kit.start(HEAD + tasks, value)
            await kit.settle()
            if seconds:
                await kit.advance(seconds)
            if then is not None:
                await then(kit, run_id)
                await kit.settle()
            return Told(kit, run_id)

    return tell_tasks
