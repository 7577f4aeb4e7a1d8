"""Each check finds the defect that it is there for, and nothing in an installation that has none."""

import asyncio
import json
import os
import random
import socket
import sqlite3
import ssl
import subprocess
import sys
from collections import namedtuple
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from tests.api_server import running
from tests.certificates import make_certificate
from tests.integration.doctor.conftest import LaterClock

from kapell.app import open_store
from kapell.audit.keys import Signer
from kapell.doctor import folder_checks, machine_checks, network_checks
from kapell.doctor.examination import CHECKS, carry_out
from kapell.doctor.model import Verdict
from kapell.doctor.settings_checks import DEPENDENT
from kapell.settings import Settings
from kapell.storage.data_folder import RESTORE_MARK, DataFolder

BAD = {"warning", "problem"}
FILES = ("data folder", "file rights", "file system", "disk space", "disk speed")
ROWS = (
    "databases",
    "tables",
    "owner",
    "runs",
    "inbox",
    "backups",
    "master key",
    "audit key",
    "audit log",
    "audit heads",
)


def list_bad(findings):
    return {(each.check, each.status) for each in findings if each.status in BAD}


def change(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


# -- without a defect --------------------------------------------------------------------------------------------------


def test_a_clean_folder_has_no_findings(folder, look):
    found = look()
    assert list_bad(found) == set(), found
    assert {each.check for each in found} == {"settings", "unused settings", *CHECKS}


def test_a_clean_database_has_no_findings(database, look):
    found = look(database=database, environment={"KAPELL_AUDIT_WITNESSES": ""})
    assert list_bad(found) == set(), found
    assert {each.check for each in found if each.status == "skipped"} == {
        *("databases", "tables", "certificate", "proxies")
    }


def test_what_was_never_started_has_no_findings(look, tmp_path):
    assert list_bad(look()) == set()
    assert list(tmp_path.iterdir()) == []


async def test_a_running_server_has_no_findings(tmp_path, look):
    async with running(Settings(data=tmp_path / "data", port=0)) as server:
        port = server.address.rpartition(":")[2]
        process = await run_kapell(["doctor", "--data", tmp_path / "data", "--json"], KAPELL_PORT=port)
    found = json.loads(process)
    assert (found["problems"], found["warnings"]) == (0, 0), found
    texts = {each["check"]: each["text"] for each in found["findings"]}
    assert f"Process {os.getpid()} owns the runs" in texts["owner"]
    assert "answers" in texts["port"]


async def run_kapell(arguments, **environment):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kapell", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"KAPELL_PROT": "1"}, "Did you mean KAPELL_PORT"),
        ({"KAPELL_MAX_CALLS": "many"}, "max_calls"),
        ({"KAPELL_CONFIG": "/nowhere/kapell.toml"}, "cannot be read"),
        ({"KAPELL_DURABILITY": "none"}, "durability"),
    ],
)
def test_a_setting_that_cannot_be_used(folder, look, environment, word):
    found = look("settings", "tables", environment=environment)
    (bad,) = [each for each in found if each.status == "problem"]
    assert bad.check == "settings"
    assert word in f"{bad.text} {bad.advice}"
    assert [each.status for each in found if each.check == "tables"] == ["ok"] * 3, "the rest is looked at all the same"


def test_the_settings_that_depend_on_others_exist():
    assert {name for pair in DEPENDENT for name in pair} <= set(Settings.__struct_fields__)


def test_settings_that_contradict_or_do_nothing(folder, look, tmp_path):
    (tmp_path / "kapell.toml").write_text("max_calls = 7\ntls_key = 'x'\notlp_ratio = 0.5\n")
    found = look(
        *("settings", "unused settings"),
        environment={
            "KAPELL_CONFIG": str(tmp_path / "kapell.toml"),
            "KAPELL_MAX_CALLS": "8",
            "KAPELL_SECRET_SESAME": "not-to-be-told",
        },
    )
    texts = [each.text for each in found if each.status in BAD]
    for word in (
        "KAPELL_MAX_CALLS counts",
        "tls_key has no effect",
        "otlp_ratio",
        "KAPELL_SECRET_SESAME",
        "no such file",
    ):
        assert any(word in text for text in texts), word
    assert "not-to-be-told" not in repr(found)


# -- the data folder ---------------------------------------------------------------------------------------------------


def test_rights_that_are_too_wide_are_found_and_fixed(folder, look):
    folder.chmod(0o755)
    (folder / "server.db").chmod(0o644)
    (folder / "audit.key").chmod(0o640)
    found = look("data folder", "file rights")
    assert list_bad(found) == {("data folder", "warning"), ("file rights", "warning"), ("file rights", "problem")}
    command = [sys.executable, "-m", "kapell", "doctor", "--data", folder, "--fix"]
    fixed = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, "KAPELL_PORT": "0"})
    assert (fixed.returncode, "were narrowed" in fixed.stdout) == (0, True), fixed.stdout
    assert list_bad(look("data folder", "file rights")) == set()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_place_of_the_folder(look, tmp_path):
    (tmp_path / "data").write_text("x")
    assert ("data folder", "problem") in list_bad(look(*FILES))


def test_a_restore_that_did_not_finish(folder, look):
    (folder / RESTORE_MARK).touch()
    (bad,) = [each for each in look(*FILES) if each.status == "problem"]
    assert "kapell restore" in bad.advice


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else(folder, look):
    os.chown(folder, 12345, 12345)
    assert list_bad(look("data folder")) == {("data folder", "warning")}


@pytest.mark.parametrize(("kind", "status"), [("nfs4", "problem"), ("tmpfs", "warning"), ("ext4", "ok")])
def test_a_file_system_that_does_not_keep(folder, look, tmp_path, monkeypatch, kind, status):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"1 1 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / {folder} rw shared:1 - {kind} server:/x rw\n")
    monkeypatch.setattr(folder_checks, "_MOUNTS", mounts)
    (found,) = look("file system")
    assert (found.status, kind in found.text) == (status, True)


@pytest.mark.parametrize(("free", "status"), [(50 << 20, "problem"), (500 << 20, "warning"), (50 << 30, "ok")])
def test_a_disk_that_is_nearly_full(folder, look, monkeypatch, free, status):
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 -- as shutil has it
    monkeypatch.setattr(folder_checks.shutil, "disk_usage", lambda _: usage(100 << 30, 0, free))
    assert [each.status for each in look("disk space")] == [status]


@pytest.mark.parametrize(("seconds", "status"), [(0.5, "warning"), (0.001, "ok"), (0.0, "warning")])
def test_a_disk_that_is_slow_or_lies(folder, look, monkeypatch, seconds, status):
    class Slow(LaterClock):
        ticks = 0

        def monotonic(self):
            self.ticks += 1
            return self.ticks * seconds

    assert [each.status for each in look("disk speed", clock=Slow())] == [status]


# -- databases ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["runs.db", "log.db", "server.db"])
def test_a_damaged_database(folder, look, file):
    content = bytearray((folder / file).read_bytes())
    dice = random.Random(file)  # noqa: S311 -- dice of a test
    content[4096:] = dice.randbytes(len(content) - 4096)
    (folder / file).write_bytes(content)
    found = look(*FILES, *ROWS)
    assert ("databases", "problem") in list_bad(found)
    assert not [each for each in found if "itself failed" in each.text], found


def test_a_file_that_is_no_database_at_all(folder, look):
    for file in ("runs.db", "log.db", "server.db"):
        (folder / file).write_bytes(b"nonsense" * 1000)
    assert ("databases", "problem") in list_bad(look(*FILES, *ROWS))


def test_a_database_without_a_log_of_writes(folder, look):
    with closing(sqlite3.connect(folder / "runs.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    assert list_bad(look("databases")) == {("databases", "warning")}


@pytest.mark.parametrize(
    ("file", "statement", "status"),
    [
        ("runs.db", "PRAGMA user_version = 99", "problem"),
        ("runs.db", "PRAGMA user_version = 0", "warning"),
        ("runs.db", "PRAGMA application_id = 1", "problem"),
        ("server.db", "UPDATE alembic_version SET version_num = '0001_audit'", "warning"),
        ("server.db", "UPDATE alembic_version SET version_num = '9999_later'", "problem"),
    ],
)
def test_tables_of_another_kapell(folder, look, file, statement, status):
    change(folder / file, statement)
    assert list_bad(look("tables")) == {("tables", status)}


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def test_a_database_that_cannot_be_reached(folder, look):
    found = look("postgresql", *ROWS, database="postgresql://kapell:hidden@127.0.0.1:1/kapell")
    assert ("postgresql", "problem") in list_bad(found)
    assert "hidden" not in repr(found)


@pytest.mark.parametrize(
    ("setting", "status"), [("synchronous_commit", "warning"), ("fsync", "problem"), ("full_page_writes", "problem")]
)
def test_a_server_that_does_not_keep_what_it_says(database, look, postgres_server, setting, status):
    name = database.rpartition("/")[2]
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        if setting == "synchronous_commit":
            connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
            found = look("postgresql durability", database=database)
            connection.execute(f'ALTER DATABASE "{name}" RESET synchronous_commit'.encode())
        else:
            # These are the whole server's; what says so is looked at in place of a server that may lose data.
            found = look_at_answer("postgresql durability", setting)
    assert list_bad(found) == {("postgresql durability", status)}


class Answers:
    """Rows that say of one setting that it is off."""

    def __init__(self, setting):
        self._setting = setting

    def ask(self, file, query):
        return [("off" if self._setting in query else "on",)]


def look_at_answer(check, setting):
    patient = namedtuple("Patient", "settings rows")(Settings(database="postgresql://x"), Answers(setting))  # noqa: PYI024
    return list(carry_out(check, CHECKS[check], patient))


def test_tables_of_another_kapell_in_postgresql(database, look):
    with psycopg.connect(database, autocommit=True) as connection:
        ((known,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
        assert list_bad(look("postgresql tables", database=database)) == {("postgresql tables", "problem")}
        connection.execute("UPDATE alembic_version SET version_num = %s", [known])


def test_a_server_without_free_connections(database, look, postgres_server):
    held = []
    try:
        for _ in range(85):
            held.append(psycopg.connect(postgres_server.url))  # noqa: PERF401 -- all must be closed, whatever fails
        assert list_bad(look("postgresql connections", database=database)) == {("postgresql connections", "warning")}
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize(("seconds", "status"), [(5, "warning"), (3600, "problem")])
def test_clocks_that_differ(database, look, seconds, status):
    found = look("clocks", database=database, clock=LaterClock(seconds=seconds))
    assert list_bad(found) == {("clocks", status)}


def test_an_owner_that_was_lost_or_hangs(database, look):
    store = open_store(Settings(database=database))
    store.acquire("elsewhere:1", datetime.now(UTC), 30.0)
    (found,) = look("owner", database=database)
    assert "elsewhere:1 owns" in found.text
    (found,) = look("owner", database=database, clock=LaterClock(minutes=5))
    assert (found.status, "does not prolong" in found.text) == ("problem", True)
    store.close()
    (found,) = look("owner", database=database)
    assert (found.status, "was lost" in found.text) == ("warning", True)
    with closing(open_store(Settings(database=database))) as store:
        store.acquire("elsewhere:1", datetime.now(UTC), 0.0)


# -- runs --------------------------------------------------------------------------------------------------------------

RUN = """INSERT INTO runs (run_key, run_id, namespace, name, version, definition_key, status, created_at, updated_at,
    ended_at, parked_until) VALUES ({key}, 'run{key}', 'a', 'b', '1', 1, '{status}', 1, 1, {ended}, {parked})"""
DEFINITION = "INSERT INTO definitions (definition_key, digest, source) VALUES (1, 'd', x'00')"


def test_damaged_runs(folder, look):
    change(folder / "runs.db", DEFINITION, RUN.format(key=1, status="damaged", ended=1, parked="NULL"))
    (bad,) = [each for each in look("runs") if each.status in BAD]
    assert (bad.status, "run1" in bad.text) == ("problem", True)


def test_runs_and_commands_that_do_not_move(folder, look):
    change(
        folder / "runs.db",
        *(DEFINITION, RUN.format(key=1, status="waiting", ended="NULL", parked=1)),
        "INSERT INTO inbox (run_id, body, created_at) VALUES ('run1', x'00', 1)",
    )
    assert list_bad(look("runs", "inbox")) == set(), "they wait for a start"
    held = DataFolder(folder)
    held.lock()
    try:
        assert list_bad(look("runs", "inbox")) == {("runs", "warning"), ("inbox", "warning")}
    finally:
        held.unlock()


def test_an_installation_that_nobody_backs_up(folder, look):
    assert list_bad(look("backups", clock=LaterClock(days=9))) == {("backups", "warning")}


# -- keys and the audit log --------------------------------------------------------------------------------------------


def test_keys_that_are_missing(folder, look):
    (folder / "master.key").unlink()
    (folder / "audit.key").unlink()
    assert list_bad(look("master key", "audit key")) == {("master key", "problem"), ("audit key", "problem")}


def test_keys_of_something_else(folder, look):
    (folder / "master.key").write_text("A" * 43 + "=\n")
    (folder / "audit.key").unlink()
    Signer.generate().save(folder / "audit.key")
    found = look("master key", "audit key")
    assert list_bad(found) == {("master key", "problem"), ("audit key", "problem")}
    assert "and the audit log is signed by" in found[1].text


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_records WHERE number = (SELECT max(number) FROM audit_records)",
        "UPDATE audit_records SET previous = zeroblob(32) WHERE number = (SELECT max(number) FROM audit_records)",
        "UPDATE audit_tail SET signature = zeroblob(64)",
    ],
)
def test_an_audit_log_that_was_changed(folder, look, statement):
    change(folder / "server.db", statement)
    assert list_bad(look("audit log")) == {("audit log", "problem")}


def test_records_that_no_head_covers(folder, look):
    change(folder / "server.db", "DELETE FROM audit_heads")
    held = DataFolder(folder)
    held.lock()
    try:
        assert list_bad(look("audit heads")) == set()
        assert list_bad(look("audit heads", clock=LaterClock(minutes=5))) == {("audit heads", "warning")}
    finally:
        held.unlock()


def test_witnesses_that_cannot_be_reached(folder, look, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        there = look("audit witnesses", environment={"KAPELL_AUDIT_WITNESSES": f"http://127.0.0.1:{port}/x"})
    assert list_bad(there) == set()
    for word in (f"http://user:hidden@127.0.0.1:{port}/x", "syslog:/nowhere/log", "file:/nowhere/heads"):
        found = look("audit witnesses", environment={"KAPELL_AUDIT_WITNESSES": word})
        assert list_bad(found) == {("audit witnesses", "problem")}
        assert "hidden" not in repr(found)


def test_a_witness_that_is_behind_or_ahead(folder, look, tmp_path):
    heads = (tmp_path / "heads").read_bytes()
    (tmp_path / "heads").write_bytes(b"")
    assert list_bad(look("audit witnesses", clock=LaterClock(minutes=9))) == {("audit witnesses", "warning")}
    (tmp_path / "heads").write_bytes(heads.splitlines()[-1].replace(b'"number":1', b'"number":7'))
    assert list_bad(look("audit witnesses")) == {("audit witnesses", "problem")}
    (tmp_path / "heads").write_bytes(b"nonsense\n")
    assert list_bad(look("audit witnesses")) == {("audit witnesses", "problem")}


def test_nobody_keeps_the_heads_of_a_server_for_others(folder, look):
    environment = {"KAPELL_AUDIT_WITNESSES": "", "KAPELL_HOST": "0.0.0.0"}  # noqa: S104 -- that is what is looked at
    assert ("audit witnesses", "warning") in list_bad(look("audit witnesses", environment=environment))


# -- the network -------------------------------------------------------------------------------------------------------


def test_a_port_that_something_else_uses(folder, look):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        environment = {"KAPELL_PORT": str(server.getsockname()[1])}
        assert list_bad(look_fast(look, environment)) == {("port", "problem")}


def look_fast(look, environment):
    network_checks._ANSWER_SECONDS, before = 0.2, network_checks._ANSWER_SECONDS
    try:
        return look("port", environment=environment)
    finally:
        network_checks._ANSWER_SECONDS = before


def test_a_server_that_others_reach_without_tls(folder, look):
    everywhere = {"KAPELL_HOST": "0.0.0.0"}  # noqa: S104 -- that is what is looked at
    assert list_bad(look("reach", environment=everywhere)) == {("reach", "warning")}
    assert list_bad(look("reach", environment={**everywhere, "KAPELL_TRUSTED_PROXIES": "10.0.0.5"})) == set()


@pytest.mark.parametrize(
    ("proxies", "status"),
    [("*", "warning"), ("0.0.0.0/0", "warning"), ("proxy.example", "problem"), ("10.0.0.5", "ok")],
)
def test_proxies_that_are_none_or_everybody(folder, look, proxies, status):
    assert [each.status for each in look("proxies", environment={"KAPELL_TRUSTED_PROXIES": proxies})] == [status]


def install_certificate(folder, days, since=-1):
    """Make a certificate that counts from one day to another, and return the settings that name it."""
    now = datetime.now(UTC)
    since, until = (now + timedelta(days=each) for each in (since, days))
    chain, key = make_certificate(folder, since=since, until=until)
    return {"KAPELL_TLS_CERTIFICATE": str(chain), "KAPELL_TLS_KEY": str(key)}


@pytest.mark.parametrize(
    ("since", "days", "status"), [(-1, 300, "ok"), (-300, 5, "warning"), (-30, -1, "problem"), (1, 9, "problem")]
)
def test_a_certificate_that_does_not_last(folder, look, tmp_path, since, days, status):
    environment = install_certificate(tmp_path, days, since)
    assert [each.status for each in look("certificate", environment=environment)] == [status]


def test_a_certificate_of_another_key(folder, look, tmp_path):
    environment = install_certificate(tmp_path, 300)
    own = (tmp_path / "chain.pem").read_bytes()
    install_certificate(tmp_path, 300)
    (tmp_path / "chain.pem").write_bytes(own)
    with pytest.raises(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    assert list_bad(look("certificate", environment=environment)) == {("certificate", "problem")}


# -- the machine -------------------------------------------------------------------------------------------------------


def test_expressions_that_cannot_be_evaluated(folder, look):
    found = look("expressions", environment={"KAPELL_EXPRESSION_MEMORY_BYTES": str(4 << 20)})
    assert list_bad(found) == {("expressions", "problem")}


@pytest.mark.parametrize(("name", "status"), [("shell", "problem"), ("python", "problem"), ("node", "warning")])
def test_programs_that_are_missing_or_broken(folder, look, name, status):
    for program in ("/nowhere/program", "/bin/false"):
        found = look("programs", environment={f"KAPELL_{name.upper()}": program})
        assert list_bad(found) == {("programs", status)}


def test_few_files_that_may_be_open(folder, look, monkeypatch):
    monkeypatch.setattr(machine_checks.resource, "getrlimit", lambda _: (1024, 1024))
    assert list_bad(look("open files")) == {("open files", "warning")}


def test_an_environment_without_zones_or_text(folder, look, monkeypatch):
    monkeypatch.setattr(machine_checks.locale, "getencoding", lambda: "ANSI_X3.4-1968")
    monkeypatch.setattr(machine_checks.zoneinfo, "ZoneInfo", raise_error(machine_checks.zoneinfo.ZoneInfoNotFoundError))
    found = look("environment")
    assert [each.status for each in found] == ["warning", "warning"]


def raise_error(kind):
    def act(*_):
        raise kind("a test")

    return act


# -- the doctor itself -------------------------------------------------------------------------------------------------


def test_a_check_that_fails_is_a_finding():
    def check(_):
        yield Verdict("ok", "so far")
        raise ZeroDivisionError("a test")

    first, second = carry_out("mine", check, None)
    assert (first.status, second.status) == ("ok", "problem")
    assert "ZeroDivisionError: a test" in second.text


def test_problems_are_told_in_words_and_by_the_exit_code(folder):
    (folder / "audit.key").unlink()
    environment = {**os.environ, "KAPELL_PORT": "0", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "kapell", "doctor", "--data", folder]
    told = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert told.returncode == 1
    assert "PROBLEM   audit key: " in told.stdout
    assert "1 problem, 0 warnings" in told.stdout
