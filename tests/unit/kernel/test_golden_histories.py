"""Histories as each release wrote them: later ones fold them to the same state, and carry unfinished ones on."""

import json
from pathlib import Path

import pytest

from kapell import __version__
from kapell.kernel import commands as c
from kapell.kernel.codec import decode_events, encode_events, to_builtins
from kapell.kernel.decide import decide
from kapell.kernel.events import Event
from kapell.kernel.recovery import find_open_work, fold
from kapell.language import load_workflow
from kapell.language.compiler import compile_workflow

FOLDER = Path(__file__).with_name("golden")
FILES = sorted(FOLDER.glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def golden(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def compile_golden(golden):
    return compile_workflow(load_workflow(json.dumps(golden["workflow"]), "golden"))


def read_history(golden):
    body = json.dumps(golden["history"]).encode()
    return decode_events(body, lambda digest: pytest.fail(f"no payload {digest} is stored"))


def holds(found, recorded):
    """Whether everything that was recorded is there still; a later release may add to it."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        return all(name in found and holds(found[name], value) for name, value in recorded.items())
    if isinstance(recorded, list) and isinstance(found, list):
        return len(found) == len(recorded) and all(map(holds, found, recorded))
    return found == recorded


def test_the_workflow_is_laid_out_as_it_was(golden):
    assert [node.reference for node in compile_golden(golden).nodes] == golden["nodes"]


def test_the_history_folds_to_the_recorded_state(golden):
    state = fold(compile_golden(golden), read_history(golden))
    assert holds(to_builtins(state), golden["state"])


def test_the_history_is_written_again_as_it_was(golden):
    body, _ = encode_events(read_history(golden))
    assert holds(json.loads(body), golden["history"])


def test_what_was_unfinished_can_be_carried_on(golden):
    program = compile_golden(golden)
    history = read_history(golden)
    state = fold(program, history)
    now = history[-1].at
    command = c.ResumeRun() if state.status == "suspended" else c.Advance()
    for _ in range(100):
        if state.is_ended:
            return
        assert decide(program, state, command, now).refused is None
        work = find_open_work(state)
        if work.in_flight or work.children:
            entry, attempt = (work.in_flight or work.children)[0][:2]
            command = c.EndAttempt(entry=entry, attempt=attempt, output={"n": 1})
        elif work.timers:
            timer = min(work.timers, key=lambda timer: timer.due)
            now, command = max(now, timer.due), c.FireTimer(entry=timer.entry, purpose=timer.purpose)
    pytest.fail("it does not end")


def test_this_release_has_a_golden_history_with_each_kind_of_event():
    recorded = [json.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob(f"{__version__}-*.json")]
    seen = {event["event"] for golden in recorded for event in golden["history"]}
    assert {kind.__struct_config__.tag for kind in Event.__subclasses__()} - seen == set()
    assert {golden["release"] for golden in recorded} == {__version__}
    assert any(golden["state"]["status"] == "running" for golden in recorded)
