"""webdataset: scores in each sample, under the key ``beholder.json``, which its writers store as they find it.

>>> sample = {"__key__": "0001", "jpg": open("examples/photos/rocket.jpg", "rb").read()}
>>> score = Score("fast", fields=["overall"])
>>> (scored,) = score.stream([sample])  # in webdataset: WebDataset(...).compose(score.stream)
>>> scored["beholder.json"]["width"], list(scored)
(640, ['__key__', 'jpg', 'beholder.json'])
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from beholder.integrations.batches import BatchScorer
from beholder.photos.formats import PHOTO_SUFFIXES
from beholder.scoring.scorer import Scorer

AT_ONCE = 32  # samples that wait in memory
Sample = dict[str, Any]


class Score:
    """For ``.compose(score.stream)``, which is the fast way, or ``.map(score)``, a sample at a time.

    The other arguments are those of :class:`beholder.integrations.batches.BatchScorer`.
    An embedding is under the key ``embedding.npy``.

    Args:
        key: of the picture; by default the first that ends in the suffix of a photograph.

    Raises:
        BeholderError: the model cannot be opened, or has no such field.
    """

    def __init__(
        self,
        model: Scorer | str | os.PathLike[str] | None = None,
        *,
        key: str | None = None,
        fields: Iterable[str] | None = None,
        embeddings: bool = False,
        threads: int | None = None,
    ) -> None:
        self.key = key
        self.batch = BatchScorer(model, fields=fields, embeddings=embeddings, threads=threads)

    def __call__(self, sample: Sample) -> Sample:
        return self._scored([sample])[0]

    def stream(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Score samples as they stream by, in order; one without a picture has a reason in ``error``."""
        source = iter(samples)
        while some := list(islice(source, AT_ONCE)):
            yield from self._scored(some)

    def _scored(self, samples: list[Sample]) -> list[Sample]:
        columns = self.batch(self._picture(sample) for sample in samples)
        embeddings = columns.pop(self.batch.embedding) if self.batch.embedding is not None else None
        for row, sample in enumerate(samples):
            sample["beholder.json"] = {name: values[row] for name, values in columns.items()}
            if embeddings is not None:
                sample["embedding.npy"] = embeddings[row]
        return samples

    def _picture(self, sample: Sample) -> Any:
        names = [self.key] if self.key is not None else [name for name in sample if _is_picture(name)]
        if not names or sample.get(names[0]) is None:
            return None
        picture = sample[names[0]]
        return {"bytes": picture, "path": f"{sample['__key__']}.{names[0]}"} if isinstance(picture, bytes) else picture


def _is_picture(name: str) -> bool:
    return not name.startswith("__") and f".{name.rpartition('.')[2].lower()}" in PHOTO_SUFFIXES
