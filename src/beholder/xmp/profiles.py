"""Which programs read what, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from beholder.errors import BeholderError
from beholder.xmp import names
from beholder.xmp.places import Sidecars, is_raw

INSIDE = Path()  # in place of a sidecar: inside the photograph


@dataclass(frozen=True)
class Profile:
    """How programs want it.

    Attributes:
        programs: for the help.
        properties: of the public ones, those that they read.
        place: (path of a photograph, its sidecars) -> the sidecar to write, or :data:`INSIDE`.
        reject_stars: whether a reject is -1 stars to them.
        follows: whether the place depends on which sidecars there are.
    """

    programs: str
    properties: tuple[str, ...]
    place: Callable[[str, Sidecars], Path]
    reject_stars: bool = False
    follows: bool = False


def _lightroom(photo: str, found: Sidecars) -> Path:
    return found.of_stem if is_raw(photo) and not photo.lower().endswith(".dng") else INSIDE


def _of_file(_: str, found: Sidecars) -> Path:
    return found.of_file


def _existing(_: str, found: Sidecars) -> Path:
    return next(iter(found.there), found.of_file)


def _digikam(_: str, found: Sidecars) -> Path:
    return found.of_stem if found.of_stem in found.there else found.of_file


_FLAGS = (names.PICK, names.GOOD)
PROFILES = {
    "sidecar": Profile(
        "any program",
        (
            names.RATING,
            names.LABEL,
            names.LABEL_COLOUR,
            names.DIGIKAM_COLOUR,
            *_FLAGS,
            names.PICK_LABEL,
        ),
        _existing,
        follows=True,
    ),
    "lightroom": Profile(
        "also Bridge, Capture One, DxO", (names.RATING, names.LABEL, names.LABEL_COLOUR, *_FLAGS), _lightroom
    ),
    "darktable": Profile("darktable", (names.RATING, names.LABEL), _of_file, reject_stars=True),
    "immich": Profile("Immich", (names.RATING,), _of_file, reject_stars=True),
    "digikam": Profile(
        "digiKam", (names.RATING, names.LABEL, names.DIGIKAM_COLOUR, names.PICK_LABEL), _digikam, follows=True
    ),
}


def profiles_of(text: str, option: str = "--xmp") -> tuple[Profile, ...]:
    """Profiles by their names, separated by commas.

    Args:
        text: the names.
        option: that gave them, for the message.

    Raises:
        BeholderError: a name is unknown; the message has those there are.

    >>> [profile.programs for profile in profiles_of("darktable,immich")]
    ['darktable', 'Immich']
    """
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = next((name for name in wanted if name not in PROFILES), None)
    if unknown is not None or not wanted:
        raise BeholderError(f"{option} {unknown or text!r}: choose one or more of {', '.join(PROFILES)}")
    return tuple(PROFILES[name] for name in dict.fromkeys(wanted))
