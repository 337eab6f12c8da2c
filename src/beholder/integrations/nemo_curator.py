"""NeMo Curator: one stage that scores the images of a batch, and one that drops by the score.

They are two, so that scores are kept: put a stage that writes between them, or leave the second out.

    pipeline.add_stage(BeholderScoreStage(fields=["overall", "quality"]))
    pipeline.add_stage(BeholderDropStage(min_score=4.0))
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

from nemo_curator.stages.base import ProcessingStage
from nemo_curator.stages.resources import Resources
from nemo_curator.tasks import ImageBatch, ImageObject

from beholder.integrations.batches import BatchScorer
from beholder.scoring.scorer import Scorer


@dataclass
class BeholderScoreStage(ProcessingStage[ImageBatch, ImageBatch]):
    """Sets ``aesthetic_score`` of each image to its overall score, and ``metadata["beholder"]`` to its row of scores.

    An image that cannot be read keeps its place: its score is None, and the row has the reason in ``error``.

    ``model``, ``fields`` and ``threads`` are those of :class:`beholder.integrations.batches.BatchScorer`; ``overall``
    is always among the fields. ``name``, ``resources`` and ``batch_size`` are those of any stage; by default it asks
    for as many cores as threads.

    Raises:
        BeholderError: the model cannot be opened, or has no such field.
    """

    model: Scorer | str | os.PathLike[str] | None = None
    fields: tuple[str, ...] | list[str] | None = None
    threads: int = 1
    name: str = "beholder_score"
    resources: Resources | None = None
    batch_size: int = 1

    def __post_init__(self) -> None:
        fields = None if self.fields is None else ("overall", *self.fields)
        self._scores = BatchScorer(self.model, fields=fields, threads=self.threads)
        self.resources = self.resources or Resources(cpus=self.threads)

    def inputs(self) -> tuple[list[str], list[str]]:
        """What a task must have."""
        return ["data"], []

    def outputs(self) -> tuple[list[str], list[str]]:
        """What a task has afterwards."""
        return ["data"], []

    def process(self, task: ImageBatch) -> ImageBatch:
        """Score the images of a task, in place."""
        columns = self._scores(_picture(image) for image in task.data)
        for row, image in enumerate(task.data):
            image.aesthetic_score = columns["overall"][row]
            image.metadata["beholder"] = {name: values[row] for name, values in columns.items()}
        return task


@dataclass
class BeholderDropStage(ProcessingStage[ImageBatch, ImageBatch]):
    """Keeps the images whose ``aesthetic_score`` is at least ``min_score``, of 1 to 7; those without one go, too."""

    min_score: float = 4.0
    name: str = "beholder_drop"
    resources: Resources = field(default_factory=lambda: Resources(cpus=0.25))
    batch_size: int = 1

    def inputs(self) -> tuple[list[str], list[str]]:
        """What a task must have."""
        return ["data"], []

    def outputs(self) -> tuple[list[str], list[str]]:
        """What a task has afterwards."""
        return ["data"], []

    def process(self, task: ImageBatch) -> ImageBatch:
        """A task of the images that are kept."""
        kept = [each for each in task.data if (each.aesthetic_score or 0) >= self.min_score]
        return replace(task, data=kept)


def _picture(image: ImageObject) -> Any:
    """Decoded pixels, else the content of the file, which images of newer versions have, else its path."""
    if image.image_data is not None:
        return image.image_data
    return getattr(image, "image_bytes", None) or image.image_path or None
