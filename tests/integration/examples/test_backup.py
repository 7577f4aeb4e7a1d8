"""A backup holds what the database held, and only good ones push out older ones."""

import sqlite3
import tarfile

import pytest


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("create table orders (id integer primary key, article text)")
    connection.executemany("insert into orders (article) values (?)", [("A-0001",)] * 500)
    connection.commit()
    connection.close()
    return path


def list_archives(folder):
    return sorted(path.name for path in folder.glob("*.tar.gz"))


def test_the_archive_can_be_restored_with_all_rows(run_example, database, tmp_path):
    folder = tmp_path / "backups"
    ended = run_example("backup/backup.yaml", {"database": str(database), "folder": str(folder), "keep": 2})
    assert ended.exit_code == 0, ended.errors
    assert ended.output["rows"] == 500
    with tarfile.open(ended.output["archive"]) as archive:
        archive.extractall(tmp_path / "restored", filter="data")
    restored = sqlite3.connect(tmp_path / "restored" / "database.sqlite")
    assert restored.execute("select count(*) from orders").fetchone() == (500,)
    restored.close()


def test_the_newest_stay(run_example, database, tmp_path):
    folder = tmp_path / "backups"
    document = {"database": str(database), "folder": str(folder), "keep": 2}
    made = [run_example("backup/backup.yaml", document).output for _ in range(4)]
    names = [output["archive"].rsplit("/", 1)[1] for output in made]
    assert list_archives(folder) == sorted(names[2:])
    assert made[3]["removed"] == [names[1]]
    assert len(list(folder.iterdir())) == 4  # each archive with its checksum


def test_a_backup_that_cannot_be_restored_faults_and_removes_nothing_older(run_example, database, tmp_path):
    folder = tmp_path / "backups"
    document = {"database": str(database), "folder": str(folder), "keep": 1}
    good = run_example("backup/backup.yaml", document).output["archive"]
    damage(database)
    ended = run_example("backup/backup.yaml", document)
    assert ended.exit_code == 1
    assert "cannot be restored" in ended.errors
    assert [str(folder / name) for name in list_archives(folder)] == [good]


def damage(database):
    """Break a promise of the schema behind SQLite's back: it can be copied and counted, but its integrity is gone."""
    connection = sqlite3.connect(database)
    connection.execute("insert into orders (article) values (null)")
    connection.commit()
    connection.execute("pragma writable_schema = on")
    connection.execute("update sqlite_schema set sql = replace(sql, 'article text', 'article text not null')")
    connection.commit()
    connection.close()
