"""Copies of the picks in a folder, or links to them. What is there stays, and no original is touched."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from beholder.errors import BeholderError
from beholder.files import explained, replacing
from beholder.text import printable

LINK_ERRORS = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK)  # where only a symbolic link can be made


def check_folder(folder: Path, inputs: Iterable[str]) -> None:
    """Check that a folder can take copies. Raises BeholderError if it is no folder, or holds one of the originals."""
    if folder.exists() and not folder.is_dir():
        raise BeholderError(f"{folder}: is not a folder; name another one for the picks")
    if not folder.exists() and not folder.absolute().parent.is_dir():
        raise BeholderError(f"{folder}: there is no folder {folder.absolute().parent} to make it in")
    real = os.path.realpath(folder)
    for path in inputs:
        if os.path.dirname(os.path.realpath(path)) == real:
            raise BeholderError(
                f"{folder}: holds {printable(path)} itself; name another folder for the picks, or leave this one out of"
                " the shoot with --exclude"
            )


def with_sidecars(files: Sequence[str]) -> tuple[str, ...]:
    """The files of one shot, and the XMP files beside them."""
    starts = dict.fromkeys(start for path in files for start in (path, os.path.splitext(path)[0]))
    spelled = ([f"{start}{suffix}" for suffix in (".xmp", ".XMP")] for start in starts)
    there = (next(filter(os.path.isfile, names), None) for names in spelled)
    return (*files, *(name for name in there if name is not None))


def put(files: Sequence[str], folder: Path, *, link: bool = False) -> tuple[list[Path], list[Path]]:
    """Copy or link the files of one shot into a folder, all with one stem.

    Where a name is taken by another picture, all files of the shot get a number: IMG_1-2.CR2 and IMG_1-2.JPG. A sidecar
    that is there beside the same picture stays, whatever it says: somebody may have worked with it.

    Args:
        files: of one shot.
        folder: made if it is not there.
        link: hard links, or symbolic ones on another disk. Sidecars are always linked symbolically: a program that
            puts a new one in the place of the old one would part two hard links.

    Returns:
        The files that were made, and those that were there already.

    Raises:
        BeholderError: a file cannot be read or written.
    """
    with explained(folder, "the picks"):
        folder.mkdir(exist_ok=True)
    stem = os.path.splitext(os.path.basename(files[0]))[0]
    number = 1
    while not _is_free(targets := [(path, folder / _renamed(os.path.basename(path), stem, number)) for path in files]):
        number += 1
    made, there = [], []
    for path, target in targets:
        if os.path.lexists(target):
            there.append(target)
            continue
        if not os.path.isfile(path):
            raise BeholderError(f"{printable(path)}: no such file")
        with explained(printable(os.fspath(target)), "a link" if link else "a copy"):
            _link(path, target) if link else _copy(path, target)
        made.append(target)
    return made, there


def _is_free(targets: Sequence[tuple[str, Path]]) -> bool:
    """Whether no other picture has one of these names, nor a sidecar of another one that is gone."""
    photos = [each for each in targets if not is_sidecar(each[0])]
    here = any(os.path.lexists(target) for _, target in photos)
    return all(not os.path.lexists(target) or _same(path, target) for path, target in (photos if here else targets))


def is_sidecar(path: str) -> bool:
    """Whether a name is that of an XMP file."""
    return path.lower().endswith(".xmp")


def _renamed(name: str, stem: str, number: int) -> str:
    if number == 1:
        return name
    start = stem if name.startswith(stem) else os.path.splitext(name)[0]
    return f"{start}-{number}{name[len(start) :]}"


def _same(path: str, target: Path) -> bool:
    try:
        return os.path.samefile(path, target) or filecmp.cmp(path, target, shallow=False)
    except OSError:
        return False


def _copy(path: str, target: Path) -> None:
    with replacing(target, "a copy") as partial:  # a copy that is cut off has no name
        shutil.copy2(path, partial)


def _link(path: str, target: Path) -> None:
    if is_sidecar(path):
        target.symlink_to(os.path.realpath(path))
        return
    try:
        os.link(os.path.realpath(path), target)
    except OSError as error:
        if error.errno not in LINK_ERRORS:
            raise
        target.symlink_to(os.path.realpath(path))
