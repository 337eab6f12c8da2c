"""Writing files whole or not at all, and one line where that fails."""

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

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

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
    """Turns an OSError of writing ``what`` to ``path`` into a BeholderError of one line: what, where, what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0) or error.strerror or error
        raise BeholderError(f"cannot write {what} to {path}: {advice}") from error


def locked(path: str | os.PathLike[str]) -> FileIO:
    """A file open to read and to append, made where there is none, that no other process has open by this function.

    The lock is on the open file: it ends with the process, and nothing is left behind. Pipes and devices, and file
    systems that know no locks, are opened without.

    Raises:
        BeholderError: another process has it.
        OSError: it cannot be opened.
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
        file.close()  # another run has put a new one in its place since it was opened


@contextmanager
def replacing(path: str | os.PathLike[str], what: str) -> Iterator[Path]:
    """A new file to write beside ``path``, which takes its place in one step at the end.

    Whatever is raised meanwhile removes it, and what was at ``path`` stays. A link keeps pointing where it did.

    Raises:
        BeholderError: ``path`` is a folder or a device, or its folder does not take the file.
    """
    target, partial = _begin(path, what)  # what cannot be written is known before the work
    try:
        yield partial
        with explained(path, what):
            partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


def check_writable(path: str | os.PathLike[str], what: str) -> None:
    """Raises BeholderError where :func:`replacing` would; leaves nothing behind."""
    _begin(path, what)[1].unlink()


def _begin(path: str | os.PathLike[str], what: str) -> tuple[Path, Path]:
    """Where ``path`` leads, and an empty file beside it."""
    target = Path(os.path.realpath(path))
    with explained(path, what), suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):  # the file would take the place of /dev/stdout
            raise BeholderError(f"cannot write {what} to {path}: it is not a file; give the name of one")
    partial = target.with_name(_partial(target, secrets.token_hex(6)))
    with explained(path, what):
        partial.open("xb").close()
    return target, partial


def remove(path: str | os.PathLike[str]) -> None:
    """Remove a file that is no longer needed, and what killed processes left beside it."""
    Path(path).unlink(missing_ok=True)
    sweep(path)


def sweep(path: str | os.PathLike[str]) -> None:
    """Remove what killed processes left beside ``path``; only for who alone writes it, by :func:`locked`, say."""
    target = Path(os.path.realpath(path))
    for partial in target.parent.glob(_partial(target, "*")):
        with suppress(OSError):
            partial.unlink()


def _partial(target: Path, token: str) -> str:
    """A name that tells whose partial it is, however long the name of that."""
    return f".beholder-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}-{token}.partial"


def read_json(path: Path) -> Mapping[str, Any]:
    """What was kept; nothing where there is none or it cannot be read."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def keep_json(path: Path, document: Mapping[str, Any]) -> None:
    """Keep a result; raises BeholderError where it cannot be written."""
    with replacing(path, "a result") as partial, explained(path, "a result"):
        partial.write_text(json.dumps(document))


def cache_folder() -> Path:
    """Where converted weights and computed features are kept: ``BEHOLDER_CACHE``, or the user's cache folder."""
    given = os.environ.get("BEHOLDER_CACHE")
    if given:
        return Path(given)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "beholder"
