"""Take out what we wrote, and only that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from beholder.errors import BeholderError
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.photos.listing.passed_over import machine_folder
from beholder.xmp.change import change_inside, change_sidecar, remove_sidecar
from beholder.xmp.exiftool import ExifTool
from beholder.xmp.inside import packet_inside
from beholder.xmp.names import EXTENSION
from beholder.xmp.packet import Packet
from beholder.xmp.rules import Edit, clear
from beholder.xmp.write import REFUSED, UNCHANGED, Outcome

CLEARED, REMOVED = "cleared", "removed"


def files(folder: str, *, recursive: bool = False) -> Iterator[str]:
    """The sidecars and photographs in a folder, by name."""
    for place, folders, names in os.walk(folder):
        inside = (name for name in folders if not name.startswith(".") and not machine_folder(place, name))
        folders[:] = sorted(inside) if recursive else []
        for name in sorted(names):
            suffix = os.path.splitext(name)[1].lower()
            if (suffix == ".xmp" or suffix in PHOTO_SUFFIXES) and not name.startswith("."):
                yield os.path.join(place, name)


def clear_files(paths: Iterator[str], *, break_links: bool = False, dry_run: bool = False) -> Iterator[Outcome]:
    """Take out of sidecars and photographs what we wrote.

    A sidecar that we made and that then says nothing is removed. Photographs need exiftool, if there is something.

    Args:
        paths: of sidecars and photographs, as :func:`files` gives them.
        break_links: whether files with several names may be replaced.
        dry_run: whether to write nothing.

    Yields:
        An outcome for each sidecar, and for each photograph with something of ours inside: ``cleared``, ``removed``,
        ``unchanged`` or ``refused``.
    """
    with ExitStack() as stack:
        tool: ExifTool | None = None
        for path in paths:
            try:
                if path.lower().endswith(".xmp"):
                    yield _clear_sidecar(Path(path), break_links=break_links, dry_run=dry_run)
                elif (packet := packet_inside(path)) is not None and packet.own():
                    tool = tool or stack.enter_context(ExifTool())
                    edit = change_inside(Path(path), _editing, tool, break_links=break_links, dry_run=dry_run)
                    yield Outcome(path, path, CLEARED, tuple(edit.changes), tuple(edit.kept))
            except BeholderError as error:
                yield Outcome(path, path, REFUSED, reason=str(error))


def _clear_sidecar(path: Path, *, break_links: bool, dry_run: bool) -> Outcome:
    left = True

    def editing(packet: Packet, new: bool) -> Edit:
        nonlocal left
        ours = packet.is_ours and bool(packet.own())
        edit = _editing(packet, new)
        extension = packet.get(EXTENSION)
        if ours and extension is not None:
            packet.remove(EXTENSION)
            packet.remove_empty()
        left = not (ours and packet.is_empty)
        if left and ours and extension is not None:
            packet.set(EXTENSION, extension)
        return edit

    edit = change_sidecar(path, editing, break_links=break_links, dry_run=True)
    status = UNCHANGED if not edit.changes else CLEARED if left else REMOVED
    if not dry_run and status == CLEARED:
        edit = change_sidecar(path, editing, break_links=break_links)
    elif not dry_run and status == REMOVED:
        remove_sidecar(path)
    return Outcome(os.fspath(path), os.fspath(path), status, tuple(edit.changes), tuple(edit.kept))


def _editing(packet: Packet, _: bool) -> Edit:
    return clear(packet)
