"""Installations to be examined, clean ones at first."""

import asyncio
import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from kapell.assembly import open_server
from kapell.clock import SystemClock
from kapell.doctor.examination import examine
from kapell.settings import Settings

ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}


async def start_once(settings):
    async with open_server(settings):
        pass


@pytest.fixture(scope="session")
def used_folder(tmp_path_factory):
    """The data folder of an installation that was started and stopped."""
    folder = tmp_path_factory.mktemp("doctor") / "data"
    asyncio.run(start_once(Settings(data=folder, port=0, audit_witnesses=f"file:{folder.parent / 'heads'}")))
    return folder


@pytest.fixture
def folder(used_folder, tmp_path):
    """A copy of it, with the witness that the settings of `look` name."""
    shutil.copytree(used_folder, tmp_path / "data")
    shutil.copy(used_folder.parent / "heads", tmp_path / "heads")
    return tmp_path / "data"


@pytest.fixture(scope="session")
def used_database(make_postgres_database, tmp_path_factory):
    """A database that was used, and the folder with its keys."""
    url, folder = make_postgres_database(), tmp_path_factory.mktemp("doctor") / "data"
    asyncio.run(start_once(Settings(data=folder, port=0, database=url)))
    return url, folder


@pytest.fixture
def database(used_database, tmp_path):
    """Its URL, for tests that leave it as it was; its keys are in the data folder."""
    url, keys = used_database
    shutil.copytree(keys, tmp_path / "data", dirs_exist_ok=True)
    return url


@pytest.fixture
def look(tmp_path):
    """Examine the folder, or a database; return what is found, by check."""

    def look_at(*checks, environment=(), clock=None, **given):
        variables = {"KAPELL_PORT": "0", "KAPELL_AUDIT_WITNESSES": f"file:{tmp_path / 'heads'}", **dict(environment)}
        found = list(examine({**ENVIRONMENT, **variables}, clock or SystemClock(), data=tmp_path / "data", **given))
        return [each for each in found if not checks or each.check in checks]

    return look_at


class LaterClock(SystemClock):
    """A clock that is ahead."""

    def __init__(self, **ahead):
        self._ahead = timedelta(**ahead)

    def now(self):
        return datetime.now(UTC) + self._ahead
