"""Where programs look for what is said of a photograph: sidecars of two names, and inside the file.

``IMG.xmp`` is one file for all of ``IMG.CR2``, ``IMG.JPG`` and ``IMG.DNG``: it belongs to the RAW, or to whom it names.
``IMG.CR2.xmp`` belongs to one file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from beholder.errors import BeholderError
from beholder.photos.formats import PHOTO_SUFFIXES, RAW_SUFFIXES
from beholder.reading import read_bytes
from beholder.xmp import names
from beholder.xmp.packet import MAX_BYTES, Packet, parse

SUFFIXES = (".xmp", ".XMP")
WHAT = "a sidecar"
Siblings = Callable[[str], Mapping[str, frozenset[str]]]  # folder -> stem, in lower case -> suffixes of photographs


@dataclass(frozen=True)
class Sidecars:
    """The sidecars of a photograph.

    Attributes:
        of_file: ``IMG.jpg.xmp``, whether it is there or not.
        of_stem: ``IMG.xmp``, whether it is there or not.
        owner: why ``IMG.xmp`` is another file's; empty where it is this one's.
        planned: those that will be made.
    """

    of_file: Path
    of_stem: Path
    owner: str
    planned: frozenset[Path] = frozenset()

    @property
    def there(self) -> list[Path]:
        """Those of this photograph that exist or will be made, the one that counts first."""
        both = (self.of_file,) if self.owner else (self.of_file, self.of_stem)
        return [path for path in both if path in self.planned or os.path.lexists(path)]

    def plan(self, *paths: Path) -> Sidecars:
        """The same, where these will be made."""
        return replace(self, planned=self.planned.union(paths))


def is_raw(path: str) -> bool:
    """Whether a name is that of a RAW file, DNG among them."""
    return os.path.splitext(path)[1].lower() in RAW_SUFFIXES


def siblings(folder: str) -> dict[str, frozenset[str]]:
    """The photographs in a folder: their stems in lower case, and the suffixes that each stem has."""
    found: dict[str, set[str]] = {}
    try:
        listed = os.listdir(folder or os.curdir)
    except OSError:
        return {}
    for name in listed:
        stem, suffix = os.path.splitext(name)
        if suffix.lower() in PHOTO_SUFFIXES and not name.startswith("."):
            found.setdefault(stem.lower(), set()).add(suffix.lower())
    return {stem: frozenset(suffixes) for stem, suffixes in found.items()}


def sidecars(photo: str, beside: Siblings = siblings) -> Sidecars:
    """The sidecars of a photograph.

    Args:
        photo: its path.
        beside: :func:`siblings`, or a copy of it that remembers.
    """
    folder, name = os.path.split(photo)
    stem, suffix = os.path.splitext(name)
    of_stem = _spelled(os.path.join(folder, stem))
    others = beside(folder).get(stem.lower(), frozenset()) - {suffix.lower()}
    return Sidecars(_spelled(photo), of_stem, _owner(of_stem, suffix.lower(), others))


def _owner(of_stem: Path, suffix: str, others: frozenset[str]) -> str:
    """Why ``IMG.xmp`` belongs to another file than that with this suffix; empty if it does not."""
    if named := _named_extension(of_stem):
        return "" if f".{named}" == suffix else f"it belongs to the {named.upper()} file of this name"
    raws = others & RAW_SUFFIXES
    if suffix in RAW_SUFFIXES:
        return f"it may belong to the {sorted(raws)[0][1:].upper()} file of this name, too" if raws else ""
    if raws:
        return f"it belongs to the {sorted(raws)[0][1:].upper()} file of this name"
    return f"it may belong to the {sorted(others)[0][1:].upper()} file of this name, too" if others else ""


def _named_extension(path: Path) -> str:
    """The extension that a sidecar says it belongs to, in lower case; empty if it says none."""
    try:
        return (read_packet(path).get(names.EXTENSION) or "").strip().lower() if os.path.lexists(path) else ""
    except BeholderError:
        return ""


def read_packet(path: str | os.PathLike[str]) -> Packet:
    """The packet in a sidecar. Raises BeholderError, in one line with the name, if it cannot be read."""
    content = read_bytes(path, WHAT, MAX_BYTES)
    try:
        return parse(content)
    except BeholderError as error:
        raise BeholderError(f"{os.fspath(path)}: {error}") from None


def _spelled(path: str) -> Path:
    """The sidecar as it is spelled on the disk; in lower case where there is none."""
    found = next((path + suffix for suffix in SUFFIXES if os.path.lexists(path + suffix)), path + SUFFIXES[0])
    return Path(found)
