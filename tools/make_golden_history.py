"""Record what this release writes: histories that every later release must fold to the same state.

    python tools/make_golden_history.py

Run it once for each release, and commit what it writes to `tests/unit/kernel/golden`. A file that is there already is
never written again: histories under way do not change when Kapell is upgraded. A case for a new kind of event gets a
name of its own.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kapell import __version__
from kapell.engine.admission import SlotAdmission
from kapell.kernel.codec import to_builtins
from kapell.kernel.commands import StartRun
from kapell.kernel.decide import decide
from kapell.kernel.events import Event
from kapell.kernel.listening import Matching
from kapell.kernel.recovery import find_open_work, fold
from kapell.kernel.state import State
from kapell.language import load_workflow
from kapell.language.compiler import compile_workflow
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, Takes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from kapell.kernel.commands import Command
    from kapell.language.program import Program
    from kapell.sdk import ActivityRequest

    Story = Callable[[EngineKit, str], Awaitable[object]]

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "unit" / "kernel" / "golden"
HEAD = "document: { dsl: '1.0.3', namespace: golden, name: %s, version: '1.0.0' }\n"
CHILD = HEAD % "child" + "do: [ { rest: { wait: PT5S } }, { add: { set: { n: '${ .n + 1 }' } } } ]"
CALL = "call: http, with: { method: post, endpoint: 'https://golden.test/{n}', body: { n: '${ .n }' } }"

_broken = {"now": True}


def _answer(request: ActivityRequest) -> Any:
    """Answer as the input's `n` asks: `fail` until it is mended, `lose` never, any other after two seconds."""
    wanted = request.input.get("n") if isinstance(request.input, dict) else None
    if wanted == "fail" and _broken["now"]:
        raise ActivityError("communication", 503, "Busy", "Come back later.")
    if wanted == "lose":
        return Takes(None)
    return Takes(2, {"n": wanted})


async def _finish(kit: EngineKit, run_id: str) -> None:
    await kit.finish(run_id)


async def _leave_at_once(kit: EngineKit, run_id: str) -> None:
    del run_id
    await kit.advance(1)


async def _suspend_and_resume(kit: EngineKit, run_id: str) -> None:
    await kit.advance(1)
    await kit.engine.suspend_run(run_id, "Lunch.")
    await kit.advance(60)
    await kit.engine.resume_run(run_id)
    await kit.finish(run_id)


async def _suspend(kit: EngineKit, run_id: str) -> None:
    await kit.advance(1)
    await kit.engine.suspend_run(run_id, "Lunch.")


async def _cancel(kit: EngineKit, run_id: str) -> None:
    await kit.advance(1)
    await kit.engine.cancel_run(run_id, "Enough.")
    await kit.finish(run_id)


async def _retry(kit: EngineKit, run_id: str) -> None:
    await kit.finish(run_id)
    await kit.engine.retry_task(run_id, value={"n": "other"})
    await kit.finish(run_id)


async def _skip(kit: EngineKit, run_id: str) -> None:
    await kit.finish(run_id)
    await kit.engine.skip_task(run_id, {"n": "skipped"})
    await kit.finish(run_id)


async def _lose(kit: EngineKit, run_id: str) -> None:
    await kit.settle()
    await kit.crash()
    await kit.settle()
    await kit.engine.cancel_run(run_id)
    await kit.finish(run_id)


FLOW = """
timeout: { after: PT1H }
input: { from: "{ n: .n, kept: true }" }
output: { as: "{ result: ., context: $context }" }
use: { functions: { double: { set: { n: "${ .n * 2 }" } } } }
do:
  - never: { if: "false", set: { x: 1 } }
  - first: { set: { n: "${ .n + 1 }", big: 9007199254740993, text: "ünïcode" }, export: { as: "{ seen: .n }" } }
  - loop:
      for: { each: item, in: "[1, 2, 3]" }
      while: "$index < 2"
      do: [ { add: { set: { n: "${ .n + $item }" } } } ]
  - choose: { switch: [ { large: { when: ".n > 3", then: twice } }, { small: { then: end } } ] }
  - skipped: { set: { x: 1 } }
  - twice: { call: double, with: { n: "${ .n }" } }
  - tell:
      emit: { event: { with: { type: t, source: "https://golden.test", data: "${ .n }" } } }
      output: { as: .data }
  - rest: { input: { from: "{ n: . }" }, wait: PT3S, timeout: { after: PT9S } }
"""
FORK = f"""
do:
  - all:
      fork:
        branches:
          - a:
              do: [ {{ s: {{ set: {{ a: 1 }}, export: {{ as: "{{ a: true }}" }} }} }}, {{ w: {{ wait: PT4S }} }} ]
          - b: {{ {CALL}, export: {{ as: "{{ b: . }}" }} }}
          - c: {{ run: {{ workflow: {{ namespace: golden, name: child, version: 1.0.0 }} }} }}
  - race:
      fork:
        compete: true
        branches:
          - slow: {{ {CALL} }}
          - fails: {{ raise: {{ error: {{ type: "https://golden.test/oh", status: 500 }} }} }}
          - quick: {{ wait: PT1S }}
"""
TRY = f"""
do:
  - attempt:
      try: [ {{ mark: {{ set: {{ n: "${{ .n }}" }} }} }}, {{ call: {{ {CALL} }} }} ]
      catch:
        errors: {{ with: {{ type: "https://serverlessworkflow.io/spec/1.0.0/errors/communication" }} }}
        retry:
          delay: {{ seconds: 2 }}
          backoff: {{ exponential: {{}} }}
          jitter: {{ from: {{ seconds: 0 }}, to: {{ seconds: 1 }} }}
          limit: {{ attempt: {{ count: 2, duration: {{ seconds: 9 }} }} }}
        do: [ {{ handle: {{ set: {{ caught: "${{ $error }}" }} }} }} ]
"""
WORK = f"do: [ {{ before: {{ set: {{ n: '${{ .n }}' }} }} }}, {{ list: {{ do: [ {{ work: {{ {CALL} }} }} ] }} }} ]"
LISTENING = """
do:
  - paid:
      listen:
        to:
          all:
            - with: { type: golden.paid }
              correlate: { order: { from: .data.order, expect: "${ .order }" } }
            - with: { type: golden.packed }
              correlate: { order: { from: .data.order } }
        read: envelope
      timeout: { after: PT1H }
  - readings:
      listen:
        to:
          any: [ { with: { type: golden.reading, data: "${ .celsius > 30 }" } } ]
          until: { one: { with: { type: golden.end } } }
      foreach:
        item: reading
        at: number
        do: [ { keep: { set: { at: "${ $number }", celsius: "${ $reading.celsius }" } } } ]
        output: { as: .celsius }
        export: { as: "{ last: . }" }
  - warm: { listen: { to: { any: [], until: "(. | length) >= 2" }, read: raw } }
"""
HEARD: list[dict[str, Any]] = [
    {"specversion": "1.0", "source": "https://golden.test", "id": str(number), "type": f"golden.{kind}", "data": data}
    for number, (kind, data) in enumerate(
        [
            ("packed", {"order": 8}),
            ("packed", {"order": 7}),
            ("paid", {"order": 7}),
            ("reading", {"celsius": 12}),
            ("reading", {"celsius": 31}),
            ("reading", {"celsius": 40.5}),
            ("end", None),
            ("reading", {"celsius": 1}),
            ("other", {"text": "ünïcode"}),
        ]
    )
]
BACKGROUND = "do: [ { go: { run: { shell: { command: x }, await: false } } }, { z: { set: { done: true } } } ]"
TIMEOUT = "do: [ { slow: { wait: PT1H, timeout: { after: PT2S } } } ]"
SLOTS = f"do: [ {{ f: {{ fork: {{ branches: [ {{ a: {{ {CALL} }} }}, {{ b: {{ {CALL} }} }} ] }} }} }} ]"

CASES: dict[str, tuple[str, Any, Story]] = {
    "flow": (FLOW, {"n": 1}, _finish),
    "fork": (FORK, {"n": 1}, _finish),
    "fork-under-way": (FORK, {"n": 1}, _leave_at_once),
    "try": (TRY, {"n": "fail"}, _finish),
    "try-waits": (TRY, {"n": "fail"}, _leave_at_once),
    "timeout": (TIMEOUT, {}, _finish),
    "background": (BACKGROUND, {}, _finish),
    "slots": (SLOTS, {"n": 1}, _finish),
    "suspended": (FLOW, {"n": 1}, _suspend),
    "resumed": (FLOW, {"n": 1}, _suspend_and_resume),
    "cancelled": (FORK, {"n": 1}, _cancel),
    "faulted": (WORK, {"n": "fail"}, _finish),
    "retried": (WORK, {"n": "fail"}, _retry),
    "skipped": (WORK, {"n": "fail"}, _skip),
    "lost": (WORK, {"n": "lose"}, _lose),
}


async def record_case(name: str, text: str, value: Any, story: Story) -> dict[str, Any]:
    """Carry a case out, and return what is to be kept of it."""
    slots = SlotAdmission({"calls": 1}, {"http": "calls"}) if name == "slots" else None
    activities = {"http": _answer, "shell": _answer}
    idempotent = ["http"] if name == "lost" else []
    async with EngineKit(activities, workflows=[CHILD], admission=slots, idempotent=idempotent) as kit:
        run_id = kit.engine.start_run(load_workflow(HEAD % name + text), value, run_id=f"golden-{name}")
        await story(kit, run_id)
        return describe_run(kit, run_id)


def record_listening() -> dict[str, Any]:
    """Carry out a run that listens, in the kernel alone."""
    program = compile_workflow(load_workflow(HEAD % "listening" + LISTENING))
    state, history, now = State(), list[Event](), 1_700_000_000_000_000

    def obey(command: Command) -> None:
        decision = decide(program, state, command, now)
        assert decision.refused is None
        assert not decision.needs
        history.extend(decision.events)

    obey(StartRun(run_id="golden-listening", input={"order": 7}, position=3))
    for position, event in enumerate(HEARD, start=4):
        now += 1_000_000
        for number in find_open_work(state).listening:
            match = Matching(program, state, number).match(position, event, {})
            if match is not None:
                obey(match.make_command(number))
    return describe_history(program, history)


async def record_fork() -> dict[str, Any]:
    """Carry out a run that begins in the middle of another one."""
    async with EngineKit({"http": _answer}) as kit:
        source = await kit.run(HEAD % "forked" + WORK, {"n": 3})
        run_id, _ = await kit.engine.fork_run(source.run_id, "/do/1/list/do/0/work")
        await kit.finish(run_id)
        return describe_run(kit, run_id)


def describe_run(kit: EngineKit, run_id: str) -> dict[str, Any]:
    """Return a run's workflow, how it is laid out, its history and the state that this leads to."""
    return describe_history(kit.get_program(run_id), kit.read_history(run_id))


def describe_history(program: Program, history: Sequence[Event]) -> dict[str, Any]:
    """Return a workflow, how it is laid out, a history of it and the state that this leads to."""
    return {
        "release": __version__,
        "workflow": program.definition,
        "nodes": [node.reference for node in program.nodes],
        "history": to_builtins(history),
        "state": to_builtins(fold(program, history)),
    }


async def main() -> int:
    """Write the cases of this release that are not there yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, case in [*CASES.items(), ("forked", None), ("listening", None)]:
        file = FOLDER / f"{__version__}-{name}.json"
        if file.exists():
            print(f"kept    {file.name}")
            continue
        if name == "listening":
            recorded = record_listening()
        else:
            recorded = await (record_fork() if case is None else record_case(name, *case))
        file.write_bytes(msgspec.json.format(msgspec.json.encode(recorded), indent=1) + b"\n")
        print(f"written {file.name}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
