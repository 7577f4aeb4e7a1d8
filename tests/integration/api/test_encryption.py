"""A server that encrypts at rest: its data folder holds nothing that runs work with, and requests are known again."""

import hashlib

import msgspec
import pytest
from tests.api_server import running

CANARY = "canary-in-a-coal-mine"


@pytest.fixture
def settings(settings, tmp_path):
    return msgspec.structs.replace(settings, encrypt_at_rest=True, master_key_file=tmp_path / "master.key")


def read_everything(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_servers_folder_holds_nothing_of_the_data_and_requests_are_known_again(settings):
    value = {"name": CANARY}
    async with running(settings) as server:
        admin = await server.sign_in()
        await admin.publish()
        first = await admin.run(value, headers={"Idempotency-Key": "k-1"})
        await admin.wait_run(first["run_id"])
        await admin.get(f"/runs/{first['run_id']}/history")
        await admin.get("/runs", status=200)
        again = await admin.run(value, headers={"Idempotency-Key": "k-1"})
        assert again["run_id"] == first["run_id"]
        await admin.run({"name": "another"}, headers={"Idempotency-Key": "k-1"}, status=409)
        everything = read_everything(settings.data)
        found = await admin.get(f"/runs/{first['run_id']}")
    for text in (everything, read_everything(settings.data)):
        assert first["run_id"].encode() in text
        assert CANARY.encode() not in text
        content = b"workflow/demo/hello@1.0.0\0" + msgspec.json.encode(value, order="sorted")
        assert hashlib.sha256(content).digest() not in text
        assert hashlib.sha256(content).hexdigest().encode() not in text
    assert not (settings.data / "master.key").exists()
    assert CANARY in repr(found)


async def test_a_request_is_known_again_after_a_switch_and_under_another_master_key(settings):
    keys = {"Idempotency-Key": "k-1"}
    run_ids, token = [], None
    for is_on, rotates in ((False, False), (True, True), (True, False), (False, False)):
        async with running(msgspec.structs.replace(settings, encrypt_at_rest=is_on)) as server:
            if token is None:
                admin = await server.sign_in()
                await admin.publish()
                token = admin.headers["Authorization"].removeprefix("Bearer ")
            admin = server.client(token)
            run_ids.append((await admin.run({"name": "Ada"}, headers=keys))["run_id"])
            if rotates:
                server.parts.vault.keys.rotate()
                other = {"Idempotency-Key": "k-2"}
                second = (await admin.run({"name": "Bob"}, headers=other))["run_id"]
                await admin.wait_run(second)
    assert len(set(run_ids)) == 1
