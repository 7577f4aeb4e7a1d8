"""The workflow as a whole (dsl-reference, Workflow)."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec

from kapell.language.model.authentication import AuthenticationPolicy
from kapell.language.model.base import Record
from kapell.language.model.data import Duration, Endpoint, EndpointText, ErrorDefinition, Input, Output, Timeout
from kapell.language.model.events import EventStrategy, ReadAs
from kapell.language.model.faults import RetryPolicy
from kapell.language.model.tasks import NamedTask, Task
from kapell.language.shapes import Expression, Hidden, Keyed, Named, PlainValue, Text


class Document(Record, frozen=True, kw_only=True):
    """What the workflow is called."""

    dsl: Annotated[Annotated[str, Text(format="semver")], "The version of the language."]
    namespace: Annotated[Annotated[str, Text(format="dns-label")], "The workflow's namespace."]
    name: Annotated[Annotated[str, Text(format="dns-label")], "The workflow's name."]
    version: Annotated[Annotated[str, Text(format="semver")], "The workflow's semantic version."]
    title: Annotated[str | None, "The workflow's title."] = None
    summary: Annotated[str | None, "What the workflow does, in Markdown."] = None
    tags: Annotated[dict[str, PlainValue] | None, "Keys and values by which it is found."] = None
    metadata: Annotated[dict[str, PlainValue] | None, "Hints that are safe to ignore."] = None


class Extension(Record, frozen=True, kw_only=True):
    """Tasks around tasks of a kind (dsl-reference, Extension)."""

    extend: Annotated[
        Literal["call", "composite", "emit", "for", "listen", "raise", "run", "set", "switch", "try", "wait", "all"],
        "The kind of task that is extended.",
    ]
    when: Annotated[Expression | None, "The task is extended only if this holds."] = None
    before: Annotated[tuple["NamedTask", ...], Named("task"), "The tasks before it."] = ()
    after: Annotated[tuple["NamedTask", ...], Named("task"), "The tasks after it."] = ()


class NamedExtension(Record, frozen=True, kw_only=True):
    """An extension and its name."""

    name: str
    extension: Extension


class Catalog(Record, frozen=True, kw_only=True):
    """Where functions are found (dsl-reference, Catalog)."""

    endpoint: Annotated[EndpointText | Endpoint, "The catalog's root."]


class Use(Record, frozen=True, kw_only=True):
    """What the workflow's tasks refer to by name (dsl-reference, Use)."""

    authentications: Annotated[dict[str, AuthenticationPolicy], "Authentication policies."] = msgspec.field(
        default_factory=dict
    )
    errors: Annotated[dict[str, ErrorDefinition], "Errors to raise."] = msgspec.field(default_factory=dict)
    extensions: Annotated[tuple[NamedExtension, ...], Named("extension"), "Extensions of tasks."] = ()
    functions: Annotated[dict[str, Annotated[Task, Keyed("task")]], "Functions to call."] = msgspec.field(
        default_factory=dict
    )
    retries: Annotated[dict[str, RetryPolicy], "Retry policies."] = msgspec.field(default_factory=dict)
    secrets: Annotated[tuple[str, ...], "The names of the secrets that tasks may read."] = ()
    timeouts: Annotated[dict[str, Timeout], "Timeouts."] = msgspec.field(default_factory=dict)
    catalogs: Annotated[dict[str, Catalog], "Catalogs of functions."] = msgspec.field(default_factory=dict)


class Schedule(Record, frozen=True, kw_only=True):
    """When the workflow starts by itself (dsl-reference, Schedule)."""

    every: Annotated[Duration | None, "Starts at this interval."] = None
    cron: Annotated[str | None, "Starts by this cron expression."] = None
    after: Annotated[Duration | None, "Starts again so long after it ended."] = None
    on: Annotated[EventStrategy | None, "Starts when these events came."] = None
    read: Annotated[ReadAs, "What is read of each event; ahead of the specification."] = "envelope"


class Workflow(Record, frozen=True, kw_only=True):
    """A workflow.

    Attributes:
        definition: The workflow as it was written, for `$workflow.definition`.
    """

    OPEN: ClassVar[bool] = True

    document: Annotated[Document, "What the workflow is called."]
    input: Annotated[Input | None, "Checks and transforms the workflow's input."] = None
    use: Annotated[Use, "What tasks refer to by name."] = msgspec.field(default_factory=Use)
    do: Annotated[tuple["NamedTask", ...], Named("task"), "The tasks to perform, in this order."]
    timeout: Annotated[Timeout | str | None, "How long a run may take, or the name of a timeout in `use`."] = None
    output: Annotated[Output | None, "Transforms and checks the workflow's output."] = None
    schedule: Annotated[Schedule | None, "When the workflow starts by itself."] = None
    definition: Annotated[dict[str, Any], Hidden()] = msgspec.field(default_factory=dict)
