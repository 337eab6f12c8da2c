"""torchmetrics: the mean score of pictures, such as those that a generator makes.

>>> import torch
>>> metric = MeanScore("fast", field="beauty")
>>> metric.update(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
>>> bool(1 <= metric.compute() <= 7)
True
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torchmetrics import Metric

from beholder.scoring.scorer import Scorer
from beholder.scoring.scores import task_index


class MeanScore(Metric):
    """Mean of one score over pictures, in its native units; the higher the better.

    Args:
        model: a scorer, a model file, or the name of an embedded model; None for the default model.
        field: the score: ``overall``, or the name of another task of the model.
        threads: of the model; by default one per core that the process may use.
        options: of :class:`torchmetrics.Metric`.

    Raises:
        BeholderError: the model cannot be opened, or has no such task.
    """

    higher_is_better = True
    is_differentiable = False
    full_state_update = False
    sum: torch.Tensor
    total: torch.Tensor

    def __init__(
        self,
        model: Scorer | str | os.PathLike[str] | None = None,
        field: str = "overall",
        threads: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.scorer = model if isinstance(model, Scorer) else Scorer(model, threads)
        self.index = task_index(self.scorer.info.tasks, field)
        # In double precision, as a sum over a million pictures no longer changes by one score in single precision.
        self.add_state("sum", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("total", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, images: torch.Tensor) -> None:
        """Add pictures: (N, 3, H, W) uint8, or floats from 0 to 1. Raises PhotoError where they are neither."""
        pixels = images.detach().float() if images.is_floating_point() else images.detach()
        if len(pixels):
            values = self.scorer.score(pixels.permute(0, 2, 3, 1).cpu().numpy()).values[:, self.index]
            self.sum += float(values.sum(dtype=float))
            self.total += len(values)

    def compute(self) -> torch.Tensor:
        """The mean; NaN where there was no picture."""
        return self.sum / self.total
