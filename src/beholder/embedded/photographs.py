"""Write which photographs the embedded models learned from, as beginnings of the hashes of their files.

`python -c "from beholder.embedded.photographs import write; write('DATA')"`

An evaluation tells by them that an embedded model, or a probe on one, knows a photograph, also in a table of someone's
own. They are in the package once for both models; write them anew where a data set changes.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.material import load_photos
from beholder.evaluation.learned import LEARNED_PHOTOGRAPHS, as_numbers
from beholder.files import replacing


def write(root: str | Path) -> None:
    """Write the file in the package, from the data sets in a folder. Raises BeholderError where one is missing."""
    save_digests(load_photos(Path(root)).values(), LEARNED_PHOTOGRAPHS)


def save_digests(data: Iterable[RatedPhotos], path: Path) -> None:
    """Content hash of each data set -> (N,) sorted numbers of its photographs."""
    arrays = {photos.content_hash: np.sort(as_numbers(photos.digests)) for photos in data}
    with replacing(path, "the hashes") as partial, partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # keys are hashes, never the name of an option
