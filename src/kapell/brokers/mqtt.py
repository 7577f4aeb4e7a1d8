"""MQTT: quality of service 1 both ways, and a session that the broker keeps.

With MQTT 5 attributes stand in user properties under their own names and the media type is the content type (MQTT
binding of CloudEvents, 3.1); with MQTT 3.1.1 every message is in structured form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from kapell.brokers.binding import make_structured, read_form
from kapell.brokers.broker import Incoming, Outgoing
from kapell.brokers.mqtt_client import MqttClient
from kapell.brokers.transport import Delivery, gather_batch, tell_unavailable
from kapell.errors import UsageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paho.mqtt.client import MQTTMessage

    from kapell.brokers.settings import MqttSettings

_log = get_logger(__name__)

_FOR_GOOD: Final = frozenset({0x87, 0x90, 0x95, 0x99})
"""Reason codes of MQTT 5 (2.4) by which a message will never be taken: not allowed, its topic, its size, its form."""

_PACKET_OVERHEAD: Final = 16
"""What a packet has beside its topic, properties and payload, in bytes, at most."""


class MqttTransport:
    """See `Transport`."""

    def __init__(self, settings: MqttSettings) -> None:
        """Connect nothing yet."""
        self._settings = settings
        self._had_session = False

    async def open_intake(self) -> MqttIntake:
        """Connect to the session, which the broker keeps, and subscribe."""
        settings = self._settings
        if not settings.topics:
            raise UsageError("The connection to MQTT names no `topics` to consume from.")
        client = MqttClient(settings, settings.client_id, is_kept=True)
        try:
            await client.connect(_make_session(settings) if settings.version == "5" else None)
            self._note_session(client)
            for topic in settings.topics:
                await _subscribe(client, settings, topic)
        except BaseException:
            await client.close()
            raise
        return MqttIntake(client, settings)

    async def open_outlet(self) -> MqttOutlet:
        """Connect."""
        if not self._settings.topic:
            raise UsageError("The connection to MQTT names no `topic` to publish to.")
        client = MqttClient(self._settings, f"{self._settings.client_id}-out", is_kept=False)
        await client.connect(None)
        return MqttOutlet(client, self._settings)

    def _note_session(self, client: MqttClient) -> None:
        if self._had_session and not client.is_session_kept:
            _log.warning("mqtt_session_lost", url=self._settings.url, client_id=self._settings.client_id)
        self._had_session = True


class MqttIntake:
    """A session; see `Intake`."""

    keep_seconds: float | None = None

    def __init__(self, client: MqttClient, settings: MqttSettings) -> None:
        """Take over a connected client."""
        self._client = client
        self._settings = settings

    async def receive(self) -> Sequence[Delivery]:
        """Return what the broker has pushed."""
        messages = await gather_batch(self._client.arrived, self._client.lost, self._settings.prefetch)
        return [Delivery(_read_message(message), message) for message in messages]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge in the order in which they came, as MQTT asks for."""
        for delivery in deliveries:
            self._client.acknowledge(delivery.receipt)

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Do nothing: a broker waits as long as the connection lasts."""

    async def close(self) -> None:
        """Disconnect; the session stays."""
        await self._client.close()


class MqttOutlet:
    """See `Outlet`."""

    def __init__(self, client: MqttClient, settings: MqttSettings) -> None:
        """Take over a connected client."""
        self._client = client
        self._settings = settings

    @property
    def is_open(self) -> bool:
        """Whether it is not known to be broken."""
        return not self._client.lost.done()

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, str]:
        """Publish, and wait until each is acknowledged."""
        refused: dict[int, str] = {}
        answers = {}
        for place, message in enumerate(messages):
            payload, properties = _write_message(message, self._settings)
            if self._measure(payload, properties) > self._client.largest_packet:
                refused[place] = f"it is larger than the {self._client.largest_packet} bytes that the broker takes"
            else:
                answers[place] = self._client.publish(self._settings.topic, payload, properties)
        codes = [code for (code,) in await self._client.wait_for(list(answers.values()))]
        failed = {place: code for place, code in zip(answers, codes, strict=True) if code.is_failure}
        refused |= {place: str(code) for place, code in failed.items() if code.value in _FOR_GOOD}
        for code in failed.values():
            if code.value not in _FOR_GOOD:
                raise tell_unavailable(self._settings, f"it does not take a message ({code})")
        return refused

    async def close(self) -> None:
        """Disconnect."""
        await self._client.close()

    def _measure(self, payload: bytes, properties: Properties | None) -> int:
        packed: bytes = properties.pack() if properties is not None else b""  # type: ignore[no-untyped-call]
        return len(payload) + len(self._settings.topic.encode()) + len(packed) + _PACKET_OVERHEAD


async def _subscribe(client: MqttClient, settings: MqttSettings, topic: str) -> None:
    options = None
    if settings.version == "5":
        # What is retained comes with the first subscription, and not again each time that we connect.
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
    code = await client.subscribe(topic, options)
    if code.is_failure:
        raise tell_unavailable(settings, f"it does not allow to subscribe to `{topic}` ({code})")


def _make_session(settings: MqttSettings) -> Properties:
    properties = _make_properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = settings.session_seconds
    properties.ReceiveMaximum = settings.prefetch
    return properties


def _make_properties(kind: int) -> Properties:
    return Properties(kind)  # type: ignore[no-untyped-call]  # the library's constructor has no types


def _read_message(message: MQTTMessage) -> Incoming:
    properties = message.properties
    attributes = dict(getattr(properties, "UserProperty", ()))
    content_type, attributes = read_form(getattr(properties, "ContentType", ""), attributes)
    return Incoming(
        content_type=content_type,
        attributes=attributes,
        payload=bytes(message.payload),
        place=message.topic,
        is_redelivered=message.dup,
    )


def _write_message(message: Outgoing, settings: MqttSettings) -> tuple[bytes, Properties | None]:
    if settings.version != "5":
        return make_structured(message), None
    properties = _make_properties(PacketTypes.PUBLISH)
    if message.content_type:
        properties.ContentType = message.content_type
    if message.attributes:
        properties.UserProperty = list(message.attributes.items())
    return message.payload, properties
