"""Features of photographs and of their edited copies, by the eight-bit network of the default model, cached."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.copies import Copy
from beholder.models.photo_features import PhotoFeatures
from beholder.photos.read import Pixels, read_photo
from beholder.photos.resize import decode_size, resize_exact
from beholder.scoring.scorer import Scorer
from beholder.training.features import cached_array

BATCH = 8  # photographs an inference
AHEAD = 24  # copies that are made while others are computed
Reader = Callable[[Path], Pixels]  # path -> (H, W, 3) uint8


class FeaturesOnly(nn.Module):
    """The network without heads, as a model file: its embedding is all features."""

    def __init__(self, features: PhotoFeatures) -> None:
        super().__init__()
        self.photo = features

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.photo(pixels)
        nothing = features[:, :1] * 0
        return nothing, features, nothing[:, :, None, None]


@dataclass(frozen=True)
class PhotoEncoder:
    """The eight-bit network without heads.

    Attributes:
        scorer: of :class:`FeaturesOnly`.
        cache: folder for features, or None for the user's cache.
    """

    scorer: Scorer
    cache: Path | None = None

    @property
    def size(self) -> tuple[int, int]:
        return self.scorer.info.size

    @cached_property
    def width(self) -> int:
        """Number of features, D."""
        return self([np.zeros((*self.size[::-1], 3), np.uint8)]).shape[1]

    def __call__(self, pixels: Sequence[Pixels]) -> np.ndarray:
        """Photographs resized to ``size`` -> features (B, D)."""
        return self.scorer.run(np.stack(pixels), np.ones((len(pixels), 2), int)).embedding

    def all_of(self, made: Iterator[Callable[[], Pixels]], count: int) -> np.ndarray:
        """(count, D) features of ``count`` photographs, each made by its function while others are computed."""
        found = np.empty((count, self.width), np.float32)
        with ThreadPoolExecutor(2) as pool:
            waiting: deque[Future[Pixels]] = deque(pool.submit(each) for each in islice(made, AHEAD))
            for start in range(0, count, BATCH):
                batch = []
                for _ in range(min(BATCH, count - start)):
                    batch.append(waiting.popleft().result())
                    waiting.extend(pool.submit(each) for each in islice(made, 1))
                found[start : start + len(batch)] = self(batch)
        return found

    def views(
        self, photos: RatedPhotos, changes: Sequence["Change"], name: str, read: Reader | None = None
    ) -> np.ndarray:
        """(V, N, D) features of V changed versions of each photograph, memory-mapped from the cache.

        Args:
            changes: pixels as decoded, of any size -> changed pixels; one for each view, and the photograph's number.
            name: identifies the changes.
            read: path -> pixels; by default those that scoring decodes.
        """
        reader = read or self.read

        def fill(rows: slice) -> np.ndarray:
            numbers = range(rows.start, rows.stop)
            decoded = [reader(photos.paths[number]) for number in numbers]

            def making() -> Iterator[Callable[[], Pixels]]:
                for change in changes:
                    for number, pixels in zip(numbers, decoded, strict=True):
                        yield partial(self._changed, change, pixels, number)

            found = self.all_of(making(), len(changes) * len(numbers))
            return found.reshape(len(changes), len(numbers), self.width)

        key = f"{name} of {self.scorer.id}"
        return cached_array(photos, key, (len(changes), len(photos), self.width), "float16", fill, self.cache)

    def _changed(self, change: "Change", pixels: Pixels, number: int) -> Pixels:
        return self.resize(change(pixels, number))

    def read(self, path: Path) -> Pixels:
        """The pixels that scoring decodes, (H, W, 3) uint8."""
        return read_photo(path, decode_size(self.size)).pixels

    def resize(self, pixels: Pixels) -> Pixels:
        """Pixels of the network's size."""
        return resize_exact(np.ascontiguousarray(pixels), self.size)


Change = Callable[[Pixels, int], Pixels]


def whole(pixels: Pixels, number: int) -> Pixels:
    """The photograph itself."""
    return pixels


def mirrored(pixels: Pixels, number: int) -> Pixels:
    """Its mirror image."""
    return pixels[:, ::-1]


def as_small_as(side: int) -> Change:
    """Reduced to ``side`` x ``side`` pixels: all that is known of a photograph in `appeal`."""
    return lambda pixels, number: resize_exact(np.ascontiguousarray(pixels), (side, side))


def copy_views(draw: Callable[[int], list[Copy]], count: int) -> list[Change]:
    """The ``count`` copies of each photograph that ``draw`` names by its number."""

    def view(place: int, pixels: Pixels, number: int) -> Pixels:
        return draw(number)[place].make(pixels)

    return [partial(view, place) for place in range(count)]
