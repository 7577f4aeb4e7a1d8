"""A backup holds everything, and an installation of either kind is made of it again."""

import asyncio
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from datetime import UTC, datetime

import msgspec
import psycopg
import pytest
from tests.api_server import running
from tests.integration.backup.conftest import LARGE, LISTEN_KEY
from tests.integration.backup.restored_checks import read_tables, verify

from kapell.app import make_lock, open_store
from kapell.backup.archive import ArchiveReader, ArchiveWriter
from kapell.backup.making import make_backup
from kapell.backup.restoring import check_backup, restore_backup
from kapell.backup.tables import LEFT_OUT, LOG_REVISIONS, NUMBERED, RUNS_REVISIONS
from kapell.clock import SystemClock
from kapell.engine.event_store import Listener, StoredEvent
from kapell.engine.store import Batch
from kapell.errors import ConflictError, NotFoundError, StaleOwnerError, StorageError, UsageError
from kapell.settings import Settings
from kapell.storage.data_folder import RESTORE_MARK, DataFolder
from kapell.storage.errors import DatabaseUnusableError
from kapell.storage.migrations.log import LOG_MIGRATIONS
from kapell.storage.migrations.runs import RUNS_MIGRATIONS
from kapell.storage.server_database import ServerDatabase, list_revisions
from kapell.vault.master_keys import open_master_keys

CLOCK = SystemClock()
KEYS = ("audit.key", "master.key")
NEW_TABLES = {
    2: {"faults", "subjects", "run_counts"},
    3: {"events", "pruned_events", "event_uses", "event_cursors", "listen_shapes", "listeners"},
}
"""Which tables of runs came with which schema."""


def list_names(manifest):
    return {part.table for part in manifest.parts}


def test_no_table_is_forgotten(backup, installation, postgres_url):
    there = set()
    for name in ("runs.db", "log.db", "server.db"):
        with closing(sqlite3.connect(installation.settings.data / name)) as connection:
            there |= {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert list_names(backup.manifest) == there - LEFT_OUT
    ServerDatabase(postgres_url).close()
    with psycopg.connect(postgres_url) as connection:
        tables = {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        numbered = connection.execute(
            """SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
            AND (is_identity = 'YES' OR column_default LIKE 'nextval%')"""
        ).fetchall()
    assert tables - LEFT_OUT == list_names(backup.manifest)
    assert dict(numbered) == NUMBERED


def test_the_migrations_of_both_databases_belong_together():
    assert len(RUNS_REVISIONS) == len(RUNS_MIGRATIONS)
    assert len(LOG_REVISIONS) == len(LOG_MIGRATIONS)
    assert {*RUNS_REVISIONS, *LOG_REVISIONS} <= set(list_revisions())


def test_a_folder_comes_back_as_it_was(installation, backup, restore):
    settings = restore()
    modes = {path.name: path.stat().st_mode & 0o777 for path in settings.data.iterdir()}
    assert modes == dict.fromkeys(("runs.db", "log.db", "server.db", "lock", *KEYS), 0o600)
    assert read_tables(settings.data) == read_tables(installation.settings.data)
    assert verify(settings) == []
    assert backup.path.stat().st_mode & 0o777 == 0o600


def test_from_sqlite_to_postgresql_and_back(installation, backup, restore, postgres_url, tmp_path):
    moved = restore(name="moved", database=postgres_url)
    assert verify(moved) == []
    again = make_backup(moved, tmp_path / "again.zip", CLOCK, with_keys=True)
    assert list_names(again.manifest) == list_names(backup.manifest)
    back = restore(again.path, name="back")
    assert verify(back) == []
    before = read_tables(installation.settings.data)
    (error,) = [row for row in before["runs.db", "runs"] if b"broken" in row]
    before["runs.db", "runs"] = [
        row.replace(b"\\u0000", "\N{REPLACEMENT CHARACTER}".encode()) for row in before["runs.db", "runs"]
    ]
    assert error not in before["runs.db", "runs"], "the one character that PostgreSQL's text cannot hold"
    assert read_tables(back.data) == before


def test_events_come_along_in_both_directions(installation, restore, postgres_url, tmp_path):
    moved = restore(name="moved", database=postgres_url)
    again = make_backup(moved, tmp_path / "again.zip", CLOCK, with_keys=True)
    for settings in (moved, restore(again.path, name="back")):
        tables = read_tables(settings.data) if not settings.database else {}
        assert all(tables["runs.db", name] for name in NEW_TABLES[3] if tables)
        with closing(open_store(settings)) as store:
            events = store.events.read(0, limit=10)
            assert [(event.position, event.subject, event.body) for event in events] == [
                (2, "a subject", b"\x00 body \xff"),
                (3, "a subject", b"\x00 body \xff"),
            ]
            assert [use.run_id for use in store.events.list_uses(2, limit=10)] == [installation.waiting]
            assert store.events.find_cursor("test") == 2
            assert store.events.list_shapes() == {"shape"}
            assert store.events.find_listeners([LISTEN_KEY.digest]) == [
                (LISTEN_KEY.digest, Listener(installation.waiting, 1000))
            ]
            assert store.events.append(events) == [0, 0]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_positions_that_were_given_are_not_given_again(request, installation, tmp_path, restore, kind):
    emptied = restore(name="emptied")
    now = datetime.now(UTC)
    with closing(open_store(emptied)) as store:
        assert store.events.prune(arrived_before=datetime.max.replace(tzinfo=UTC), keep_most=0, below=9, limit=9) == 2
    again = make_backup(emptied, tmp_path / "again.zip", CLOCK)
    settings = restore(again.path, database=request.getfixturevalue("postgres_url") if kind == "postgres" else "")
    event = StoredEvent(arrived_at=now, namespace="n", source="s", event_id="new", type="t", via="api/ada", body=b"{}")
    with closing(open_store(settings)) as store:
        assert store.events.last_position() == 3
        assert store.events.append([event]) == [4]


async def test_what_was_moved_goes_on_there(installation, restore, postgres_url):
    settings = restore(database=postgres_url)
    async with running(settings) as server:
        assert server.password is None
        admin = server.client()
        admin.headers = installation.token
        assert (await admin.wait_run(installation.waiting, ("waiting", "running")))["run"]["run_id"]
        again = await admin.run({"name": "Ada"}, headers={"Idempotency-Key": "once"}, status=200)
        assert again["run_id"] == installation.first
        new = await admin.run(name="secretive")
        assert (await admin.wait_run(new["run_id"]))["run"]["status"] == "completed"
        large = await admin.get(f"/runs/{installation.runs[1]}")
        assert len(str(large)) > LARGE
        await admin.publish(name="another")
        async with asyncio.timeout(20):  # the index of words is made anew
            while not (await admin.get("/runs?text=Ada"))["items"]:  # noqa: ASYNC110 -- no event tells of it
                await asyncio.sleep(0.05)
        await admin.post(f"/runs/{installation.waiting}/cancel", {"reason": "a test"})
        assert (await admin.wait_run(installation.waiting))["run"]["status"] == "cancelled"
    assert verify(settings) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_former_owner_cannot_write(request, restore, backup, kind):
    database = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    settings = restore(database=database)
    batch = Batch(run_id="0" * 26, first_seq=1, count=0, at=datetime.now(UTC), body=b"")
    with closing(open_store(settings)) as store:
        former = store.acquire("former", datetime.now(UTC), 0.0)
        assert former > backup.manifest.epoch
        settings = restore(database=database, replaces=True)
        if kind == "postgres":  # the same store, still connected
            with pytest.raises(StaleOwnerError):
                store.append(former, [batch])
    with closing(open_store(settings)) as store:
        assert store.acquire("next", datetime.now(UTC), 0.0) > former


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_installation_is_replaced_only_when_that_is_said(request, restore, kind):
    database = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    settings = restore(database=database)
    with pytest.raises(ConflictError, match="--replace"):
        restore(database=database)
    assert verify(settings) == []
    restore(database=database, replaces=True)
    assert verify(settings) == []
    aside = list(settings.data.glob("replaced-*"))
    assert len(aside) == (kind == "sqlite")
    assert not aside or (aside[0] / "server.db").stat().st_size


def test_a_folder_that_is_in_use_is_left_alone(restore, tmp_path):
    folder = DataFolder(tmp_path / "restored")
    folder.lock()
    script = "import sys; from pathlib import Path; from kapell.storage.data_folder import DataFolder;"
    held = subprocess.run(
        [sys.executable, "-c", script + "sys.exit(DataFolder(Path(sys.argv[1])).try_lock())", folder.path], check=False
    )
    assert held.returncode == 0
    folder.unlock()
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            script + "DataFolder(Path(sys.argv[1])).lock(); print(flush=True); input()",
            folder.path,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(ConflictError, match="in use"):
            restore()
        holder.communicate(b"\n")
    assert {path.name for path in folder.path.iterdir()} == {"lock"}


def test_a_database_that_is_owned_is_left_alone(restore, postgres_url):
    settings = restore(database=postgres_url)
    lock = make_lock(settings)
    lock.lock()
    try:
        with pytest.raises(ConflictError, match="owned by"):
            restore(database=postgres_url, replaces=True)
    finally:
        lock.unlock()
    assert verify(settings) == []


def test_a_folder_that_no_server_has_used(tmp_path):
    settings = Settings(data=tmp_path / "data", encrypt_at_rest=True)
    with closing(open_store(settings)) as store:
        store.put_definition("f" * 64, b"source")
    keys = open_master_keys(settings.master_key_path, may_create=True)
    backup = make_backup(settings, tmp_path / "b.zip", CLOCK, with_keys=True)
    assert backup.manifest.server_revision is None
    restored = restore_backup(Settings(data=tmp_path / "restored"), backup.path, CLOCK)
    assert [(key.name, key.key_ids, key.state) for key in restored.keys] == [("master.key", keys.names, "restored")]
    with closing(open_store(Settings(data=tmp_path / "restored"))) as store:
        assert store.get_definition("f" * 64) == b"source"
    assert not (tmp_path / "restored" / "server.db").exists()


def test_a_backup_that_is_ended_leaves_nothing(installation, tmp_path):
    script = """
import os, signal
from kapell.backup import making
def end(*_):
    os.kill(os.getpid(), signal.SIGTERM)
making._describe = end
from kapell.cli.app import app
app(prog_name="kapell")
"""
    command = [sys.executable, "-c", script, "backup", tmp_path / "b.zip", "--data", installation.settings.data]
    assert subprocess.run(command, check=False).returncode == 143
    assert list(tmp_path.iterdir()) == []


def test_other_tables_of_the_same_names_are_never_dropped(restore, postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE groups (precious text)")
        with pytest.raises(ConflictError, match="another program"):
            restore(database=postgres_url, replaces=True)
        assert connection.execute("SELECT count(*) FROM groups").fetchone() == (0,)


def test_numbers_that_were_given_are_not_given_again(restore, installation, postgres_url):
    for settings in (restore(), restore(name="moved", database=postgres_url)):
        with closing(open_store(settings)) as store:
            first = store.put_command(installation.waiting, b"{}", datetime.now(UTC))
            store.put_definition("f" * 64, b"source")
            assert store.get_definition("f" * 64) == b"source"
            assert store.put_command(installation.waiting, b"{}", datetime.now(UTC)) == first + 1


def test_lines_of_runs_that_are_gone_are_left_out(restore, backup, installation, tmp_path, postgres_url):
    with ArchiveReader(backup.path) as archive, (tmp_path / "b.zip").open("wb") as file, ArchiveWriter(file) as writer:
        manifest = archive.check()
        for part in manifest.parts:
            rows = list(archive.iter_rows(part))
            if part.table == "lines":
                rows += [["gone", 1, 1, "/do/0", 1, 1, "stdout", "lost"]]
            writer.add_part(part.group, part.table, part.columns, rows, part.last_number, lambda _: None)
        writer.finish(msgspec.structs.replace(manifest, keys=()))
    for settings in (restore(tmp_path / "b.zip"), restore(tmp_path / "b.zip", name="moved", database=postgres_url)):
        with closing(open_store(settings)) as store:
            assert store.read_log("gone") == []
            assert [line.text for line in store.read_log(installation.runs[2])] == ["said", "11"]


def test_without_keys_it_says_which_are_needed(installation, tmp_path):
    backup = make_backup(installation.settings, tmp_path, CLOCK)
    assert backup.path.parent == tmp_path
    assert backup.manifest.keys == ()
    settings = Settings(data=tmp_path / "restored", port=0)
    restored = restore_backup(settings, backup.path, CLOCK)
    assert [(key.name, key.state) for key in restored.keys] == [("audit.key", "missing"), ("master.key", "missing")]
    assert not restored.is_recorded
    for name in KEYS:
        (settings.data / name).write_bytes((installation.settings.data / name).read_bytes())
        (settings.data / name).chmod(0o600)
    restored = restore_backup(settings, backup.path, CLOCK, replaces=True)
    assert {key.state for key in restored.keys} == {"in place"}
    assert restored.is_recorded


def test_a_key_of_something_else_is_not_overwritten(restore, tmp_path):
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "master.key").write_text("something else\n")
    with pytest.raises(ConflictError, match=r"master\.key is another"):
        restore()
    restore(replaces=True)
    assert (tmp_path / "restored" / "master.key.replaced").read_text() == "something else\n"


def test_each_backup_leaves_a_record_and_holds_it(installation, backup, restore):
    settings = restore()
    with closing(sqlite3.connect(settings.data / "server.db")) as connection:
        found = connection.execute(
            "SELECT action, target, actor_id FROM audit_records WHERE action LIKE 'backup.%' ORDER BY number"
        ).fetchall()
    assert ("backup.make", f"backup/{backup.path.name}", "local") in found
    assert found[-1] == ("backup.restore", f"backup/{backup.path.name}", "local")


def test_nothing_to_back_up_is_said(tmp_path, postgres_url):
    for settings in (Settings(data=tmp_path / "none"), Settings(data=tmp_path / "none", database=postgres_url)):
        with pytest.raises(NotFoundError, match="nothing of Kapell"):
            make_backup(settings, tmp_path / "b.zip", CLOCK)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_kept(installation, tmp_path):
    (tmp_path / "b.zip").write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        make_backup(installation.settings, tmp_path / "b.zip", CLOCK)
    assert (tmp_path / "b.zip").read_text() == "precious"


def test_a_full_disk_leaves_nothing_behind(installation, tmp_path):
    script = """
import resource, signal
from kapell.cli.app import app
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
app(prog_name="kapell")
"""
    # The runs alone, as the limit would hold the audit log's database, too.
    data = tmp_path / "data"
    data.mkdir()
    for name in ("runs.db", "log.db"):
        (data / name).write_bytes((installation.settings.data / name).read_bytes())
    (tmp_path / "target").mkdir()
    made = subprocess.run(
        [sys.executable, "-c", script, "backup", tmp_path / "target" / "b.zip", "--data", data],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (made.returncode, made.stdout) == (2, "")
    assert "nothing of it was kept" in made.stderr
    assert list((tmp_path / "target").iterdir()) == []


def test_tables_of_another_version_are_refused(tmp_path, backup, restore):
    settings = restore()
    with closing(sqlite3.connect(settings.data / "server.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    with pytest.raises(ConflictError, match="newer version"):
        make_backup(settings, tmp_path / "x.zip", CLOCK)
    newer = tmp_path / "newer.zip"
    rewrite(backup.path, newer, server_revision="9999_future")
    with pytest.raises(UsageError, match="does not know"):
        check_backup(newer)


def rewrite(path, to, **facts):
    """Write a backup again, with other facts and only the tables of runs."""
    with ArchiveReader(path) as archive, to.open("wb") as file, ArchiveWriter(file) as writer:
        manifest = archive.check()
        for part in manifest.parts:
            rows = list(archive.iter_rows(part))
            writer.add_part(part.group, part.table, part.columns, rows, part.last_number, lambda _: None)
        writer.finish(msgspec.structs.replace(manifest, keys=(), **facts))


@pytest.mark.parametrize(("schema", "revision"), [(1, "0002_identity"), (2, "0006_search")])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_an_older_backup_is_brought_up_to_date(request, tmp_path, backup, installation, kind, schema, revision):
    newer = {table for number, tables in NEW_TABLES.items() if number > schema for table in tables}
    older = tmp_path / "older.zip"
    with ArchiveReader(backup.path) as archive, older.open("wb") as file, ArchiveWriter(file) as writer:
        manifest = archive.check()
        for part in manifest.parts:
            if part.group in {"log", "runs"} and part.table not in newer:
                rows = archive.iter_rows(part)
                writer.add_part(part.group, part.table, part.columns, rows, part.last_number, lambda _: None)
            if part.table.startswith("audit") or part.table == "people":
                rows = archive.iter_rows(part)
                writer.add_part(part.group, part.table, part.columns, rows, part.last_number, lambda _: None)
        writer.finish(msgspec.structs.replace(manifest, runs_schema=schema, server_revision=revision, keys=()))
    database = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    settings = Settings(data=tmp_path / "restored", database=database)
    restore_backup(settings, older, CLOCK)
    assert verify(settings) == []
    with closing(open_store(settings)) as store:
        assert store.get_record(installation.first).status == "completed"
        assert store.events.last_position() == 0


def test_a_restore_that_fails_changes_nothing(restore, backup, tmp_path):
    broken = tmp_path / "broken.zip"
    with ArchiveReader(backup.path) as archive, broken.open("wb") as file, ArchiveWriter(file) as writer:
        manifest = archive.check()
        for part in manifest.parts:
            rows = [] if part.table == "definitions" else archive.iter_rows(part)
            writer.add_part(part.group, part.table, part.columns, rows, part.last_number, lambda _: None)
        writer.finish(msgspec.structs.replace(manifest, keys=()))
    with pytest.raises(StorageError, match="not whole"):
        restore(broken)
    assert {path.name for path in (tmp_path / "restored").iterdir()} == {"lock"}


KILLED = """
import os, signal, sys
from pathlib import Path
from kapell.backup.restoring import restore_backup
from kapell.clock import SystemClock
from kapell.settings import Settings

def tell(table, count):
    if table == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

settings = Settings(data=Path(sys.argv[2]), database=sys.argv[4])
restore_backup(settings, Path(sys.argv[1]), SystemClock(), tell=tell)
"""


@pytest.mark.parametrize(("kind", "table"), [("sqlite", "workflows"), ("postgres", "people")])
def test_a_restore_that_was_killed_is_recognised_and_begun_again(request, backup, restore, tmp_path, kind, table):
    database = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    folder = tmp_path / "restored"
    killed = subprocess.run([sys.executable, "-c", KILLED, backup.path, folder, table, database], check=False)
    assert killed.returncode == -9
    assert (folder / RESTORE_MARK).exists()
    with pytest.raises(DatabaseUnusableError, match="did not finish"):
        DataFolder(folder)
    if not database:
        command = [sys.executable, "-m", "kapell", "up", "--port", "0", "--data", folder]
        refused = subprocess.run(command, check=False, capture_output=True, text=True)
        assert refused.returncode == 2
        assert "kapell restore" in refused.stderr
    settings = restore(database=database)
    assert verify(settings) == []
    assert not (folder / RESTORE_MARK).exists()
    assert not list(folder.glob("restor*"))


def test_what_was_there_survives_a_restore_that_was_killed(restore, backup, installation):
    settings = restore()
    before = read_tables(settings.data)
    script = KILLED.replace("tell=tell", "tell=tell, replaces=True")
    subprocess.run([sys.executable, "-c", script, backup.path, settings.data, "history", ""], check=False)
    assert (settings.data / RESTORE_MARK).exists()
    restore()
    (aside,) = settings.data.glob("replaced-*")
    assert read_tables(aside) == before


def test_the_archive_is_its_owners_alone_when_unpacked(backup, tmp_path):
    with zipfile.ZipFile(backup.path) as packed:
        assert {entry.external_attr >> 16 for entry in packed.infolist()} == {0o600}
