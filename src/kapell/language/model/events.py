"""Events: what is emitted, what is awaited, and what is done with each (dsl-reference, Event)."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from kapell.language.model.base import Record
from kapell.language.model.data import EndpointText, Export, Output
from kapell.language.shapes import (
    ExactlyOne,
    Expression,
    JsonValue,
    Named,
    Needs,
    NonEmpty,
    Properties,
    Rule,
    Text,
    ValueText,
)

if TYPE_CHECKING:
    from kapell.language.model.tasks import NamedTask

ReadAs = Literal["data", "envelope", "raw"]
"""What is read of an event: its data, the whole event, or the bytes as they came."""


class EventProperties(Record, frozen=True, kw_only=True):
    """The attributes of a CloudEvent; attributes that are not listed are extensions."""

    KEEPS: ClassVar[bool] = True

    id: Annotated[ValueText | None, "The event's id, unique with its source."] = None
    source: Annotated[EndpointText | None, "The URI of the context in which the event happened."] = None
    type: Annotated[ValueText | None, "What kind of event it is."] = None
    time: Annotated[
        Annotated[str, Text(role="value", format="date-time-or-expression")] | None,
        "When it happened.",
    ] = None
    subject: Annotated[ValueText | None, "What the event is about."] = None
    datacontenttype: Annotated[ValueText | None, "The media type of the data."] = None
    dataschema: Annotated[EndpointText | None, "The URI of the data's schema."] = None
    data: Annotated[JsonValue, "The event's data."] = None


class EmittedProperties(EventProperties, frozen=True, kw_only=True):
    """The attributes of an event that is emitted: it needs a type (the source may be left to Kapell)."""

    type: Annotated[ValueText, "What kind of event it is."]


class EmittedEvent(Record, frozen=True, kw_only=True):
    """The event that a task emits."""

    OPEN: ClassVar[bool] = True

    with_: Annotated[
        dict[str, Any] | None,
        Properties("EmittedProperties"),
        "The event's attributes.",
    ] = None


class Emit(Record, frozen=True, kw_only=True):
    """What an `emit` task sends."""

    event: Annotated[EmittedEvent, "The event to emit."]


class Correlation(Record, frozen=True, kw_only=True):
    """A value that events must share."""

    OPEN: ClassVar[bool] = True

    from_: Annotated[Expression, "Gets the value from the event."]
    expect: Annotated[ValueText | None, "The value to expect; the first one that came, unless written."] = None


class EventFilter(Record, frozen=True, kw_only=True):
    """Which events count (dsl-reference, Event Filter)."""

    with_: Annotated[
        dict[str, Any],
        Properties("EventProperties"),
        NonEmpty(),
        "The attributes that an event must have: equal, or true by an expression.",
    ]
    correlate: Annotated[dict[str, Correlation] | None, "Values that events must share, by name."] = None


class EventStrategy(Record, frozen=True, kw_only=True):
    """Which events are consumed, and how many of them (dsl-reference, Event Consumption Strategy)."""

    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("all", "any", "one")), Needs("until", "any"))

    all: Annotated[tuple[EventFilter, ...] | None, "Each of these events."] = None
    any: Annotated[tuple[EventFilter, ...] | None, "Any of these events; of all events where the list is empty."] = None
    until: Annotated[
        "Expression | EventStrategy | None",
        "With `any`: when to stop, as a condition or as events to await.",
    ] = None
    one: Annotated[EventFilter | None, "This one event."] = None


class SubscriptionIterator(Record, frozen=True, kw_only=True):
    """What is done with each event or message as it comes."""

    item: Annotated[str, "The variable that holds the event."] = "item"
    at: Annotated[str, "The variable that holds its index."] = "index"
    do: Annotated[tuple["NamedTask", ...], Named("task"), "The tasks to perform for each."] = ()
    output: Annotated[Output | None, "Transforms what each gives."] = None
    export: Annotated[Export | None, "What each writes to the context."] = None


class Listen(Record, frozen=True, kw_only=True):
    """What a `listen` task awaits."""

    to: Annotated[EventStrategy, "The events to await."]
    read: Annotated[ReadAs, "What is read of each event."] = "data"
