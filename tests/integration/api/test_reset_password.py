"""The way back in for who has the machine, while the server runs."""

import asyncio
import json
import sys


async def reset(server, *arguments):
    settings = server.parts.settings
    command = [sys.executable, "-m", "kapell", "reset-password", *arguments, "--data", str(settings.data), "--json"]
    if settings.database:
        command += ["--database", settings.database]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_lost_password_is_replaced_and_the_log_says_so(server, admin):
    await server.client().post("/sign-in", {"name": "admin", "password": server.password})
    code, out, err = await reset(server)
    assert (code, err) == (0, "")
    made = json.loads(out)
    assert made["name"] == "admin"
    await server.client().post("/sign-in", {"name": "admin", "password": server.password}, status=401)
    await server.client().post("/sign-in", {"name": "admin", "password": made["password"]})
    records = await admin.get("/audit/records?action=person.set_password")
    assert [record["actor_id"] for record in records["items"]] == ["local"]


async def test_who_is_not_there_gets_none(server):
    code, out, err = await reset(server, "nobody")
    assert code != 0
    assert out == ""
    assert "nobody" in err
