"""A connection by MQTT on the event loop: the callbacks of paho-mqtt turned into futures and a queue.

What this needs of the protocol, acknowledging only after handling and the reasons of refusals, is what the asynchronous
wrappers of that library leave out.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal

from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY, Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from kapell.brokers.transport import ANSWER_SECONDS, make_tls, tell_refused, tell_unavailable
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode
    from paho.mqtt.subscribeoptions import SubscribeOptions

    from kapell.brokers.settings import MqttSettings

_log = get_logger(__name__)

_KEEP_ALIVE_SECONDS: Final = 30
_NOT_LET_IN: Final = frozenset({0x85, 0x86, 0x87, 0x8A})
"""Reason codes of a refused connection that are about who connects; the library gives them for MQTT 3.1.1, too."""


class _TidySocket(ssl.SSLSocket):
    """Closed when nobody can be trusted; the library forgets to."""

    def do_handshake(self, block: bool = False) -> None:  # the standard library's signature
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class MqttClient:
    """One connection; when it is lost, another client is to be made.

    Attributes:
        arrived: What the broker has delivered, in order.
        lost: Done when the connection is closed.
        is_session_kept: Whether the broker still had the session.
        largest_packet: How many bytes the broker takes at once.
    """

    def __init__(self, settings: MqttSettings, client_id: str, *, is_kept: bool) -> None:
        """Prepare a connection.

        Args:
            settings: Where to and as whom.
            client_id: The name of the session.
            is_kept: Whether the broker keeps the session when the connection has ended.
        """
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._is_kept = is_kept
        self._connected: asyncio.Future[ReasonCode] = self._loop.create_future()
        self._answers: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._ticking: asyncio.Task[None] | None = None
        self.arrived: asyncio.Queue[MQTTMessage] = asyncio.Queue()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.is_session_kept = False
        self.largest_packet = 256 * 1024 * 1024
        self._paho = self._make_paho(client_id)

    async def connect(self, properties: Properties | None) -> None:
        """Connect, and wait until the broker has let us in.

        Raises:
            BrokerUnavailableError: It is not there, or does not.
        """
        settings = self._settings
        tls = make_tls(settings)
        if tls is not None:
            tls.sslsocket_class = _TidySocket
            self._paho.tls_set_context(tls)
        clean_start: bool | Literal[3] = not self._is_kept
        if settings.version != "5":
            clean_start = MQTT_CLEAN_START_FIRST_ONLY  # what says nothing: `clean_session` counts
        connecting = asyncio.ensure_future(
            asyncio.to_thread(
                self._paho.connect,
                settings.host,
                settings.port,
                _KEEP_ALIVE_SECONDS,
                clean_start=clean_start,
                properties=properties,
            )
        )
        try:
            await asyncio.shield(connecting)
            self._watch()
            async with asyncio.timeout(ANSWER_SECONDS):
                await asyncio.wait((self._connected, self.lost), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            connecting.add_done_callback(self._abandon)
            raise
        except (OSError, TimeoutError, ValueError) as error:
            self._drop()
            raise tell_unavailable(settings, error) from error
        self._check_let_in()

    async def subscribe(self, topic: str, options: SubscribeOptions | None) -> ReasonCode:
        """Subscribe with quality of service 1 and return what the broker says."""
        how: dict[str, Any] = {"qos": 1} if options is None else {"options": options}
        result, mid = self._paho.subscribe(topic, **how)
        self._check(result)
        assert mid is not None
        return (await self.wait_for([self._expect(mid)]))[0][0]

    def publish(self, topic: str, payload: bytes, properties: Properties | None) -> asyncio.Future[list[ReasonCode]]:
        """Give a message to the connection, and return what will be the broker's answer; see `wait_for`."""
        info = self._paho.publish(topic, payload, 1, properties=properties)
        self._check(info.rc)
        return self._expect(info.mid)

    async def wait_for(self, answers: list[asyncio.Future[list[ReasonCode]]]) -> list[list[ReasonCode]]:
        """Return the broker's answers. Raises `BrokerUnavailableError` when they do not come."""
        waiting = asyncio.gather(*answers)
        try:
            await asyncio.wait((waiting, self.lost), timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
        finally:
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
        why = "it has closed the connection" if self.lost.done() else "it does not answer"
        raise tell_unavailable(self._settings, why)

    def acknowledge(self, message: MQTTMessage) -> None:
        """Tell the broker that a message was taken over. Raises `BrokerUnavailableError` when it is gone."""
        self._check(self._paho.ack(message.mid, message.qos))

    async def close(self) -> None:
        """Say goodbye, and let go also of a connection that is broken."""
        if not self.lost.done():
            self._paho.disconnect()
            await asyncio.wait((self.lost,), timeout=1.0)
        self._drop()

    def _make_paho(self, client_id: str) -> Client:
        is_5 = self._settings.version == "5"
        paho = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if is_5 else not self._is_kept,
            protocol=MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        paho.connect_timeout = ANSWER_SECONDS
        if self._settings.username:
            paho.username_pw_set(self._settings.username, self._settings.password or None)
        paho.on_connect = self._on_connect
        paho.on_disconnect = self._on_disconnect
        paho.on_message = self._on_message
        paho.on_publish = self._on_publish
        paho.on_subscribe = self._on_subscribe
        paho.on_socket_register_write = self._on_register_write
        paho.on_socket_unregister_write = self._on_unregister_write
        paho.on_socket_close = self._on_socket_close
        return paho

    def _watch(self) -> None:
        """Let the event loop tell when something came."""
        socket = self._paho.socket()
        if socket is not None:
            self._loop.add_reader(socket.fileno(), self._read)
            self._ticking = self._loop.create_task(self._tick())

    def _read(self) -> None:
        try:
            self._read_all()
        except Exception as error:  # noqa: BLE001 -- whatever a broken packet leads to, the connection is of no use
            _log.warning("mqtt_connection_broken", url=self._settings.url, why=repr(error))
            self._drop()

    def _read_all(self) -> None:
        socket: Any = self._paho.socket()
        while socket is not None:
            self._paho.loop_read()
            # With TLS there may be more decrypted bytes than were read, of which the event loop knows nothing.
            socket = self._paho.socket()
            if socket is None or not getattr(socket, "pending", int)():
                return

    async def _tick(self) -> None:
        while self._paho.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS:  # noqa: ASYNC110 -- it asks to be called
            await asyncio.sleep(1)

    def _abandon(self, connecting: asyncio.Future[Any]) -> None:
        """Let go of a connection that came when nobody wanted it any more."""
        if not connecting.cancelled() and connecting.exception() is None:
            self._drop()

    def _drop(self) -> None:
        """Close the socket without a word."""
        if self._ticking is not None:
            self._ticking.cancel()
        socket = self._paho.socket()
        if socket is not None:
            self._on_socket_close(self._paho, None, socket)
            socket.close()
        if not self.lost.done():
            self.lost.set_result(None)

    def _check(self, result: MQTTErrorCode) -> None:
        # More than the broker takes at once stays queued here; it is on its way.
        if result not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_QUEUE_SIZE}:
            raise tell_unavailable(self._settings, "it has closed the connection")

    def _check_let_in(self) -> None:
        if not self._connected.done():
            self._drop()
            raise tell_unavailable(self._settings, "it has closed the connection")
        code = self._connected.result()
        if code.is_failure:
            self._drop()
            tell = tell_refused if code.value in _NOT_LET_IN else tell_unavailable
            raise tell(self._settings, code)

    def _expect(self, mid: int) -> asyncio.Future[list[ReasonCode]]:
        self._answers[mid] = self._loop.create_future()
        return self._answers[mid]

    def _settle(self, mid: int, codes: list[ReasonCode]) -> None:
        answer = self._answers.pop(mid, None)
        if answer is not None and not answer.done():
            answer.set_result(codes)

    def _on_connect(self, _paho: Any, _data: Any, flags: Any, code: ReasonCode, properties: Properties | None) -> None:
        self.is_session_kept = flags.session_present
        self.largest_packet = getattr(properties, "MaximumPacketSize", self.largest_packet)
        if not self._connected.done():
            self._connected.set_result(code)

    def _on_disconnect(
        self, _paho: Any, _data: Any, _flags: Any, _code: ReasonCode, _properties: Properties | None
    ) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    def _on_message(self, _paho: Any, _data: Any, message: MQTTMessage) -> None:
        self.arrived.put_nowait(message)

    def _on_publish(self, _paho: Any, _data: Any, mid: int, code: ReasonCode, _properties: Properties) -> None:
        self._settle(mid, [code])

    def _on_subscribe(
        self, _paho: Any, _data: Any, mid: int, codes: list[ReasonCode], _properties: Properties | None
    ) -> None:
        self._settle(mid, codes)

    def _on_register_write(self, paho: Client, _data: Any, socket: Any) -> None:
        # While connecting this comes from a thread.
        self._loop.call_soon_threadsafe(self._loop.add_writer, socket.fileno(), paho.loop_write)

    def _on_unregister_write(self, _paho: Any, _data: Any, socket: Any) -> None:
        self._loop.call_soon_threadsafe(self._loop.remove_writer, socket.fileno())

    def _on_socket_close(self, _paho: Any, _data: Any, socket: Any) -> None:
        if socket.fileno() >= 0:
            self._loop.remove_reader(socket.fileno())
            self._loop.remove_writer(socket.fileno())
