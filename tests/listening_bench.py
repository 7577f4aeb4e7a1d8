"""A run in the kernel alone, with a stream of events that are handed to whatever of it listens.

The bench does what the engine does, without its threads, files and times: it looks for the next event of each task that
wants one, in order, behind the task's cursor, and hands it in as a command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jq

from kapell.kernel import commands as c
from kapell.kernel import effects as fx
from kapell.kernel.codec import decode_events, decode_state, encode_events, encode_state
from kapell.kernel.decide import decide
from kapell.kernel.evaluation import Answer, Evaluation, NeedsHelp
from kapell.kernel.events import Event, EventReceived
from kapell.kernel.limits import Limits
from kapell.kernel.listening import Match, Matching, key_event, list_keys
from kapell.kernel.recovery import find_open_work, fold
from kapell.kernel.state import State
from kapell.language import load_workflow
from kapell.language.compiler import compile_workflow

if TYPE_CHECKING:
    from kapell.reasons import Reason

START = 1_700_000_000_000_000
SECOND = 1_000_000
NAMESPACE = "test"


def make_event(kind: str, data: Any = None, **attributes: Any) -> dict[str, Any]:
    """Return a CloudEvent; its id is the kind unless one is given."""
    event = {"specversion": "1.0", "id": kind, "source": "/test", "type": kind, **attributes}
    return event if data is None else {**event, "data": data}


def evaluate(need: Evaluation) -> Answer:
    """Answer as the expression helper does."""
    bindings = "".join(f'.v["{name}"] as ${name} | ' for name in need.variables)
    try:
        program = jq.compile(f"{bindings}.d | first({need.expression.source}\n)")
        found = program.input_value({"v": dict(need.variables), "d": need.document}).all()
    except ValueError as error:
        return Answer(error=str(error))
    return Answer(value=found[0] if found else None)


class Bench:
    """A run, the events of its namespace, and what the run has asked of the outside."""

    def __init__(self, text: str, value: Any = None, *, position: int = 0, limits: Limits | None = None) -> None:
        """Start a run of a workflow, given as text, with `value` as its input."""
        self.program = compile_workflow(load_workflow(text))
        self.limits = limits or Limits()
        self.state = State()
        self.now = START
        self.history: list[Event] = []
        self.effects: list[fx.Effect] = []
        self.stream: list[dict[str, Any]] = []
        self.do(c.StartRun(run_id="run", input={} if value is None else value, position=position))

    # -- commands -----------------------------------------------------------------------------------------------------

    def do(self, command: c.Command) -> Reason | None:
        """Hand in a command and go on as far as the run can; return why it was refused."""
        answers: dict[int, Answer] = {}
        refused = None
        while True:
            decision = decide(self.program, self.state, command, self.now, self.limits, answers)
            refused = refused or decision.refused
            self.history += decision.events
            self.effects += decision.effects
            answers = {} if decision.events else answers
            answers.update({need.slot: evaluate(need) for need in decision.needs})
            if not decision.needs and not decision.more:
                return refused
            command = c.Advance()

    def advance(self, seconds: float) -> None:
        """Let time pass, and fire what is due, in order."""
        until = self.now + int(seconds * SECOND)
        while True:
            timers = [timer for timer in find_open_work(self.state).timers if timer.due <= until]
            if not timers:
                break
            first = min(timers, key=lambda timer: (timer.due, timer.entry))
            self.now = max(self.now, first.due)
            self.do(c.FireTimer(entry=first.entry, purpose=first.purpose))
            self.deliver()
        self.now = until

    def end_attempts(self, output: Any = None) -> None:
        """Let the attempts that are under way succeed."""
        for entry, attempt in find_open_work(self.state).in_flight:
            assert self.do(c.EndAttempt(entry=entry, attempt=attempt, output=output)) is None
        self.deliver()

    # -- events -------------------------------------------------------------------------------------------------------

    def send(self, kind: str, data: Any = None, **attributes: Any) -> Bench:
        """Let an event arrive, and hand it to whoever wants it."""
        self.arrive(kind, data, **attributes)
        self.deliver()
        return self

    def arrive(self, kind: str, data: Any = None, **attributes: Any) -> None:
        """Let an event arrive, and hand it to nobody yet."""
        self.stream.append(make_event(kind, data, **attributes))

    def deliver(self) -> None:
        """Hand in events until nobody wants one that is there."""
        while (found := self.find_next()) is not None:
            entry, match = found
            assert self.do(match.make_command(entry)) is None

    def find_next(self) -> tuple[int, Match] | None:
        """Return the first task that wants an event that is there, and that event."""
        for entry in find_open_work(self.state).listening:
            for position in range(self.matching(entry).cursor + 1, len(self.stream) + 1):
                match = self.match(entry, position)
                if match is not None:
                    return entry, match
        return None

    def matching(self, entry: int) -> Matching:
        """Return what an entry makes of events."""
        return Matching(self.program, self.state, entry)

    def match(self, entry: int, position: int) -> Match | None:
        """Return what the event at a position is to an entry; its keys must not have missed it."""
        event = self.stream[position - 1]
        matching = self.matching(entry)
        if matching.skips(position):
            return None
        answers: dict[int, Answer] = {}
        while True:
            try:
                match = matching.match(position, event, answers)
                break
            except NeedsHelp as needs:
                answers.update({need.slot: evaluate(need) for need in needs.evaluations})
        assert match is None or self.is_about(entry, event)
        return match

    def is_about(self, entry: int, event: dict[str, Any]) -> bool:
        """Tell whether an event agrees with one of the keys of an entry."""
        keys = list_keys(self.program, self.state, entry)
        return any(key_event(key.shape, NAMESPACE, event) == key.digest for key in keys)

    # -- crashes and what came of it ----------------------------------------------------------------------------------

    def crash(self, *, snapshot: bool = False) -> None:
        """Forget the state, and make it again from the history or a snapshot, as they come back from disk."""
        if snapshot:
            self.state = decode_state(encode_state(self.state))
            return
        body, payloads = encode_events(self.history)
        before = encode_state(self.state)
        self.state = fold(self.program, decode_events(body, dict(payloads).__getitem__))
        assert encode_state(self.state) == before

    @property
    def listening(self) -> list[int]:
        """The entries that want an event."""
        return find_open_work(self.state).listening

    @property
    def consumed(self) -> list[int]:
        """The positions of the events that were consumed, in order."""
        return [event.position for event in self.history if isinstance(event, EventReceived)]

    @property
    def output(self) -> Any:
        """The run's output; it must have completed."""
        assert self.state.status == "completed", (self.state.status, self.state.error, self.listening)
        return self.state.output

    @property
    def asked(self) -> list[fx.Effect]:
        """The effects that are about listening."""
        return [effect for effect in self.effects if isinstance(effect, fx.AwaitEvent | fx.StopListening)]
