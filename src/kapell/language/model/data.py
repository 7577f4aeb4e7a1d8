"""What flows through a workflow and where it comes from: durations, input, output, schemas, endpoints, errors."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar

from kapell.language.duration import parse_duration
from kapell.language.model.authentication import Authentication
from kapell.language.model.base import Record
from kapell.language.shapes import ExactlyOne, Expression, Hidden, JsonValue, PlainValue, Rule, Text, ValueText

EndpointText = Annotated[str, Text(role="value", format="uri-template-or-expression")]


class Duration(Record, frozen=True, kw_only=True):
    """A length of time (dsl-reference, Duration): parts, ISO 8601 text, or an expression that gives either.

    Attributes:
        written: What stands in the definition: an object of parts or a string.
    """

    written: Annotated[Any, Hidden()]

    @property
    def expression(self) -> str | None:
        """The expression, with its `${ }`, where the length is only known during the run."""
        written = self.written
        return written if isinstance(written, str) and written.lstrip().startswith("${") else None

    def to_timedelta(self) -> timedelta:
        """Give the length.

        Raises:
            ValueError: It is an expression, which must be evaluated first (then use `parse_duration`).
        """
        return parse_duration(self.written)


class Endpoint(Record, frozen=True, kw_only=True):
    """An endpoint with its authentication (dsl-reference, Endpoint)."""

    uri: Annotated[EndpointText, "The endpoint's URI, which may be an RFC 6570 template."]
    authentication: Annotated[Authentication | None, "The authentication policy to use."] = None


class ExternalResource(Record, frozen=True, kw_only=True):
    """A document that is fetched when it is needed (dsl-reference, External Resource)."""

    name: Annotated[str | None, "The name of the resource."] = None
    endpoint: Annotated[EndpointText | Endpoint, "Where to fetch it."]


class SchemaDefinition(Record, frozen=True, kw_only=True):
    """A schema that data must satisfy (dsl-reference, Schema)."""

    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("document", "resource")),)

    format: Annotated[str, "The schema's format, `json` unless written otherwise."] = "json"
    document: Annotated[PlainValue, "The schema itself."] = None
    resource: Annotated[ExternalResource | None, "Where to fetch the schema."] = None


class Input(Record, frozen=True, kw_only=True):
    """How the input of a workflow or task is checked and transformed (dsl-reference, Input)."""

    schema: Annotated[SchemaDefinition | None, "The schema that the raw input must satisfy."] = None
    from_: Annotated[
        Expression | dict[str, JsonValue] | None,
        "Transforms the raw input.",
    ] = None


class Output(Record, frozen=True, kw_only=True):
    """How the output of a workflow or task is transformed and checked (dsl-reference, Output)."""

    schema: Annotated[SchemaDefinition | None, "The schema that the transformed output must satisfy."] = None
    as_: Annotated[Expression | dict[str, JsonValue] | None, "Transforms the raw output."] = None


class Export(Record, frozen=True, kw_only=True):
    """What a task writes to the workflow's context (dsl-reference, Export)."""

    schema: Annotated[SchemaDefinition | None, "The schema that the new context must satisfy."] = None
    as_: Annotated[
        Expression | dict[str, JsonValue] | None,
        "Gives the new context from the transformed output.",
    ] = None


class Timeout(Record, frozen=True, kw_only=True):
    """When a workflow or task has taken too long (dsl-reference, Timeout)."""

    after: Annotated[Duration, "How long it may take."]


class ErrorDefinition(Record, frozen=True, kw_only=True):
    """An error to raise (dsl-reference, Error; members as in RFC 9457)."""

    type: Annotated[EndpointText, "The URI that identifies the kind of error."]
    status: Annotated[
        int | Annotated[str, Text(role="value", wrapped=True, format="expression")],
        "The status code; an expression is ahead of the specification, which wants a number.",
    ]
    instance: Annotated[
        Annotated[str, Text(role="value", format="json-pointer-or-expression")] | None,
        "The JSON pointer of the component where the error arose; the raising task unless written.",
    ] = None
    title: Annotated[ValueText | None, "A short summary that is the same for each error of this kind."] = None
    detail: Annotated[ValueText | None, "What happened this time."] = None
