"""Progress in a terminal: a line for each task that ends, and below them what is under way, redrawn in place.

Lines scroll as any output does, so that a long run can be read afterwards. What processes write may come faster than
anybody reads: between two drawings only so many lines are shown, and the others are counted; the run's log has all.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from kapell.cli.progress import Progress
from kapell.cli.stories import Stories, name_task, say_iteration
from kapell.kernel.events import to_micros
from kapell.kernel.forking import describe_activity
from kapell.kernel.narration import Sentence, say_target
from kapell.language.program import Kind
from kapell.language.spans import say_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.engine.active import ActiveRun
    from kapell.engine.engine import Engine
    from kapell.engine.store import LogLine
    from kapell.kernel.events import Event
    from kapell.kernel.narration import Narrator
    from kapell.kernel.state import Entry

_REDRAW_SECONDS = 0.1
_MOST_LINES = 40
"""Lines shown between two drawings."""
_MOST_OPEN = 8
"""Tasks shown as under way."""

_GLYPHS = {
    "done": ("✓", "+", "green"),
    "fault": ("✗", "x", "red"),
    "retry": ("↻", "~", "yellow"),
    "skip": ("○", "-", "dim"),
    "open": ("▸", ">", "blue"),
    "hold": ("‖", "=", "yellow"),
    "log": ("│", "|", "dim"),
}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_SPINNER = "|/-\\"

_SHOWN = {
    "task_completed": "done",
    "task_skipped": "skip",
    "task_faulted": "fault",
    "error_caught": "retry",
    "attempt_held": "hold",
    "attempt_lost": "fault",
    "loop_ended": "done",
    "event_received": "open",
    "run_forked": "open",
    "run_suspended": "hold",
    "run_resumed": "open",
    "cancel_requested": "hold",
    "task_retried": "retry",
    "task_passed": "skip",
    "run_completed": "done",
    "run_faulted": "fault",
    "run_cancelled": "fault",
}
_ENDING = frozenset({"task_completed", "task_skipped", "task_faulted", "task_passed"})
_STOPPING = frozenset({"run_completed", "run_faulted", "run_cancelled"})
_HOLDING = (Kind.DO, Kind.FOR, Kind.FORK, Kind.TRY, Kind.FUNCTION, Kind.WORKFLOW)


class LiveProgress(Progress):
    """Shows the runs of one engine, or a run of a server, in a terminal."""

    _engine: Engine | None = None
    _stories: Stories | None = None
    _first_at: int | None = None
    _told_at = 0

    def begin(self, engine: Engine) -> None:
        """Begin to watch, and to draw ten times a second."""
        self._engine = engine
        self._stories = Stories(engine)
        self._start()
        engine.listen(self._take_events)
        engine.listen_to_logs(self.take_log)

    def begin_afar(self) -> None:
        """Begin to show what is told of the runs of a server."""
        self._start()

    def _start(self) -> None:
        self._open: dict[str, tuple[float, Sentence]] = {}
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._plain = not (sys.stderr.encoding or "").lower().startswith("utf")
        self._begun = time.monotonic()
        self._lines: deque[Text] = deque()
        self._passed_over = 0
        self._trouble: str | None = None
        self._turn = 0
        self._live = Live(console=self._console, auto_refresh=False, transient=True, redirect_stdout=False)
        self._live.start()
        self._drawing = asyncio.get_running_loop().create_task(self._draw_on())

    def note(self, text: str) -> None:
        """Say something that is about no task."""
        self._lines.append(Text(text))
        self._draw()

    def close(self) -> None:
        """Show what is left, and take the lower part away."""
        if self._live.is_started:
            self._drawing.cancel()
            self._live.update(Text(""), refresh=True)
            self._flush()
            self._live.stop()

    # -- what happened ------------------------------------------------------------------------------------------------

    def _take_events(self, active: ActiveRun, first_seq: int, events: Sequence[Event]) -> None:
        assert self._stories is not None
        below = self._stories.depths.get(active.run_id, 0)
        title = f"{active.program.name} {active.program.version}"
        for sentence in self._stories.tell(active, first_seq, events):
            self._show(active.run_id, title, sentence, below)

    def take(self, run_id: str, sentence: Sentence) -> None:
        """Show what happened to a run of a server, and keep which of its tasks are open."""
        if sentence.event == "task_entered" and sentence.kind not in _HOLDING:
            self._open[sentence.reference] = (time.monotonic(), sentence)
        elif sentence.event in _ENDING:
            self._open.pop(sentence.reference, None)
        elif sentence.event in _STOPPING:
            self._open.clear()
        self._note_time(sentence.at)
        self._show(run_id, sentence.name, sentence, 0)

    def _note_time(self, at: int) -> None:
        """Let lines say when something happened after the first thing that was told, not when it was told."""
        if self._first_at is None:
            self._first_at = at
        self._told_at = at

    def _show(self, run_id: str, title: str, sentence: Sentence, below: int) -> None:
        line = self._make_line(run_id, title, sentence, below)
        if line is not None:
            self._add(line, is_kept=sentence.event.startswith(("run_", "task_faulted", "error_")))

    def _make_line(self, run_id: str, title: str, sentence: Sentence, below: int) -> Text | None:
        """Return the line of an event, or `None` for one that says little to somebody who watches."""
        shown = _SHOWN.get(sentence.event)
        text = sentence.text
        if sentence.event == "task_entered":
            shown = "open" if sentence.kind in _HOLDING else None
            text = (
                text.removeprefix("Begins").removeprefix(": ").removesuffix(".") if text.startswith("Begins") else text
            )
        elif sentence.event == "task_completed" and sentence.reason is None:
            text = "" if sentence.length is None else say_length(sentence.length)
        elif sentence.event == "attempt_ended" and sentence.is_bad:
            shown = "fault"
        elif sentence.event == "run_completed" and below:
            return None  # the task that waited for this child run says so on the next line
        elif sentence.event == "run_started" and below == 0:
            return Text(f"run {run_id}  {title}", style="bold")
        if shown is None:
            return None
        name = name_task(sentence) or (f"run of {sentence.name}" if below else "")
        return self._line(shown, below + max(sentence.depth - 1, 0), name, text)

    def _line(self, shown: str, depth: int, name: str, text: str) -> Text:
        glyph, plain, style = _GLYPHS[shown]
        if self._first_at is None:
            seconds = time.monotonic() - self._begun
        else:
            seconds = max(self._told_at - self._first_at, 0) / 1_000_000
        line = Text(f"{seconds:7.1f}s ", style="dim")
        line.append("  " * depth)
        line.append(f"{plain if self._plain else glyph} ", style=style)
        if name:
            line.append(f"{name}  ", style="red" if shown == "fault" else "")
        line.append(_one_line(text), style="dim" if shown in {"done", "log"} else "")
        return line

    def take_log(self, run_id: str, line: LogLine) -> None:
        """Show what a task of a run has written."""
        below = 0 if self._stories is None else self._stories.depths.get(run_id, 0)
        if self._stories is None:
            self._note_time(to_micros(line.at))
        depth = below + line.reference.count("/do/") + 1
        name = line.reference.rpartition("/")[2] + say_iteration(line.reference)
        self._add(self._line("log", depth, name, line.text), is_kept=False)

    def _add(self, line: Text, *, is_kept: bool) -> None:
        if is_kept or len(self._lines) < _MOST_LINES:
            self._lines.append(line)
        else:
            self._passed_over += 1

    # -- drawing ------------------------------------------------------------------------------------------------------

    async def _draw_on(self) -> None:
        while True:
            await asyncio.sleep(_REDRAW_SECONDS)
            self._draw()

    def _draw(self) -> None:
        self._turn += 1
        self._live.update(Text("\n").join(self._draw_open()))
        self._flush()
        self._live.refresh()

    def _flush(self) -> None:
        if self._engine is not None and self._engine.trouble != self._trouble:
            self._trouble = self._engine.trouble
            self._lines.append(Text(self._trouble or "The disk takes what is written again.", style="yellow"))
        if self._passed_over:
            self._lines.append(Text(f"          ... {self._passed_over} more lines", style="dim"))
            self._passed_over = 0
        if self._lines:
            self._live.console.print(Text("\n").join(self._lines))
            self._lines.clear()

    def _draw_open(self) -> list[Text]:
        """Return what is under way, each on a line that fits the terminal."""
        spinner = _PLAIN_SPINNER if self._plain else _SPINNER
        width = self._console.width
        lines: list[Text] = []
        hidden = 0
        for text in self._list_open():
            if len(lines) == _MOST_OPEN:
                hidden += 1
                continue
            line = Text(f" {spinner[self._turn % len(spinner)]} ", style="blue")
            line.append(text)
            line.truncate(max(width - 1, 1), overflow="ellipsis")
            lines.append(line)
        if hidden:
            lines.append(Text(f"   and {hidden} more", style="dim"))
        return lines

    def _list_open(self) -> Iterator[str]:
        for begun, sentence in self._open.values():
            length = say_length(int((time.monotonic() - begun) * 1_000_000))
            yield f"{name_task(sentence)}  {_one_line(sentence.text)}  {length}"
        if self._stories is not None and self._engine is not None:
            yield from self._list_narrated(self._stories, self._engine)

    def _list_narrated(self, stories: Stories, engine: Engine) -> Iterator[str]:
        now = int(engine.clock.now().timestamp() * 1_000_000)
        for narrator in stories.narrators.values():
            if narrator.state.is_ended:
                continue
            for entry in narrator.state.entries.values():
                text = _say_open(narrator, entry, now)
                if text:
                    yield text


def _say_open(narrator: Narrator, entry: Entry, now: int) -> str:
    """Return what an open task is at; empty for one that only holds others, or waits for a child run that is shown."""
    node = narrator.program.nodes[entry.node]
    name = node.name + say_iteration(entry.reference)
    if narrator.state.status in {"suspended", "cancelling"}:
        return f"{name}  {narrator.state.status}" if node.kind not in _HOLDING and entry.entry else ""
    for purpose, verb in (("wait", "waits"), ("retry", "tries again in")):
        if purpose in entry.timers:
            return f"{name}  {verb} {say_length(entry.timers[purpose] - now)}"
    attempt = entry.attempt
    if attempt is None or attempt.child_run_id is not None or attempt.state not in {"open", "held"}:
        return ""
    if attempt.state == "held":
        return f"{name}  waits for a slot, {say_length(now - entry.entered_at)}"
    again = f", attempt {attempt.number}" if attempt.number > 1 else ""
    target = say_target(attempt.arguments)
    return f"{name}  {describe_activity(node)} {target}  {say_length(now - entry.entered_at)}{again}"


def _one_line(text: str) -> str:
    """Return text without what would move the cursor."""
    return "".join(character if character.isprintable() else " " for character in text)
