"""What must hold of a data folder after its engine was killed many times, told from what is counted outside."""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec
from crash_faults import digest
from crash_workload import SHARES, list_runs, load

from kapell.app import open_store
from kapell.engine.definitions import Definitions
from kapell.engine.loading import iter_events, load_active
from kapell.engine.store import RunFilter
from kapell.kernel import events as ev
from kapell.kernel.evolve import evolve
from kapell.kernel.recovery import fold
from kapell.kernel.state import State
from kapell.settings import Settings

IDEMPOTENT = {"GET", "PUT", "DELETE"}


class Evidence:
    """What is on disk, and what is known outside."""

    def __init__(self, folder, server, key):
        self.folder = folder
        self.store = open_store(Settings(data=folder / "data"))
        self.records = {record.run_id: record for record in self.store.list_runs(RunFilter(), limit=100_000)}
        self.histories = {run_id: [event for _, event in iter_events(self.store, run_id)] for run_id in self.records}
        self.acknowledged = read_acknowledged(folder / "acknowledged")
        requests, self.key_counts = server.count_of(key)
        self.performed = Counter(requests)
        for line in (folder / "appended").read_text().splitlines():
            self.performed["append", line] += 1

    def close(self):
        self.store.close()


def describe_unfinished(folder):
    """Return where the runs stand that have not ended, with the last of what happened to them."""
    store = open_store(Settings(data=folder / "data"))
    parts = []
    for record in store.list_runs(RunFilter(), limit=100_000):
        if record.status in {"completed", "cancelled"} or (record.status == "faulted" and record.parent_run_id):
            continue
        events = [event for _, event in iter_events(store, record.run_id)]
        state = fold(Definitions(store).get(record.definition).program, events, State())
        parts += [repr(record), f"open: {state.entries}", f"ready: {state.ready}", *map(repr, events[-12:])]
    parts.append(f"inbox: {store.list_commands()}")
    store.close()
    return "\n".join(part[:1500] for part in parts)


def read_acknowledged(path):
    """Run id -> number -> digest; what a kill cut off at the end of a line was not acknowledged."""
    found = defaultdict(dict)
    for line in path.read_bytes().split(b"\n"):
        try:
            run_id, seq, text = msgspec.json.decode(line)
        except (msgspec.DecodeError, ValueError):
            continue
        known = found[run_id].setdefault(seq, text)
        assert known == text, f"event {seq} of {run_id} was released twice, and differs"
    return found


def check_everything(evidence):
    """Raise an `AssertionError` that names what does not hold; return numbers for the report."""
    check_ends(evidence)
    check_histories(evidence)
    check_acknowledged(evidence)
    check_keys(evidence)
    return check_effects(evidence)


def check_ends(evidence):
    names = list_runs()
    assert len(names) == sum(SHARES.values()) == 50
    for run_id, name in names.items():
        wanted = "cancelled" if name == "cancelled" else "completed"
        assert evidence.records[run_id].status == wanted, (run_id, evidence.records[run_id])
    for record in evidence.records.values():
        assert record.status in {"completed", "faulted", "cancelled"}, record


def check_histories(evidence):
    """Numbers run singly (the store checks that), each history folds to what the record and the live state say."""
    definitions = Definitions(evidence.store)
    for run_id, record in evidence.records.items():
        program = definitions.get(record.definition).program
        state = fold(program, evidence.histories[run_id], State())
        assert state.seq == len(evidence.histories[run_id])
        assert state.status == record.status
        assert state == load_active(evidence.store, definitions, run_id).state
        starts = [event for event in evidence.histories[run_id] if isinstance(event, ev.RunStarted)]
        assert len(starts) == 1, f"{run_id} was started {len(starts)} times"
        moments = [event.at for event in evidence.histories[run_id]]
        assert moments == sorted(moments), f"time goes back in {run_id}"


def check_acknowledged(evidence):
    """What anybody was told of before a kill is there afterwards, unchanged."""
    for run_id, told in evidence.acknowledged.items():
        kept = {seq: digest(event) for seq, event in enumerate(evidence.histories[run_id], 1)}
        assert told.items() <= kept.items(), f"history of {run_id} differs from what was acknowledged"


def check_keys(evidence):
    """A key of a POST is sent again only where the history says that a repair made the interrupted attempt again."""
    reasons = defaultdict(list)
    definitions = Definitions(evidence.store)
    for run_id, history in evidence.histories.items():
        program, state = definitions.get(evidence.records[run_id].definition).program, State()
        for event in history:
            evolve(program, state, event)
            if isinstance(event, ev.AttemptCreated):
                entry = state.entries[event.entry]
                key = f"{run_id}{entry.reference}/{entry.arrival}/{event.key_number}"
                reasons[key].append(event.reason.code if event.reason else "")
    for key, count in evidence.key_counts.items():
        assert count <= len(reasons[key]), f"{key} was sent {count} times, its history has {len(reasons[key])} attempts"
        assert set(reasons[key][1:]) <= {"interrupted"}, f"{key} was made again: {reasons[key]}"


def check_effects(evidence):
    """Nothing idempotent is skipped, and nothing else runs twice without the history saying why."""
    numbers = Counter()
    seen = set()
    for run_id, history in evidence.histories.items():
        attempts = list_attempts(run_id, history)
        for operation, story in attempts.items():
            seen.add(operation)
            numbers["operations"] += 1
            check_operation(operation, story, evidence.performed[operation], numbers)
        numbers["lost"] += sum(isinstance(event, ev.AttemptLost) for event in history)
    assert evidence.performed.keys() <= seen, f"done, but in no history: {evidence.performed.keys() - seen}"
    return numbers


def check_operation(operation, story, performed, numbers):
    """`story` is what the history says of one operation: `created`, `succeeded`, or a reason to do it again."""
    created = story.count("created")
    if "succeeded" in story:
        assert performed >= 1, f"{operation} has a result but was never performed"
    assert performed <= created, f"{operation} was performed {performed} times, its history has {created} attempts"
    numbers["performed"] += performed
    numbers["again"] += max(0, performed - 1)
    may_run = True
    for what in story:
        if what == "created":
            assert may_run or operation[0] in IDEMPOTENT, f"{operation} ran again without a reason: {story}"
            may_run = False
        elif what != "succeeded":
            may_run = True


def list_attempts(run_id, history):
    """Operation -> what happened to it, in order."""
    stories = defaultdict(list)
    entries = {}
    for event in history:
        if isinstance(event, ev.AttemptCreated):
            if event.arguments is not msgspec.UNSET:
                entries[event.entry] = name_operation(event.arguments)
            stories[entries[event.entry]].append("created")
        elif isinstance(event, ev.AttemptLost):
            stories[entries[event.entry]].append("lost")
        elif isinstance(event, ev.AttemptEnded):
            if event.entry in entries:
                stories[entries[event.entry]].append("succeeded" if event.error is None else "failed")
        elif isinstance(event, ev.TaskRetried | ev.TaskPassed) or (
            isinstance(event, ev.ErrorCaught) and event.action == "retry"
        ):
            for story in stories.values():
                story.append("repeat")
    del run_id
    return stories


def name_operation(arguments):
    """Under which name an attempt's effect is counted outside."""
    if "endpoint" in arguments:
        return arguments["method"].upper(), arguments["endpoint"].partition("/op/")[2].partition("?")[0]
    return "append", arguments["environment"]["OP"]


def count_programs():
    """Compile what will be needed, outside of any measured time."""
    return len([load(name) for name in SHARES])
