"""The arguments of each kind of call (dsl-reference, Call)."""

from typing import Annotated, Any, ClassVar, Literal

from kapell.language.model.authentication import Authentication
from kapell.language.model.base import Record
from kapell.language.model.data import Duration, Endpoint, EndpointText, ExternalResource
from kapell.language.model.events import SubscriptionIterator
from kapell.language.shapes import (
    ExactlyOne,
    Integer,
    JsonValue,
    NonEmpty,
    Rule,
    Text,
    ValueText,
    WrappedExpression,
)

HttpOutput = Literal["raw", "content", "response"]
WholeExpression = Annotated[str, Text(role="value", wrapped=True, format="expression")]


class HttpArguments(Record, frozen=True, kw_only=True):
    """`call: http`."""

    method: Annotated[ValueText, "The HTTP method."]
    endpoint: Annotated[EndpointText | Endpoint, "Where to send the request; an RFC 6570 template or an expression."]
    headers: Annotated[dict[str, ValueText] | WholeExpression | None, "The request's headers."] = None
    body: Annotated[JsonValue, "The request's body."] = None
    query: Annotated[dict[str, ValueText] | WholeExpression | None, "The query parameters."] = None
    output: Annotated[
        HttpOutput, "What the task gives: the `raw` body in base64, its `content`, or the `response`."
    ] = "content"
    redirect: Annotated[bool, "Whether redirects (300-399) count as success."] = False


class OpenApiArguments(Record, frozen=True, kw_only=True):
    """`call: openapi`."""

    document: Annotated[ExternalResource, "The OpenAPI document."]
    operation_id: Annotated[str, "The id of the operation to call."]
    parameters: Annotated[dict[str, JsonValue] | None, "The operation's parameters, by name."] = None
    authentication: Annotated[Authentication | None, "The authentication policy to use."] = None
    output: Annotated[
        HttpOutput, "What the task gives: the `raw` body in base64, its `content`, or the `response`."
    ] = "content"
    redirect: Annotated[bool, "Whether redirects (300-399) count as success."] = False


class GrpcService(Record, frozen=True, kw_only=True):
    """The gRPC service to call."""

    name: Annotated[str, "The service's name."]
    host: Annotated[Annotated[str, Text(format="hostname")], "The service's host."]
    port: Annotated[Annotated[int, Integer(minimum=0, maximum=65535)] | None, "The service's port."] = None
    authentication: Annotated[Authentication | None, "The authentication policy to use."] = None


class GrpcArguments(Record, frozen=True, kw_only=True):
    """`call: grpc`."""

    proto: Annotated[ExternalResource, "The proto file that describes the service."]
    service: Annotated[GrpcService, "The service to call."]
    method: Annotated[str, "The method to call."]
    arguments: Annotated[dict[str, JsonValue] | None, "The method's arguments."] = None


class AsyncApiServer(Record, frozen=True, kw_only=True):
    """The server that an AsyncAPI operation is called on."""

    name: Annotated[str, "The server's name in the document."]
    variables: Annotated[dict[str, JsonValue] | None, "Values of the server's variables."] = None


class AsyncApiMessage(Record, frozen=True, kw_only=True):
    """A message to publish."""

    payload: Annotated[dict[str, JsonValue] | None, "The message's payload."] = None
    headers: Annotated[dict[str, JsonValue] | None, "The message's headers."] = None


class ConsumptionPolicy(Record, frozen=True, kw_only=True):
    """How many messages a subscription consumes."""

    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("amount", "while", "until")),)

    for_: Annotated[Duration | None, "How long messages are consumed."] = None
    amount: Annotated[int | None, "How many messages to consume."] = None
    while_: Annotated[WrappedExpression | None, "Tested after each message: whether to go on."] = None
    until: Annotated[WrappedExpression | None, "Tested before each message: whether to stop."] = None


class AsyncApiSubscription(Record, frozen=True, kw_only=True):
    """Which messages are consumed, and what is done with each."""

    filter: Annotated[WrappedExpression | None, "Tells which messages count."] = None
    consume: Annotated[ConsumptionPolicy, "How many messages to consume."]
    foreach: Annotated[SubscriptionIterator | None, "What is done with each message."] = None


class AsyncApiArguments(Record, frozen=True, kw_only=True):
    """`call: asyncapi`."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        ExactlyOne(("operation", "channel")),
        ExactlyOne(("message", "subscription")),
    )

    document: Annotated[ExternalResource, "The AsyncAPI document."]
    channel: Annotated[str | None, "The channel, for AsyncAPI 2.6."] = None
    operation: Annotated[str | None, "The operation, for AsyncAPI 3."] = None
    server: Annotated[AsyncApiServer | None, "The server to use."] = None
    protocol: Annotated[
        Literal[
            "amqp",
            "amqp1",
            "anypointmq",
            "googlepubsub",
            "http",
            "ibmmq",
            "jms",
            "kafka",
            "mercure",
            "mqtt",
            "mqtt5",
            "nats",
            "pulsar",
            "redis",
            "sns",
            "solace",
            "sqs",
            "stomp",
            "ws",
        ]
        | None,
        "The protocol by which the server is chosen.",
    ] = None
    message: Annotated[AsyncApiMessage | None, "The message to publish."] = None
    subscription: Annotated[AsyncApiSubscription | None, "The subscription to consume from."] = None
    authentication: Annotated[Authentication | None, "The authentication policy to use."] = None


class A2aArguments(Record, frozen=True, kw_only=True):
    """`call: a2a` (Agent2Agent protocol)."""

    agent_card: Annotated[ExternalResource | None, "The card that describes the remote agent."] = None
    server: Annotated[EndpointText | Endpoint | None, "Where to send the request."] = None
    method: Annotated[
        Literal[
            "message/send",
            "message/stream",
            "tasks/get",
            "tasks/list",
            "tasks/cancel",
            "tasks/resubscribe",
            "tasks/pushNotificationConfig/set",
            "tasks/pushNotificationConfig/get",
            "tasks/pushNotificationConfig/list",
            "tasks/pushNotificationConfig/delete",
            "agent/getAuthenticatedExtendedCard",
        ],
        "The method to call.",
    ]
    parameters: Annotated[
        Annotated[dict[str, JsonValue], NonEmpty()] | ValueText | None,
        "The method's parameters.",
    ] = None


class McpHttpTransport(Record, frozen=True, kw_only=True):
    """An MCP server that is reached by HTTP."""

    OPEN: ClassVar[bool] = True

    endpoint: Annotated[EndpointText | Endpoint, "The server's endpoint."]
    headers: Annotated[dict[str, ValueText] | None, "Headers to send with each request."] = None


class McpStdioTransport(Record, frozen=True, kw_only=True):
    """An MCP server that is started as a process."""

    OPEN: ClassVar[bool] = True

    command: Annotated[ValueText, "The command that starts the server."]
    arguments: Annotated[tuple[ValueText, ...], "The command's arguments."] = ()
    environment: Annotated[dict[str, ValueText] | None, "The command's environment."] = None


class McpTransport(Record, frozen=True, kw_only=True):
    """How the MCP server is reached."""

    OPEN: ClassVar[bool] = True
    RULES: ClassVar[tuple[Rule, ...]] = (ExactlyOne(("http", "stdio")),)

    http: Annotated[McpHttpTransport | None, "By HTTP."] = None
    stdio: Annotated[McpStdioTransport | None, "As a process."] = None
    options: Annotated[dict[str, ValueText] | None, "Further options of the transport."] = None


class McpClient(Record, frozen=True, kw_only=True):
    """How the client introduces itself to the MCP server."""

    OPEN: ClassVar[bool] = True

    name: Annotated[str, "The client's name."]
    version: Annotated[Any, "The client's version."]
    description: Annotated[str | None, "What the client is."] = None


class McpArguments(Record, frozen=True, kw_only=True):
    """`call: mcp` (Model Context Protocol)."""

    OPEN: ClassVar[bool] = True

    protocol_version: Annotated[str, "The version of the protocol."] = "2025-06-18"
    method: Annotated[
        Literal[
            "tools/list",
            "tools/call",
            "prompts/list",
            "prompts/get",
            "resources/list",
            "resources/read",
            "resources/templates/list",
        ],
        "The method to call.",
    ]
    parameters: Annotated[dict[str, JsonValue] | ValueText | None, "The method's parameters."] = None
    timeout: Annotated[Duration | None, "How long the call may take."] = None
    transport: Annotated[McpTransport, "How the server is reached."]
    client: Annotated[McpClient | None, "How the client introduces itself."] = None
