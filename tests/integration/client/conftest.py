"""A server in a process of its own, for all these tests, with workflows."""

import socket

import pytest
from tests.kapell_server import WORKFLOWS, Server, write_source


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"))
    try:
        made.token = made.make_token()
        with made.client() as client:
            for name, tasks in WORKFLOWS.items():
                client.workflows.publish("demo", name, source=write_source(name, tasks))
        yield made
    finally:
        made.stop()


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
