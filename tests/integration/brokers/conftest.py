"""The real brokers, each started once when the first test asks, and what their tests have in common."""

import os

import pytest
from tests.broker_servers import KINDS

from kapell.brokers.opening import open_broker
from kapell.brokers.settings import parse_settings
from kapell.clock import SystemClock

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# All tests of a kind in one worker: its server is started once, and one test at a time may restart it.
KIND_PARAMS = [pytest.param(kind, marks=pytest.mark.xdist_group(f"broker-{kind}")) for kind in KINDS]


@pytest.fixture(scope="session")
def broker_servers():
    """Give the running server of a kind."""
    started = {}

    def find(kind):
        if kind not in started:
            hindrance = KINDS[kind].find_hindrance()
            if hindrance and IN_CI:
                pytest.fail(hindrance)
            if hindrance:
                pytest.skip(hindrance)
            started[kind] = KINDS[kind]()
            started[kind].start()
        return started[kind]

    yield find
    for server in started.values():
        server.close()


@pytest.fixture(params=KIND_PARAMS)
def server(request, broker_servers):
    """A running server, of each kind in turn; a test that stops it starts it again."""
    return broker_servers(request.param)


@pytest.fixture
async def connect():
    """Open a broker by a document of settings; it is closed with the test."""
    opened = []

    def open_by(document):
        broker = open_broker("orders", parse_settings(document), SystemClock())
        opened.append(broker)
        return broker

    yield open_by
    for broker in opened:
        await broker.close()
