"""HTTP as nobody should write it: requests byte by byte, over a connection of one's own."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple


class RawAnswer(NamedTuple):
    """What came back; the status is 0 where the server closed the connection without a word."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self):
        return json.loads(self.body)


async def send_raw(port, *pieces, pause=0.0):
    """Send the pieces of a request as they are, and return the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(10):
            return await read_answer(reader)
    except (ConnectionError, asyncio.IncompleteReadError):
        return RawAnswer(0, {}, b"")
    finally:
        writer.close()


async def read_answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        return RawAnswer(int(first.split()[1]), headers, await reader.readuntil(b"0\r\n\r\n"))
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return RawAnswer(int(first.split()[1]), headers, body)


def make_request(method, path, body=b"", **headers):
    """Return a request as bytes; header names are written with `_` for `-`."""
    given = {"Host": "127.0.0.1", "Content-Length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value is not None)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Served:
    """A server, and what the tests use of it."""

    def __init__(self, server, admin, data):
        self.server = server
        self.admin = admin
        self.data = data
        self.port = int(server.address.rpartition(":")[2])
        self.authorization = admin.headers["Authorization"]

    async def send(self, method, path, body=b"", **headers):
        """Send one request as the administrator."""
        return await send_raw(self.port, make_request(method, path, body, Authorization=self.authorization, **headers))

    async def check_health(self):
        assert (await self.admin.get("/me"))["principal_id"]
