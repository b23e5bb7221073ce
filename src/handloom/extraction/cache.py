"""The cache of finished extractions, keyed by file content, settings and code.

One sqlite file of the workspace; only the parent process writes, a result at a time, so a killed
stage has lost no more than the files that were being read. An entry's key is a hash of the file's content, the stretch
of it, and everything else that decides the joints. Files are recognised by size and time of change (as git does it), so
that unchanged ones need not be hashed again.

Every row has a checksum, because sqlite has none: a row that is damaged counts as missing. A file that sqlite cannot
read is renamed, and a new one is begun.
"""

import hashlib
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from handloom.errors import HandloomError, first_line, printable
from handloom.extraction.extraction import Extraction
from handloom.support.closing import Closing
from handloom.support.files import sha256_of_file
from handloom.support.progress import ProgressBar

Result = TypeVar("Result")

# A file that changed this shortly before it was hashed may change again within one tick of the file system's clock.
RACY_NANOSECONDS = 2_000_000_000
PATIENCE = 60.0  # seconds; two stages may run at once, and a writer waits for the other
SUM_BYTES = 16
# What sqlite says of the place rather than of the content. A damaged header can lead to the first two as well.
OF_THE_PLACE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_NOLFS,
}

# Versions before these had tables without checksums, under other names.
TABLES = """
CREATE TABLE IF NOT EXISTS joints (key TEXT PRIMARY KEY, content BLOB, sum BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, size INTEGER, changed INTEGER, sha256 BLOB, sum BLOB)
WITHOUT ROWID;
"""


class KeypointCache(Closing):
    """The cache, open for one process. Use it with `with`.

    Raises:
        HandloomError: the file cannot be written, or another process keeps it locked; so do all methods.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database: sqlite3.Connection | None = None
        self._do(lambda database: None)

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def hashes(
        self, paths: Iterable[Path], threads: int, progress: Callable[[int], object] = lambda _: None
    ) -> dict[Path, str]:
        """The sha256 of each file that can be read; the others are left out.

        `progress` is called with the number of files that were looked at.
        """
        found: dict[Path, str] = {}
        unknown: list[Path] = []
        for path in paths:
            stored = self._stored_hash(path)
            if stored:
                found[path] = stored
            else:
                unknown.append(path)
        progress(len(found))
        with ThreadPoolExecutor(threads) as pool:  # hashing lets other threads run
            for path, result in zip(unknown, pool.map(_hashed, unknown), strict=True):
                progress(1)
                if result:
                    size, changed, sha256 = result
                    found[path] = sha256
                    if time.time_ns() - changed > RACY_NANOSECONDS:
                        row = (_key(path), size, changed, bytes.fromhex(sha256))
                        self._write("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", (*row, _sum(*row)))
        return found

    def known(self, keys: Sequence[str]) -> set[str]:
        """The keys that have an entry, whose checksum is not checked."""

        def known(database: sqlite3.Connection) -> set[str]:
            database.execute("CREATE TEMP TABLE IF NOT EXISTS asked (key TEXT PRIMARY KEY) WITHOUT ROWID")
            database.execute("DELETE FROM asked")
            database.executemany("INSERT OR IGNORE INTO asked VALUES (?)", ((key,) for key in keys))
            return {key for (key,) in database.execute("SELECT key FROM asked NATURAL JOIN joints")}

        return self._do(known)

    def whole(self, keys: Iterable[str | None]) -> set[str]:
        """The keys that have an entry with a correct checksum; each entry is read."""
        return {key for key in keys if key and self._content(key) is not None}

    def put(self, key: str, extraction: Extraction) -> None:
        """Store a result and read it back; if it differs, the database is damaged."""
        content = extraction.to_bytes()
        row = (key, content, _sum(key, content))
        self._write("INSERT OR REPLACE INTO joints VALUES (?, ?, ?)", row)
        if self._content(key) is None:
            self._set_aside(sqlite3.DatabaseError("it does not store what is written to it"))
            self._write("INSERT OR REPLACE INTO joints VALUES (?, ?, ?)", row)

    def get(self, key: str) -> Extraction:
        """The stored result.

        Raises:
            KeyError: it was not, or it is damaged.
        """
        content = self._content(key)
        if content is None:
            raise KeyError(key)
        return Extraction.from_bytes(content)

    def _content(self, key: str) -> bytes | None:
        rows = self._read("SELECT content, sum FROM joints WHERE key = ?", (key,))
        return next((content for content, checksum in rows if checksum == _sum(key, content)), None)

    def _stored_hash(self, path: Path) -> str | None:
        try:
            status = path.stat()
        except OSError:
            return None
        file = (_key(path), status.st_size, status.st_mtime_ns)
        rows = self._read("SELECT sha256, sum FROM files WHERE path = ? AND size = ? AND changed = ?", file)
        return next((sha256.hex() for sha256, checksum in rows if checksum == _sum(*file, sha256)), None)

    def _read(self, query: str, values: Sequence[object]) -> list[tuple[bytes, bytes]]:
        rows = self._do(lambda database: database.execute(query, values).fetchall())
        return [row for row in rows if all(isinstance(value, bytes) for value in row)]

    def _write(self, statement: str, values: Sequence[object]) -> None:
        self._do(lambda database: database.execute(statement, values))

    def _do(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do something with the database; with a new one if it turns out to be damaged."""
        try:
            return work(self._opened())
        except (sqlite3.Error, MemoryError) as error:  # a damaged length can ask for any memory
            self._set_aside(error)
        try:
            return work(self._opened())
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # safe when the process dies, quick to write
            self._database.executescript(TABLES)
        return self._database

    def _set_aside(self, error: BaseException) -> None:
        """Rename a damaged database, so that a new one can be begun.

        Raises:
            HandloomError: it is the place that is wrong, not the database.
        """
        self.close()
        code = getattr(error, "sqlite_errorcode", None)
        places = (self.path, self.path.parent)
        if code is not None and code & 0xFF in OF_THE_PLACE:
            by_the_header = code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
            if not (by_the_header and self.path.is_file() and all(os.access(place, os.W_OK) for place in places)):
                raise self._unusable(error) from None
        aside = self.path.with_name(f"{self.path.stem}.damaged{self.path.suffix}")
        try:
            for suffix in ("-wal", "-shm"):  # they belong to it, and would be read into the new one
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self.path.replace(aside)
        except OSError:
            raise self._unusable(error) from None
        ProgressBar.write(
            f"{printable(str(self.path))}: the joint cache is damaged ({first_line(error)}); joints are found"
            f" again, and the damaged file is now {aside.name}, which can be deleted",
            file=sys.stderr,
        )

    def _unusable(self, error: BaseException) -> HandloomError:
        path = printable(str(self.path))
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return HandloomError(f"{path}: another process keeps the joint cache locked; stop it and run again")
        return HandloomError(
            f"{path}: the joint cache cannot be written ({first_line(error)}); free disk space or allow writing there"
        )


def _sum(*row: str | bytes | int) -> bytes:
    """The checksum of a row: of its key too, so that content under another row's key is noticed."""
    checksum = hashlib.blake2b(digest_size=SUM_BYTES)
    for value in row:
        data = value if isinstance(value, bytes) else str(value).encode()
        checksum.update(b"%d:" % len(data))
        checksum.update(data)
    return checksum.digest()


def _key(path: Path) -> bytes:
    return os.fsencode(path.absolute())  # bytes: a name need not be text


def _hashed(path: Path) -> tuple[int, int, str] | None:
    try:
        status = path.stat()
        if not path.is_file():  # a pipe would never end
            return None
        return status.st_size, status.st_mtime_ns, sha256_of_file(path)
    except OSError:
        return None
