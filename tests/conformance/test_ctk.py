"""The specification's conformance kit, all of it, on the real engine: SQLite, the real connectors, real HTTP.

The features name public servers. Calls to these are led, at the HTTP transport, to a stand-in on this machine; nothing
else is changed, and the features are read where `KAPELL_SPEC_DIR` says, as the specification has them.
"""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

import pytest
from aiohttp import web
from pytest_bdd import scenarios

from kapell.app import open_engine
from kapell.engine.loading import iter_events
from kapell.language import load_workflow
from kapell.settings import read_settings
from kapell.testing.engine_kit import Ended, list_emitted, list_tasks

FEATURES = Path(os.environ.get("KAPELL_SPEC_DIR", "/nonexistent")) / "ctk-features"
if FEATURES.is_dir():
    scenarios(str(FEATURES))

PETSTORE = "https://petstore.swagger.io"
HTTPBIN = "https://httpbin.org"


def test_the_kit_is_whole(spec_dir):
    assert len(list((spec_dir / "ctk-features").glob("*.feature"))) == 11
    collected = [name for name in globals() if name.startswith("test_") and name != "test_the_kit_is_whole"]
    assert len(collected) == 21, collected


@pytest.fixture
def execute(tmp_path):
    def run(world):
        return asyncio.run(_execute(world, tmp_path))

    return run


async def _execute(world, folder):
    stand_in = StandIn()
    runner = web.AppRunner(stand_in.make_app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    origins = dict.fromkeys((PETSTORE, HTTPBIN), f"http://127.0.0.1:{port}")
    try:
        async with open_engine(read_settings({}, data=folder / "data"), origins=origins) as engine:
            run_id = engine.start_run(load_workflow(world.definition), world.input)
            outcome = await asyncio.wait_for(engine.wait_run(run_id), 30)
            history = [event for _, event in iter_events(engine.store, run_id)]
            program = engine.definitions.get(engine.store.get_record(run_id).definition).program
            return Ended(run_id, outcome, history, list_emitted(program, history), list_tasks(program, history))
    finally:
        await runner.cleanup()


# -- the stand-in: as much of the public servers as the kit asks for, and strict in it ---------------------------------

PETS = [
    {"id": 1, "name": "Milou", "status": "available", "photoUrls": [], "tags": []},
    {"id": 2, "name": "Rantanplan", "status": "sold", "photoUrls": [], "tags": []},
    {"id": 3, "name": "Idefix", "status": "available", "photoUrls": [], "tags": []},
]
STATUSES = ["available", "pending", "sold"]

SWAGGER = {
    "swagger": "2.0",
    "info": {"title": "Pet store", "version": "1.0.7"},
    "host": "petstore.swagger.io",
    "basePath": "/v2",
    "schemes": ["https", "http"],
    "paths": {
        "/pet/findByStatus": {
            "get": {
                "operationId": "findPetsByStatus",
                "produces": ["application/json"],
                "parameters": [
                    {
                        "name": "status",
                        "in": "query",
                        "required": True,
                        "type": "array",
                        "items": {"type": "string", "enum": STATUSES},
                        "collectionFormat": "multi",
                    }
                ],
                "responses": {"200": {"description": "the pets"}},
            }
        },
        "/pet/{petId}": {
            "get": {
                "operationId": "getPetById",
                "produces": ["application/json"],
                "parameters": [{"name": "petId", "in": "path", "required": True, "type": "integer", "format": "int64"}],
                "responses": {"200": {"description": "the pet"}, "404": {"description": "no such pet"}},
            }
        },
    },
}


class StandIn:
    def make_app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v2/swagger.json", self.get_document)
        app.router.add_get("/v2/pet/findByStatus", self.find_by_status)
        app.router.add_get(r"/v2/pet/{id:\d+}", self.get_pet)
        app.router.add_get("/basic-auth/{user}/{password}", self.check_credentials)
        return app

    async def get_document(self, request):
        self._check_host(request, PETSTORE)
        return web.json_response(SWAGGER)

    async def find_by_status(self, request):
        self._check_host(request, PETSTORE)
        wanted = request.query.getall("status", [])
        if not wanted or set(wanted) - set(STATUSES):
            return web.json_response({"message": "Invalid status value"}, status=400)
        return web.json_response([pet for pet in PETS if pet["status"] in wanted])

    async def get_pet(self, request):
        self._check_host(request, PETSTORE)
        found = [pet for pet in PETS if pet["id"] == int(request.match_info["id"])]
        if not found:
            return web.json_response({"message": "Pet not found"}, status=404)
        return web.json_response(found[0])

    async def check_credentials(self, request):
        self._check_host(request, HTTPBIN)
        user, password = request.match_info["user"], request.match_info["password"]
        wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if request.headers.get("Authorization") != wanted:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="Fake Realm"'})
        return web.json_response({"authenticated": True, "user": user})

    @staticmethod
    def _check_host(request, origin):
        if f"https://{request.host}" != origin:
            raise web.HTTPMisdirectedRequest
