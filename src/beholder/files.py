"""Files: written completely or not at all, locked against a second writer, and errors that say what to do."""

import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from types import ModuleType
from typing import Any

from beholder.errors import BeholderError
from beholder.reading import read_bytes

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

MAX_RESULT_BYTES = 10**9  # of a file that an earlier run kept
_ADVICE = {
    errno.ENOENT: "its folder does not exist; make the folder first",
    errno.ENOTDIR: "a part of it is a file, not a folder; choose another folder",
    errno.EEXIST: "a part of it is a file, not a folder; choose another folder",
    errno.EISDIR: "it is a folder; give the name of a file",
    errno.ENOSPC: "the disk is full; make room or choose another disk",
    errno.EDQUOT: "your disk quota is used up; make room or choose another disk",
    errno.EACCES: "writing there is not permitted; choose another folder",
    errno.EPERM: "writing there is not permitted; choose another folder",
    errno.EROFS: "writing there is not permitted; choose another folder",
}


@contextmanager
def explained(path: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Turn an OSError into a BeholderError of one line: what could not be written, where, and what to do.

    >>> with explained("none/a.csv", "scores"):
    ...     open("none/a.csv", "w")
    Traceback (most recent call last):
    beholder.errors.BeholderError: cannot write scores to none/a.csv: its folder does not exist; make the folder first
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0) or error.strerror or error
        raise BeholderError(f"cannot write {what} to {path}: {advice}") from error


def open_locked(path: str | os.PathLike[str]) -> FileIO:
    """Open a file to read and append, created if missing, under an exclusive lock.

    The lock belongs to the open file: it ends with the process and leaves nothing behind. Pipes, devices and files on
    file systems without locks are opened without one.

    Raises:
        BeholderError: another process holds the lock.
        OSError: the file cannot be opened.
    """
    while True:
        file = FileIO(path, "ab+" if not os.path.exists(path) or os.path.isfile(path) else "wb")
        try:
            if fcntl is None or not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BeholderError(
                    f"{path}: another run is writing it; wait until that has ended, or choose another file"
                ) from None
            except OSError:
                return file
            with suppress(FileNotFoundError):
                if os.path.samestat(os.stat(path), os.fstat(file.fileno())):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()  # another run replaced it after it was opened


@contextmanager
def replacing(path: str | os.PathLike[str], what: str) -> Iterator[Path]:
    """Write a temporary file beside ``path`` that replaces it in one step at the end.

    If the block raises, the temporary file is removed and ``path`` stays as it was. If ``path`` is a link, the file it
    points to is replaced.

    Args:
        path: file to write.
        what: what it holds, for error messages.

    Yields:
        The temporary file, empty.

    Raises:
        BeholderError: ``path`` is a folder or a device, or its folder cannot be written.
    """
    target, partial = _create_partial(path, what)
    try:
        yield partial
        with explained(path, what):
            partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def check_writable(path: str | os.PathLike[str], what: str) -> None:
    """Check that :func:`replacing` can write ``path``, before the work that leads to it.

    Raises:
        BeholderError: as :func:`replacing`.
    """
    _create_partial(path, what)[1].unlink()


def _create_partial(path: str | os.PathLike[str], what: str) -> tuple[Path, Path]:
    """The file that ``path`` names, links followed, and an empty temporary file beside it."""
    target = Path(os.path.realpath(path))
    with explained(path, what), suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):  # replacing /dev/stdout would remove the device
            raise BeholderError(f"cannot write {what} to {path}: it is not a file; give the name of one")
    partial = target.with_name(_partial_name(target, secrets.token_hex(6)))
    with explained(path, what):
        partial.open("xb").close()
    return target, partial


def remove(path: str | os.PathLike[str]) -> None:
    """Remove a file and the temporary files that killed processes left beside it."""
    Path(path).unlink(missing_ok=True)
    remove_partials(path)


def remove_partials(path: str | os.PathLike[str]) -> None:
    """Remove the temporary files that killed processes left beside ``path``.

    Call only while holding the lock on ``path``, or when no other process writes it.
    """
    target = Path(os.path.realpath(path))
    for partial in target.parent.glob(_partial_name(target, "*")):
        with suppress(OSError):
            partial.unlink()


def _partial_name(target: Path, token: str) -> str:
    """Name of a temporary file for ``target``, of the same length for any target."""
    return f".beholder-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}-{token}.partial"


def path_key(path: str) -> str:
    """The spelling by which a file is recognised: absolute, without ``.`` and ``//``.

    ``..`` stays, because where it leads depends on links.

    >>> path_key("./photos//a.jpg") == path_key("photos/a.jpg") != path_key("b/../photos/a.jpg")
    True
    """
    return os.fspath(Path(path).absolute())


def read_json(path: Path) -> Mapping[str, Any]:
    """The JSON object that :func:`write_json` wrote; an empty one if the file is missing or is not JSON."""
    try:
        found = json.loads(read_bytes(path, "a result", MAX_RESULT_BYTES))
    except (BeholderError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON object. Raises BeholderError if the file cannot be written."""
    with replacing(path, "a result") as partial, explained(path, "a result"):
        partial.write_text(json.dumps(document))


def cache_folder() -> Path:
    """Folder of converted weights and computed features: ``BEHOLDER_CACHE``, or ``beholder`` in the user's cache.

    The user's cache is ``XDG_CACHE_HOME`` if that is an absolute path, as its specification wants, or ``~/.cache``.

    Raises:
        BeholderError: there is none, because the user has no home, as in a container that runs as a mere number.
    """
    try:
        if given := os.environ.get("BEHOLDER_CACHE"):
            return Path(given).expanduser()
        base = Path(os.environ.get("XDG_CACHE_HOME") or "")
        base = base if base.is_absolute() else Path.home() / ".cache"
    except RuntimeError:  # from both, where ~ means nothing
        base = Path()
    if not base.is_absolute():
        raise BeholderError(
            "there is no home folder to keep weights and features in; name a folder in the environment variable "
            "BEHOLDER_CACHE"
        )
    return base / "beholder"
