"""A real PostgreSQL for tests: started once a session (and xdist worker) when the first test asks, stopped at its end.

`postgres_url` is an empty database for one test, `migrated_postgres_url` one with Kapell's tables;
`make_postgres_database` makes further ones, for fixtures that live longer; `postgres_server` can be stopped, killed and
started again. Durability is as in earnest (`fsync` on).
"""

import getpass
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest

from kapell.storage.server_database import ServerDatabase

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
DEBIAN_FOLDER = Path("/usr/lib/postgresql")
SUPERUSER = "kapell"
GUARD = """
    cat >/dev/null
    if [ -f "$1" ]; then kill -INT "$(head -n 1 "$1")"; fi
    while [ -f "$1" ]; do sleep 0.1; done
    rm -rf "$2"
"""
END_OTHERS = """
    SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "256MB",
    "log_min_messages": "fatal",
    "autovacuum_naptime": "10s",
}


class PostgresServer:
    """A server process with a data folder of its own, on a free port of this machine."""

    def __init__(self, programs, folder):
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        # PostgreSQL refuses to be root; as root, Debian's user of that name is borrowed.
        self._identity = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._identity:
            shutil.chown(folder, "postgres", "postgres")
        self._process = None
        self._guard = self._start_guard()
        self._numbers = count(1)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._make_data_folder()

    @property
    def url(self):
        """Where databases are made: nobody's own."""
        return self.make_url("postgres")

    @property
    def log(self):
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def make_url(self, name):
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{name}"

    def make_database(self, template_url=None):
        """Make a database, empty or like another that nobody is connected to, and return its URL."""
        name = f"test_{next(self._numbers)}"
        template = "template1" if template_url is None else template_url.rpartition("/")[2]
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.make_url(name)

    def drop_database(self, url):
        """Drop a database, whoever is still connected to it."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def start(self):
        """Start the server and wait until it answers."""
        settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self._folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._identity,
            )
        self._wait_until_it_answers()

    def stop(self):
        """Stop the server: connections are closed, what was committed is written."""
        self._end(signal.SIGINT)

    def kill(self):
        """Let the server crash: every process of it ends at once, and the next start recovers from its log.

        SIGQUIT is its way to do that; after a SIGKILL to the first process the others would hold on to the port.
        """
        self._end(signal.SIGQUIT)

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        """End the server and delete its data: nothing of it needs to be written any more."""
        self.kill()
        self._guard.communicate(timeout=60)

    def _start_guard(self):
        """Start a process that stops the server and deletes its data when these tests have ended, however they did."""
        return subprocess.Popen(
            ["sh", "-c", GUARD, "guard", self._data / "postmaster.pid", self._folder],
            stdin=subprocess.PIPE,
            cwd="/",
            start_new_session=True,
            **self._identity,
        )

    def _end(self, how):
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _make_data_folder(self):
        options = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={SUPERUSER}"]
        made = subprocess.run(
            [self._programs / "initdb", "-D", self._data, *options],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._folder,
            **self._identity,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log}")


class MigratedDatabases:
    """Databases with Kapell's tables, lent to one test after the other: to make one, and to drop it, takes a second."""

    def __init__(self, server):
        self._server = server
        self._template = server.make_database()
        ServerDatabase(self._template).close()
        with psycopg.connect(self._template) as connection:
            self._first_rows = {name: _read_rows(connection, name) for name in _list_used_tables(connection)}
            self._first_numbers = _read_numbers(connection)
        self._free = []

    @contextmanager
    def lend(self):
        """Give the URL of a database that is as the migrations make it."""
        url = self._free.pop() if self._free else self._server.make_database(self._template)
        try:
            yield url
        finally:
            self._take_back(url)

    def _take_back(self, url):
        try:
            with psycopg.connect(url, options="-c lock_timeout=2s") as connection:
                self._start_anew(connection)
        except psycopg.Error:  # the test has left it in use, or has changed its tables
            self._server.drop_database(url)
        else:
            self._free.append(url)

    def _start_anew(self, connection):
        connection.execute(END_OTHERS)
        connection.execute("SET session_replication_role = replica")  # in any order, whoever refers to whom
        for name in _list_used_tables(connection):
            # For a few rows faster than TRUNCATE.
            connection.execute(f'DELETE FROM "{name}"')  # noqa: S608 -- a table of Kapell's
        for name, rows in self._first_rows.items():
            with connection.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
                copy.write(rows)
        for name, _ in _read_numbers(connection).items() - self._first_numbers.items():
            first = self._first_numbers[name]
            connection.execute("SELECT setval(%s::regclass, coalesce(%s, 1), %s)", [name, first, first is not None])


def _list_used_tables(connection):
    """Return the tables that have rows."""
    names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    questions = [f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in names]  # noqa: S608 -- they are Kapell's own
    return [name for (name,) in connection.execute(" UNION ALL ".join(questions))]


def _read_rows(connection, name):
    with connection.cursor().copy(f'COPY "{name}" TO STDOUT') as copy:
        return b"".join(copy)


def _read_numbers(connection):
    """Return the last number that each sequence has given, `None` for none yet."""
    return dict(connection.execute("SELECT quote_ident(sequencename), last_value FROM pg_sequences"))


def find_programs():
    """Return the folder that holds `postgres` and `initdb`: the newest of Debian's, or what the PATH has."""
    found = sorted(DEBIAN_FOLDER.glob("*/bin/postgres"), key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def find_hindrance():
    """Return why no server can be started here, an empty text if one can."""
    if find_programs() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return f"PostgreSQL does not run as {getpass.getuser()}, and there is no user `postgres`"
    return ""


@pytest.fixture(scope="session")
def postgres_server():
    """A running server; a test that stops it starts it again."""
    hindrance = find_hindrance()
    if hindrance and IN_CI:
        pytest.fail(hindrance)
    if hindrance:
        pytest.skip(hindrance)
    server = PostgresServer(find_programs(), Path(tempfile.mkdtemp(prefix="kapell-postgres-")))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def make_postgres_database(postgres_server):
    """Make a database, empty or like the one at `template_url`, and return its URL; it stays until the session ends."""
    return postgres_server.make_database


@pytest.fixture
def postgres_url(postgres_server):
    """The URL of an empty database, for one test."""
    url = postgres_server.make_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def migrated_postgres_databases(postgres_server):
    return MigratedDatabases(postgres_server)


@pytest.fixture
def migrated_postgres_url(migrated_postgres_databases):
    """The URL of a database as the migrations make it, for one test."""
    with migrated_postgres_databases.lend() as url:
        yield url
