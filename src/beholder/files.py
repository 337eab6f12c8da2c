"""Files: written completely or not at all, locked against a second writer, and errors that say what to do."""

import errno
import hashlib
import json
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from io import FileIO
from pathlib import Path
from types import ModuleType
from typing import Any

from beholder.errors import BeholderError
from beholder.reading import open_regular, read_bytes
from beholder.text import json_text

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

MAX_RESULT_BYTES = 10**9  # of a file that an earlier run kept
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # not on Windows
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe does not wait for its other end
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


def open_locked(
    path: str | os.PathLike[str], *, name: str | os.PathLike[str] | None = None, follow: bool = True
) -> FileIO:
    """Open a file to read and append, created if missing, under an exclusive lock.

    The lock belongs to the open file: it ends with the process and leaves nothing behind. Pipes, devices and files on
    file systems without locks are opened without one.

    Args:
        path: of the file.
        name: of the file in messages, if it is not ``path``.
        follow: whether ``path`` may be a link. If not, it has to be a regular file too.

    Raises:
        BeholderError: another process holds the lock.
        OSError: the file cannot be opened.
    """
    name = path if name is None else name
    while True:
        file = FileIO(path, "ab+" if not os.path.exists(path) or os.path.isfile(path) else "wb", opener=_opener(follow))
        try:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                if follow:
                    return file
                raise BeholderError(f"{path}: is not a regular file; remove it")
            if fcntl is None:
                return file
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BeholderError(
                    f"{name}: another run is writing it; wait until that has ended, or choose another file"
                ) from None
            except OSError:
                return file
            if _is_named(file, path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()  # another run replaced it after it was opened


def _opener(follow: bool) -> Callable[[str, int], int]:
    """How a file is opened: for whom the umask allows, and never through a link unless ``follow``."""
    return lambda path, flags: os.open(path, flags | (0 if follow else _NO_FOLLOW | _NO_WAIT), 0o666)


def _is_named(file: FileIO, path: str | os.PathLike[str]) -> bool:
    """Whether the open file is still the one of this name."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


@contextmanager
def replacing(path: str | os.PathLike[str], what: str) -> Iterator[Path]:
    """Write a temporary file beside ``path`` that replaces it in one step at the end.

    If the block raises, the temporary file is removed and ``path`` stays as it was. If ``path`` is a link, the file it
    points to is replaced. The new file has the mode of the old one and, where that is permitted, its owner and group.

    Args:
        path: file to write.
        what: what it holds, for error messages.

    Yields:
        The temporary file, empty.

    Raises:
        BeholderError: ``path`` is a folder or a device, or its folder cannot be written.
    """
    with replacing_file(path, what) as file:
        yield Path(os.fsdecode(file.name))


@contextmanager
def replacing_file(path: str | os.PathLike[str], what: str) -> Iterator[FileIO]:
    """As :func:`replacing`, with the temporary file open to read and append, under a lock.

    A duplicate of its descriptor keeps the lock beyond the block: then no other run gets hold of the new file.
    """
    target, old, file = _create_partial(path, what)
    partial = Path(os.fsdecode(file.name))
    try:
        with closing(file):
            yield file
            with explained(path, what):
                if old is not None:
                    _like(file, old)
                if fcntl is None:  # Windows does not rename open files
                    file.close()
                partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise


@contextmanager
def partial_beside(path: str | os.PathLike[str], what: str) -> Iterator[Path]:
    """A temporary file beside ``path``, locked, for :func:`put_in_place`; removed at the end if it is still there.

    Args:
        path: file that it will be.
        what: what it holds, for error messages.

    Yields:
        The temporary file, empty.

    Raises:
        BeholderError: as :func:`replacing`.
    """
    _, _, file = _create_partial(path, what)
    partial = Path(os.fsdecode(file.name))
    try:
        with closing(file):
            yield partial
    finally:
        with suppress(OSError):
            partial.unlink()


def put_in_place(partial: Path, path: str | os.PathLike[str], what: str) -> None:
    """Rename a file of :func:`partial_beside` to ``path`` in one step; it gets the mode of the one it replaces."""
    target = Path(os.path.realpath(path))
    with explained(path, what):
        with suppress(FileNotFoundError), FileIO(partial, "rb") as file:
            _like(file, target.stat())
        partial.replace(target)


def check_writable(
    path: str | os.PathLike[str],
    what: str,
    is_ours: Callable[[Path], bool],
    inputs: Iterable[str | os.PathLike[str] | None] = (),
) -> None:
    """Check before long work that ``path`` may be written by :func:`replacing`, and that nothing of worth is lost.

    Args:
        path: file to write.
        what: what it will hold, for error messages.
        is_ours: whether an existing file with content was made by this program, so that it may be replaced.
        inputs: files that are read; none of them is written over.

    Raises:
        BeholderError: as :func:`replacing`, or as :func:`check_replaceable`.
    """
    check_replaceable(path, is_ours, inputs)
    target, _, file = _create_partial(path, what)
    with closing(file):
        Path(os.fsdecode(file.name)).unlink()
    remove_partials(target)


def check_replaceable(
    path: str | os.PathLike[str],
    is_ours: Callable[[Path], bool],
    inputs: Iterable[str | os.PathLike[str] | None] = (),
) -> None:
    """Check that an output takes the place of nothing that this program did not make.

    Args:
        path: file to write. What is no regular file passes.
        is_ours: whether an existing file with content was made by this program.
        inputs: files that are read; None stands for one that was not given.

    Raises:
        BeholderError: the file is one of the inputs, or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        return
    if any(each is not None and os.path.exists(each) and os.path.samefile(path, each) for each in inputs):
        raise BeholderError(f"{path}: is read by this command; give the output another name")
    if path.stat().st_size and not is_ours(path):
        raise BeholderError(
            f"{path}: is there already and was not made by this command; choose another name, or remove it first"
        )


def starts_with(path: Path, start: bytes) -> bool:
    """Whether a file begins with these bytes; no if it cannot be read."""
    return file_head(path, len(start)) == start


def file_head(path: Path, size: int) -> bytes:
    """The first bytes of a regular file; none if it cannot be read."""
    try:
        with open_regular(path, "a file", sys.maxsize) as file:
            return file.read(size)
    except (BeholderError, OSError):
        return b""


def _create_partial(path: str | os.PathLike[str], what: str) -> tuple[Path, os.stat_result | None, FileIO]:
    """The file that ``path`` names, links followed, what it is like, and an empty temporary file beside it, locked.

    The lock says that its writer lives: :func:`remove_partials` leaves it alone.
    """
    target, old = Path(os.path.realpath(path)), None
    with explained(path, what), suppress(FileNotFoundError):
        old = target.stat()
        if not stat.S_ISREG(old.st_mode):  # replacing /dev/stdout would remove the device
            raise BeholderError(f"cannot write {what} to {path}: it is not a file; give the name of one")
    mode = 0o666 if old is None else 0o600  # nobody reads half of what only its owner may read
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | _NO_FOLLOW | getattr(os, "O_BINARY", 0)
    while True:
        partial = target.with_name(_partial_name(target, secrets.token_hex(6)))
        with explained(path, what):
            file = FileIO(partial, "ab+", opener=lambda name, _: os.open(name, flags, mode))
        with suppress(OSError):  # no locks there, or another run is removing it
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_named(file, partial):
            return target, old, file
        file.close()


def _like(file: FileIO, old: os.stat_result) -> None:
    """Give a new file the mode of the one it replaces and, where that is permitted, its owner and group."""
    if not hasattr(os, "fchown"):  # Windows
        return
    now = os.fstat(file.fileno())
    if (now.st_uid, now.st_gid) != (old.st_uid, old.st_gid):
        for owner in (old.st_uid, -1):  # a group of one's own can be given, an owner only by root
            with suppress(OSError):
                os.fchown(file.fileno(), owner, old.st_gid)
                break
    os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))


def remove(path: str | os.PathLike[str]) -> None:
    """Remove a file and the temporary files that killed processes left beside it."""
    Path(path).unlink(missing_ok=True)
    remove_partials(path)


def remove_partials(path: str | os.PathLike[str]) -> None:
    """Remove the temporary files that killed processes left beside ``path``.

    A live process holds a lock on its own, which stays. Where there are no locks, all stay.
    """
    target = Path(os.path.realpath(path))
    _remove_dead(target.parent.glob(_partial_name(target, "*")))


def remove_all_partials(folder: str | os.PathLike[str]) -> list[Path]:
    """As :func:`remove_partials` for all files in a folder, at the cost of one look. Returns what was removed."""
    return _remove_dead(Path(folder).glob(".beholder-*.partial"))


def _remove_dead(partials: Iterable[Path]) -> list[Path]:
    """Remove the temporary files whose writers are dead."""
    removed: list[Path] = []
    if fcntl is None:
        return removed
    for partial in partials:
        with suppress(OSError), FileIO(partial, "rb", opener=_opener(follow=False)) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            partial.unlink()
            removed.append(partial)
    return removed


def hidden_beside(path: str | os.PathLike[str], kind: str) -> Path:
    """A hidden file beside ``path`` that is found again under the same name; links are followed first."""
    target = Path(os.path.realpath(path))
    return target.with_name(f".beholder-{_name_hash(target)}.{kind}")


def _partial_name(target: Path, token: str) -> str:
    """Name of a temporary file for ``target``, of the same length for any target."""
    return f".beholder-{_name_hash(target)}-{token}.partial"


def _name_hash(target: Path) -> str:
    return hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]


def path_key(path: str) -> str:
    """The spelling by which a file is recognised: absolute, without ``.`` and ``//``.

    ``..`` stays, because where it leads depends on links.

    >>> path_key("./photos//a.jpg") == path_key("photos/a.jpg") != path_key("b/../photos/a.jpg")
    True
    """
    whole = os.path.join(os.getcwd(), path)
    if os.sep == "/" and "//" not in whole and "/." not in whole and not whole.endswith("/"):
        return whole  # as Path would give it, ten times as fast
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
        partial.write_text(json_text(document))


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
