"""`call: openapi` against real servers that describe themselves."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from kapell.connectors.openapi import OpenApiActivity
from kapell.sdk import ActivityError

SWAGGER = {
    "swagger": "2.0",
    "host": "petstore.example",
    "basePath": "/v2",
    "schemes": ["https", "http"],
    "paths": {
        "/pet/findByStatus": {
            "get": {
                "operationId": "findPetsByStatus",
                "parameters": [{"name": "status", "in": "query", "type": "array", "collectionFormat": "multi"}],
            }
        },
        "/pet": {
            "post": {
                "operationId": "addPet",
                "parameters": [{"name": "body", "in": "body", "schema": {"type": "object"}}],
            }
        },
        "/pet/{petId}": {
            "get": {
                "operationId": "getPetById",
                "parameters": [{"name": "petId", "in": "path", "required": True, "type": "integer"}],
            }
        },
    },
}


class ManualClock:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        return self.seconds


@pytest.fixture
async def store(serve):
    """A pet store with its document at /v2/swagger.json; counts how often that was sent, and fails if told so."""
    state = {"sent": 0, "asked": 0, "etag": '"1"', "authorizations": []}

    async def document(request):
        state["asked"] += 1
        state["authorizations"].append(request.headers.get("Authorization"))
        if request.headers.get("If-None-Match") == state["etag"]:
            return web.Response(status=304)
        state["sent"] += 1
        await asyncio.sleep(0.02)
        return web.json_response(SWAGGER, headers={"ETag": state["etag"]})

    async def find(request):
        return web.json_response([{"id": 1, "status": status} for status in request.query.getall("status")])

    async def get(request):
        return web.json_response(
            {"id": int(request.match_info["id"]), "authorization": request.headers.get("Authorization")}
        )

    async def add(request):
        return web.json_response({"added": await request.json(), "key": request.headers["Idempotency-Key"]})

    async def moved(request):
        raise web.HTTPFound("/v2/swagger.json")

    server = await serve(
        web.get("/v2/swagger.json", document),
        web.get("/moved", moved),
        web.get("/v2/pet/findByStatus", find),
        web.post("/v2/pet", add),
        web.get("/v2/pet/{id}", get),
    )
    state["origins"] = {"https://petstore.example": f"http://127.0.0.1:{server.port}"}
    return state


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def activity(store, make_http, clock):
    return OpenApiActivity(make_http(origins=store["origins"]), clock)


@pytest.fixture
def perform(activity, make_request, context):
    async def call(operation_id, *, endpoint="https://petstore.example/v2/swagger.json", **arguments):
        document = {"endpoint": endpoint}
        request = make_request("openapi", document=document, operationId=operation_id, **arguments)
        return await activity.perform(request, context)

    return call


async def test_an_operation_is_called_by_its_document(perform):
    output = await perform("findPetsByStatus", parameters={"status": ["available", "sold"]})
    assert [pet["status"] for pet in output] == ["available", "sold"]


async def test_the_response_output_names_the_origin_that_was_asked_for(perform):
    output = await perform("getPetById", parameters={"petId": 7}, output="response")
    assert output["request"]["uri"] == "https://petstore.example/v2/pet/7"
    assert (output["statusCode"], output["content"]["id"]) == (200, 7)


async def test_bodies_and_keys_are_sent(perform):
    assert await perform("addPet", parameters={"name": "milou"}) == {"added": {"name": "milou"}, "key": "key-1"}


async def test_documents_and_operations_have_their_own_authentication(perform, store):
    output = await perform(
        "getPetById",
        endpoint={
            "uri": "https://petstore.example/v2/swagger.json",
            "authentication": {"bearer": {"token": "for-the-document"}},
        },
        authentication={"bearer": {"token": "for-the-call"}},
        parameters={"petId": 1},
    )
    assert output["authorization"] == "Bearer for-the-call"
    assert store["authorizations"] == ["Bearer for-the-document"]


async def test_a_document_is_read_once_for_all_who_ask_at_once(perform, store):
    await asyncio.gather(*[perform("getPetById", parameters={"petId": number}) for number in range(20)])
    assert store["asked"] == 1


async def test_a_document_is_asked_for_again_after_a_minute_and_sent_only_if_it_changed(perform, store, clock):
    await perform("getPetById", parameters={"petId": 1})
    clock.seconds = 59
    await perform("getPetById", parameters={"petId": 1})
    assert (store["asked"], store["sent"]) == (1, 1)
    clock.seconds = 61
    await perform("getPetById", parameters={"petId": 1})
    assert (store["asked"], store["sent"]) == (2, 1)
    clock.seconds, store["etag"] = 122, '"2"'
    await perform("getPetById", parameters={"petId": 1})
    assert (store["asked"], store["sent"]) == (3, 2)


async def test_who_waits_for_a_document_survives_the_cancelling_of_who_asked_first(perform):
    first = asyncio.ensure_future(perform("getPetById", parameters={"petId": 1}))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(perform("getPetById", parameters={"petId": 2}))
    await asyncio.sleep(0.005)
    first.cancel()
    assert (await second)["id"] == 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_document_may_have_moved(perform):
    assert (await perform("getPetById", endpoint="https://petstore.example/moved", parameters={"petId": 3}))["id"] == 3


async def test_a_document_may_be_a_file_with_others_beside_it(activity, store, make_request, context, tmp_path):
    (tmp_path / "api.yaml").write_text(
        "openapi: 3.0.3\nservers: [{url: https://petstore.example/v2}]\n"
        "paths:\n  /pet/{petId}:\n    get:\n      operationId: getPet\n"
        "      parameters: [{$ref: 'common/parameters.yaml#/PetId'}]\n"
    )
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "parameters.yaml").write_text("PetId: {name: petId, in: path, required: true}")
    document = {"endpoint": (tmp_path / "api.yaml").as_uri()}
    request = make_request("openapi", document=document, operationId="getPet", parameters={"petId": 9})
    assert (await activity.perform(request, context))["id"] == 9


async def test_a_document_that_cannot_be_read_says_so(perform, tmp_path):
    with pytest.raises(ActivityError) as caught:
        await perform("getPetById", endpoint="https://petstore.example/none.json")
    assert (caught.value.type, caught.value.status) == ("communication", 404)
    with pytest.raises(ActivityError, match="No such file"):
        await perform("getPetById", endpoint=(tmp_path / "none.yaml").as_uri())


async def test_a_failed_reading_is_not_remembered(perform, store):
    with pytest.raises(ActivityError):
        await perform("getPetById", endpoint="https://petstore.example/none.json")
    assert (await perform("getPetById", parameters={"petId": 1}))["id"] == 1


async def test_idempotency_is_known_once_the_document_is(activity, perform, make_request):
    document = {"endpoint": "https://petstore.example/v2/swagger.json"}

    def is_idempotent(operation_id):
        return activity.is_idempotent(make_request("openapi", document=document, operationId=operation_id))

    assert is_idempotent("getPetById") is False
    await perform("getPetById", parameters={"petId": 1})
    assert [is_idempotent(name) for name in ("getPetById", "addPet", "unknown")] == [True, False, False]


@pytest.mark.parametrize(
    "arguments",
    [
        {"document": {"endpoint": "https://petstore.example/v2/swagger.json"}, "operationId": "x", "parameters": []},
        {"document": "text", "operationId": "x"},
        {"document": {}, "operationId": "x"},
        {"document": {"endpoint": "https://petstore.example/v2/swagger.json"}, "operationId": None},
    ],
)
async def test_arguments_that_cannot_be_used_are_refused(activity, make_request, context, arguments):
    with pytest.raises(ActivityError) as caught:
        await activity.perform(make_request("openapi", **arguments), context)
    assert caught.value.type == "validation"


async def test_large_documents_do_not_hold_the_loop(activity, make_request, context, tmp_path):
    paths = {f"/p{number}": {"get": {"operationId": f"op{number}", "summary": "x" * 50}} for number in range(1500)}
    document = {"openapi": "3.0.0", "servers": [{"url": "https://petstore.example"}], "paths": paths}
    file = tmp_path / "api.yaml"
    file.write_text("# YAML, and not JSON\n" + json.dumps(document))
    request = make_request("openapi", document={"endpoint": file.as_uri()}, operationId="op1")
    task = asyncio.ensure_future(activity.perform(request, context))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.001)
        turns += 1
    with pytest.raises(ActivityError):
        await task
    assert turns > 10
