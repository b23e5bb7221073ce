"""Finished extractions, kept by what they were made of, so that a file is read once.

One sqlite file in `.handloom/` of the main repository; only the parent process writes, a result at a time, so a killed
stage has lost no more than the files that were being read. An entry's key is a hash of the file's content, the stretch
of it, and everything else that decides the joints. Files are recognised by size and time of change (as git does it), so
that unchanged ones need not be hashed again.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from handloom.closing import Closing
from handloom.errors import HandloomError
from handloom.extraction.extraction import Extraction
from handloom.files import sha256_of_file
from handloom.repository import main_repository

# A file that changed this shortly before it was hashed may change again within one tick of the file system's clock.
RACY_NANOSECONDS = 2_000_000_000

TABLES = """
CREATE TABLE IF NOT EXISTS extractions (key TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hashes (path BLOB PRIMARY KEY, size INTEGER, changed INTEGER, sha256 TEXT) WITHOUT ROWID;
"""


def cache_path() -> Path:
    """Where the cache is."""
    return main_repository() / ".handloom" / "keypoints.sqlite"


class KeypointCache(Closing):
    """The cache, open for one process. Use it with `with`.

    Raises:
        HandloomError: the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two stages may run at once: a writer waits for the other.
        self._database = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # safe when the process dies, quick to write
            self._database.executescript(TABLES)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise HandloomError(f"{path}: the cache of joints cannot be used ({error}); delete the file") from None

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

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
                        self._database.execute(
                            "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?)", (_key(path), size, changed, sha256)
                        )
        return found

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that have an entry."""
        self._database.execute("CREATE TEMP TABLE IF NOT EXISTS asked (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("DELETE FROM asked")
        self._database.executemany("INSERT OR IGNORE INTO asked VALUES (?)", ((key,) for key in keys))
        return {key for (key,) in self._database.execute("SELECT key FROM asked NATURAL JOIN extractions")}

    def put(self, key: str, extraction: Extraction) -> None:
        """Keep a result."""
        self._database.execute("INSERT OR REPLACE INTO extractions VALUES (?, ?)", (key, extraction.to_bytes()))

    def get(self, key: str) -> Extraction:
        """A result that was kept.

        Raises:
            KeyError: it was not.
        """
        row = self._database.execute("SELECT content FROM extractions WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return Extraction.from_bytes(row[0])

    def _stored_hash(self, path: Path) -> str | None:
        try:
            status = path.stat()
        except OSError:
            return None
        row = self._database.execute(
            "SELECT sha256 FROM hashes WHERE path = ? AND size = ? AND changed = ?",
            (_key(path), status.st_size, status.st_mtime_ns),
        ).fetchone()
        return str(row[0]) if row else None


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
