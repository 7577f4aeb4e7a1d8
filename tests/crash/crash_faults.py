"""Where an engine is killed: wrappers around its seams, from outside, and nothing of the product is changed.

A `Trigger` knows the fault points of which one is to be hit, and at which passage of each. Every wrapper says `pass_by`
with its own name; at the first that is due the process kills itself with SIGKILL, there and then. Which one it was, and
what the process had under way, stands in a `Tally`, in memory that is shared with the process that watches.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import signal
import struct

import msgspec

_FORMAT = struct.Struct("iii")

AT_APPEND = {
    "attempt_created": "an attempt is about to start",
    "attempt_ended": "an outcome is recorded",
    "attempt_lost": "an attempt is found lost",
    "attempt_held": "an attempt is held for a slot",
    "timer_fired": "a time has come",
    "error_caught": "an error was caught",
    "child_started": "a child run is started",
    "cancel_requested": "a cancellation is under way",
    "run_cancelled": "a cancellation is complete",
    "run_suspended": "a run is suspended",
    "run_resumed": "a run is resumed",
    "run_faulted": "a run faults",
    "task_retried": "a task is repaired by a retry",
    "task_passed": "a task is repaired by a skip",
    "run_completed": "a run ends",
}
"""Events before and after whose commit there are fault points."""

POINTS = (
    "append.before",
    "append.after",
    "append.inside",
    "append.large",
    *(f"{event}.{side}" for event in AT_APPEND for side in ("before", "after")),
    "snapshot.before",
    "snapshot.after",
    "parking.before",
    "parking.after",
    "inbox.found",
    "inbox.before",
    "inbox.after",
    "perform.before",
    "perform.after",
    "release.before",
    "log.before",
    "log.after",
    "recovery.acquired",
    "recovery.loading",
    "recovery.before",
    "recovery.after",
    "timer.due",
    "helper.before",
    "helper.after",
    "closing.before",
)
"""Every fault point by name."""

ALONE = {"append.inside", "closing.before"}
"""Points that a life must be prepared for, so that it can hit no others."""


class Tally:
    """Numbers of a life that outlast it: attempts in flight, which fault point was hit (from 1), runs left."""

    def __init__(self):
        self._memory = mmap.mmap(-1, _FORMAT.size)

    def read(self):
        return _FORMAT.unpack(self._memory[:])

    def reset(self):
        self._write(0, 0, -1)

    def change_in_flight(self, by):
        in_flight, hit, left = self.read()
        self._write(in_flight + by, hit, left)

    def note_hit(self, name):
        in_flight, _, left = self.read()
        self._write(in_flight, 1 + POINTS.index(name), left)

    def note_left(self, left):
        in_flight, hit, _ = self.read()
        self._write(in_flight, hit, left)

    def _write(self, *numbers):
        self._memory[:] = _FORMAT.pack(*numbers)


class Trigger:
    """Kills this process at the first point of `passages` that has been passed so many times."""

    def __init__(self, passages, tally):
        self._left = dict(passages)
        self._tally = tally
        self.events = {name.rpartition(".")[0] for name in passages} & AT_APPEND.keys()

    def wants(self, name):
        return name in self._left

    def pass_by(self, name):
        if name in self._left:
            self._left[name] -= 1
            if self._left[name] <= 0:
                self._tally.note_hit(name)
                os.kill(os.getpid(), signal.SIGKILL)


class FaultyStore:
    """A store that passes by fault points before and after its calls."""

    def __init__(self, store, trigger):
        self._store = store
        self._trigger = trigger
        self._is_starting = True
        self._writer = store._database._writer
        if trigger.wants("append.inside"):
            self._writer.set_progress_handler(self._pass_inside, 20)

    def __getattr__(self, name):
        return getattr(self._store, name)

    def _pass_inside(self):
        if self._writer.in_transaction:
            self._trigger.pass_by("append.inside")

    def acquire(self, *arguments):
        epoch = self._store.acquire(*arguments)
        self._trigger.pass_by("recovery.acquired")
        return epoch

    def load_run(self, run_id):
        if self._is_starting:
            self._trigger.pass_by("recovery.loading")
        return self._store.load_run(run_id)

    def append(self, epoch, batches):
        points = self._list_points(batches)
        for point in points:
            self._trigger.pass_by(f"{point}.before")
        self._store.append(epoch, batches)
        for point in points:
            self._trigger.pass_by(f"{point}.after")
        if sum(len(data) for batch in batches for _, data in batch.payloads) > 256 * 1024:
            self._trigger.pass_by("append.large")
        self._is_starting = False

    def _list_points(self, batches):
        points = ["append"]
        points += [
            name for name in self._trigger.events if any(b'"%s"' % name.encode() in each.body for each in batches)
        ]
        if self._is_starting:
            points.append("recovery")
        if any(batch.snapshot is not None and batch.count for batch in batches):
            points.append("snapshot")
        if any(not batch.count and batch.record is not None for batch in batches):
            points.append("parking")
        if any(batch.done_commands for batch in batches):
            points.append("inbox")
        return points

    def list_commands(self, after_id=0):
        found = self._store.list_commands(after_id)
        if found:
            self._trigger.pass_by("inbox.found")
        return found

    def append_log(self, run_id, lines):
        self._trigger.pass_by("log.before")
        self._store.append_log(run_id, lines)
        self._trigger.pass_by("log.after")


class FaultyActivity:
    """An activity that passes by fault points around its work, and counts what is in flight."""

    def __init__(self, activity, trigger, tally):
        self._activity = activity
        self._trigger = trigger
        self._tally = tally

    def is_idempotent(self, request):
        return self._activity.is_idempotent(request)

    async def perform(self, request, context):
        self._trigger.pass_by("perform.before")
        self._tally.change_in_flight(1)
        try:
            output = await self._activity.perform(request, context)
            self._trigger.pass_by("perform.after")
        finally:
            self._tally.change_in_flight(-1)
        return output

    async def close(self):
        await self._activity.close()


class FaultyHelper:
    """An expression helper that passes by fault points around an evaluation."""

    def __init__(self, helper, trigger):
        self._helper = helper
        self._trigger = trigger

    async def evaluate(self, tasks):
        self._trigger.pass_by("helper.before")
        results = await self._helper.evaluate(tasks)
        self._trigger.pass_by("helper.after")
        return results

    async def close(self):
        await self._helper.close()


def digest(event):
    """What an event is recognised by."""
    return hashlib.blake2b(msgspec.json.encode(event), digest_size=12).hexdigest()
