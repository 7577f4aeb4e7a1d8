"""The workflow of a run over the API."""

from __future__ import annotations

import asyncio

from tests.api_server import HELLO, on_both_databases

from kapell.language import load_workflow

pytestmark = on_both_databases


async def test_a_run_shows_what_it_is_made_of(admin):
    published = (await admin.publish())["version"]
    run = await admin.run()
    found = await admin.get(f"/runs/{run['run_id']}/definition")
    assert found["digest"] == published["digest"]
    assert list(found["document"]) == ["document", "do"]
    assert found["document"]["do"][0]["greet"]["set"] == {"text": '${ "Hello " + .name }'}
    assert found["source"] == HELLO.format(namespace="demo", name="hello", version="1.0.0")


async def test_the_text_is_shown_only_to_who_may_see_workflows(server, admin):
    await admin.publish()
    run = await admin.run()
    reader = await server.sign_in(permissions=["run.read"])
    found = await reader.get(f"/runs/{run['run_id']}/definition")
    assert found["source"] is None
    assert found["document"]["document"]["name"] == "hello"
    await reader.get("/runs/nothing/definition", status=404)


async def test_a_text_that_the_run_is_not_made_of_is_not_shown(server, admin):
    """A run may be made of another definition of the same name and number, such as one from a file."""
    await admin.publish()
    other = HELLO.format(namespace="demo", name="hello", version="1.0.0").replace("Hello", "Goodbye")
    run_id = server.parts.engine.start_run(load_workflow(other.encode(), "other"), {"name": "Ada"})
    async with asyncio.timeout(10):
        await server.parts.engine.wait_run(run_id)
    found = await admin.get(f"/runs/{run_id}/definition")
    assert "Goodbye" in found["document"]["do"][0]["greet"]["set"]["text"]
    assert found["source"] is None
