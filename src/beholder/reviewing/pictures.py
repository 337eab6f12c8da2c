"""Pictures of a photograph for the page: small, large, whole, and with the map of a score over it.

Small ones are kept in the user's cache by content, so that a shoot that is opened again is there at once.
"""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from beholder.errors import BeholderError, PhotoError
from beholder.files import cache_folder, replacing
from beholder.photos.formats import BROWSER_FORMATS, detect_format
from beholder.photos.read import read_bytes, read_photo
from beholder.scoring.cores import NO_LIMIT, CoreLimit
from beholder.scoring.scorer import Scorer

SIDES = {"thumb": 360, "preview": 2048}  # kind -> pixels of the long side; nothing is enlarged
KINDS = (*SIDES, "full")
MAX_CACHED = 60_000  # bytes of a picture that is kept on the disk
MAPS = 32  # maps that are kept in memory: each takes seconds
_MEDIA = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WebP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}
_QUALITY = {"thumb": 80, "preview": 88, "full": 94}


@dataclass(frozen=True)
class Picture:
    """A picture, its media type and the sha256 of the photograph that it is of."""

    content: bytes
    media: str
    sha256: str


def picture(path: str, kind: str, known: str = "", limit: CoreLimit = NO_LIMIT) -> Picture:
    """A picture of a photograph, upright and in sRGB; for ``full`` the file itself where a browser shows that.

    Args:
        path: of the photograph.
        kind: one of :data:`KINDS`.
        known: its sha256, if that is known; a small picture that is kept is then found without reading the file.
        limit: cores to share, one of which is taken to make a picture.

    Raises:
        PhotoError: it cannot be read.

    >>> found = picture("examples/photos/rocket.jpg", "preview")
    >>> found.media, Image.open(io.BytesIO(found.content)).size
    ('image/jpeg', (640, 427))
    """
    if known and os.path.isfile(path) and (content := _kept(known, kind)):
        return Picture(content, "image/jpeg", known)
    data = read_bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    if content := _kept(sha256, kind):
        return Picture(content, "image/jpeg", sha256)
    if kind == "full":
        media = _MEDIA.get(detect_format(data, os.path.splitext(path)[1].lower()))
        if media in {_MEDIA[name] for name in BROWSER_FORMATS}:
            return Picture(data, media, sha256)
    with limit.taken():
        content = _jpeg(data, path, kind)
    _keep(sha256, kind, content)
    return Picture(content, "image/jpeg", sha256)


def _jpeg(data: bytes, path: str, kind: str) -> bytes:
    side = SIDES.get(kind)
    with ExitStack() as reservation:
        photo = read_photo(data, None if side is None else (side, side), name=path, reservation=reservation)
        image = Image.fromarray(photo.pixels)
        if side is not None:
            image.thumbnail((side, side), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=_QUALITY[kind])
        return buffer.getvalue()


class Maps:
    """Draws maps of where a score comes from, and keeps the last ones.

    Args:
        scorer: the model.
        limit: cores to share, of which drawing takes as many as the scorer has threads.
    """

    def __init__(self, scorer: Scorer, limit: CoreLimit = NO_LIMIT) -> None:
        self._draw = lru_cache(MAPS)(lambda path, sha256, task: self._drawn(path, task))
        self._scorer, self._limit = scorer, limit

    def __call__(self, path: str, sha256: str, task: str) -> bytes:
        """The photograph under the map of a task, as PNG. Raises BeholderError if there is none."""
        return self._draw(path, sha256, task)

    def _drawn(self, path: str, task: str) -> bytes:
        buffer = io.BytesIO()
        try:
            with self._limit.taken(self._scorer.threads):
                drawn = self._scorer.explain(path, task).overlay()
        except MemoryError:
            raise PhotoError(f"{os.path.basename(path)}: not enough memory for a map") from None
        drawn.save(buffer, "PNG")
        return buffer.getvalue()


def _place(sha256: str, kind: str) -> Path | None:
    """Where a small picture is kept; None for what is not kept, and where there is no cache."""
    if kind != "thumb":
        return None
    with suppress(BeholderError):
        return cache_folder() / "review" / sha256[:2] / f"{sha256}-{SIDES[kind]}.jpg"
    return None


def _kept(sha256: str, kind: str) -> bytes:
    place = _place(sha256, kind)
    if place is None:
        return b""
    try:
        content = place.read_bytes()
    except OSError:
        return b""
    return content if content.startswith(b"\xff\xd8") and content.endswith(b"\xff\xd9") else b""


def _keep(sha256: str, kind: str, content: bytes) -> None:
    """Keep a small picture; a cache that is full or cannot be written is no error."""
    place = _place(sha256, kind)
    if place is None or len(content) > MAX_CACHED:
        return
    with suppress(OSError, BeholderError):
        place.parents[1].mkdir(mode=0o700, parents=True, exist_ok=True)  # they are of private photographs
        place.parent.mkdir(exist_ok=True)
        with replacing(place, "a small picture") as partial:
            partial.write_bytes(content)
