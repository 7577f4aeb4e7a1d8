"""Where a run stands, and nothing that can be computed from its program.

The story. A run is a tree of *entries* (tasks that are under way) and a queue of *items* (what is ready to happen). A
step takes the first item, and turns it into one event; folding that event takes the item off the queue and puts what
follows at its end. So whatever prefix of the history is on disk, the state that it folds to says what comes next.

The state has one owner, and folding changes it in place: a run of 10,000 tasks would otherwise copy itself 10,000
times. JSON values in it are shared and never changed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.kernel.consumption import Consumed
from kapell.kernel.sizes import Known
from kapell.language.error_types import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Iterator


ROOT = 0
"""The entry of the workflow's own task list."""


class Begin(msgspec.Struct, tag="begin", gc=False):
    """The workflow's input is to be checked and transformed."""


class Enter(msgspec.Struct, tag="enter", gc=False):
    """The flow has come to `node` with `value` as raw input, inside the entry `parent`, in the context of `scope`."""

    node: int
    parent: int
    value: Any
    scope: int


class Finish(msgspec.Struct, tag="finish", gc=False):
    """The entry has its raw output."""

    entry: int
    value: Any


class Iterate(msgspec.Struct, tag="iterate", gc=False):
    """The `while` of a loop is to be tested before the iteration `index`."""

    entry: int
    index: int
    value: Any


class Perform(msgspec.Struct, tag="perform", gc=False):
    """An activity or a child run is to be asked for. `again` keeps the key of an attempt whose outcome is unknown."""

    entry: int
    again: bool = False


class Fault(msgspec.Struct, tag="fault", gc=False):
    """An error looks for a `try` around it, beginning at the entry `parent`."""

    parent: int
    node: int
    entry: int
    value: Any
    scope: int
    error: WorkflowError


class Handle(msgspec.Struct, tag="handle", gc=False):
    """What a listening task does with an event is done, with this output; its `until` is to be asked."""

    entry: int
    value: Any


class FinishRun(msgspec.Struct, tag="finish_run", gc=False):
    """The last task has ended."""

    value: Any


Item = Begin | Enter | Finish | Iterate | Perform | Fault | Handle | FinishRun


class Attempt(msgspec.Struct):
    """The newest attempt of an activity, or the child run that a task waits for.

    `state` is `open`, `held`, `interrupted` (ended by the run's fault, to be made again by a repair), `repairing` (that
    repair stands in the queue), or `ended`.
    """

    number: int
    key_number: int
    state: str
    arguments: Any = None
    child_run_id: str | None = None


class TryProgress(msgspec.Struct):
    """How far a `try` is: how many retries there were, since when, and whether its handler runs."""

    began_at: int
    retries: int = 0
    handling: bool = False


class ForkProgress(msgspec.Struct):
    """Outputs and contexts of the branches that have ended, by position; how many have not."""

    remaining: int
    outputs: dict[int, Any] = {}
    scopes: dict[int, int] = {}


class ListenProgress(msgspec.Struct):
    """How far a task is that listens.

    Attributes:
        cursor: The next event is one behind this position.
        wants: Whether it wants one now, and is not busy with the one before.
        count: How many events it has consumed, those of `until` not counted.
        satisfied: The filters that have had an event, with `all`.
        until_satisfied: The same of `until`.
        expected: What the correlations expect, by `CorrelationSpec.expected`.
        values: What was read of the events, where `until` needs it and the outputs are something else.
        outputs: The task's output so far.
    """

    cursor: int
    wants: bool = True
    count: int = 0
    satisfied: list[int] = []
    until_satisfied: list[int] = []
    expected: list[Any] = []
    values: list[Any] = []
    outputs: list[Any] = []


class Entry(msgspec.Struct):
    """A task that is under way.

    Attributes:
        entry: Its number.
        node: Its node.
        parent: The entry around it.
        reference: Its JSON pointer within the run, with the numbers of iterations.
        arrival: How often the flow had come to this task.
        raw_input: What came in.
        input: What `input.from` made of it.
        scope: Which context it sees.
        variables: The names that loops and handlers around it have given.
        entered_at: When it was entered, in microseconds since 1970-01-01 UTC.
        children: The entries within it.
        timers: Purpose -> due, in microseconds since 1970-01-01 UTC.
        iteration: The index of the item that a loop is at, or of the event that a listening task is busy with.
        listening: How far a task is that listens; nothing once it has all its events.
    """

    entry: int
    node: int
    parent: int
    reference: str
    arrival: int
    raw_input: Any
    input: Any
    scope: int
    variables: dict[str, Any]
    entered_at: int
    children: dict[int, None] = {}
    timers: dict[str, int] = {}
    iteration: int = 0
    collection: list[Any] = []
    tried: TryProgress | None = None
    forked: ForkProgress | None = None
    attempt: Attempt | None = None
    listening: ListenProgress | None = None


class State(msgspec.Struct, dict=True):
    """Where a run stands.

    Attributes:
        status: `new`, `running`, `suspended`, `cancelling`, `completed`, `faulted` or `cancelled`.
        seq: The number of the last event that was folded in.
        depth: How many runs wait for this one, one above another.
        traceparent: The span that the run is a part of, if whoever started it was traced.
        contexts: The context of each scope; 0 is the run's own.
        arrivals: How often the flow has come to each node.
        run_length: The workflow's timeout, in microseconds.
        failed: The fault that ended the run, for repair.
        closing_children: Child runs whose end a cancellation waits for.
        position: The run sees CloudEvents that arrived behind this position of the event store.
        correlations: The values that were extracted from events; the first of each name holds (decision 18).
        consumed: Which events the listening tasks have consumed, by node.
    """

    run_id: str = ""
    status: str = "new"
    seq: int = 0
    parent_run_id: str | None = None
    depth: int = 0
    traceparent: str | None = None
    started_at: int = 0
    ended_at: int | None = None
    raw_input: Any = None
    input: Any = None
    output: Any = None
    error: WorkflowError | None = None
    contexts: dict[int, Any] = {}
    entries: dict[int, Entry] = {}
    ready: deque[Item] = msgspec.field(default_factory=deque)
    arrivals: dict[int, int] = {}
    next_entry: int = 1
    next_scope: int = 1
    run_length: int | None = None
    failed: Fault | None = None
    closing_children: list[str] = []
    position: int = 0
    correlations: dict[str, Any] = {}
    consumed: dict[int, Consumed] = {}

    def __post_init__(self) -> None:
        """Begin with nothing measured; what is measured is no part of the state, so no snapshot holds it."""
        self.sizes = Known()

    @property
    def is_ended(self) -> bool:
        """Whether the run has ended, well or not."""
        return self.status in ENDED

    def iter_subtree(self, entry: int) -> Iterator[Entry]:
        """Yield the entry and all within it, the outer before the inner."""
        pending = [entry]
        while pending:
            found = self.entries[pending.pop()]
            yield found
            pending.extend(found.children)

    def iter_ancestors(self, entry: int) -> Iterator[Entry]:
        """Yield the entry and all around it, the inner before the outer."""
        found: Entry | None = self.entries[entry]
        while found is not None:
            yield found
            found = self.entries[found.parent] if found.entry != ROOT else None


ENDED = frozenset({"completed", "faulted", "cancelled"})
