"""The data folder and its lock, which ends with the process that holds it."""

import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from kapell.engine.sqlite_store import SqliteRunStore
from kapell.errors import ConflictError, StorageError
from kapell.storage.data_folder import RESTORE_MARK, SERVER_DATABASE, DataFolder
from kapell.storage.errors import DatabaseUnusableError
from kapell.storage.server_database import ServerDatabase, make_sqlite_url

HOLD = """
import os, subprocess, sys, time
from pathlib import Path
from kapell.storage.data_folder import DataFolder
folder = DataFolder(Path(sys.argv[1]))
folder.lock()
child = None
if sys.argv[2] == "subprocess":
    child = subprocess.Popen(["sleep", "60"]).pid
elif sys.argv[2] == "fork" and os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(60)
    os._exit(0)
if sys.argv[2] != "fork":
    print(child, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "data"


def hold(path, child="none"):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def test_only_its_owner_may_enter_the_folder(path):
    folder = DataFolder(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    folder.lock()
    assert stat.S_IMODE(folder.lock_path.stat().st_mode) == 0o600
    folder.unlock()


def test_a_folder_that_exists_keeps_its_permissions(tmp_path):
    tmp_path.chmod(0o750)
    DataFolder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_a_file_in_the_folders_place_is_named(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        DataFolder(tmp_path / "data")


def test_the_lock_is_held_by_one(path):
    first, second = DataFolder(path), DataFolder(path)
    assert first.try_lock()
    assert first.try_lock()
    assert first.is_locked
    assert not second.try_lock()
    assert not second.is_locked
    first.unlock()
    first.unlock()
    assert second.try_lock()
    second.unlock()


def test_who_holds_the_lock_can_be_said(path):
    process, _ = hold(path)
    folder = DataFolder(path)
    assert not folder.try_lock()
    holder = folder.find_holder()
    assert holder.pid == process.pid
    assert abs(datetime.now(UTC) - holder.since) < timedelta(minutes=5)
    with pytest.raises(ConflictError, match=rf"in use by process {process.pid}, since 2"):
        folder.lock()
    process.communicate(timeout=30)
    assert folder.try_lock()
    folder.unlock()
    assert folder.find_holder() is None


def test_nobody_is_named_where_nobody_was(path):
    folder = DataFolder(path)
    assert folder.find_holder() is None
    folder.lock_path.write_text("")
    assert folder.find_holder() is None


@pytest.mark.parametrize("child", ["none", "subprocess", "fork"])
def test_after_a_kill_the_lock_is_free_at_once_whatever_the_holder_has_started(path, child):
    process, child_pid = hold(path, child)
    folder = DataFolder(path)
    assert not folder.try_lock()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    try:
        assert folder.try_lock()
    finally:
        if child != "none":
            os.kill(int(child_pid), signal.SIGKILL)
        process.communicate()
        folder.unlock()


def test_a_lock_that_cannot_be_opened_is_explained(path):
    folder = DataFolder(path)
    folder.lock_path.mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        folder.try_lock()


def test_databases_are_their_owners_alone(tmp_path):
    folder = DataFolder(tmp_path / "data")
    SqliteRunStore(folder.database_path, folder.log_path).close()
    ServerDatabase(make_sqlite_url(folder.path / SERVER_DATABASE)).close()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.path.iterdir()}
    assert modes == {"runs.db": 0o600, "log.db": 0o600, "server.db": 0o600}


def test_a_folder_with_an_unfinished_restore_is_refused(tmp_path):
    (tmp_path / RESTORE_MARK).touch()
    with pytest.raises(DatabaseUnusableError, match="kapell restore"):
        DataFolder(tmp_path)
    assert DataFolder(tmp_path, is_being_restored=True).path == tmp_path
