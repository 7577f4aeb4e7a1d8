"""A compiled workflow: a flat tuple of nodes that the kernel, the designer and the simulator walk.

The story. A workflow is a tree of task lists. `compile_workflow` lays it out flat, in the order of the text: each task
becomes a `Node` that knows its parent, its place in the list, the node after it and where its `then` leads. Expressions
are compiled once, references to `use` are replaced by what they name, and whatever the author's text alone decides is
decided here. What is left for the run is data.

The order of the nodes is part of the stored format: histories refer to nodes by index. A new version of Kapell must lay
an old document out in the same order (golden histories in the tests hold it to that).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from kapell.language.expressions import Expression, Template

NO_NODE = -1

TO_NEXT = -1
"""`then: continue`, and the default: the next task of the list, or the list's end."""
TO_EXIT = -2
"""`then: exit`: the end of this list."""
TO_END = -3
"""`then: end`: the end of the run."""


FOREACH = "/foreach/do"
"""Where in a `listen` the list of tasks stands that each event goes through."""


class Kind(StrEnum):
    """What a node does. The workflow's own list of tasks is the root, a `DO`."""

    DO = "do"
    SET = "set"
    SWITCH = "switch"
    FOR = "for"
    FORK = "fork"
    TRY = "try"
    RAISE = "raise"
    WAIT = "wait"
    EMIT = "emit"
    LISTEN = "listen"
    FUNCTION = "function"
    ACTIVITY = "activity"
    WORKFLOW = "workflow"
    UNSUPPORTED = "unsupported"


class Validator(Protocol):
    """A compiled JSON Schema."""

    def find_problem(self, value: Any) -> str | None:
        """Return what is wrong with `value` and where, or `None`."""
        ...


class DurationSpec(msgspec.Struct, frozen=True):
    """A length of time: fixed, or a template that the run evaluates."""

    fixed: timedelta | None = None
    template: Template | None = None


class SetSpec(msgspec.Struct, frozen=True):
    """`set`: the new data."""

    value: Template


class SwitchCase(msgspec.Struct, frozen=True):
    """One case of a `switch`; without a condition it is the default."""

    name: str
    condition: Expression | None
    target: int


class SwitchSpec(msgspec.Struct, frozen=True):
    """`switch`: the cases in the order of the text."""

    cases: tuple[SwitchCase, ...]


class ForSpec(msgspec.Struct, frozen=True):
    """`for`: what to go through, and the names under which the body sees the item and its index."""

    collection: Template
    each: str
    at: str
    condition: Expression | None
    first: int


class ForkSpec(msgspec.Struct, frozen=True):
    """`fork`: one node for each branch."""

    branches: tuple[int, ...]
    compete: bool


class RetrySpec(msgspec.Struct, frozen=True):
    """A retry policy. `backoff` is `constant`, `linear` or `exponential`; `factor` and `max_delay` refine the last."""

    when: Expression | None = None
    except_when: Expression | None = None
    delay: DurationSpec | None = None
    backoff: str = "constant"
    factor: float = 2.0
    max_delay: DurationSpec | None = None
    max_retries: int | None = None
    attempt_duration: DurationSpec | None = None
    total_duration: DurationSpec | None = None
    jitter_from: DurationSpec | None = None
    jitter_to: DurationSpec | None = None


class TrySpec(msgspec.Struct, frozen=True):
    """`try`: its list, what it catches, and what it does then."""

    first: int
    error_filter: Mapping[str, Any] | None
    variable: str
    when: Expression | None
    except_when: Expression | None
    retry: RetrySpec | None
    catch_first: int
    catch_then: int


class RaiseSpec(msgspec.Struct, frozen=True):
    """`raise`: the error's members."""

    error: Template


class WaitSpec(msgspec.Struct, frozen=True):
    """`wait`: how long."""

    duration: DurationSpec


class EmitSpec(msgspec.Struct, frozen=True):
    """`emit`: the properties of the CloudEvent."""

    event: Template


class AttributeSpec(msgspec.Struct, frozen=True):
    """What a filter asks of one attribute of an event.

    Attributes:
        name: The attribute.
        value: What it must be, or the expressions that tell.
        literal: What it must be, where no expression is needed to tell.
        is_pattern: Whether the literal is a text that may also be meant as a regular expression (decision 17).
    """

    name: str
    value: Template
    literal: Any = None
    is_pattern: bool = False


class CorrelationSpec(msgspec.Struct, frozen=True):
    """A value that events must share.

    Attributes:
        name: Its name; what was first extracted under it holds for the run (decision 18).
        source: Gets it from the whole event.
        path: The keys that lead to it from the whole event, where `source` is a plain path.
        expected: The index in `StrategySpec.expects` of what it must be; -1 where that is not written.
    """

    name: str
    source: Expression
    path: tuple[str, ...] | None = None
    expected: int = -1


class FilterSpec(msgspec.Struct, frozen=True):
    """Which events count. The attributes that are cheap to ask for come first."""

    attributes: tuple[AttributeSpec, ...]
    correlations: tuple[CorrelationSpec, ...] = ()


class StrategySpec(msgspec.Struct, frozen=True):
    """Which events are consumed, and when that ends.

    Attributes:
        mode: `one`, `any` or `all`.
        filters: The filters; `any` without filters takes every event.
        expects: What correlations must be, those of `until_events` included; evaluated once, before the first event.
        until: With `any`: ends when this holds for the array of what was consumed.
        until_events: With `any`: ends when these events have come.
        is_steady: Whether an event that is passed over once could never be consumed later.
    """

    mode: str
    filters: tuple[FilterSpec, ...]
    expects: tuple[Template, ...] = ()
    until: Expression | None = None
    until_events: StrategySpec | None = None
    is_steady: bool = False


class HandlerSpec(msgspec.Struct, frozen=True):
    """`foreach`: what is done with each event, and the names under which it sees the event and its index."""

    each: str
    at: str
    first: int
    output_as: Template | None = None
    output_schema: Validator | None = None
    export_as: Template | None = None
    export_schema: Validator | None = None


class ListenSpec(msgspec.Struct, frozen=True):
    """`listen`: which events, what is read of each (`data`, `envelope` or `raw`), and what is done with it.

    Attributes:
        keeps_values: Whether `until` needs what was read of all events, beside the output.
        keeps_outputs: Whether the task can end with an output at all.
    """

    strategy: StrategySpec
    read: str
    handler: HandlerSpec | None = None
    keeps_values: bool = False
    keeps_outputs: bool = True


class FunctionSpec(msgspec.Struct, frozen=True):
    """A call of a function of `use.functions`: its arguments become the input of its body."""

    arguments: Template
    first: int


class ActivitySpec(msgspec.Struct, frozen=True):
    """Outside work.

    Attributes:
        activity: Its kind: `http`, `openapi`, `shell`, `script`.
        arguments: The arguments as far as they may be recorded: nothing in here reads `$secrets`.
        secret_arguments: What reads `$secrets`, with its path in the arguments; put in when an attempt is dispatched.
        full_arguments: All of them, for a task whose input is not recorded.
        secret_policies: Paths of authentication policies that are kept in a secret, and the secret's name.
        returns: What a process gives.
        awaits: Whether the task waits for the end.
        scheme: The scheme of its authentication (`Basic`, `Bearer`), for `$authorization`.
    """

    activity: str
    arguments: Template
    secret_arguments: tuple[tuple[tuple[str | int, ...], Expression], ...]
    full_arguments: Template
    secret_policies: tuple[tuple[tuple[str | int, ...], str], ...]
    returns: str
    awaits: bool
    scheme: str | None = None


class WorkflowSpec(msgspec.Struct, frozen=True):
    """`run: workflow`: a child run."""

    namespace: str
    name: str
    version: str
    input: Template | None
    awaits: bool


class UnsupportedSpec(msgspec.Struct, frozen=True):
    """A task that validates but cannot run yet; a run with such a task is refused at its start."""

    what: str


Spec = (
    SetSpec
    | SwitchSpec
    | ForSpec
    | ForkSpec
    | TrySpec
    | RaiseSpec
    | WaitSpec
    | EmitSpec
    | ListenSpec
    | FunctionSpec
    | ActivitySpec
    | WorkflowSpec
    | UnsupportedSpec
)


class Node(msgspec.Struct):
    """One task of the text.

    Attributes:
        index: Its place in `Program.nodes`.
        name: The task's name; empty for the root.
        kind: What it does.
        parent: The node whose list it stands in.
        position: Its place in that list, or the number of its branch.
        suffix: What its reference adds to that of the entry around it, such as `/do/0/greet`.
        reference: Its JSON pointer in the document.
        next: The node after it in the list, or `NO_NODE`.
        then: Where the flow goes when it has ended: a node, `TO_NEXT`, `TO_EXIT` or `TO_END`.
        first: The first node of its own list, for `do`.
        spec: What belongs to its kind.
        definition: The task as written, for `$task.definition`.
        hides_input: Its `input.from` reads `$secrets`, so that its input is never recorded.
    """

    index: int
    name: str
    kind: Kind
    parent: int
    position: int
    suffix: str
    reference: str
    definition: dict[str, Any]
    next: int = NO_NODE
    then: int = TO_NEXT
    first: int = NO_NODE
    spec: Any = None
    condition: Expression | None = None
    input_schema: Validator | None = None
    input_from: Template | None = None
    output_as: Template | None = None
    output_schema: Validator | None = None
    export_as: Template | None = None
    export_schema: Validator | None = None
    timeout: DurationSpec | None = None
    hides_input: bool = False
    is_plain: bool = False
    """No condition, input, output, export, schema or timeout: the commonest case, decided once."""


class Program(msgspec.Struct, frozen=True):
    """A compiled workflow.

    `nodes[0]` is the root. The workflow's own input, output and timeout stand here.
    """

    namespace: str
    name: str
    version: str
    definition: dict[str, Any]
    nodes: tuple[Node, ...]
    input_schema: Validator | None = None
    input_from: Template | None = None
    output_as: Template | None = None
    output_schema: Validator | None = None
    timeout: DurationSpec | None = None
    secrets: tuple[str, ...] = ()
    by_reference: dict[str, int] = {}
