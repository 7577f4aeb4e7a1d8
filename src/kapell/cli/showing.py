"""`kapell runs show`, `history` and `log`: what became of a run, from its stored history."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.cli import exits
from kapell.cli.listing import describe_record
from kapell.cli.output import (
    colour,
    colour_status,
    encode_json,
    is_terminal,
    print_json,
    print_lines,
    say,
    say_time,
)
from kapell.cli.stories import name_task, say_iteration
from kapell.engine.store import ENDED
from kapell.kernel import events as ev
from kapell.language.spans import say_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kapell.cli.target import RunData, Target
    from kapell.engine.store import LogLine
    from kapell.kernel.narration import Sentence

_MOST_TASKS = 200
_MOST_VALUE_LINES = 20

_OUTCOMES = {
    "task_entered": "running",
    "task_completed": "completed",
    "task_skipped": "skipped",
    "task_faulted": "faulted",
    "task_passed": "passed",
    "attempt_ended": "faulted",
    "attempt_lost": "faulted",
    "timer_fired": "faulted",
}


class TaskStory(msgspec.Struct):
    """What became of a task: the last time, if the flow came to it more than once."""

    reference: str
    name: str
    kind: str
    depth: int
    status: str
    started_at: datetime
    seconds: float | None = None
    times: int = 0
    attempts: int = 0
    detail: str = ""


def show_run(target: Target, name: str, *, as_json: bool) -> int:
    """Print where a run stands and what became of its tasks."""
    run_id = target.find_run(name)
    tasks, events = _collect(target.tell(run_id))
    found = target.get_run(run_id)
    record = found.record
    if record.status in ENDED:
        for task in tasks:
            task.status = "stopped" if task.status == "running" else task.status
    if as_json:
        print_json(
            {
                **describe_record(record),
                "input": found.input,
                "output": found.output,
                "error_object": None if found.error is None else found.error.to_json(),
                "events": events,
                "tasks": msgspec.to_builtins(tasks),
            }
        )
        return exits.COMPLETED
    print_lines(*_draw_run(found), "", *_draw_tasks(tasks))
    if record.status not in {"completed", "cancelled"} and is_terminal(sys.stderr):
        say(f"See `{target.advise('why', run_id)}`.", "dim")
    return exits.COMPLETED


def _draw_run(found: RunData) -> Iterator[str]:
    record = found.record
    yield f"run       {colour(record.run_id, 'bold', sys.stdout)}"
    yield f"workflow  {record.namespace}/{record.name}:{record.version}"
    yield f"status    {colour_status(record.status, sys.stdout)}"
    yield f"started   {say_time(record.created_at)}"
    if record.ended_at is not None:
        length = say_length(ev.to_micros(record.ended_at) - ev.to_micros(record.created_at))
        yield f"ended     {say_time(record.ended_at)}, after {length}"
    if record.waits_until is not None:
        yield f"waits     until {say_time(record.waits_until)}"
    if record.parent_run_id is not None:
        yield f"child of  {record.parent_run_id}"
    if not found.has_data:
        yield "data      not shown: that needs the permission run.data"
        return
    yield from _draw_value("input", found.input)
    if record.status == "completed":
        yield from _draw_value("output", found.output)
    if found.error is not None:
        yield from _draw_value("error", found.error.to_json())


def _collect(sentences: Iterable[Sentence]) -> tuple[list[TaskStory], int]:
    """Return what became of the tasks, and how many events there are."""
    tasks: dict[str, TaskStory] = {}
    seq = 0
    for sentence in sentences:
        seq = sentence.seq
        if sentence.reference:
            _note(tasks, sentence)
    return list(tasks.values()), seq


def _note(tasks: dict[str, TaskStory], sentence: Sentence) -> None:
    outcome = _OUTCOMES.get(sentence.event)
    at = ev.from_micros(sentence.at)
    task = tasks.get(sentence.reference)
    if task is None:
        task = TaskStory(
            sentence.reference, sentence.name, str(sentence.kind), sentence.depth, outcome or "running", at
        )
        tasks[sentence.reference] = task
    if sentence.event == "attempt_created":
        task.attempts += 1
    elif outcome is not None and (sentence.event not in {"attempt_ended", "timer_fired"} or sentence.is_bad):
        if sentence.event == "task_entered" or task.status != "running" or not task.times:
            task.times += 1
            task.started_at = at
        task.status = outcome
        task.seconds = (at - task.started_at).total_seconds() if outcome != "running" else None
        task.detail = sentence.text if outcome in {"faulted", "skipped", "passed"} or sentence.reason else ""


def _draw_tasks(tasks: list[TaskStory]) -> Iterator[str]:
    width = max((2 * task.depth + len(task.name) + len(say_iteration(task.reference)) for task in tasks), default=0)
    for task in tasks[:_MOST_TASKS]:
        name = f"{'  ' * (task.depth - 1)}{task.name}{say_iteration(task.reference)}"
        took = "" if task.seconds is None else say_length(int(task.seconds * 1_000_000))
        more = f", {task.times} times" if task.times > 1 else ""
        more += f", {task.attempts} attempts" if task.attempts > max(task.times, 1) else ""
        status = colour_status(task.status, sys.stdout) + " " * (9 - len(task.status))
        detail = f"  {_first_line(task.detail)}" if task.detail else ""
        yield f"{name:<{width}}  {status}  {took}{more}{detail}".rstrip()
    if len(tasks) > _MOST_TASKS:
        yield f"... and {len(tasks) - _MOST_TASKS} more (--json has all)"


def _draw_value(name: str, value: Any) -> Iterator[str]:
    lines = encode_json(value).splitlines()
    for number, line in enumerate(lines[:_MOST_VALUE_LINES]):
        yield f"{name if number == 0 else '':<10}{line}"
    if len(lines) > _MOST_VALUE_LINES:
        yield f"{'':<10}... and {len(lines) - _MOST_VALUE_LINES} more lines (--json has all)"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def tell_history(target: Target, name: str, after: int, *, as_json: bool) -> int:
    """Print a run's history: a sentence an event, or the events as they are stored."""
    run_id = target.find_run(name)
    if as_json:
        print_json(list(target.iter_events(run_id, after)))
        return exits.COMPLETED
    last_day = ""
    for sentence in target.tell(run_id):
        if sentence.seq > after:
            last_day = _tell_day(last_day, sentence)
            print_lines(_draw_sentence(sentence))
    return exits.COMPLETED


def _tell_day(last_day: str, sentence: Sentence) -> str:
    day = f"{ev.from_micros(sentence.at).astimezone():%Y-%m-%d}"
    if day != last_day:
        print_lines(colour(day, "bold", sys.stdout))
    return day


def _draw_sentence(sentence: Sentence) -> str:
    moment = f"{ev.from_micros(sentence.at).astimezone():%H:%M:%S.%f}"[:-3]
    name = name_task(sentence)
    text = colour(sentence.text, "red", sys.stdout) if sentence.is_bad else sentence.text
    where = colour(f"  {sentence.reference}", "dim", sys.stdout) if sentence.reference else ""
    return f"{sentence.seq:>5}  {moment}  {'  ' * sentence.depth}{f'{name}: ' if name else ''}{text}{where}"


def print_log(target: Target, name: str, *, follow: bool, as_json: bool) -> int:
    """Print what a run's processes wrote, until its end if `follow` is set.

    With `--json` it is one list; while it follows, a line of JSON for each line of the log.
    """
    run_id = target.find_run(name)
    if as_json and not follow:
        print_json([msgspec.to_builtins(line) for line in target.iter_log(run_id, 0)])
        return exits.COMPLETED
    for line in target.follow_log(run_id) if follow else target.iter_log(run_id, 0):
        _print_line(line, as_json=as_json)
    return exits.COMPLETED


def _print_line(line: LogLine, *, as_json: bool) -> None:
    if as_json:
        print_lines(msgspec.json.encode(line).decode())
        return
    name = line.reference.rpartition("/")[2] + say_iteration(line.reference)
    mark = "" if line.stream == "stdout" else f" {line.stream}"
    head = colour(f"{line.at.astimezone():%H:%M:%S} {name}{mark} |", "dim", sys.stdout)
    print_lines(f"{head} {line.text}")
