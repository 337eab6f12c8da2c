"""Files on this machine and objects in a store, by the same functions. Stores are reached by fsspec.

What fails for a moment is tried again: the object is opened where reading had stopped, after a look whether it is still
the same. Everything is written under another name and then put in its place, or uploaded whole.
"""

from __future__ import annotations

import glob
import io
import os
import posixpath
import random
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from beholder import files
from beholder.errors import BeholderError, PhotoError
from beholder.extras import require
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.photos.listing.find import Unreadable, find
from beholder.photos.listing.passed_over import machine_folder
from beholder.reading import open_regular
from beholder.text import one_line, printable

T = TypeVar("T")

BLOCK = 4 * 2**20  # bytes of an object that are asked for at once
KEPT_BLOCKS = 8  # of an open object: the columns of a table are read in turn
FIRST_WAIT = 0.5  # seconds before the second try; twice as many before each further one
MAX_SMALL_BYTES = 64 * 2**20  # of what `read_small` reads
MAX_OBJECT_BYTES = 512 * 2**20  # of a photograph in a store
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    "hf": "huggingface_hub",
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    **dict.fromkeys(("ssh", "sftp"), "paramiko"),
}
# What stores call that which changes with an object's content, the surest first.
_TAGS = ("ETag", "etag", "e_tag", "md5Hash", "content_md5", "checksum", "crc32c", "generation", "blob_id", "xet_hash")
_TIMES = ("LastModified", "last_modified", "last_commit", "updated", "modified", "mtime", "created")
# That another try would not change. ValueError: a name that the store does not take.
_LASTING = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    ImportError,
    ValueError,
    TypeError,
)


class StoreError(BeholderError):
    """A file or an object that cannot be reached, read or written."""


@dataclass(frozen=True)
class Stat:
    """What changes with a file's content.

    Attributes:
        size: bytes.
        tag: of an object what its store gives, such as an ETag; of a local file when it was changed, in nanoseconds.
    """

    size: int
    tag: str


@dataclass
class Retries:
    """How often a store is asked again, and how often it was. Threads may share one.

    Attributes:
        limit: tries after the first, of each request.
        count: of tries after the first so far.
    """

    limit: int = 3
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def pause(self, tries: int) -> None:
        """Count another try, after so many, and wait before it."""
        with self._lock:
            self.count += 1
        time.sleep(FIRST_WAIT * 2**tries * random.uniform(1, 1.5))  # not all machines at once


def is_remote(path: str) -> bool:
    """Whether a path is the URL of an object in a store.

    >>> is_remote("s3://bucket/00000.tar"), is_remote("00000.tar"), is_remote("file:///tmp/00000.tar")
    (True, False, False)
    """
    return "://" in path and not path.startswith("file://")


def local_path(path: str) -> str:
    """A local path that may be written as a URL, ``file:///tmp/a``."""
    return path.removeprefix("file://")


def join(folder: str, name: str) -> str:
    """A path below a folder, or a URL below another."""
    return posixpath.join(folder, name) if is_remote(folder) else os.path.join(folder, name)


def stat(path: str, retries: Retries | None = None) -> Stat:
    """Size and tag of a file.

    Raises:
        StoreError: it is not there, or may not be seen.
    """
    if is_remote(path):
        return _remote_stat(path, retries)
    path = local_path(path)
    try:
        info = os.stat(path)
    except (OSError, ValueError) as problem:
        raise _refusal(path, "read", problem) from problem
    return Stat(info.st_size, str(info.st_mtime_ns))


def exists(path: str, retries: Retries | None = None) -> bool:
    """Whether there is a file or an object. Raises StoreError where that cannot be seen."""
    return _present(path, retries) is not None


def _present(path: str, retries: Retries | None) -> Stat | None:
    try:
        return stat(path, retries)
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return None
        raise


def open_input(path: str, retries: Retries) -> BinaryIO:
    """Open a file to read its bytes, from any place in it. Only a regular file, or an object.

    Args:
        path: local, or a URL.
        retries: counts tries after the first.

    Raises:
        StoreError: it is not there, or may not be read. Reading an object raises it, too: it failed too often, or the
            object is another now.
    """
    if is_remote(path):
        return cast(BinaryIO, RemoteFile(path, retries))
    return open_regular(local_path(path), "a tar file or a table", sys.maxsize, error=StoreError)


def read_small(path: str, retries: Retries | None = None) -> bytes | None:
    """The content of a small file; None if there is none.

    Raises:
        StoreError: it may not be read, or is larger than `MAX_SMALL_BYTES`.
    """
    found = _present(path, retries)
    if found is None:
        return None
    if found.size > MAX_SMALL_BYTES:
        raise StoreError(
            f"{printable(path)}: has {found.size:,} bytes, more than the {MAX_SMALL_BYTES:,} that are read"
        )
    with open_input(path, retries or Retries()) as file:
        try:
            return file.read()
        except OSError as problem:
            raise _refusal(path, "read", problem) from problem


def list_glob(pattern: str, retries: Retries | None = None) -> list[str]:
    """What matches a pattern, sorted; ``**`` goes into folders. A folder has a slash at its end.

    Hidden files are left out, as a shell does.
    """
    if not is_remote(pattern):
        found = glob.glob(local_path(pattern), recursive=True)
        return sorted(os.path.join(each, "") if os.path.isdir(each) else each for each in found)
    system, path = _system(pattern, "list")
    listed = _attempts(pattern, "list", retries, lambda: dict(system.glob(path, detail=True)))
    slashes = ((each, "/" if info.get("type") == "directory" else "") for each, info in listed.items())
    return sorted(_as_given(pattern, path, each, system).rstrip("/") + slash for each, slash in slashes)


def list_folder(path: str, recursive: bool, retries: Retries | None = None) -> list[tuple[str, Stat]]:
    """The photographs of a folder by their names below it, sorted. Hidden files and folders are left out.

    Raises:
        StoreError: there is no such folder, or it cannot be listed.
    """
    if is_remote(path):
        return _list_remote(path, recursive, retries)
    path = local_path(path)
    try:
        os.listdir(path)
    except (OSError, ValueError) as problem:
        raise _refusal(path, "list", problem) from problem
    photos = (item for item in find([path], recursive=recursive) if not isinstance(item, Unreadable))
    return sorted((os.path.relpath(item, path), stat(item)) for item in photos)


@contextmanager
def temporary_beside(path: str) -> Iterator[Path]:
    """A local file to write, which :func:`publish` puts in its place; what is left of it is removed.

    Beside ``path``, hidden, where that is local: then it is on the same disk. Its folder is made if it is not there.

    Raises:
        BeholderError: it cannot be written there.
    """
    if is_remote(path):
        with tempfile.TemporaryDirectory(prefix="beholder-") as folder:
            yield Path(folder, posixpath.basename(path) or "output")
        return
    target = _with_folder(local_path(path))
    with files.partial_beside(target, "a table") as partial:
        yield partial


def publish(local: Path, path: str, retries: Retries | None = None) -> None:
    """Put a finished file in its place in one step: a file is renamed, an object is uploaded whole.

    Args:
        local: file of :func:`temporary_beside`.
        path: where it belongs.
        retries: counts tries after the first.

    Raises:
        BeholderError: it cannot be written there.
    """
    if not is_remote(path):
        files.put_in_place(local, local_path(path), "a table")
        return
    system, name = _system(path, "write")
    _attempts(path, "write", retries, lambda: system.put_file(os.fspath(local), name))


def publish_bytes(data: bytes, path: str, retries: Retries | None = None) -> None:
    """As :func:`publish`, of a few bytes."""
    if is_remote(path):
        system, name = _system(path, "write")
        _attempts(path, "write", retries, lambda: system.pipe_file(name, data))
        return
    with temporary_beside(path) as partial:
        with files.explained(path, "a table"):
            partial.write_bytes(data)
        publish(partial, path)


class RemoteFile(io.RawIOBase):
    """An object in a store, read by blocks; of each request that fails or gives less, the rest is asked for again."""

    def __init__(self, path: str, retries: Retries) -> None:
        super().__init__()
        self._path, self._retries = path, retries
        self._system, self._name = _system(path, "read")
        self.stat = _remote_stat(path, retries)
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()  # by their number; the one used last is last

    @property
    def name(self) -> str:
        """The URL."""
        return self._path

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place; returns it, in bytes from the start."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.stat.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Bytes from the start."""
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Fill a buffer, but for the end of the object. Raises StoreError."""
        view, done = memoryview(buffer).cast("B"), 0
        while done < len(view) and self._at < self.stat.size:
            number, start = divmod(self._at, BLOCK)
            part = memoryview(self._block(number))[start : start + len(view) - done]
            view[done : done + len(part)] = part
            done += len(part)
            self._at += len(part)
        return done

    def check_unchanged(self) -> None:
        """Look once more. Raises StoreError if the object is another than the one that was opened."""
        if _remote_stat(self._path, self._retries) != self.stat:
            raise StoreError(f"{printable(self._path)}: changed while it was read; score it again when it is whole")

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            start = number * BLOCK
            end = min(start + BLOCK, self.stat.size)
            self._blocks[number] = self._request(start, end)
            while len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _request(self, start: int, end: int) -> bytes:
        parts: list[bytes] = []
        failed = False

        def ask() -> None:
            nonlocal start, failed
            if failed:
                self.check_unchanged()
            failed = True
            part = self._system.cat_file(self._name, start=start, end=end)
            parts.append(bytes(part[: end - start]))
            start += len(parts[-1])
            if start < end:
                raise ConnectionError("the connection was cut")

        _attempts(self._path, "read", self._retries, ask)
        return b"".join(parts)


@dataclass(frozen=True)
class StoredPhoto:
    """A photograph in a store, which is fetched where it is decoded: :func:`beholder.score_photos` reads it as bytes.

    Attributes:
        path: URL.
        retries: counts tries after the first.
        size: bytes, by which a cut connection is noticed; None to ask for it first.
    """

    path: str
    retries: Retries
    size: int | None = None

    def read_bytes(self) -> bytes:
        """The content. Raises PhotoError, in one line that begins with the URL."""
        try:
            system, name = _system(self.path, "read")
            return _attempts(self.path, "read", self.retries, lambda: self._fetch(system, name))
        except BeholderError as error:
            raise PhotoError(str(error)) from error

    def _fetch(self, system: Any, name: str) -> bytes:
        size = _stat_of(system.info(name)).size if self.size is None else self.size
        if size > MAX_OBJECT_BYTES:
            raise StoreError(
                f"{printable(self.path)}: has {size:,} bytes, more than the {MAX_OBJECT_BYTES:,} that are read of a "
                "photograph in a store"
            )
        content = bytes(system.cat_file(name, start=0, end=size + 1)) if size else b""
        if len(content) < size:
            raise ConnectionError("the connection was cut")
        if len(content) > size:
            raise StoreError(f"{printable(self.path)}: changed while it was read; score it again when it is whole")
        return content


def _with_folder(path: str) -> str:
    """The path, whose folder is there now."""
    with files.explained(path, "a table"):
        os.makedirs(os.path.dirname(path) or os.curdir, exist_ok=True)
    return path


def _system(path: str, doing: str) -> tuple[Any, str]:
    """The file system of a URL, and how it calls the object."""
    core = require("fsspec.core", "remote", f"{printable(path)}: reaching a store")
    try:
        system, name = core.url_to_fs(path)
    except Exception as problem:
        raise _refusal(path, doing, problem) from problem
    return system, name


def _remote_stat(path: str, retries: Retries | None) -> Stat:
    system, name = _system(path, "read")

    def look() -> Stat:
        system.invalidate_cache(name)
        return _stat_of(system.info(name))

    return _attempts(path, "read", retries, look)


def _stat_of(info: dict[str, Any]) -> Stat:
    if info.get("type") == "directory":
        raise IsADirectoryError("it is a folder")
    if info.get("size") is None:
        raise ValueError("the store does not say how large it is")
    tag = next((info[key] for key in (*_TAGS, *_TIMES) if info.get(key)), "")
    return Stat(int(info["size"]), str(tag).strip('"'))


def _list_remote(path: str, recursive: bool, retries: Retries | None) -> list[tuple[str, Stat]]:
    system, top = _system(path, "list")

    def look() -> dict[str, dict[str, Any]]:
        system.invalidate_cache(top)
        if recursive:
            return dict(system.find(top, detail=True))
        return {each["name"]: each for each in system.ls(top, detail=True) if each["type"] == "file"}

    found, start = [], top.rstrip("/") + "/"
    for name, info in _attempts(path, "list", retries, look).items():
        below = name.removeprefix(start)
        if posixpath.splitext(below)[1].lower() in PHOTO_SUFFIXES and not _passed_over(below):
            found.append((below, _stat_of(info)))
    return sorted(found)


def _passed_over(name: str) -> bool:
    """Whether a search of a folder would not come by: hidden, or in a folder that a program made for itself."""
    *folders, last = name.split("/")
    return last.startswith(".") or any(each.startswith(".") or machine_folder("", each) for each in folders)


def _as_given(pattern: str, stripped: str, found: str, system: Any) -> str:
    """The URL of something found, spelled as the pattern was."""
    if pattern.endswith(stripped):
        return pattern[: len(pattern) - len(stripped)] + found
    return str(system.unstrip_protocol(found))


def _attempts(path: str, doing: str, retries: Retries | None, ask: Callable[[], T]) -> T:
    """What a store answers, asked again while that may help. Raises StoreError, in one line."""
    retries, tries = retries or Retries(), 0
    while True:
        try:
            return ask()
        except BeholderError:
            raise
        except Exception as problem:
            if tries >= retries.limit or isinstance(problem, _LASTING) or "Credential" in type(problem).__name__:
                raise _refusal(path, doing, problem, tries) from problem
            retries.pause(tries)
            tries += 1


def _refusal(path: str, doing: str, problem: Exception, tries: int = 0) -> StoreError:
    """One line: what, where, why, what to do."""
    where = printable(path)
    protocol = path.partition("://")[0].rpartition("::")[2]
    if isinstance(problem, FileNotFoundError):
        if doing == "write":
            return StoreError(f"{where}: cannot write it: there is no such bucket or folder; make it first")
        return StoreError(f"{where}: no such {'object in the store' if is_remote(path) else 'file'}; look at its name")
    if isinstance(problem, PermissionError) or "Credential" in type(problem).__name__:
        who = "give this machine credentials that may" if is_remote(path) else "change its mode"
        return StoreError(f"{where}: no permission to {doing} it; {who}")
    if isinstance(problem, ImportError):
        package = _PACKAGES.get(protocol)
        advice = f"needs {package}, not installed: pip install {package}" if package else one_line(problem)
        return StoreError(f"{where}: {advice}")
    if isinstance(problem, ValueError) and "rotocol" in str(problem):
        return StoreError(f"{where}: {printable(protocol)}:// is no store that fsspec knows; look at its name")
    again = f" ({tries + 1} tries)" if tries else ""
    why = getattr(problem, "strerror", None) or one_line(problem)
    return StoreError(f"{where}: cannot {doing} it{again}: {why}")
