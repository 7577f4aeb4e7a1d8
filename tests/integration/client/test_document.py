"""The client is what the OpenAPI document says: each request has a method, with the same parameters and types."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime

import msgspec
import pytest

from kapell.api.application import make_document
from kapell.client import AsyncClient, Client
from kapell.client.calls import Call
from kapell.client.following import Stream
from kapell.client.operations import Resource, _Described, procedure
from kapell.client.resources.resources import Resources
from kapell.client.wire.identity import Scope, Subject
from kapell.client.wire.runs import WantedRuns
from kapell.client.wire.triggers import TriggerSchedule, TriggerSpec

WITHOUT_METHOD = {
    "GET /api/v1/sign-in/oidc/{provider}",  # browsers are sent there, and on to the provider
    "GET /api/v1/sign-in/oidc/{provider}/callback",  # and come back here
}
"""Requests that the client leaves out."""

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLES = {
    "expires_at": NOW,
    "since": NOW,
    "until": NOW,
    "scope": Scope(frozenset({"run.read"})),
    "subject": Subject("person", "x"),
    "runs": WantedRuns(name="x"),
    "permissions": ["run.read"],
    "variables": {"a": 1},
    "spec": TriggerSpec(workflow="x", schedule=TriggerSchedule(cron="0 0 * * *")),
    "limit": 1,
    "events": [{"source": "/", "type": "x"}],
}
"""What an argument of this name is called with; by its default or as a word, otherwise."""

NUMBERS = {"number", "revision", "after", "before", "at", "page_size", "expected", "position"}


def describe_all():
    """Return what each method of the client describes, by its name, with all arguments given."""
    found = {}
    for name, resource in vars(Resources(None)).items():
        assert isinstance(resource, Resource)
        for each, described in inspect.getmembers(type(resource), lambda member: isinstance(member, _Described)):
            if not isinstance(described, procedure):  # its steps are calls of other methods
                found[f"{name}.{each}"] = described.describe(resource, **make_arguments(described.describe))
    return found


def make_arguments(function):
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return {parameter.name: make_sample(parameter) for parameter in parameters}


def make_sample(parameter):
    if parameter.name in SAMPLES:
        return SAMPLES[parameter.name]
    if parameter.name.endswith(("_after", "_before")):
        return NOW
    if isinstance(parameter.default, bool):
        return not parameter.default
    if isinstance(parameter.default, float):
        return 1.0
    return 1 if parameter.name in NUMBERS else "x"


DESCRIBED = describe_all()
DOCUMENT = make_document()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def call_of(described):
    return described.call if isinstance(described, Stream) else described


def request_of(described):
    call = call_of(described)
    return f"{call.method} {call.prefix}{call.path}"


def test_every_request_has_a_method():
    wanted = OPERATIONS.keys() - WITHOUT_METHOD
    missing = wanted - {request_of(described) for described in DESCRIBED.values()}
    assert not missing, f"Give each a method in kapell/client/resources: {sorted(missing)}"


def test_every_method_has_a_request():
    assert {request_of(described) for described in DESCRIBED.values()} <= OPERATIONS.keys()


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_method_has_the_parameters_that_the_document_has(name):
    described = DESCRIBED[name]
    call = call_of(described)
    parameters = OPERATIONS[request_of(described)].get("parameters", [])
    assert set(call.at) == {each["name"] for each in parameters if each["in"] == "path"}
    assert {name for name, value in call.query.items() if value is not None} == {
        each["name"] for each in parameters if each["in"] == "query"
    }
    headers = {each["name"] for each in parameters if each["in"] == "header"}
    assert ("Idempotency-Key" in headers) == (call.key is not None)
    assert ("Last-Event-ID" in headers) == isinstance(described, Stream)


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_method_takes_and_gives_what_the_document_says(name):
    described = DESCRIBED[name]
    call = call_of(described)
    operation = OPERATIONS[request_of(described)]
    taken = operation.get("requestBody", {}).get("content", {}).get(call.content_type, {}).get("schema")
    if call.body is None:
        assert "requestBody" not in operation
    elif isinstance(call.body, list):
        schema = DOCUMENT["components"]["schemas"][taken["items"]["$ref"].rpartition("/")[2]]
        assert set(schema["required"]) <= set(call.body[0])
    else:
        assert simplify_own(type(call.body)) == simplify(taken, DOCUMENT["components"]["schemas"])
    good = next(response for status, response in operation["responses"].items() if status < "300")
    content = good.get("content", {})
    if "application/json" in content:
        given = content["application/json"]["schema"]
        assert simplify_own(call.gives) == simplify(given, DOCUMENT["components"]["schemas"])
    else:
        assert isinstance(described, Stream) or call.gives in {type(None), str}


def simplify_own(kind):
    (schema,), components = msgspec.json.schema_components([kind])
    return simplify(schema, components)


def simplify(schema, components):
    """Return a schema without what differs on purpose: words, lists of words, and whether more members are refused."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        types = {"null" if word is None else "string" for word in schema["enum"]}
        return {"type": "string"} if types == {"string"} else {"anyOf": [{"type": each} for each in sorted(types)]}
    found = {key: schema[key] for key in ("type", "format", "required") if key in schema}
    if "properties" in schema:
        found["properties"] = {name: simplify(each, components) for name, each in schema["properties"].items()}
        found["required"] = sorted(schema.get("required", ()))
    if isinstance(schema.get("items"), dict):
        found["items"] = simplify(schema["items"], components)
    if "anyOf" in schema:
        found["anyOf"] = sorted((simplify(each, components) for each in schema["anyOf"]), key=str)
    return found


def test_both_clients_have_the_same_methods(monkeypatch):
    monkeypatch.delenv("KAPELL_SERVER", raising=False)
    found = [list_methods(Client()), list_methods(AsyncClient())]
    assert found[0] == found[1]
    assert len(found[0]) > len(OPERATIONS) / 2


def list_methods(client):
    """Return each public method, with its signature, and its first line of help."""
    return {
        f"{name}.{each}": (inspect.signature(method), inspect.getdoc(method).splitlines()[0])
        for name, resource in vars(client).items()
        if isinstance(resource, Resource)
        for each, method in inspect.getmembers(resource, callable)
        if not each.startswith("_")
    }


def test_what_a_call_sends_is_escaped():
    call = Call(method="GET", path="/a/{b}", gives=str, at={"b": "../x y?"}, query={"c": ["1", "&"], "d": None})
    assert call.target == "/api/v1/a/..%2Fx%20y%3F?c=1&c=%26"


@pytest.mark.parametrize("name", DESCRIBED)
def test_what_a_method_returns_is_typed(name):
    resource, method = name.split(".")
    returned = getattr(type(getattr(Resources(None), resource)), method).describe.__annotations__["return"]
    assert returned.replace("dict[str, Any]", "").count("Any") == 0
