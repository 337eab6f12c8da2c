"""Data-Juicer: a filter by the scores of the images of a sample.

A file with this line, named in ``custom_operator_paths`` of a recipe, brings it in:

    from beholder.integrations.data_juicer import ImageBeholderFilter

>>> keep_good = ImageBeholderFilter(min_score=4, model="fast")
>>> samples = {"images": [["examples/photos/rocket.jpg"], []], "__dj__stats__": [{}, {}]}
>>> list(keep_good.process(keep_good.compute_stats(samples)))
[True, True]
"""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np
from data_juicer.ops.base_op import OPERATORS, Filter
from data_juicer.utils.constant import Fields

from beholder.errors import BeholderError
from beholder.integrations.batches import BatchScorer

STATS = "image_beholder_scores"


@OPERATORS.register_module("image_beholder_filter")
class ImageBeholderFilter(Filter):
    """Filter to keep samples whose images have a score within a range, in the native units of the score.

    The scores of a sample are kept in its stats as ``image_beholder_scores``, in the order of its images; that of an
    image that cannot be read is NaN, which is in no range. A sample without images is kept.
    """

    _batched_op = True

    def __init__(
        self,
        min_score: float | None = None,
        max_score: float | None = None,
        any_or_all: str = "any",
        field: str = "overall",
        model: str | None = None,
        threads: int = 1,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """
        Initialization method.

        :param min_score: lowest score that is kept; None for no limit.
        :param max_score: highest score that is kept; None for no limit.
        :param any_or_all: keep a sample if 'any' of its images, or if 'all' of them are in the range.
        :param field: the score: overall, or another that the model has.
        :param model: a model file, or the name of an embedded model; None for the default model.
        :param threads: of each process.
        """
        super().__init__(*args, **kwargs)
        if any_or_all not in ("any", "all"):
            raise BeholderError(f"any_or_all is {any_or_all!r}; give 'any' or 'all'")
        self.min_score, self.max_score, self.any, self.field = min_score, max_score, any_or_all == "any", field
        self.scores = BatchScorer(model, fields=[field], threads=threads)

    def compute_stats_batched(self, samples: dict[str, Any], context: bool = False) -> dict[str, Any]:
        """Put the scores of each sample's images into its statistics, where they are not yet; NaN for bad images."""
        stats = samples[Fields.stats]
        rows = [row for row, known in enumerate(stats) if STATS not in known]
        pictures = [self._pictures(samples, row) for row in rows]
        values = iter(self.scores(each for some in pictures for each in some)[self.field])
        for row, some in zip(rows, pictures, strict=True):
            found = [next(values) for _ in some]
            stats[row][STATS] = np.array([np.nan if value is None else value for value in found], dtype=np.float64)
        return samples

    def _pictures(self, samples: dict[str, Any], row: int) -> list[Any]:
        """The contents of the images where the sample has them, else their paths."""
        keys = self.image_key, self.image_bytes_key
        given = ((samples[key][row] if key in samples else None) or [] for key in keys)
        return [content or path for path, content in zip_longest(*given)]

    def compute_stats_single(self, sample: dict[str, Any], context: bool = False) -> dict[str, Any]:
        """The same for one sample."""
        batch = self.compute_stats_batched({key: [value] for key, value in sample.items()}, context)
        return {key: values[0] for key, values in batch.items()}

    def process_single(self, sample: dict[str, Any]) -> bool:
        """Whether any or all images have a score between the limits. A sample without images is kept."""
        values = np.array(sample[Fields.stats][STATS], dtype=np.float64)  # from a table NaN comes back as None
        kept = [not np.isnan(each) and self.get_keep_boolean(each, self.min_score, self.max_score) for each in values]
        return not kept or bool(any(kept) if self.any else all(kept))
