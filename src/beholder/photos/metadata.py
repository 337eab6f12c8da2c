"""What a camera wrote into a file about the shot: when, with what, and how it was exposed (EXIF 3.0).

Read by code of our own, because it is little: the libraries at hand do not know CR3 and RAF, and read as much of a file
as a hostile one tells them to. MakerNotes are not read.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from beholder.photos.containers.exif_blocks import Read, exif_blocks
from beholder.photos.containers.exif_values import Value, exif_values
from beholder.photos.sources import MAX_FILE_BYTES
from beholder.reading import open_regular

_MAKE, _MODEL, _ORIENTATION, _RATING = 0x010F, 0x0110, 0x0112, 0x4746
_EXPOSURE_TIME, _APERTURE, _ISO, _EXPOSURE_INDEX = 0x829A, 0x829D, 0x8827, 0x8832
_SHUTTER_SPEED, _APERTURE_VALUE, _EXPOSURE_BIAS, _EXPOSURE_MODE = 0x9201, 0x9202, 0x9204, 0xA402
_CAPTURED, _UTC_OFFSET, _SUB_SECONDS = 0x9003, 0x9011, 0x9291
_SERIAL, _DNG_SERIAL = 0xA431, 0xC62F
_PANASONIC_ISO = 0x0017  # in the first directory of an RW2
_TAGS = frozenset(
    {
        *(_MAKE, _MODEL, _ORIENTATION, _RATING, _EXPOSURE_TIME, _APERTURE, _ISO, _EXPOSURE_INDEX, _SHUTTER_SPEED),
        *(_APERTURE_VALUE, _EXPOSURE_BIAS, _EXPOSURE_MODE, _CAPTURED, _UTC_OFFSET, _SUB_SECONDS, _SERIAL, _DNG_SERIAL),
        _PANASONIC_ISO,
    }
)
_MANY = 65_535  # an ISO in EXIF that means: more than fits here
_AUTO_BRACKET = 2
_MOMENT = re.compile(r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_COMPANY = re.compile(
    r"(?i)[ ,]+(corporation|corp\.?|company|co\.?|ltd\.?|inc\.?|ag|gmbh|imaging|optical|cameras?|computer|electric"
    r"|electronics|technologies|digital)(?=$|[ ,])"
)


@dataclass(frozen=True)
class Metadata:
    """What is known of a shot; None where the file does not say, or says what cannot be.

    Attributes:
        captured: date and time by the camera's clock, with the parts of a second that it wrote. Without a time zone.
        utc_offset: how far that clock was ahead of UTC.
        camera: maker and model as people write them: ``Canon EOS R5``.
        serial: number of the camera body.
        exposure_time: seconds.
        aperture: f-number.
        iso: sensitivity.
        exposure_bias: exposure compensation that was set, EV.
        auto_bracket: whether the camera says that it took a series of exposures by itself.
        orientation: EXIF orientation, 1 to 8.
        rating: stars, 0 to 5, that a camera or a program wrote into the EXIF data.
    """

    captured: datetime | None = None
    utc_offset: timedelta | None = None
    camera: str | None = None
    serial: str | None = None
    exposure_time: float | None = None
    aperture: float | None = None
    iso: int | None = None
    exposure_bias: float | None = None
    auto_bracket: bool = False
    orientation: int | None = None
    rating: int | None = None


def read_metadata(path: str | os.PathLike[str]) -> Metadata:
    """The metadata of a photograph in any format that is read, RAW too.

    JPEG, HEIC, AVIF, TIFF, PNG, WebP, the RAW formats that are TIFF (CR2, NEF, ARW, DNG, ORF, RW2, PEF, SRW, ...), CR3
    and RAF. A few kilobytes are read whatever the size of the file, and never its date on the disk. Broken metadata
    are no error, and neither is a file that cannot be read: it has none, and whoever reads its pixels says why.

    >>> read_metadata("examples/photos/rocket.jpg").captured is None
    True
    """
    try:
        with open_regular(path, "a photograph", MAX_FILE_BYTES) as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(max(0, length))  # a negative length would mean all

            return _of_file(read, os.fstat(file.fileno()).st_size)
    except Exception:  # of whatever kind: that is no error here
        return Metadata()


def instant(metadata: Metadata, *, utc: bool) -> float | None:
    """When a shot was taken, in seconds; None if that is not known. Differences say how long one was after another.

    Shots are compared in UTC if all of them have a time zone, else by the camera's clock: a camera that was not set to
    the zone of the journey still counts its seconds rightly.

    Args:
        metadata: of the shot.
        utc: in UTC; ask so only if every shot that is compared has a ``utc_offset``.

    >>> flight = Metadata(datetime(2026, 5, 1, 12), timedelta(hours=2))
    >>> instant(flight, utc=False) - instant(flight, utc=True)
    7200.0
    """
    if metadata.captured is None:
        return None
    ahead = metadata.utc_offset or timedelta() if utc else timedelta()
    # not taken from the date, which may be the first or the last that there is
    return (metadata.captured.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC) - ahead).total_seconds()


def _of_file(read: Read, size: int) -> Metadata:
    found: dict[int, Value] = {}
    for block in exif_blocks(read, size):
        found |= exif_values(read, block, _TAGS)

    def text(tag: int) -> str:
        value = found.get(tag)
        return "".join(char for char in value if char.isprintable()).strip() if isinstance(value, str) else ""

    def number(tag: int, low: float, high: float) -> float | None:
        value = found.get(tag)
        if not value or isinstance(value, str) or not low <= value[0] <= high:  # NaN is not between
            return None
        return float(value[0])

    def power(tag: int, factor: float) -> float | None:  # of two: how APEX writes light
        value = number(tag, -20, 20)
        return None if value is None else 2.0 ** (factor * value)

    iso = number(_ISO, 1, 10_000_000)
    if iso is None or iso == _MANY:
        iso = number(_EXPOSURE_INDEX, 1, 10_000_000) or iso or number(_PANASONIC_ISO, 1, 10_000_000)
    time = number(_EXPOSURE_TIME, 1e-7, 1e6)
    aperture = number(_APERTURE, 0.1, 1e3)
    return Metadata(
        captured=_moment(text(_CAPTURED), text(_SUB_SECONDS)),
        utc_offset=_utc_offset(text(_UTC_OFFSET)),
        camera=_camera(text(_MAKE), text(_MODEL)),
        serial=_number_of(text(_SERIAL)) or _number_of(text(_DNG_SERIAL)),
        exposure_time=power(_SHUTTER_SPEED, -1) if time is None else time,
        aperture=power(_APERTURE_VALUE, 0.5) if aperture is None else aperture,
        iso=_whole(iso),
        exposure_bias=number(_EXPOSURE_BIAS, -20, 20),
        auto_bracket=number(_EXPOSURE_MODE, 0, 9) == _AUTO_BRACKET,
        orientation=_whole(number(_ORIENTATION, 1, 8)),
        rating=_whole(number(_RATING, 0, 5)),
    )


def _number_of(serial: str) -> str | None:
    return serial if serial.strip("0") else None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _moment(text: str, sub_seconds: str) -> datetime | None:
    found = _MOMENT.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    digits = sub_seconds if sub_seconds.isdecimal() and sub_seconds.isascii() else found[7] or ""
    try:
        return datetime(year, month, day, hour, minute, second, int(digits[:6].ljust(6, "0")))
    except ValueError:  # 0000:00:00, as cameras write that were never set
        return None


def _utc_offset(text: str) -> timedelta | None:
    if text == "Z":
        return timedelta()
    found = _OFFSET.fullmatch(text)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -ahead if found[1] == "-" else ahead


def _camera(maker: str, model: str) -> str | None:
    """NIKON CORPORATION and NIKON D850 -> NIKON D850; SONY and ILCE-7M3 -> SONY ILCE-7M3."""
    while (shorter := _COMPANY.sub("", maker)) != maker:
        maker = shorter
    names = {word.casefold() for word in maker.split()}
    if model and (not maker or model.split(maxsplit=1)[0].casefold() in names):
        return model
    return f"{maker} {model}".strip() or None
