"""The archive: what is written is read, and no bit of it can change unnoticed."""

import io
import random
import tracemalloc
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapell.backup.archive import ArchiveReader, ArchiveWriter, Manifest
from kapell.errors import UsageError

FACTS = Manifest(
    format=1,
    kapell="1.2.3",
    made_at=datetime(2026, 1, 31, tzinfo=UTC),
    source="sqlite",
    runs_schema=1,
    log_schema=1,
    server_revision=None,
    epoch=1,
    audit_key=None,
    master_keys=(),
)
ROWS = [[1, "text", b"bytes", None, 1.5], [-(2**63), "\0\N{SNOWMAN}", b"", 2**63 - 1, ""]]


def write(path, rows=ROWS, columns=("a", "b", "c", "d", "e"), facts=FACTS):
    with path.open("wb") as file, ArchiveWriter(file) as writer:
        writer.add_part("runs", "runs", columns, rows, 7, lambda _: None)
        writer.add_key("audit.key", b"secret")
        return writer.finish(facts)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "a.zip"
    write(path)
    return path


def check(path, content):
    path.write_bytes(content)
    with ArchiveReader(path) as archive:
        return archive.check()


def test_what_was_written_is_read(tmp_path):
    manifest = write(tmp_path / "a.zip")
    with ArchiveReader(tmp_path / "a.zip") as archive:
        assert archive.check() == manifest
        assert list(archive.iter_rows(manifest.parts[0])) == ROWS
        assert archive.read_key(manifest.keys[0]) == b"secret"
    assert (manifest.parts[0].rows, manifest.parts[0].last_number, manifest.count("runs", "runs")) == (2, 7, 2)


def test_others_can_look_into_it(written):
    with zipfile.ZipFile(written) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["KAPELL-BACKUP", "runs/runs", "keys/audit.key", "manifest.json"]


@given(data=st.data())
def test_every_flipped_bit_is_noticed(written, data):
    content = bytearray(written.read_bytes())
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    content[place // 8] ^= 1 << place % 8
    with pytest.raises(UsageError, match=r"no backup|damaged"):
        check(written.with_name("flipped.zip"), content)


@given(data=st.data())
def test_every_cut_is_noticed(written, data):
    content = written.read_bytes()
    length = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(UsageError, match=r"no backup|damaged"):
        check(written.with_name("cut.zip"), content[:length])
    with pytest.raises(UsageError, match="damaged"):
        check(written.with_name("longer.zip"), content + b"x")


def test_a_newer_format_is_refused_with_the_version_to_take(tmp_path):
    write(
        tmp_path / "a.zip",
        facts=Manifest(**{name: getattr(FACTS, name) for name in FACTS.__struct_fields__} | {"format": 2}),
    )
    with ArchiveReader(tmp_path / "a.zip") as archive, pytest.raises(UsageError, match=r"Kapell 1\.2\.3 or newer"):
        archive.check()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all, but long enough to be one of something"])
def test_another_file_is_no_backup(tmp_path, content):
    with pytest.raises(UsageError, match="no backup of Kapell"):
        check(tmp_path / "x", content)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        ArchiveReader(tmp_path / "nowhere")


def test_memory_does_not_grow_with_the_rows(tmp_path):
    body = bytes(100_000)
    rows = ([number, body] for number in range(200))
    tracemalloc.start()
    manifest = write(tmp_path / "a.zip", rows, ("a", "b"))
    with ArchiveReader(tmp_path / "a.zip") as archive:
        archive.check()
        assert sum(1 for _ in archive.iter_rows(manifest.parts[0])) == 200
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_disk_that_is_full_is_told_once():
    class Full(io.BytesIO):
        def write(self, data):
            if self.tell() > 10:
                raise OSError(28, "No space left on device")
            return super().write(data)

    rows = [[random.Random(1).randbytes(100_000)]]  # noqa: S311 -- what cannot be compressed
    with pytest.raises(OSError, match="No space"), ArchiveWriter(Full()) as writer:
        writer.add_part("runs", "runs", ("a",), rows, None, lambda _: None)
