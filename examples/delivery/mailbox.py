"""A receiver of notifications: it stands for the chat or mail system that authors read.

    PUT /messages/{id}    {"to": ..., "subject": ..., "text": ...}: 201 for a new message, 200 for one that is known
    GET /messages         all messages, in order of arrival

A message is kept once for each id, so that whoever notifies may send again when the answer got lost. Each new message
is also added to `messages.jsonl`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web
from serving import serve


def make_app(log: Path) -> web.Application:
    """Return the API; messages are added to the log, a line of JSON each."""
    messages: dict[str, dict[str, Any]] = {}

    async def put_message(request: web.Request) -> web.Response:
        identifier, message = request.match_info["id"], await request.json()
        if missing := {"to", "subject", "text"} - set(message):
            return web.json_response({"title": f"the message has no {', '.join(sorted(missing))}"}, status=422)
        if identifier in messages:
            return web.json_response(messages[identifier])
        messages[identifier] = {"id": identifier, **message}
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(messages[identifier]) + "\n")
        return web.json_response(messages[identifier], status=201)

    async def list_messages(_: web.Request) -> web.Response:
        return web.json_response(list(messages.values()))

    app = web.Application()
    app.add_routes([web.put("/messages/{id}", put_message), web.get("/messages", list_messages)])
    return app


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="A receiver of notifications.")
    options.add_argument("folder", type=Path, help="where messages.jsonl goes, and mailbox.json with the address")
    folder = options.parse_args().folder
    asyncio.run(serve(make_app(folder / "messages.jsonl"), folder / "mailbox.json"))
