import pytest

from kapell.brokers.opening import open_broker
from kapell.brokers.settings import MqttSettings, NatsSettings, RabbitmqSettings, RedisSettings, parse_settings
from kapell.clock import SystemClock
from kapell.errors import UsageError

NATS = {"kind": "nats", "url": "nats://broker.example"}


@pytest.mark.parametrize(
    ("document", "expected", "port"),
    [
        (NATS, NatsSettings, 4222),
        ({"kind": "rabbitmq", "url": "amqps://broker.example"}, RabbitmqSettings, 5671),
        ({"kind": "mqtt", "url": "mqtts://broker.example:18883", "version": "3.1.1"}, MqttSettings, 18883),
        ({"kind": "redis", "url": "redis://[::1]:6380"}, RedisSettings, 6380),
    ],
)
def test_a_document_becomes_settings(document, expected, port):
    settings = parse_settings(document)
    assert type(settings) is expected
    assert settings.port == port
    assert settings.is_encrypted == document["url"].split(":")[0].endswith("s") - (
        document["kind"] in {"nats", "redis"}
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "kafka"}, "`kafka` is no kind of broker. Use one of: nats, rabbitmq, mqtt, redis."),
        ({"kind": None}, "is no kind of broker"),
        ({"subjekt": "x"}, "unknown field `subjekt`"),
        ({"prefetch": 0}, "`int` >= 1 - at `$.prefetch`"),
        ({"prefetch": "many"}, "Expected `int`, got `str` - at `$.prefetch`"),
        ({"start": "yesterday"}, "Invalid enum value 'yesterday'"),
        ({"url": "http://broker.example"}, "`http` is no scheme of this kind of broker. Write `nats://host:port`."),
        ({"url": "nats://joe:secret@broker.example"}, "The URL of a broker may hold no credentials."),
        ({"url": "nats://"}, "`nats://` is no URL of a broker."),
        ({"url": "nats://broker.example:many"}, "is no URL of a broker."),
        ({"ca_file": "/etc/ca.pem"}, "`ca_file` is given, but `nats` is not encrypted. Use `tls`."),
    ],
)
def test_what_cannot_be_used_is_told(change, told):
    with pytest.raises(UsageError) as caught:
        parse_settings(NATS | change)
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


def test_secrets_are_never_shown():
    shown = repr(parse_settings(NATS | {"username": "joe", "password": "s3cret", "token": "t0ken"}))
    assert "joe" in shown
    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_a_library_that_is_not_installed_is_told(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError(name="nats.aio")

    monkeypatch.setattr("kapell.brokers.opening.import_module", fail)
    with pytest.raises(UsageError, match=r"pip install 'kapell\[nats\]'"):
        open_broker("orders", parse_settings(NATS), SystemClock())


def test_a_fault_of_ours_is_not_taken_for_a_missing_library(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError(name="kapell.brokers.nowhere")

    monkeypatch.setattr("kapell.brokers.opening.import_module", fail)
    with pytest.raises(ModuleNotFoundError):
        open_broker("orders", parse_settings(NATS), SystemClock())
