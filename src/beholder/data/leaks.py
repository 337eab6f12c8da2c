"""The same picture in two splits, found by content: a leak, which is refused or removed."""

import numpy as np

from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.errors import BeholderError
from beholder.text import MAX_EXAMPLES


def check_leaks(photos: RatedPhotos, *, drop: bool = False) -> RatedPhotos:
    """The photographs, with no picture in two splits; pictures are the same if the bytes of their files are.

    A picture may be in one split twice. Without splits nothing is read and nothing is checked.

    Args:
        photos: with or without splits.
        drop: keep a picture only in the most important of its splits (test, then validation, then train), instead of
            refusing.

    Raises:
        BeholderError: pictures are in two splits and ``drop`` is not set, or a file cannot be read.
    """
    if photos.splits is None:
        return photos
    splits, first = photos.splits, dict[str, int]()
    leaks = []
    for row in sorted(range(len(photos)), key=lambda row: SPLITS.index(splits[row])):
        kept = first.setdefault(photos.digests[row], row)
        if splits[kept] != splits[row]:
            leaks.append((kept, row))
    if not leaks:
        return photos
    if drop:
        return photos.subset(np.setdiff1d(np.arange(len(photos)), [row for _, row in leaks]))
    pairs = (
        f"{photos.files[row]} ({splits[row]}) is {photos.files[kept]} ({splits[kept]})"
        for kept, row in leaks[:MAX_EXAMPLES]
    )
    raise BeholderError(
        f"{photos.name}: {len(leaks)} photographs are in a second split too, by content: {', '.join(pairs)}"
        f"{', ...' if len(leaks) > MAX_EXAMPLES else ''}; --drop-leaks keeps each in one: {', else '.join(SPLITS)}"
    )
