"""The OpenAPI document: it is whole, and what the server answers is what it says, also to nonsense."""

from __future__ import annotations

import asyncio
import re

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api_access import read_expected
from tests.api_requests import OIDC, REQUESTS, World
from tests.api_server import running
from tests.oidc_provider import ALICE, PHRASE, find_free_port, providing

from kapell.identity.permissions import ADMINISTRATOR, BUILT_IN_ROLES
from kapell.settings import read_settings

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12
FEW_EXAMPLES = 2
STREAMS = {
    "/api/v1/events",
    "/api/v1/cloud-events/stream",
    "/api/v1/runs/{run_id}/events",
    "/api/v1/runs/{run_id}/log/events",
}
CONFIG = """
[oidc.corp]
issuer = "{issuer}"
client_id = "kapell"
client_secret_file = "{secret}"
scopes = ["openid", "profile", "email", "groups"]
"""


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory):
    """A server with data of every kind, and with a provider of sign-in."""
    folder, port = tmp_path_factory.mktemp("contract"), find_free_port()
    with providing(f"http://127.0.0.1:{port}{OIDC}/callback") as provider:
        provider.put_accounts(a1=ALICE)
        (folder / "secret").write_text(PHRASE)
        config = folder / "kapell.toml"
        config.write_text(CONFIG.format(issuer=provider.issuer, secret=folder / "secret"))
        environment = {"KAPELL_CONFIG": str(config), "KAPELL_AUDIT_HEAD_SECONDS": "0.2"}
        async with running(read_settings(environment, data=folder / "data", port=port)) as server:
            world = World(server, await server.sign_in())
            await world.seed()
            yield world


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="module")
async def test_every_operation_succeeds_and_nonsense_is_answered_as_the_document_says(world):
    """Whatever an administrator sends: the server does not fail, nor answer outside its schema."""
    contract = await asyncio.to_thread(Contract, world)
    await contract.try_valid(lambda _: True)
    await asyncio.to_thread(contract.try_nonsense, EXAMPLES)
    assert contract.failures == []
    never = contract.operations.keys() - contract.succeeded
    assert not never, f"Give each a line in tests/api_requests.py that succeeds: {sorted(never)}"


@pytest.mark.parametrize("role", sorted(BUILT_IN_ROLES.keys() - {ADMINISTRATOR}))
@pytest.mark.asyncio(loop_scope="module")
async def test_it_is_so_for_each_role_as_far_as_it_goes(world, monkeypatch, role):
    """What was reviewed as allowed succeeds, everything else is forbidden, and nonsense fails nobody."""
    held = read_expected()[role] | {""}
    monkeypatch.setattr(world, "caller", await world.make_caller(role))
    monkeypatch.setattr(world, "owner", world.caller.client if "run.control" in held else world.admin)
    contract = await asyncio.to_thread(Contract, world)
    await contract.try_valid(held.__contains__)
    await asyncio.to_thread(contract.try_nonsense, FEW_EXAMPLES)
    assert contract.failures == []
    allowed = {label for label, each in contract.operations.items() if get_permission(each) in held}
    assert contract.succeeded == allowed


class Contract:
    """Holds a server's answers to its document, for one caller.

    Attributes:
        operations: The document's, by label.
        succeeded: The labels of those that have succeeded.
        failures: What was answered otherwise than the document says.
    """

    def __init__(self, world):
        self._world = world
        self._headers = world.caller.client.headers
        schema = schemathesis.openapi.from_url(f"{world.server.address}/api/v1/openapi.json")
        self.operations = {each.ok().label: each.ok() for each in schema.get_all_operations()}
        self.succeeded = set()
        self.failures = []

    async def try_valid(self, may):
        """Send the request of each operation that is as it should be; `may` tells whether a permission is held."""
        for label, operation in self.operations.items():
            prepare = REQUESTS.get(label.replace("/api/v1", ""))
            if prepare is None:
                continue
            sent = await prepare(self._world)
            allowed = may(get_permission(operation))
            try:
                status = await self._send(operation, sent, allowed)
            except Exception as error:  # noqa: BLE001 -- all of them are collected and shown
                self.failures.append(f"{label}: {error}"[:1500])
                continue
            if not allowed and status != 403:
                self.failures.append(f"{label}: {status} and not 403")

    async def _send(self, operation, sent, allowed):
        if operation.path in STREAMS and allowed:
            return await self._open_stream(operation, sent)
        return await asyncio.to_thread(self._call, operation, sent)

    def _call(self, operation, sent):
        body = {} if sent.body is None else {"body": sent.body, "media_type": sent.media_type or "application/json"}
        case = operation.Case(path_parameters=sent.path, query=sent.query, cookies=sent.cookies, **body)
        return self._check(operation, case, {} if sent.as_session else self._headers)

    def _check(self, operation, case, headers):
        response = case.call(headers=headers, allow_redirects=False)
        case.validate_response(response, checks=CHECKS)
        if response.status_code < 400:
            self.succeeded.add(operation.label)
        return response.status_code

    async def _open_stream(self, operation, sent):
        path = operation.path.format(**sent.path).removeprefix("/api/v1")
        async with self._world.caller.client.stream(path) as response:
            documented = operation.definition.raw["responses"][str(response.status)]["content"]
            assert response.content_type in documented
            self.succeeded.add(operation.label)
            return response.status

    def try_nonsense(self, examples):
        """Send what the document allows, and what it does not."""
        for label, operation in self.operations.items():
            if operation.path in STREAMS or operation.path == "/api/v1/me/password":
                continue
            try:
                self._try_nonsense(operation, examples)
            except BaseException as error:  # noqa: BLE001 -- all of them are collected and shown
                self.failures.append(f"{label}: {error}"[:1500])

    def _try_nonsense(self, operation, examples):
        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case):
            self._check(operation, case, self._headers)

        check()


def get_permission(operation):
    return operation.definition.raw["x-permission"]
