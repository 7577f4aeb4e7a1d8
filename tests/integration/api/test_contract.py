"""The OpenAPI document: it is whole, and what the server answers is what it says, also to nonsense."""

from __future__ import annotations

import asyncio
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kapell.identity.permissions import ADMINISTRATOR, BUILT_IN_ROLES

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12
FEW_EXAMPLES = 2
STREAMS = {"/api/v1/events", "/api/v1/runs/{run_id}/events", "/api/v1/runs/{run_id}/log/events"}


async def test_the_document_is_whole(server):
    document = await server.client().get("/openapi.json")
    assert document["openapi"].startswith("3.1")
    operations = [
        (path, method, operation) for path, each in document["paths"].items() for method, operation in each.items()
    ]
    assert len(operations) > 50
    assert len({operation["operationId"] for *_, operation in operations}) == len(operations)
    for path, method, operation in operations:
        assert operation["summary"], (method, path)
        assert operation["responses"], (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter["schema"], (method, path, parameter)
    referred = set(re.findall(r"'#/components/schemas/([^']+)'", str(document)))
    assert referred == set(document["components"]["schemas"])


async def test_nonsense_is_answered_as_the_document_says(server, admin):
    """Whatever an administrator sends, with data in place: the server does not fail, nor answer outside its schema."""
    await admin.publish()
    run = await admin.run()
    await admin.wait_run(run["run_id"])
    failures = await asyncio.to_thread(try_everything, server.address, admin.headers, EXAMPLES)
    assert failures == []


@pytest.mark.parametrize("role", sorted(BUILT_IN_ROLES.keys() - {ADMINISTRATOR}))
async def test_it_is_so_for_each_role(server, admin, role):
    await admin.publish()
    password = "Correct-horse-battery-1"
    person = await admin.post("/people", {"name": role, "password": password})
    subject = {"kind": "person", "key": person["person_id"]}
    await admin.post("/bindings", {"role": role, "subject": subject, "namespace": None})
    client = await server.sign_in(role, password)
    assert await asyncio.to_thread(try_everything, server.address, client.headers, FEW_EXAMPLES) == []


def try_everything(address, headers, examples):
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    failures = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in STREAMS or operation.path == "/api/v1/me/password":
            continue
        strategy = operation.as_strategy()

        @given(case=strategy)
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case):
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS)

        try:
            check()
        except BaseException as error:  # noqa: BLE001 -- all of them are collected and shown
            failures.append(f"{operation.label}: {error}"[:1500])
    return failures
