"""Features of rated photographs by a frozen network, computed once and cached.

A cache file belongs to one data set (by content hash), one network (by the digest of its weights) and one set of
options (size, layers): a change of any of them makes another file. Rows are written batch by batch and a counter is
updated after each, so an interrupted run continues after the last finished batch.
"""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.files import cache_folder, read_json, replacing
from beholder.photos.read import Photo, Pixels, read_photo
from beholder.photos.resize import decode_size, resize_exact
from beholder.terminal import say
from beholder.text import size_text

CACHE_BATCH = 8
ViewFn = Callable[[np.ndarray, int], np.ndarray]
ANNOUNCED_BYTES = 2**28  # size from which a note says how large the file is


def mirrored(pixels: np.ndarray, view: int) -> np.ndarray:
    """Pixels (..., height, width, 3) unchanged in view 0, mirrored in view 1."""
    return np.ascontiguousarray(pixels[..., ::-1, :]) if view else pixels


@dataclass(frozen=True)
class KeptArray:
    """An array of features as a file of the cache.

    Attributes:
        photos: the N photographs.
        key: identifies everything that the features depend on besides the photographs.
        shape: (views, N, ...).
        dtype: of the features.
    """

    photos: RatedPhotos
    key: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Bytes of the features."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def place(self, cache: Path | None = None) -> Path:
        """The file without its ending: features in .npy, how many are finished in .json."""
        identity = f"{self.photos.content_hash} {'|'.join(self.photos.files)} {self.key}"
        return features_folder(cache) / f"{self.photos.name}-{hashlib.sha256(identity.encode()).hexdigest()[:20]}"

    def missing(self, cache: Path | None = None) -> int:
        """Bytes that the cache has still to take."""
        with suppress(OSError):
            if self.place(cache).with_suffix(".npy").stat().st_size >= self.size:
                return 0
        return self.size


@dataclass(frozen=True)
class Extractor:
    """A frozen network as a function.

    Attributes:
        key: identifies everything that the features depend on besides the pixels.
        size: (width, height) that ``resize`` resizes photographs to.
        views: number of views of each photograph: 1, or 2 with its mirror image, or as many as ``view_pixels`` has.
        shape: shape of the features of one photograph.
        compute: (B, height, width, 3) uint8 -> (B, *shape) float32.
        resize: a photograph and ``size`` -> the pixels.
        dtype: type of the cached features.
        view_pixels: pixels (..., height, width, 3) and the number of a view -> the input of ``compute``.
    """

    key: str
    size: tuple[int, int]
    views: int
    shape: tuple[int, ...]
    compute: Callable[[np.ndarray], np.ndarray]
    resize: Callable[[Photo, tuple[int, int]], Pixels] = resize_exact
    dtype: str = "float32"
    view_pixels: ViewFn = mirrored

    def kept(self, photos: RatedPhotos) -> KeptArray:
        """The features of photographs, as the cache keeps them."""
        return KeptArray(photos, self.key, (self.views, len(photos), *self.shape), self.dtype)


def features_folder(cache: Path | None = None) -> Path:
    """The folder of the cache that features are kept in."""
    return (cache or cache_folder()) / "features"


def compute_features(photos: RatedPhotos, extractor: Extractor, cache: Path | None = None) -> np.ndarray:
    """Features of each view, (views, N, *shape), memory-mapped from the cache; computed where they are not cached.

    Raises:
        PhotoError: a photograph that does not decode.
        BeholderError: the cache folder cannot be written, or has too little free space.
    """
    paths = photos.paths

    with ThreadPoolExecutor(2) as pool:

        def fill(rows: slice) -> np.ndarray:
            batch = np.stack(list(pool.map(lambda path: read_pixels(path, extractor), paths[rows])))
            return np.stack([extractor.compute(extractor.view_pixels(batch, view)) for view in range(extractor.views)])

        kept = extractor.kept(photos)
        return cached_array(photos, kept.key, kept.shape, kept.dtype, fill, cache)


def read_pixels(path: Path, extractor: Extractor) -> Pixels:
    """The pixels of a photograph, resized for a network."""
    return extractor.resize(read_photo(path, decode_size(extractor.size)), extractor.size)


def cached_array(
    photos: RatedPhotos,
    key: str,
    shape: tuple[int, ...],
    dtype: str,
    fill: Callable[[slice], np.ndarray],
    cache: Path | None = None,
) -> np.ndarray:
    """A memory-mapped array (views, N, ...), filled once by calls of ``fill`` for one slice of the N photographs each.

    Raises:
        BeholderError: the cache folder cannot be written, or has too little free space.
    """
    place, folder = KeptArray(photos, key, shape, dtype).place(cache), features_folder(cache)
    values, counter = place.with_suffix(".npy"), place.with_suffix(".json")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        done = _done(values, counter, shape, dtype)
        if not done:
            np.lib.format.open_memmap(values, mode="w+", dtype=dtype, shape=shape).flush()
            _check_room(values, photos.name)
        elif done < len(photos):
            say(f"features of {photos.name}: {done} of {len(photos)} photographs are there already")
        if done < len(photos):
            _take_room(values, fresh=not done)
            array = np.lib.format.open_memmap(values, mode="r+")
            with progress.bar(f"features of {photos.name}", len(photos), done) as bar:
                for start in range(done, len(photos), CACHE_BATCH):
                    rows = slice(start, min(start + CACHE_BATCH, len(photos)))
                    array[:, rows] = fill(rows)
                    array.flush()
                    with replacing(counter, "features") as partial:
                        partial.write_text(json.dumps({"done": rows.stop}))
                    bar.advance(bar.task_ids[0], rows.stop - rows.start)
        return np.lib.format.open_memmap(values, mode="r")
    except OSError as error:
        raise BeholderError(
            f"{folder}: cannot keep features there ({error.strerror}); set BEHOLDER_CACHE to a folder with room"
        ) from None


def _done(values: Path, counter: Path, shape: tuple[int, ...], dtype: str) -> int:
    """Number of finished photographs; 0 where a file is missing or damaged."""
    try:
        array = np.lib.format.open_memmap(values, mode="r")
        done = read_json(counter)["done"]
        known = type(done) is int and 0 <= done <= shape[1]
        return done if known and array.shape == shape and array.dtype == dtype else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _check_room(values: Path, name: str) -> None:
    size, free = values.stat().st_size, shutil.disk_usage(values.parent).free
    if size > free:
        values.unlink()
        raise BeholderError(
            f"{values.parent}: features of {name} take {size_text(size)}, {size_text(free)} are free; "
            "set BEHOLDER_CACHE to a folder with room, or use --no-cache"
        )
    if size > ANNOUNCED_BYTES:
        say(f"features of {name}: {size_text(size)} in {values.parent}")


def _take_room(values: Path, fresh: bool) -> None:
    """Reserve the disk space of the file: a memory map on a full disk would end the process by a signal."""
    if hasattr(os, "posix_fallocate"):  # not on macOS and Windows
        try:
            with values.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, values.stat().st_size)
        except OSError:
            if fresh:
                values.unlink()
            raise
