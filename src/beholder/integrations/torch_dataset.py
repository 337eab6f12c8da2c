"""PyTorch: workers of a ``DataLoader`` read and resize photographs, the main process scores them.

>>> import beholder
>>> from torch.utils.data import DataLoader
>>> scorer = beholder.load("fast")
>>> photos = PhotoDataset(["examples/photos/rocket.jpg", "missing.jpg"], scorer)
>>> (scores,) = score_batches(scorer, DataLoader(photos, batch_size=2, collate_fn=collate))
>>> scores.overall.round(1)
array([4.5, nan], dtype=float32)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from beholder.errors import PhotoError
from beholder.photos.read import read_photo
from beholder.photos.resize import decode_size
from beholder.scoring.scorer import Scorer, model_pixels
from beholder.scoring.scores import Scores, blank

Item = tuple[torch.Tensor, torch.Tensor, str]


class PhotoDataset(Dataset[Item]):
    """Photographs, each as the pixels that a model takes, its size, and why it cannot be read.

    Workers need no model: only its description goes to them, whether they are forked or spawned.

    Args:
        photos: paths, cells ``{bytes, path}``, or anything else that :func:`beholder.read_photo` reads.
        scorer: the model.
    """

    def __init__(self, photos: Sequence[Any], scorer: Scorer) -> None:
        self.photos, self.info = photos, scorer.info

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Item:
        """(height, width, 3) uint8, (width, height) of the original, and an empty text.

        Of a photograph that cannot be read: black pixels, a size of 0, and the reason.
        """
        try:
            photo = read_photo(self.photos[index], decode_size(self.info.size))
            pixels = model_pixels(self.info, photo)
        except PhotoError as error:
            black = torch.zeros((*reversed(self.info.size), 3), dtype=torch.uint8)
            return black, torch.zeros(2, dtype=torch.int64), str(error)
        return torch.from_numpy(np.ascontiguousarray(pixels)), torch.tensor([photo.width, photo.height]), ""


def collate(items: Sequence[Item]) -> tuple[list[torch.Tensor], torch.Tensor, list[str]]:
    """A batch of items, pixels as a list: photographs of a model that keeps the aspect ratio have different shapes."""
    pixels, sizes, errors = zip(*items, strict=True)
    return list(pixels), torch.stack(sizes), list(errors)


def score_batches(scorer: Scorer, batches: Iterable[tuple[Any, torch.Tensor, Sequence[str]]]) -> Iterator[Scores]:
    """Scores of each batch of a ``DataLoader``; NaN for photographs that could not be read."""
    for pixels, sizes, errors in batches:
        arrays = [np.asarray(each) for each in pixels]
        count, twice = len(arrays), 1 + (len(arrays) == 1)  # a batch of one differs in the seventh digit
        scores = scorer.run(arrays * twice, np.concatenate([np.asarray(sizes)] * twice))[:count]
        yield blank(scores, [row for row, error in enumerate(errors) if error])
