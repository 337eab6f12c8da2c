"""Tar files read as a stream, sample by sample, as webdataset and img2dataset write them. Nothing is unpacked."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast

from beholder.errors import BeholderError
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.photos.listing.find import Unreadable
from beholder.scale.carry import Carry, sample_values, text_suffixes
from beholder.scale.unit import SourceRow, UnitError
from beholder.text import cut, one_line, printable

MAX_MEMBER_BYTES = 512 * 2**20  # of a picture
MAX_TEXT_BYTES = 16 * 2**20  # of a member with values
MAX_HEADER_BYTES = 2**20  # of a long name or other properties of a member
GROUP_PICTURES, GROUP_BYTES = 64, 64 * 2**20  # of pictures that are held until their group ends; names as
# 2020.01.31.jpg make one group of a whole tar
_CHUNK = 2**16
_EXTENSIONS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
               tarfile.GNUTYPE_LONGLINK)  # fmt: skip
_PACKED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}


_CUT = "unexpected end of data"  # tarfile's word
_EMPTY = ("empty header", "empty file")  # tarfile's words


class _DamagedError(Exception):
    """A header that is no header; no HeaderError, which tarfile takes for the end of the file."""


class _MoreError(Exception):
    """There is more after the end."""


class _Member(tarfile.TarInfo):
    """A member whose damage is not taken for the end of the file."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _EXTENSIONS and not 0 <= member.size <= MAX_HEADER_BYTES:
            raise _DamagedError(f"a member has {member.size:,} bytes of properties")
        return member

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> _Member:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise _DamagedError(str(error)) from error


class HashedFile(io.RawIOBase):
    """A file read from its start, whose sha256 and size are known at its end."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read the next bytes."""
        part = self._file.read(len(memoryview(buffer)))
        memoryview(buffer)[: len(part)] = part
        self._hash.update(part)
        self.size += len(part)
        return len(part)

    def sha256(self) -> str:
        """Of all that was read, hexadecimal."""
        return self._hash.hexdigest()


@dataclass
class _Group:
    """Members of one sample."""

    key: str
    extensions: set[str] = field(default_factory=set)
    pictures: list[tuple[str, str, bytes | Unreadable]] = field(default_factory=list)  # extension, name, content
    texts: dict[str, bytes] = field(default_factory=dict)  # by extension
    size: int = 0  # bytes of pictures
    goes_on: bool = False  # after pictures that were given already

    @property
    def full(self) -> bool:
        return len(self.pictures) >= GROUP_PICTURES or self.size >= GROUP_BYTES


@dataclass
class _Place:
    """How far the reading has come, for messages."""

    member: str = ""
    rows: int = 0


def read_tar(file: io.BufferedReader, path: str, carry: Sequence[Carry]) -> Iterator[SourceRow]:
    """The rows of a tar file, plain or packed by gzip, bzip2 or xz; each picture of each sample is one.

    Consecutive members with the same path up to the first dot of their name are a sample. Its pictures are the members
    with the suffix of a photograph and no further dot, such as ``000.jpg``; only if there are none, those such as
    ``000.left.jpg``. A sample without a picture is a row with the reason.

    Args:
        file: open at its start; it is read to its end.
        path: for messages.
        carry: values from a sample's ``.json``, or members with that suffix.

    Raises:
        UnitError: it is not a tar file, is damaged, cut short or has more after its end.
    """
    place = _Place()
    try:
        unpacked = _unpacked(file)
        with tarfile.open(
            fileobj=unpacked, mode="r|", bufsize=_CHUNK, tarinfo=_Member, encoding="utf-8", errors="surrogateescape"
        ) as tar:
            for group in _groups(tar, text_suffixes(carry), place):
                for row in _rows(group, carry):
                    yield row
                    place.rows += 1
            _check_end(tar)
        for rest in (unpacked, file):  # what is packed has a checksum at its end; and all is hashed
            while rest.read(_CHUNK):
                pass
    except BeholderError:
        raise
    except Exception as error:
        raise UnitError(f"{printable(path)}: {_why(error, place)}") from error


def _unpacked(file: io.BufferedReader) -> IO[bytes]:
    start = file.peek(6)[:6]
    return next((opened(file) for magic, opened in _PACKED.items() if start.startswith(magic)), file)


def _groups(tar: tarfile.TarFile, wanted: frozenset[str], place: _Place) -> Iterator[_Group]:
    group: _Group | None = None
    while (member := tar.next()) is not None:
        tar.members = []  # type: ignore[attr-defined]  # it would keep all
        place.member = member.name
        if (named := _named(member)) is None:
            continue
        key, extension = named
        split = False
        if group is not None:
            new = key != group.key or extension in group.extensions
            split = not new and group.full and _is_picture(extension)
            if new or split:
                yield group
                group = None
        if group is None:
            group = _Group(key, goes_on=split)
        group.extensions.add(extension)
        if _is_picture(extension):
            group.pictures.append((extension, member.name, _picture(tar, member)))
            group.size += member.size
        elif extension in wanted and member.isreg() and member.size <= MAX_TEXT_BYTES:
            group.texts[extension] = _content(tar, member)
    if group is not None:
        yield group


def _named(member: tarfile.TarInfo) -> tuple[str, str] | None:
    """Key and extension of a member; None for what is no part of a sample."""
    folders, _, base = member.name.rpartition("/")
    stem, _, extension = base.partition(".")
    extension = extension.lower()
    if member.isdir() or not (member.isreg() or _is_picture(extension)):
        return None
    hidden = (part.startswith((".", "PaxHeaders")) and part not in (".", "..") for part in (*folders.split("/"), base))
    if any(hidden) or "__MACOSX" in folders:
        return None
    return f"{folders}/{stem}" if folders else stem, extension


def _is_picture(extension: str) -> bool:
    return f".{extension.rpartition('.')[2]}" in PHOTO_SUFFIXES


def _picture(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | Unreadable:
    if member.issym() or member.islnk():
        return _unreadable(member.name, "is a link, which is not followed; make the tar with the files themselves")
    if not member.isreg():
        return _unreadable(member.name, "is no file, but a device or a pipe")
    if member.size > MAX_MEMBER_BYTES:
        why = f"has {member.size:,} bytes, more than the {MAX_MEMBER_BYTES:,} that are read of a picture in a tar"
        return _unreadable(member.name, why)
    return _content(tar, member)


def _unreadable(name: str, why: str) -> Unreadable:
    return Unreadable(name, f"{printable(cut(name, 1000))}: {why}")


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    content = b"" if file is None else file.read()
    if len(content) != member.size:
        raise tarfile.ReadError(_CUT)
    return content


def _rows(group: _Group, carry: Sequence[Carry]) -> list[SourceRow]:
    carried = sample_values(group.texts, carry)
    if not group.pictures:
        if group.goes_on:
            return []
        has = ", ".join(f".{each}" if each else "a file without a suffix" for each in sorted(group.extensions)[:8])
        return [SourceRow(group.key, _unreadable(group.key, f"has no picture; it has {printable(cut(has))}"), carried)]
    first = [each for each in group.pictures if "." not in each[0]]
    return [
        SourceRow(name, what if isinstance(what, Unreadable) else {"bytes": what, "path": name}, carried)
        for _, name, what in first or group.pictures
    ]


def _check_end(tar: tarfile.TarFile) -> None:
    """After the block of zeros that ends a tar file there are only zeros."""
    file = cast(IO[bytes], tar.fileobj)
    while part := file.read(_CHUNK):
        if part.count(0) != len(part):
            raise _MoreError


def _why(error: Exception, place: _Place) -> str:
    """What is wrong with the file as a whole, and what to do."""
    rows = f"after {place.rows:,} row{'' if place.rows == 1 else 's'}"
    member = printable(cut(place.member, 200))
    reason = str(error)
    if isinstance(error, _MoreError):
        return f"has more after its end ({rows}), as tar files joined by cat have; give each as a file of its own"
    if not member and reason in _EMPTY:
        return "is empty (0 bytes); copy it again"
    if not member and not isinstance(error, EOFError):
        return f"is not a tar file ({one_line(error)})"
    if reason in _EMPTY:
        return f"ends after {member} ({rows}), without the zeros at its end; copy it again"
    if isinstance(error, EOFError) or reason in (_CUT, "truncated header"):
        return f"ends in the middle of {member or 'its first member'} ({rows}); copy it again"
    return f"is damaged after {member} ({rows}: {one_line(error)}); copy it again"
