"""The archive: one file, written in one go, which says of every bit of itself whether it is as it was written.

It is a ZIP file, so that others can look into it. It begins with an entry that is its mark, then come the parts, a
table each, and at last the manifest, `manifest.json`, with the number of rows and the SHA-256 of every part. The ZIP
file's comment is the SHA-256 of all bytes before it: `check` reads the whole file and finds each cut and each flipped
bit, also those that ZIP itself does not mind.

A part is a sequence of pages: the length in four bytes, the most significant first, and then so many bytes of
MessagePack, an array of rows, each an array of values: integers, floating-point numbers, text, bytes and nil. Nothing
is ever held that is larger than one page, which is a megabyte or a single row.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from contextlib import suppress
from datetime import datetime
from itertools import chain
from struct import Struct
from typing import IO, TYPE_CHECKING, Any, Final, Self

import msgspec

from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

FORMAT: Final = 1
"""Rises when an older Kapell could not restore a newer archive."""

_MARK = "KAPELL-BACKUP"
_MANIFEST = "manifest.json"
_SEAL = b"sha256:"
_SEAL_BYTES = len(_SEAL) + 64
_NAME_PLACE = 30  # where the name of a ZIP file's first entry stands
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_FAST = 3  # of zlib's levels: twice as fast as the usual 6, and the file is a tenth larger
_PAGE_ROWS = 1000
_PAGE_BYTES = 1 << 20
_BLOCK = 1 << 20
_LARGEST_MANIFEST = 16 << 20
_DAMAGED = "It was cut short, or changed, after it was written. Use another backup."

_length = Struct(">I")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A table in an archive.

    Attributes:
        group: Which database of an installation it is in: `log`, `runs` or `server`.
        table: Its name.
        columns: Its columns, in the order of the values of each row.
        rows: How many rows there are.
        last_number: The last number that the database has given to a new row, where it does so.
        sha256: The digest of the part, unpacked, in hexadecimal.
    """

    group: str
    table: str
    columns: tuple[str, ...]
    rows: int
    last_number: int | None
    sha256: str

    @property
    def name(self) -> str:
        """The name of its entry in the archive."""
        return f"{self.group}/{self.table}"


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """A key in an archive.

    Attributes:
        name: What it is: `audit.key` or `master.key`.
        sha256: The digest of the file, in hexadecimal.
    """

    name: str
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive says of itself.

    Attributes:
        format: The archive's format.
        kapell: The version of Kapell that wrote it.
        made_at: When.
        source: What it was made of: `sqlite` or `postgresql`.
        runs_schema: The schema of the runs' tables: the number of the migration of SQLite that made them what they are.
        log_schema: The same of the log lines.
        server_revision: The revision of the server's tables; `None` if there were none.
        epoch: The epoch of the runs' owner.
        audit_key: The id of the key that signs the audit log, or `None`.
        master_keys: The ids of the keys that seal what is sealed.
        parts: The tables.
        keys: The keys that are inside.
    """

    format: int
    kapell: str
    made_at: datetime
    source: str
    runs_schema: int
    log_schema: int
    server_revision: str | None
    epoch: int
    audit_key: str | None
    master_keys: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    keys: tuple[KeyFile, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are in all parts."""
        return sum(part.rows for part in self.parts)

    def count(self, group: str, table: str) -> int:
        """Return how many rows a table has; 0 if it is not in the archive."""
        return sum(part.rows for part in self.parts if (part.group, part.table) == (group, table))


class ArchiveWriter:
    """Writes an archive to a file that is open for writing."""

    def __init__(self, file: IO[bytes]) -> None:
        """Begin the archive."""
        self._sealing = _SealingFile(file)
        # A file of which nothing is asked but to be written to: ZipFile then never goes back.
        self._zip = zipfile.ZipFile(self._sealing, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST)
        self._parts: list[Part] = []
        self._keys: list[KeyFile] = []
        self._zip.writestr(_make_entry(_MARK), b"")

    def __enter__(self) -> Self:
        """Give the writer."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write nothing more; an archive that was not finished is none."""
        if kind is not None:
            self._sealing.abandon()
            with suppress(ValueError):  # a part was being written
                self._zip.close()

    def add_part(
        self,
        group: str,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        last_number: int | None,
        tell: Callable[[int], None],
    ) -> None:
        """Write a table; `tell` is called now and then with the number of rows that were written since."""
        digest, count = hashlib.sha256(), 0
        with self._zip.open(_make_entry(f"{group}/{table}"), "w", force_zip64=True) as entry:
            for page in _iter_pages(rows):
                body = msgspec.msgpack.encode(page)
                for piece in (_length.pack(len(body)), body):
                    digest.update(piece)
                    entry.write(piece)
                count += len(page)
                tell(len(page))
        self._parts.append(
            Part(
                group=group,
                table=table,
                columns=tuple(columns),
                rows=count,
                last_number=last_number,
                sha256=digest.hexdigest(),
            )
        )

    def add_key(self, name: str, content: bytes) -> None:
        """Write a key."""
        self._zip.writestr(_make_entry(f"keys/{name}"), content)
        self._keys.append(KeyFile(name=name, sha256=hashlib.sha256(content).hexdigest()))

    def finish(self, facts: Manifest) -> Manifest:
        """End the archive, and return its manifest: the facts, and what was written."""
        manifest = msgspec.structs.replace(facts, parts=tuple(self._parts), keys=tuple(self._keys))
        self._zip.writestr(_make_entry(_MANIFEST), msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        self._zip.comment = b" " * _SEAL_BYTES
        self._zip.close()
        self._sealing.finish()
        return manifest


class _SealingFile:
    """Passes on what is written, and puts the digest of all of it in the place of the last bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._held = b""
        self._is_abandoned = False

    def write(self, data: bytes, /) -> int:
        held = self._held + bytes(data)
        self._pass_on(held[:-_SEAL_BYTES])
        self._held = held[-_SEAL_BYTES:]
        return len(data)

    def flush(self) -> None:
        """Do nothing: whoever opened the file flushes it at the end."""

    def close(self) -> None:
        """Do nothing, for the same reason."""

    def finish(self) -> None:
        self._file.write(_SEAL + self._digest.hexdigest().encode())

    def abandon(self) -> None:
        """Take what is still written for done: ZipFile wants to end what it began, also on a disk that is full."""
        self._is_abandoned = True

    def _pass_on(self, data: bytes) -> None:
        if not self._is_abandoned:
            self._digest.update(data)
            self._file.write(data)


class ArchiveReader:
    """Reads an archive. Nothing of it may be believed before `check` has returned."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises `UsageError` if it cannot be read, or is no backup at all."""
        self._path = path
        try:
            self._file = path.open("rb")
            start = self._file.read(_NAME_PLACE + len(_MARK))
        except OSError as error:
            raise UsageError(f"The backup {path} cannot be read: {error.strerror}.") from error
        if start[_NAME_PLACE:] != _MARK.encode():
            self._file.close()
            raise UsageError(f"The file {path} is no backup of Kapell.", hint="`kapell backup` makes one.")

    def __enter__(self) -> Self:
        """Give the reader."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def check(self, tell: Callable[[int, int], None] = lambda *_: None) -> Manifest:
        """Read the whole archive, and return its manifest if everything is as it was written.

        Args:
            tell: Is called now and then with how many bytes of how many have been read.

        Raises:
            UsageError: It is damaged, or of a newer Kapell.
        """
        self._check_seal(tell)
        try:
            with zipfile.ZipFile(self._file) as packed:
                manifest = self._read_manifest(packed)
                for part in manifest.parts:
                    if sum(len(page) for page in self._iter_pages(packed, part)) != part.rows:
                        raise self._refuse(f"part {part.name} has not the rows that the manifest says")
                for key in manifest.keys:
                    self._read_key(packed, key)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError) as error:
            raise self._refuse(str(error)) from error
        return manifest

    def iter_rows(self, part: Part) -> Iterator[list[Any]]:
        """Yield the rows of a part, after `check`."""
        with zipfile.ZipFile(self._file) as packed:
            yield from chain.from_iterable(self._iter_pages(packed, part))

    def read_key(self, key: KeyFile) -> bytes:
        """Return a key, after `check`."""
        with zipfile.ZipFile(self._file) as packed:
            return self._read_key(packed, key)

    def _check_seal(self, tell: Callable[[int, int], None]) -> None:
        total = self._file.seek(0, 2)
        left = total - _SEAL_BYTES
        self._file.seek(0)
        digest = hashlib.sha256()
        while left > 0 and (block := self._file.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
            tell(total - left, total)
        if self._file.read() != _SEAL + digest.hexdigest().encode():
            raise self._refuse("its digest is not the one that it ends with")

    def _read_manifest(self, packed: zipfile.ZipFile) -> Manifest:
        with packed.open(_MANIFEST) as entry:
            text = entry.read(_LARGEST_MANIFEST)
        try:
            about = msgspec.json.decode(text, type=_About)
            if about.format > FORMAT:
                raise UsageError(
                    f"The backup {self._path} was written by Kapell {about.kapell}, in a format that this Kapell does "
                    "not know.",
                    hint=f"Restore it with Kapell {about.kapell} or newer.",
                )
            return msgspec.json.decode(text, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._refuse(f"its manifest cannot be read: {error}") from error

    def _iter_pages(self, packed: zipfile.ZipFile, part: Part) -> Iterator[list[list[Any]]]:
        digest = hashlib.sha256()
        with packed.open(part.name) as entry:
            while head := entry.read(_length.size):
                body = entry.read(_length.unpack(head)[0]) if len(head) == _length.size else b""
                digest.update(head)
                digest.update(body)
                try:
                    yield msgspec.msgpack.decode(body, type=list[list[Any]])
                except msgspec.DecodeError as error:
                    raise self._refuse(f"part {part.name} cannot be read: {error}") from error
        if digest.hexdigest() != part.sha256:
            raise self._refuse(f"part {part.name} is not what the manifest says")

    def _read_key(self, packed: zipfile.ZipFile, key: KeyFile) -> bytes:
        content = packed.read(f"keys/{key.name}")
        if hashlib.sha256(content).hexdigest() != key.sha256:
            raise self._refuse(f"the key {key.name} is not what the manifest says")
        return content

    def _refuse(self, cause: str) -> UsageError:
        return UsageError(f"The backup {self._path} is damaged: {cause}.", hint=_DAMAGED)


class _About(msgspec.Struct, frozen=True):
    """What every manifest says, of whatever format it is."""

    format: int
    kapell: str


def _make_entry(name: str) -> zipfile.ZipInfo:
    """Return an entry that is the same whenever it is made, and its owner's alone when it is unpacked."""
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _iter_pages(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    page: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        page.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(page) == _PAGE_ROWS or size >= _PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page
