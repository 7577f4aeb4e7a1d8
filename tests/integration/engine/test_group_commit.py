"""One transaction for many runs, and no effect before its cause is on disk."""

from __future__ import annotations

import asyncio

from kapell.errors import StorageError

CALL = "do:\n  - call:\n      call: http\n      with: {method: GET, endpoint: 'http://nowhere.example/'}\n"


class Watched:
    """A store that counts its transactions and may hold them up."""

    def __init__(self, store):
        self._store = store
        self.sizes = []
        self.refusals = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def append(self, epoch, batches):
        if self.refusals:
            raise self.refusals.pop(0)
        self._store.append(epoch, batches)
        self.sizes.append(len(batches))


async def test_runs_that_move_together_share_a_transaction(lab, make_workflow):
    engine = await lab.start(wrap=Watched)
    workflow = make_workflow("do:\n  - one:\n      set: {a: 1}\n  - two:\n      set: {b: 2}\n")
    runs = [engine.start_run(workflow, {}) for _ in range(200)]
    await asyncio.gather(*map(engine.wait_run, runs))
    assert sum(engine.store.sizes) >= 200
    assert len(engine.store.sizes) <= 20, f"{len(engine.store.sizes)} transactions for 200 runs"


async def test_outcomes_that_come_together_share_a_transaction(lab, make_workflow, made, wait_until):
    gate = asyncio.Event()
    activity = made(lambda _: gate.wait())
    engine = await lab.start({"http": activity}, wrap=Watched)
    runs = [engine.start_run(make_workflow(CALL), {}) for _ in range(100)]
    await wait_until(lambda: activity.under_way == 100)
    before = len(engine.store.sizes)
    gate.set()
    await asyncio.gather(*map(engine.wait_run, runs))
    assert len(engine.store.sizes) - before <= 10


async def test_no_effect_starts_before_its_cause_is_durable(lab, make_workflow, made, wait_until):
    activity = made(lambda _: 7)
    told = []
    engine = await lab.start({"http": activity}, wrap=Watched)
    engine.listen(lambda active, first, events: told.append(events))
    engine.store.refusals = [StorageError("The disk is held up by the test.") for _ in range(4)]
    run_id = engine.start_run(make_workflow(CALL), {})
    await wait_until(lambda: len(engine.store.refusals) == 1)
    assert activity.requests == []
    assert told == []
    assert engine.trouble == "The disk is held up by the test."
    outcome = await engine.wait_run(run_id)
    assert (outcome.status, outcome.output) == ("completed", 7)
    assert len(activity.requests) == 1
    assert engine.trouble is None


async def test_an_outcome_that_is_not_durable_lets_nothing_follow(lab, make_workflow, made, wait_until):
    first, second = made(lambda _: 1), made(lambda _: 2)
    engine = await lab.start({"http": first, "shell": second}, wrap=Watched)
    workflow = make_workflow(CALL + "  - then:\n      run: {shell: {command: 'true'}}\n")
    gate = asyncio.Event()
    first._perform = lambda _: gate.wait()
    run_id = engine.start_run(workflow, {})
    await wait_until(lambda: first.under_way == 1)
    engine.store.refusals = [StorageError("Held up.") for _ in range(3)]
    gate.set()
    await wait_until(lambda: len(engine.store.refusals) == 0)
    assert second.requests == []
    assert (await engine.wait_run(run_id)).output == 2


async def test_what_a_listener_was_told_is_on_disk(lab, make_workflow):
    engine = await lab.start()
    told = []
    engine.listen(lambda active, first, events: told.append((len(lab.read_history(active.run_id)), first, len(events))))
    run_id = engine.start_run(make_workflow("do:\n  - one:\n      set: {a: 1}\n"), {})
    await engine.wait_run(run_id)
    assert told
    for on_disk, first, count in told:
        assert on_disk >= first + count - 1
