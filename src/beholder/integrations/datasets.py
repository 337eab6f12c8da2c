"""Hugging Face datasets: scores as new columns of a data set.

>>> from datasets import Dataset, Image
>>> photos = Dataset.from_dict({"image": ["examples/photos/rocket.jpg"]}).cast_column("image", Image(decode=False))
>>> score = Score("image", "fast", fields=["overall"])
>>> photos = photos.map(score, batched=True, batch_size=64, features=score.features(photos.features))
>>> photos.column_names
['image', 'overall', 'width', 'height', 'model', 'sha256', 'error']
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from datasets import Features, List, Value

from beholder.integrations.batches import BatchScorer
from beholder.scoring.scorer import Scorer

TYPES = {str: "string", int: "int64", float: "float32"}  # as `beholder score` writes them


class Score:
    """A function for ``Dataset.map(..., batched=True)``, also with ``num_proc`` processes.

    The other arguments are those of :class:`beholder.integrations.batches.BatchScorer`.

    Args:
        column: of the pictures: cells ``{bytes, path}`` of ``Image(decode=False)``, decoded pictures, or paths.

    Raises:
        BeholderError: the model cannot be opened, or has no such field.
    """

    def __init__(
        self,
        column: str = "image",
        model: Scorer | str | os.PathLike[str] | None = None,
        *,
        fields: Iterable[str] | None = None,
        embeddings: bool = False,
        threads: int | None = None,
        prefix: str = "",
    ) -> None:
        self.column = column
        self.batch = BatchScorer(model, fields=fields, embeddings=embeddings, threads=threads, prefix=prefix)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        self.batch.check_table(self.column, list(batch))
        return self.batch(batch[self.column])

    def features(self, features: Features) -> Features:
        """The features of the scored data set, so that types do not depend on what the first batch holds."""
        new = {name: Value(TYPES[kind]) for name, kind in self.batch.kinds.items()}
        if self.batch.embedding is not None:
            new[self.batch.embedding] = List(Value("float16"))
        return Features({**features, **new})
