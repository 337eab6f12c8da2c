"""scikit-learn: embeddings of photographs as a step of a pipeline.

>>> import numpy as np
>>> from sklearn.linear_model import Ridge
>>> from sklearn.pipeline import make_pipeline
>>> mine = make_pipeline(BeholderEmbedding("fast"), Ridge())
>>> photos = ["examples/photos/rocket.jpg", "examples/photos/flower.jpg"]
>>> mine.fit(photos, [2.0, 6.0]).predict(photos).round().tolist()
[2.0, 6.0]
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from beholder.errors import PhotoError
from beholder.output.score_columns import embedding_size
from beholder.photos.sources import each_of
from beholder.scoring.batch import batch_threads, score_photos
from beholder.scoring.scorer import Scorer


class BeholderEmbedding(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Photographs -> the features that their scores are computed from. There is nothing to fit.

    In a search over parameters give the pipeline a ``memory``, so that each photograph is read once.

    Args:
        model: a scorer, a model file, or the name of an embedded model; None for the default model.
        threads: for decoding, and for the model; by default one per core that the process may use.
    """

    def __init__(self, model: Scorer | str | os.PathLike[str] | None = None, threads: int | None = None) -> None:
        self.model = model
        self.threads = threads

    def fit(self, X: Iterable[Any], y: Any = None) -> BeholderEmbedding:  # noqa: N803
        """Open the model."""
        self._opened()
        return self

    def transform(self, X: Iterable[Any]) -> np.ndarray:  # noqa: N803
        """(N, D) float32 of N photographs: paths, or anything else that :func:`beholder.read_photo` reads.

        Raises:
            PhotoError: a photograph cannot be read; the message begins with its index.
        """
        scorer = self._opened()
        array = np.asarray(X) if hasattr(X, "__array__") else None
        photos = each_of(array[:, 0] if array is not None and array.shape[1:] == (1,) else X)  # a table of one column
        rows = []
        for index, result in enumerate(score_photos(scorer, photos, workers=self.threads, threads=self.threads)):
            if result.scores is None:
                raise PhotoError(f"photograph at index {index}: {result.error}")
            rows.append(result.scores.embedding[0])
        return np.stack(rows) if rows else np.empty((0, self._n_features_out), np.float32)

    def _opened(self) -> Scorer:
        if isinstance(self.model, Scorer):
            return self.model
        wanted = self.model, self.threads
        if getattr(self, "_scorer", (None, None))[0] != wanted:  # parameters may be set at any time
            self._scorer = wanted, Scorer(self.model, batch_threads(self.threads))
        return self._scorer[1]

    @property
    def _n_features_out(self) -> int:
        return embedding_size(self._opened())

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array, tags.input_tags.string = False, True
        return tags
