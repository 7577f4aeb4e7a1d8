"""What a connection to a broker is told: a struct for each kind, read from a plain document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from kapell.errors import UsageError

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=1, le=86_400)]

_SECRETS: Final = frozenset({"password", "token"})


class BrokerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What all kinds have.

    Attributes:
        url: Where the broker is: scheme, host and port.
        username: Who connects; empty for nobody.
        password: The password of that user.
        ca_file: A file with the certificates of authorities to trust instead of those of the system.
        prefetch: How many messages are taken at once, at most.
    """

    schemes: ClassVar[Mapping[str, int]] = {}
    """The usual port by scheme; the second scheme is the encrypted one."""

    url: str
    username: str = ""
    password: str = ""
    ca_file: str = ""
    prefetch: Count = 100

    def __post_init__(self) -> None:
        """Refuse a URL that cannot work. Raises `UsageError`."""
        parts = urlsplit(self.url)
        expected = f"Write `{next(iter(self.schemes))}://host:port`."
        if parts.scheme not in self.schemes:
            raise UsageError(f"`{parts.scheme}` is no scheme of this kind of broker.", hint=expected)
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                "The URL of a broker may hold no credentials.", hint="They belong into `username` and `password`."
            )
        try:
            is_complete = bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_complete = False
        if not is_complete:
            raise UsageError(f"`{self.url}` is no URL of a broker.", hint=expected)
        if self.ca_file and not self.is_encrypted:
            raise UsageError(
                f"`ca_file` is given, but `{parts.scheme}` is not encrypted.", hint=f"Use `{list(self.schemes)[1]}`."
            )

    def __repr__(self) -> str:
        """Write it without its secrets, for logs and tracebacks."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        hidden = {name: "..." if name in _SECRETS and value else value for name, value in shown.items()}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in hidden.items())})"

    @property
    def host(self) -> str:
        """The host of the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port of the URL, or the usual one."""
        parts = urlsplit(self.url)
        return parts.port or self.schemes[parts.scheme]

    @property
    def is_encrypted(self) -> bool:
        """Whether the URL asks for TLS."""
        return urlsplit(self.url).scheme == list(self.schemes)[1]


class NatsSettings(BrokerSettings, frozen=True, kw_only=True, tag="nats"):
    """NATS with JetStream.

    Attributes:
        token: What the server asks for instead of a user and a password, if it does.
        stream: The stream that messages are consumed from.
        subjects: Which of its subjects; one at most with servers before 2.10. A stream that is made here has these.
        durable: The name of the durable consumer, which keeps the position.
        start: Where a new durable consumer begins: with the first message that is kept, or with the next new one.
        acknowledge_seconds: When the server delivers again what a process that died has not acknowledged.
        subject: What is published to.
        create: Whether a missing stream or consumer is made; one that is there is never changed.
    """

    schemes: ClassVar[Mapping[str, int]] = {"nats": 4222, "tls": 4222}

    token: str = ""
    stream: str = ""
    subjects: tuple[str, ...] = ()
    durable: str = "kapell"
    start: Literal["first", "new"] = "first"
    acknowledge_seconds: Seconds = 30.0
    subject: str = ""
    create: bool = True


class RabbitmqSettings(BrokerSettings, frozen=True, kw_only=True, tag="rabbitmq"):
    """RabbitMQ, by AMQP 0.9.1.

    Attributes:
        virtual_host: Which of the server's virtual hosts.
        queue: What messages are consumed from.
        bindings: Routing keys by which a queue that is made here is bound to the exchange.
        exchange: What is published to; empty for the default one, which puts messages into the queue that the routing
            key names.
        routing_key: The routing key of what is published.
        create: Whether a missing exchange (a topic exchange) or queue is made, durable; none is ever changed.
    """

    schemes: ClassVar[Mapping[str, int]] = {"amqp": 5672, "amqps": 5671}

    virtual_host: str = "/"
    queue: str = ""
    bindings: tuple[str, ...] = ()
    exchange: str = ""
    routing_key: str = ""
    create: bool = True


class MqttSettings(BrokerSettings, frozen=True, kw_only=True, tag="mqtt"):
    """MQTT 5 or 3.1.1.

    Attributes:
        version: Which of them: `"5"` or `"3.1.1"`.
        client_id: The name of the session in which the broker keeps what comes while nobody is connected. Nobody else
            may use it.
        topics: Filters of the topics that are consumed.
        session_seconds: How long the broker keeps the session of MQTT 5 while nobody is connected.
        topic: What is published to.
    """

    schemes: ClassVar[Mapping[str, int]] = {"mqtt": 1883, "mqtts": 8883}

    version: Literal["5", "3.1.1"] = "5"
    client_id: str = "kapell"
    topics: tuple[str, ...] = ()
    session_seconds: Annotated[int, msgspec.Meta(ge=60, le=0xFFFFFFFE)] = 7 * 86_400
    topic: str = ""


class RedisSettings(BrokerSettings, frozen=True, kw_only=True, tag="redis"):
    """Redis Streams.

    Attributes:
        database: The number of the database.
        stream: The key of the stream that messages are consumed from.
        group: The consumer group, which keeps the position.
        consumer: The name in the group; a process that starts under it first gets what its predecessor had not done.
        start: Where a new group begins: with the first message that is kept, or with the next new one.
        claim_seconds: When messages are taken from another consumer of the group that does not acknowledge them.
        target: The key of the stream that is published to.
        max_length: How many messages that stream keeps, about.
        create: Whether a missing stream or group is made.
    """

    schemes: ClassVar[Mapping[str, int]] = {"redis": 6379, "rediss": 6379}

    database: Annotated[int, msgspec.Meta(ge=0)] = 0
    stream: str = ""
    group: str = "kapell"
    consumer: str = "kapell"
    start: Literal["first", "new"] = "first"
    claim_seconds: Seconds = 60.0
    target: str = ""
    max_length: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    create: bool = True


AnySettings: TypeAlias = NatsSettings | RabbitmqSettings | MqttSettings | RedisSettings

KINDS: Final[dict[str, type[AnySettings]]] = {
    "nats": NatsSettings,
    "rabbitmq": RabbitmqSettings,
    "mqtt": MqttSettings,
    "redis": RedisSettings,
}
"""The settings of each kind, by its name."""


def parse_settings(document: Mapping[str, Any]) -> AnySettings:
    """Return the settings that a document holds: `kind`, and the fields of that kind.

    Raises:
        UsageError: It has no such kind, or a field that the kind does not have, or one that cannot be used.
    """
    kind = document.get("kind")
    if kind not in KINDS:
        raise UsageError(f"`{kind}` is no kind of broker.", hint=f"Use one of: {', '.join(KINDS)}.")
    try:
        return msgspec.convert(dict(document), KINDS[kind])
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, UsageError):
            raise error.__cause__ from error
        fields = ", ".join(KINDS[kind].__struct_fields__)
        raise UsageError(
            f"The connection to the broker ({kind}) cannot be used: {error}.", hint=f"It may have: {fields}."
        ) from error
