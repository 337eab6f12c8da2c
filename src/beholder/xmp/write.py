"""Marks -> sidecars and photographs: one outcome for each file that a profile names."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from beholder.errors import BeholderError
from beholder.photos.sources import MAX_FILE_BYTES
from beholder.reading import open_regular
from beholder.text import printable
from beholder.xmp import names
from beholder.xmp.change import change_inside, change_sidecar, sweep
from beholder.xmp.exiftool import ExifTool
from beholder.xmp.inside import exif_stars, packet_inside
from beholder.xmp.mark import DIGEST, REJECT, REJECT_STARS, Mark
from beholder.xmp.packet import Packet, check_installed, empty_packet, parse
from beholder.xmp.places import Sidecars, read_packet, siblings, sidecars
from beholder.xmp.profiles import INSIDE, PROFILES, Profile
from beholder.xmp.rules import Change, Edit, apply

WRITTEN, UNCHANGED, REFUSED, LEFT_OUT = "written", "unchanged", "refused", "left out"
NEEDS_EMBED = "Lightroom reads JPEG, TIFF, PNG and DNG only from inside the file; --embed writes there"
NOT_EMBEDDED = (
    "of this format nothing is written inside the file, where Lightroom would read it; a sidecar does for others"
)
_EMBEDDED = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".png", ".dng"))


@dataclass(frozen=True)
class Outcome:
    """What was done with one mark in one file.

    Attributes:
        photo: path of the photograph.
        file: that was written: a sidecar, or the photograph itself.
        status: ``written``, ``unchanged``, ``refused`` or ``left out``.
        changes: properties that were changed.
        kept: fields that a person has set otherwise and that stay: ``rating``, ``label``, ``flag``.
        reason: why it was refused or left out, one line.
        note: something to know about a file that was written; empty for nothing.
    """

    photo: str
    file: str
    status: str
    changes: tuple[Change, ...] = ()
    kept: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""


@dataclass
class Summary:
    """Counts of outcomes.

    Attributes:
        counts: status -> number of files.
        kept: files in which something was left because a person had set it.
        reasons: why files were left out -> how many.
        notes: of files, in order.
    """

    counts: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Count an outcome in."""
        self.counts[outcome.status] += 1
        self.kept += bool(outcome.kept)
        if outcome.status == LEFT_OUT:
            self.reasons[outcome.reason] += 1
        if outcome.note:
            self.notes.append(outcome.note)

    def line(self, *, dry_run: bool = False) -> str:
        """The counts in one line.

        >>> Summary(Counter(written=40, unchanged=3, refused=1), kept=5).line()
        'written 40, unchanged 3, kept yours 5, refused 1'
        """
        counts = self.counts
        parts = [
            f"{'would be written' if dry_run else 'written'} {counts[WRITTEN]}",
            f"unchanged {counts[UNCHANGED]}",
            f"kept yours {self.kept}",
            f"refused {counts[REFUSED]}",
        ]
        return ", ".join(parts)


class Writer:
    """Writes marks one by one, as they come.

    Args:
        profiles: which programs are to read them.
        embed: whether to write into photographs where a profile reads them only there; needs exiftool.
        reject_rating: whether a reject is also -1 stars, where a profile reads it so.
        break_links: whether files with several names may be replaced.
        dry_run: whether to write nothing.
        now: the time in UTC that is written; by default the present one.

    Raises:
        BeholderError: an option makes no sense with these profiles, or exiftool is missing.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        *,
        embed: bool = False,
        reject_rating: bool = False,
        break_links: bool = False,
        dry_run: bool = False,
        now: datetime | None = None,
    ) -> None:
        if embed and PROFILES["lightroom"] not in profiles:
            raise BeholderError("--embed is for the profile lightroom: other programs read sidecars")
        if reject_rating and not any(profile.reject_stars for profile in profiles):
            raise BeholderError("--reject-rating is for the profiles darktable and immich: others have a flag for it")
        check_installed()
        self._profiles, self._reject_rating = profiles, reject_rating
        self._break_links, self._dry_run = break_links, dry_run
        self._now = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._beside, self._sweep = cache(siblings), cache(sweep)
        self._tool = ExifTool() if embed else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._tool is not None:
            self._tool.close()

    def write(self, mark: Mark) -> Iterator[Outcome]:
        """Write one mark. Yields an outcome for each file; never raises for what is wrong with a file."""
        photo, label = mark.photo, printable(mark.photo)
        if not os.path.isfile(photo):
            yield Outcome(photo, photo, REFUSED, reason=f"{label}: no such file")
            return
        if not self._dry_run:
            self._sweep(os.path.dirname(photo))
        found = sidecars(photo, self._beside)
        wanted: dict[Path, list[Profile]] = {}
        for profile in sorted(self._profiles, key=lambda profile: profile.follows):
            wanted.setdefault(profile.place(photo, found.plan(*wanted)), []).append(profile)
        own = dict(mark.own)
        digest = own.pop(DIGEST, None)  # of the file, which cannot hold it
        if INSIDE in wanted:
            outcome = self._write_place(replace(mark, own=own), found, INSIDE, wanted.pop(INSIDE))
            yield outcome
            if outcome.status in (WRITTEN, UNCHANGED) and digest is not None:
                digest = _digest(photo)
        mark = replace(mark, own=own if digest is None else {**own, DIGEST: digest})
        beside = found.of_stem in found.there and found.of_stem not in wanted
        for place, profiles in wanted.items():
            outcome = self._write_place(mark, found, place, profiles)
            if place == found.of_file and beside and outcome.status in (WRITTEN, UNCHANGED):
                note = f"{found.of_stem} is there, too: {found.of_file} counts, for programs that read both"
                outcome = replace(outcome, note=note)
            yield outcome

    def _write_place(self, mark: Mark, found: Sidecars, place: Path, profiles: Sequence[Profile]) -> Outcome:
        file = mark.photo if place is INSIDE else os.fspath(place)
        if place is INSIDE and os.path.splitext(mark.photo)[1].lower() not in _EMBEDDED:
            return Outcome(mark.photo, file, LEFT_OUT, reason=NOT_EMBEDDED)
        if place is INSIDE and self._tool is None:
            return Outcome(mark.photo, file, LEFT_OUT, reason=NEEDS_EMBED)
        if place == found.of_stem and found.owner:
            return Outcome(mark.photo, file, REFUSED, reason=f"{printable(file)}: {found.owner}")
        rejected = self._reject_rating and mark.flag == REJECT and any(each.reject_stars for each in profiles)
        mark = replace(mark, rating=REJECT_STARS) if rejected else mark
        allowed = {name for profile in profiles for name in profile.properties}
        others = _others(mark, found, place)

        def editing(packet: Packet, new: bool) -> Edit:
            stars = None if mark.rating is None else exif_stars(mark.photo, [packet, *others])
            elsewhere = others if stars is None else [*others, _of_stars(stars)]
            edit = apply(packet, mark, allowed, elsewhere, self._now)
            if new and edit.changes and place == found.of_stem:  # as Lightroom does, so that all know whose it is
                extension = os.path.splitext(mark.photo)[1][1:].upper()
                packet.set(names.EXTENSION, extension)
                edit.changes.append(Change(names.EXTENSION, None, extension, "new"))
            return edit

        how = {"break_links": self._break_links, "dry_run": self._dry_run}
        try:
            if place is INSIDE:
                assert self._tool is not None
                edit = change_inside(Path(mark.photo), editing, self._tool, **how)
            else:
                edit = change_sidecar(place, editing, **how)
        except BeholderError as error:
            return Outcome(mark.photo, file, REFUSED, reason=str(error))
        status = WRITTEN if edit.changes else UNCHANGED
        return Outcome(mark.photo, file, status, tuple(edit.changes), tuple(edit.kept))


def write_marks(
    marks: Iterable[Mark],
    profiles: Sequence[Profile],
    *,
    embed: bool = False,
    reject_rating: bool = False,
    break_links: bool = False,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Iterator[Outcome]:
    """Write marks, and return what was done with each. The arguments are those of :class:`Writer`.

    >>> from beholder.xmp.profiles import profiles_of
    >>> mark = Mark("examples/photos/rocket.jpg", {"Overall": "5.6000"}, rating=4)
    >>> [(found.file, found.status) for found in write_marks([mark], profiles_of("sidecar"), dry_run=True)]
    [('examples/photos/rocket.jpg.xmp', 'written')]
    """
    with Writer(
        profiles,
        embed=embed,
        reject_rating=reject_rating,
        break_links=break_links,
        dry_run=dry_run,
        now=now,
    ) as writer:
        for mark in marks:
            yield from writer.write(mark)


def _digest(photo: str) -> str | None:
    """Sha256 of a file as it is now; None if it cannot be read."""
    try:
        with open_regular(photo, "a photograph", MAX_FILE_BYTES) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (BeholderError, OSError):
        return None


def _of_stars(stars: int) -> Packet:
    """A packet that says no more than stars, as EXIF data do."""
    packet = parse(empty_packet())
    packet.set(names.RATING, str(stars))
    return packet


def _others(mark: Mark, found: Sidecars, place: Path) -> list[Packet]:
    """What is said of the photograph in other places than the one that is written."""
    if mark.rating is None and mark.label is None and mark.flag is None:
        return []
    packets: list[Packet] = []
    for path in found.there:
        if path != place:
            try:
                packets.append(read_packet(path))
            except BeholderError:  # says nothing that can be respected
                continue
    inside = None if place is INSIDE else packet_inside(mark.photo)
    return packets if inside is None else [*packets, inside]
