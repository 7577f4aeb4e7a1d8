"""Opening a broker of a kind: the library of that kind is loaded only now, and may not be installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from kapell.brokers.settings import AnySettings, MqttSettings, NatsSettings, RabbitmqSettings, RedisSettings
from kapell.brokers.supervised import SupervisedBroker
from kapell.errors import UsageError

if TYPE_CHECKING:
    from kapell.brokers.broker import Broker
    from kapell.clock import Clock

_TRANSPORTS: Final[dict[type[AnySettings], tuple[str, str, str]]] = {
    NatsSettings: ("nats", "NatsTransport", "nats"),
    RabbitmqSettings: ("rabbitmq", "RabbitmqTransport", "aio_pika"),
    MqttSettings: ("mqtt", "MqttTransport", "paho"),
    RedisSettings: ("redis", "RedisTransport", "redis"),
}
"""By kind: the module, which is also the name of the extra, its class, and the library that it needs."""


def open_broker(name: str, settings: AnySettings, clock: Clock) -> Broker:
    """Return a broker that connects when it is first used.

    Args:
        name: How the log calls it.
        settings: Of one of the kinds.
        clock: For pauses and times.

    Raises:
        UsageError: The library of this kind is not installed; the hint says what to install.
    """
    module, class_name, library = _TRANSPORTS[type(settings)]
    try:
        adapter = import_module(f"kapell.brokers.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != library:
            raise
        raise UsageError(
            f"The library for brokers of the kind `{module}` is not installed.",
            hint=f"Install it where Kapell runs: pip install 'kapell[{module}]'.",
        ) from error
    return SupervisedBroker(name, getattr(adapter, class_name)(settings), clock)
