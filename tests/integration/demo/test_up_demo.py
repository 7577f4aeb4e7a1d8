"""`kapell up --demo`: a stranger finds runs in every state, and a restart does not start the first ones again."""

from __future__ import annotations

import time

from tests.kapell_server import Server

from kapell.demo.demonstration import FIRST, WORKFLOWS


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def test_a_stranger_sees_a_living_system(tmp_path):
    server = Server(tmp_path, "--demo")
    try:
        server.token = server.make_token()
        with server.client() as client:
            states = wait_until(
                lambda: (
                    {"completed", "faulted", "waiting", "suspended"}
                    <= (found := {run.status for run in client.runs.list(top=True)})
                    and found
                )
            )
            assert "damaged" not in states
            assert {each.name for each in client.workflows.list(namespace="demo")} == set(WORKFLOWS)
            onboarding = [run.run_id for run in client.runs.list(name="onboard")]
            assert len(onboarding) == sum(name == "onboard" for _, name, _ in FIRST)
        server.restart()
        with server.client() as client:
            time.sleep(1)
            assert [run.run_id for run in client.runs.list(name="onboard")] == onboarding
    finally:
        server.stop()
