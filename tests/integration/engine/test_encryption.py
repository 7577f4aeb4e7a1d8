"""What runs work with, encrypted at rest: nothing of it is found in the database, and a missing key loses nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json

import msgspec
import psycopg
import pytest
from psycopg import sql

from kapell.app import open_engine, open_store, own_store
from kapell.clock import SystemClock
from kapell.engine.inbox import encode_command
from kapell.engine.loading import iter_events
from kapell.engine.store import Batch
from kapell.kernel.codec import encode_state
from kapell.kernel.commands import SkipTask
from kapell.kernel.state import State
from kapell.language import load_workflow
from kapell.reasons import Reason
from kapell.settings import Settings
from kapell.vault.master_keys import MasterKeyError, open_master_keys

CANARY = "canary-in-a-coal-mine"
HEAD = "document: {dsl: '1.0.3', namespace: tests, name: sealed, version: '1.0.0'}\n"
SPEAK = load_workflow(
    HEAD
    + """
input: {from: '${ {text: .text, large: ([range(4000)] | map($workflow.input.text // "canary") | join(" "))} }'}
do:
  - speak:
      run:
        shell: {command: 'echo "$TEXT"; echo "$TEXT" >&2', environment: {TEXT: '${ .text }'}}
  - fail:
      raise:
        error: {type: 'https://example.com/no', status: 400, title: No, detail: '${ $workflow.input.text }'}
"""
)
WAIT = load_workflow(
    HEAD + "do:\n  - pause: {wait: {milliseconds: 400}}\n  - done: {set: {text: '${ $workflow.input.text }'}}\n"
)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request, tmp_path):
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    settings = Settings(
        data=tmp_path / "data", database=url, encrypt_at_rest=True, master_key_file=tmp_path / "keys" / "master.key"
    )
    settings.master_key_path.parent.mkdir()
    if url:  # with PostgreSQL only a server makes the key, as only it knows whether there has been one
        open_master_keys(settings.master_key_path, may_create=True)
    return settings


@pytest.fixture
def read_everything(settings):
    """Return all bytes of the database, as far as anybody who holds its files or may read it can see them."""

    def read():
        if not settings.database:
            return b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
        with psycopg.connect(settings.database) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            queries = [sql.SQL("SELECT * FROM {}").format(sql.Identifier(name)) for (name,) in tables]
            rows = [connection.execute(query).fetchall() for query in queries]

        return b"\0".join(
            value if isinstance(value, bytes) else str(value).encode()
            for table in rows
            for row in table
            for value in row
        )

    return read


def find_traces_of(text, everything):
    plain = text.encode()
    digest = hashlib.sha256(plain).hexdigest().encode()
    shifted = [base64.b64encode(b"-" * shift + plain)[4:-4] for shift in range(3)]
    return [form for form in (plain, plain.hex().encode(), digest, *shifted) if form in everything]


async def run_all_kinds(settings, text):
    """Let a text go everywhere that a run's data can go: input, output, log, error, large values, commands."""
    async with open_engine(settings) as engine:
        run_id = engine.start_run(SPEAK, {"text": text})
        assert (await engine.wait_run(run_id)).status == "faulted"
        await engine.retry_task(run_id, None, {"text": text})
        await engine.wait_run(run_id)
    with own_store(settings) as store:
        store.put_command(
            run_id, encode_command(SkipTask(output=text, reason=Reason("asked", ""))), SystemClock().now()
        )
    return run_id


async def test_nothing_that_a_run_works_with_can_be_found_in_the_database(settings, read_everything):
    run_id = await run_all_kinds(settings, CANARY)
    everything = read_everything()
    assert run_id.encode() in everything
    assert find_traces_of(CANARY, everything) == []
    large = json.dumps(" ".join([CANARY] * 4000))
    assert hashlib.sha256(large.encode()).hexdigest().encode() not in everything
    reader = open_store(settings)
    record, log = reader.get_record(run_id), reader.read_log(run_id)
    events = [event for _, event in iter_events(reader, run_id)]
    (command,) = reader.list_commands()
    reader.close()
    assert CANARY in record.error
    assert [line.text for line in log].count(CANARY) == 2
    assert repr(events).count(CANARY) > 4000
    assert CANARY in command.body.decode()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_the_search_would_find_it_without_encryption(settings, read_everything):
    """If it did not, the test above would prove nothing."""

    bare = msgspec.structs.replace(settings, encrypt_at_rest=False)
    await run_all_kinds(bare, CANARY)
    assert CANARY.encode() in read_everything()


async def test_a_run_goes_on_over_a_switch_on_and_off_and_without_its_key_is_left_as_it_is(settings, capsys):

    bare = msgspec.structs.replace(settings, encrypt_at_rest=False)
    async with open_engine(bare) as engine:
        plain = engine.start_run(WAIT, {"text": "one"})
        await engine.suspend_run(plain)
    async with open_engine(settings) as engine:
        sealed = engine.start_run(WAIT, {"text": "two"})
        await engine.suspend_run(sealed)
        await engine.resume_run(plain)
        assert (await engine.wait_run(plain)).output == {"text": "one"}
        await engine.resume_run(sealed)
        for _ in range(200):
            if engine.store.get_record(sealed).status == "running":
                break
            await asyncio.sleep(0.01)
    put_aside = settings.master_key_path.rename(settings.master_key_path.with_name("put-aside"))
    async with open_engine(bare) as engine:  # nothing has to be sealed, so it starts, and others go on
        other = engine.start_run(WAIT, {"text": "three"})
        assert (await engine.wait_run(other)).output == {"text": "three"}
        with pytest.raises(MasterKeyError, match="no master key file"):
            await engine.cancel_run(sealed)
        assert engine.store.get_record(sealed).status in {"running", "waiting"}
    assert "run_not_taken_up" in capsys.readouterr().err
    put_aside.rename(settings.master_key_path)
    async with open_engine(bare) as engine:
        assert (await engine.wait_run(sealed)).output == {"text": "two"}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_key_that_is_missing_is_not_replaced_by_a_new_one(settings):
    async with open_engine(settings) as engine:
        await engine.wait_run(engine.start_run(WAIT, {"text": "one"}))
    settings.master_key_path.unlink()
    with pytest.raises(MasterKeyError, match="no master key file") as refusal:
        async with open_engine(settings):
            pass
    assert "Put back the file" in refusal.value.hint
    assert not settings.master_key_path.exists()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_snapshot_in_the_place_of_a_later_one_of_the_same_run_is_noticed(settings):
    async with open_engine(settings) as engine:
        run_id = engine.start_run(WAIT, {"text": "one"})
        await engine.suspend_run(run_id)
    now = SystemClock().now()
    with own_store(settings) as store:
        epoch = store.acquire("test", now, 10.0)
        old = Batch(run_id=run_id, first_seq=0, count=0, at=now, body=b"", snapshot=encode_state(State()))
        store.append(epoch, [old])
    async with open_engine(settings) as engine:
        record = engine.store.get_record(run_id)
    assert record.status == "damaged"
    assert "snapshot of event" in record.error
