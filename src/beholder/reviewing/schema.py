"""The tables of a state file, and how one is opened: made where there is none, set aside where it cannot be used."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beholder.errors import BeholderError
from beholder.files import explained, file_head
from beholder.text import one_line, printable

APPLICATION = 0x62686C64  # "bhld", in the head of the file
VERSION = 1
BUSY = 20.0  # seconds in which another process may be writing
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_WHAT = "what is decided"
_TABLES = """
CREATE TABLE files (path BLOB PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL, sha256 TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE photographs (sha256 TEXT PRIMARY KEY, path BLOB NOT NULL, captured TEXT NOT NULL, camera TEXT NOT NULL,
    first_seen TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE scores (sha256 TEXT NOT NULL, model TEXT NOT NULL, row TEXT NOT NULL, numbers BLOB NOT NULL,
    embedding BLOB NOT NULL, length REAL NOT NULL, subject BLOB NOT NULL, subject_rows INTEGER NOT NULL,
    PRIMARY KEY (sha256, model));
CREATE TABLE measures (sha256 TEXT NOT NULL, model TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (sha256, model));
CREATE TABLE suggestions (sha256 TEXT NOT NULL, model TEXT NOT NULL, at TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (sha256, model));
CREATE TABLE same (sha256 TEXT PRIMARY KEY, photograph TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE steps (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
    kind TEXT NOT NULL, of INTEGER, standing INTEGER);
CREATE INDEX steps_standing ON steps (standing, number);
CREATE TABLE changes (step INTEGER NOT NULL, photograph TEXT NOT NULL, field TEXT NOT NULL, before TEXT,
    before_who TEXT, after TEXT, after_who TEXT);
CREATE INDEX changes_of_step ON changes (step);
CREATE TABLE decisions (photograph TEXT NOT NULL, field TEXT NOT NULL, value TEXT, who TEXT NOT NULL,
    step INTEGER NOT NULL, PRIMARY KEY (photograph, field)) WITHOUT ROWID;
CREATE TABLE found (photograph TEXT NOT NULL, file TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL,
    step INTEGER NOT NULL, PRIMARY KEY (photograph, file, field)) WITHOUT ROWID;
"""


def default_path(folder: str | os.PathLike[str]) -> Path:
    """The state file of a folder: in the user's data folder, named after the folder and where it is.

    The data folder is ``XDG_DATA_HOME`` if that is an absolute path, or ``~/.local/share``.

    Raises:
        BeholderError: the user has no home.
    """
    base = Path(os.environ.get("XDG_DATA_HOME") or "")
    if not base.is_absolute():
        try:
            base = Path.home() / ".local" / "share"
        except RuntimeError:
            raise BeholderError("there is no home folder to keep decisions in; name a file with --state") from None
    real = os.path.realpath(folder)
    name = "".join(char if char.isalnum() and char.isascii() else "_" for char in os.path.basename(real))[:40]
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    return base / "beholder" / "review" / f"{name or 'folder'}-{digest}.sqlite"


def open_database(path: Path, *, given: bool) -> tuple[sqlite3.Connection, Path | None]:
    """Open a state file, or make one.

    Args:
        path: of the file.
        given: whether the user named it. Then a file that is no state file at all is refused: it may be anything.

    Returns:
        The connection, and where a file was moved that is damaged or of another version.

    Raises:
        BeholderError: it cannot be opened or made; another program's file has this name.
    """
    if not given:
        with explained(path, _WHAT):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        raise BeholderError(f"{path}: is not a file; name another one with --state")
    try:
        return _opened(path), None
    except _UnusableError as problem:
        if given and not problem.ours:
            raise BeholderError(f"{path}: {problem}; name another file with --state") from None
        aside = _set_aside(path)
        try:
            return _opened(path), aside
        except _UnusableError as again:
            raise BeholderError(f"{path}: {again}") from None


class _UnusableError(Exception):
    """A file that cannot be used; ``ours`` tells whether it surely was made here."""

    def __init__(self, reason: str, *, ours: bool) -> None:
        super().__init__(reason)
        self.ours = ours


def _opened(path: Path) -> sqlite3.Connection:
    with told(path):
        database = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    ours = False
    try:
        with told(path, damage=True):
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")  # what is acknowledged is on the disk
            database.execute("BEGIN IMMEDIATE")
            try:
                ours = ours or _pragma(database, "application_id") == APPLICATION
                _make_or_check(database)
                database.execute("COMMIT")
            except BaseException:
                database.execute("ROLLBACK")
                raise
            if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise _UnusableError("is damaged", ours=True)
        return database
    except sqlite3.DatabaseError:
        database.close()
        raise _UnusableError("is damaged, or no state file of beholder", ours=ours or _has_our_mark(path)) from None
    except BaseException:
        database.close()
        raise


def _make_or_check(database: sqlite3.Connection) -> None:
    application, version = _pragma(database, "application_id"), _pragma(database, "user_version")
    is_empty = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if is_empty and not application:
        for statement in _TABLES.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id={APPLICATION}")
        database.execute(f"PRAGMA user_version={VERSION}")
    elif application != APPLICATION:
        raise _UnusableError("is a database of another program", ours=False)
    elif version != VERSION:
        raise _UnusableError(f"has version {version}, this beholder reads version {VERSION}", ours=True)


def _has_our_mark(path: Path) -> bool:
    """Whether the head of a file has our number where SQLite keeps it; the rest may be damaged."""
    head = file_head(path, 72)
    return head.startswith(b"SQLite format 3\0") and head[68:] == APPLICATION.to_bytes(4, "big")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


def _set_aside(path: Path) -> Path:
    """Give a file, and what SQLite keeps beside it, a name of their own. Nothing is lost. Returns the new name."""
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.damaged-{number}")):
        number += 1
    with explained(path, _WHAT):
        os.rename(path, aside)
        for suffix in ("-wal", "-shm"):
            beside = Path(f"{path}{suffix}")
            if beside.exists():
                os.rename(beside, f"{aside}{suffix}")
    return aside


@contextmanager
def told(path: Path, *, damage: bool = False) -> Iterator[None]:
    """Turn an error of SQLite into one line: what cannot be kept, why, and what to do.

    Args:
        path: of the state file.
        damage: whether a damaged file is left to the caller.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if damage and code in _DAMAGED:
            raise
        raise BeholderError(f"{printable(os.fspath(path))}: {_ADVICE.get(code) or one_line(error)}") from error


_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full, so this was not kept; make room and do it again",
    sqlite3.SQLITE_BUSY: "another program is writing it, so this was not kept; do it again",
    sqlite3.SQLITE_READONLY: "writing there is not permitted; name another file with --state",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; name another file with --state",
    sqlite3.SQLITE_IOERR: "the disk does not take it, so this was not kept; is it full or gone?",
    sqlite3.SQLITE_CORRUPT: "is damaged; start again, and it is set aside",
}
