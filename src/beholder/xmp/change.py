"""Change the packet of one file: a sidecar, or what is inside a photograph. The old file is there, or the new one.

The new content is written beside the file, parsed again and compared with the old: all that is not ours must be the
same. Then it takes the file's place in one step, with its mode. Where another program changed the file meanwhile, it is
read again.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from beholder.errors import BeholderError
from beholder.files import explained, remove_all_partials, replacing
from beholder.reading import read_bytes
from beholder.text import printable
from beholder.xmp import names
from beholder.xmp.exiftool import ExifTool
from beholder.xmp.inside import EMBEDDED_FORMATS, look_inside
from beholder.xmp.packet import MAX_BYTES, Packet, empty_packet, parse
from beholder.xmp.places import WHAT
from beholder.xmp.rules import Edit

Editing = Callable[[Packet, bool], Edit]  # (the packet, whether it is new) -> what was done to it
MAX_JPEG_PACKET = 65_502  # bytes that a segment of a JPEG has room for
_TRIES = 5
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_State = tuple[int, int, int, int]


class _ChangedError(Exception):
    """Another program changed the file after it was read."""


def change_sidecar(path: Path, editing: Editing, *, break_links: bool = False, dry_run: bool = False) -> Edit:
    """Change a sidecar; it is made where there is none, and untouched where nothing changes.

    Args:
        path: of the sidecar. Links are followed.
        editing: changes the packet.
        break_links: whether a file with several names (hard links) may be replaced under this one.
        dry_run: whether to stop before anything is written.

    Raises:
        BeholderError: it cannot be read or written, with its name.
    """

    def attempt() -> Edit:
        before = _state(path)
        content = empty_packet() if before is None else read_bytes(path, WHAT, MAX_BYTES)
        packet = parse(content)
        edit = editing(packet, before is None)
        if edit.changes:
            _refuse_protected(path, break_links=break_links)
        if edit.changes and not dry_run:
            fresh = packet.to_bytes()
            _check(content, fresh, edit)
            with replacing(path, WHAT) as partial, explained(path, WHAT):
                partial.write_bytes(fresh)
                _check_same(path, before)
        return edit

    return _again_if_changed(path, attempt)


def change_inside(
    path: Path, editing: Editing, tool: ExifTool, *, break_links: bool = False, dry_run: bool = False
) -> Edit:
    """Change the packet inside a photograph, by exiftool on a copy that takes the photograph's place.

    The photograph as it was stays beside it as ``IMG.jpg_original``, the first one of several, as exiftool keeps it.

    Args:
        path: of the photograph. Links are followed.
        editing: changes the packet.
        tool: exiftool.
        break_links: as of :func:`change_sidecar`.
        dry_run: as of :func:`change_sidecar`.

    Raises:
        BeholderError: as :func:`change_sidecar`; the format is another one, or the packet is not to be changed.
    """
    target = Path(os.path.realpath(path))
    backup = target.with_name(f"{target.name}_original")

    def attempt() -> Edit:
        before = _state(target)
        found = look_inside(target)
        if found.format not in EMBEDDED_FORMATS:
            raise BeholderError(f"is {found.format}; a packet is written into JPEG, TIFF, PNG and DNG only")
        if len(found.packets) > 1 or found.packets == (b"",):
            raise BeholderError(
                "has more than one packet of XMP, or an old form of one, so it is not clear what counts"
            )
        content = found.packets[0] if found.packets else empty_packet()
        packet = parse(content)
        if packet.get(names.EXTENDED) is not None:
            raise BeholderError("has a packet of XMP in several parts, which is not changed")
        edit = editing(packet, not found.packets)
        if edit.changes:
            _refuse_protected(target, backup, break_links=break_links)
        if edit.changes and not dry_run:
            fresh = packet.to_bytes()
            _check(content, fresh, edit)
            if found.format == "JPEG" and len(fresh) > MAX_JPEG_PACKET:
                raise BeholderError(f"its packet of XMP has {len(fresh):,} bytes, more than a JPEG has room for")
            with replacing(target, "the photograph") as partial, explained(target, "the photograph"):
                shutil.copyfile(target, partial)
                tool.put(partial, fresh)
                written = look_inside(partial)
                if written.format != found.format or len(written.packets) != 1:
                    raise BeholderError("exiftool did not write what it was given; the photograph is as it was")
                _check(content, written.packets[0], edit)
                _check_same(target, before)
                _back_up(target, backup)
        return edit

    return _again_if_changed(path, attempt)


def sweep(folder: str) -> None:
    """Remove what killed runs left half written in a folder."""
    for partial in remove_all_partials(folder or os.curdir):
        with suppress(OSError):
            partial.with_name(f"{partial.name}_exiftool_tmp").unlink()


def remove_sidecar(path: Path) -> None:
    """Remove a sidecar that we made and that says nothing any more."""
    with explained(path, WHAT):
        path.unlink()


def _again_if_changed(path: Path, attempt: Callable[[], Edit]) -> Edit:
    label = printable(os.fspath(path))
    for _ in range(_TRIES):
        try:
            return attempt()
        except _ChangedError:
            continue
        except BeholderError as error:
            text = str(error)
            raise BeholderError(text if label in text or os.fspath(path) in text else f"{label}: {text}") from None
        except OSError as error:
            raise BeholderError(f"{label}: cannot be read: {error.strerror}") from None
    raise BeholderError(f"{label}: another program goes on changing it; close that and run again")


def _check(old: bytes, fresh: bytes, edit: Edit) -> None:
    """Raise BeholderError unless only what was to be changed differs."""
    changed = {each.name for each in edit.changes}
    after = parse(fresh)
    right = all(after.get(each.name) == each.after for each in edit.changes)
    if not right or after.foreign(changed) != parse(old).foreign(changed):
        raise BeholderError("could not be changed without losing something of others, so it is as it was")


def _state(path: Path) -> _State | None:
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns


def _check_same(path: Path, before: _State | None) -> None:
    if _state(path) != before:
        raise _ChangedError


def _refuse_protected(path: Path, backup: Path | None = None, *, break_links: bool) -> None:
    """Refuse a file that is read-only, or has several names; a backup that a killed run left linked to it is none."""
    with suppress(FileNotFoundError):
        info = path.stat()
        if not info.st_mode & _WRITABLE:
            raise BeholderError("is read-only; make it writable first")
        names_of_it = info.st_nlink
        if backup is not None and backup.exists() and backup.samefile(path):
            names_of_it -= 1
        if names_of_it > 1 and not break_links:
            raise BeholderError(
                f"is one file under {names_of_it} names (hard links), which would no longer be one; --break-links "
                "allows it"
            )


def _back_up(target: Path, backup: Path) -> None:
    """Keep the photograph as it was under the name that exiftool gives it, unless an earlier one is kept there."""
    if os.path.lexists(backup):
        return
    try:
        os.link(target, backup)
    except OSError:  # a memory card has no links
        shutil.copy2(target, backup)
