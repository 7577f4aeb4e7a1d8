"""The twelve kinds of tasks (dsl-reference, Task)."""

from typing import Annotated, Any, ClassVar

import msgspec

from kapell.language.model.base import Record
from kapell.language.model.calls import (
    A2aArguments,
    AsyncApiArguments,
    GrpcArguments,
    HttpArguments,
    McpArguments,
    OpenApiArguments,
)
from kapell.language.model.data import Duration, ErrorDefinition, Export, Input, Output, Timeout
from kapell.language.model.events import Emit, Listen, SubscriptionIterator
from kapell.language.model.faults import Catch
from kapell.language.model.processes import Run
from kapell.language.shapes import (
    Arguments,
    Expression,
    Hidden,
    JsonValue,
    Keyed,
    Named,
    NeededFor,
    NonEmpty,
    PlainValue,
    Rule,
    ValueText,
)


class TaskBase(Record, frozen=True, kw_only=True):
    """What all kinds of tasks have.

    Attributes:
        definition: The task as it was written, for `$task.definition`.
    """

    if_: Annotated[Expression | None, "The task is skipped unless this holds."] = None
    input: Annotated[Input | None, "Checks and transforms the task's input."] = None
    output: Annotated[Output | None, "Transforms and checks the task's output."] = None
    export: Annotated[Export | None, "What the task writes to the context."] = None
    timeout: Annotated[Timeout | str | None, "How long the task may take, or the name of a timeout in `use`."] = None
    then: Annotated[str | None, "Where to go on: `continue`, `exit`, `end` or a task's name."] = None
    metadata: Annotated[dict[str, PlainValue] | None, "Hints that are safe to ignore."] = None
    definition: Annotated[dict[str, Any], Hidden()] = msgspec.field(default_factory=dict)


CallArguments = (
    HttpArguments
    | OpenApiArguments
    | GrpcArguments
    | AsyncApiArguments
    | A2aArguments
    | McpArguments
    | dict[str, JsonValue]
)


class CallTask(TaskBase, frozen=True, kw_only=True):
    """Calls a service or a function (dsl-reference, Call)."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        NeededFor("with", "call", ("http", "openapi", "grpc", "asyncapi", "a2a", "mcp")),
    )

    call: Annotated[str, "What to call: `http`, `openapi`, `grpc`, `asyncapi`, `a2a`, `mcp` or a function."]
    with_: Annotated[CallArguments | None, Arguments(), "The call's arguments."] = None


class DoTask(TaskBase, frozen=True, kw_only=True):
    """Performs tasks one after the other (dsl-reference, Do)."""

    do: Annotated[tuple["NamedTask", ...], Named("task"), "The tasks to perform, in this order."]


class EmitTask(TaskBase, frozen=True, kw_only=True):
    """Sends an event (dsl-reference, Emit)."""

    emit: Annotated[Emit, "The event to send."]


class ForLoop(Record, frozen=True, kw_only=True):
    """What a loop goes over."""

    each: Annotated[str, "The variable that holds the element."] = "item"
    in_: Annotated[
        Expression | tuple[JsonValue, ...],
        "Gives the elements; a list written in place is ahead of the specification.",
    ]
    at: Annotated[str, "The variable that holds the index."] = "index"


class ForTask(TaskBase, frozen=True, kw_only=True):
    """Performs tasks for each element of a list (dsl-reference, For)."""

    for_: Annotated[ForLoop, "What to go over."]
    while_: Annotated[Expression | None, "Tested before each element: whether to go on."] = None
    do: Annotated[tuple["NamedTask", ...], Named("task"), "The tasks to perform for each element."]


class Fork(Record, frozen=True, kw_only=True):
    """Branches that run at the same time."""

    branches: Annotated[tuple["NamedTask", ...], Named("task"), "The branches, a task each."]
    compete: Annotated[bool, "Whether the first branch to complete wins and the others are cancelled."] = False


class ForkTask(TaskBase, frozen=True, kw_only=True):
    """Performs tasks at the same time (dsl-reference, Fork)."""

    fork: Annotated[Fork, "The branches to perform."]


class ListenTask(TaskBase, frozen=True, kw_only=True):
    """Waits for events (dsl-reference, Listen)."""

    listen: Annotated[Listen, "The events to await."]
    foreach: Annotated[SubscriptionIterator | None, "What is done with each event."] = None


class Raise(Record, frozen=True, kw_only=True):
    """The error that a task raises."""

    error: Annotated[ErrorDefinition | str, "The error to raise, or the name of one in `use.errors`."]


class RaiseTask(TaskBase, frozen=True, kw_only=True):
    """Raises an error (dsl-reference, Raise)."""

    raise_: Annotated[Raise, "The error to raise."]


class RunTask(TaskBase, frozen=True, kw_only=True):
    """Runs a container, a script, a shell command or another workflow (dsl-reference, Run)."""

    run: Annotated[Run, Keyed("process"), "What to run."]


class SetTask(TaskBase, frozen=True, kw_only=True):
    """Gives data (dsl-reference, Set)."""

    set: Annotated[
        Annotated[dict[str, JsonValue], NonEmpty()] | ValueText,
        "The data to give.",
    ]


class SwitchCase(Record, frozen=True, kw_only=True):
    """One way that a switch may go."""

    when: Annotated[Expression | None, "The condition; without one this is the default."] = None
    then: Annotated[str, "Where to go on: `continue`, `exit`, `end` or a task's name."]


class NamedCase(Record, frozen=True, kw_only=True):
    """A case and its name."""

    name: str
    case: SwitchCase


class SwitchTask(TaskBase, frozen=True, kw_only=True):
    """Chooses where to go on (dsl-reference, Switch)."""

    switch: Annotated[
        tuple[NamedCase, ...],
        Named("case"),
        NonEmpty(),
        "The cases; the first one whose condition holds is followed.",
    ]


class TryTask(TaskBase, frozen=True, kw_only=True):
    """Performs tasks and handles their errors (dsl-reference, Try)."""

    try_: Annotated[tuple["NamedTask", ...], Named("task"), "The tasks to perform."]
    catch: Annotated[Catch, "Which errors are caught, and what is done then."]


class WaitTask(TaskBase, frozen=True, kw_only=True):
    """Waits for a while (dsl-reference, Wait)."""

    wait: Annotated[Duration, "How long to wait."]


Task = (
    CallTask
    | DoTask
    | EmitTask
    | ForTask
    | ForkTask
    | ListenTask
    | RaiseTask
    | RunTask
    | SetTask
    | SwitchTask
    | TryTask
    | WaitTask
)
"""Any kind of task."""


class NamedTask(Record, frozen=True, kw_only=True):
    """A task and its name, unique in its list."""

    name: str
    task: Annotated[Task, Keyed("task")]
