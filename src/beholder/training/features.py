"""Features of rated photographs by a frozen network, computed once and kept.

A cache file belongs to one data set (by content hash), one network (by the digest of its weights) and one way of
looking (size, layers): change any of them and another file is made. Rows are written as they come and a counter
follows them, so a run that was killed goes on at the last finished batch.
"""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder import photo, progress
from beholder.data.rated import RatedPhotos
from beholder.errors import BeholderError
from beholder.weights import cache_folder

BATCH = 8


@dataclass(frozen=True)
class Extractor:
    """A frozen network as a function.

    Attributes:
        key: names everything that the features depend on besides the pixels.
        size: (width, height) of the pixels that ``compute`` takes.
        views: ways in which each photograph is seen: 1, or 2 with its mirror image.
        width: features a view.
        compute: (B, height, width, 3) uint8 -> (B, D) float32.
        resize: a photograph and ``size`` -> the pixels.
    """

    key: str
    size: tuple[int, int]
    views: int
    width: int
    compute: Callable[[np.ndarray], np.ndarray]
    resize: Callable[[photo.Photo, tuple[int, int]], photo.Pixels] = photo.squash


def features(photos: RatedPhotos, extractor: Extractor, cache: Path | None = None) -> list[np.ndarray]:
    """Each view's features, (N, D) float32, read from the cache where they are there.

    Raises:
        PhotoError: a photograph that does not decode.
        BeholderError: the cache folder cannot be written.
    """
    key = hashlib.sha256(f"{photos.content_hash} {'|'.join(photos.files)} {extractor.key}".encode()).hexdigest()[:20]
    folder = (cache or cache_folder()) / "features"
    values, counter = folder / f"{photos.name}-{key}.npy", folder / f"{photos.name}-{key}.json"
    shape = (extractor.views, len(photos), extractor.width)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if counter.exists() and values.exists():
            done = int(json.loads(counter.read_text())["done"])
            kept = np.lib.format.open_memmap(values, mode="r+")
        else:
            done = 0
            kept = np.lib.format.open_memmap(values, mode="w+", dtype=np.float32, shape=shape)
        if done < len(photos):
            _compute(photos, extractor, kept, counter, done)
    except OSError as error:
        raise BeholderError(
            f"{folder}: cannot keep features there ({error.strerror}); set BEHOLDER_CACHE to a folder with room"
        ) from None
    return [np.array(view) for view in kept]


def _compute(photos: RatedPhotos, extractor: Extractor, kept: np.memmap, counter: Path, done: int) -> None:
    width, height = extractor.size

    def pixels(path: Path) -> np.ndarray:
        return extractor.resize(photo.read(path, (2 * width, 2 * height)), extractor.size)

    paths = photos.paths
    with ThreadPoolExecutor(2) as pool, progress.bar(f"features of {photos.name}", len(photos), done) as bar:
        for start in range(done, len(photos), BATCH):
            rows = slice(start, min(start + BATCH, len(photos)))
            batch = np.stack(list(pool.map(pixels, paths[rows])))
            kept[0, rows] = extractor.compute(batch)
            if extractor.views == 2:
                kept[1, rows] = extractor.compute(np.ascontiguousarray(batch[:, :, ::-1]))
            kept.flush()
            counter.write_text(json.dumps({"done": rows.stop}))
            bar.advance(bar.task_ids[0], rows.stop - rows.start)
