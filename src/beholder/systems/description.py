"""What the model file of a trained system says of itself."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.models.registry import WEIGHTS
from beholder.scoring.model_file import ModelInfo, TrainingData
from beholder.splits import split_hash
from beholder.systems.two_stages import TwoStageResult, best_epoch
from beholder.tasks import Task
from beholder.training.held_out import measure_tasks, widths_and_percentiles
from beholder.training.settings import plain


@dataclass(frozen=True)
class LearnedData:
    """A data set that a network learned from.

    Attributes:
        photos: with the splits of the training.
        tasks: T learned tasks.
        predicted: (N, T) in native units, NaN for photographs of the training part.
    """

    photos: RatedPhotos
    tasks: tuple[Task, ...]
    predicted: np.ndarray


def describe(
    system: str,
    description: str,
    learned: Sequence[LearnedData],
    result: TwoStageResult[Any],
    recipe: Any,
    *,
    size: int,
    resize: str = "squash",
    learned_from: str = "ratings",
    score_levels: Sequence[float] = (),
) -> ModelInfo:
    """Description of a model file.

    Intervals, percentiles and metrics come from photographs that the network did not learn from: metrics from the test
    part, interval widths and percentiles from the test and the validation part together.

    Args:
        system: name of the system.
        description: of the model, in words.
        learned: the data set, and the second one of a system that learns from two.
        recipe: dataclass of settings with a ``backbone``.
        size: pixels a side, or of the short edge.
        resize: as `beholder.scoring.model_file.ModelInfo.resize`.
        learned_from: "ratings" or "votes".
        score_levels: the rating levels, for a model that predicts votes.
    """
    widths: list[float] = []
    reference: list[tuple[float, ...]] = []
    measured = []
    settings = plain(asdict(recipe))
    for each, prefix in zip(learned, ("", "second_"), strict=False):
        found = widths_and_percentiles(each.photos, each.predicted)
        widths += found[0]
        reference += found[1]
        splits = each.photos.splits or ()
        measured += measure_tasks(each.photos, each.predicted, np.array(splits) == "test", "test part")
        settings[f"{prefix}split"] = split_hash(each.photos.files, splits)
        settings[f"{prefix}parts"] = {part: splits.count(part) for part in ("train", "validation", "test")}
    names = [each.photos.name for each in learned]
    pretrained = WEIGHTS[recipe.backbone]
    return ModelInfo(
        name="-".join([system, *names]),
        description=description,
        backbone=recipe.backbone,
        size=(size, size),
        resize=resize,
        tasks=tuple(task for each in learned for task in each.tasks),
        half_width=tuple(widths),
        reference=tuple(reference),
        data=tuple(
            TrainingData(
                each.photos.name,
                (each.photos.splits or ()).count("train"),
                each.photos.content_hash,
                tuple(task.name for task in each.tasks),
            )
            for each in learned
        ),
        metrics=tuple(measured),
        recipe={
            **settings,
            "best_stage": result.best,
            "kept_stage": result.kept,
            "kept_epoch": best_epoch(result.history, result.kept)["epoch"],
            "epochs": len(result.history),
        },
        licence=f"weights of the backbone: {pretrained.licence}; the ratings' own terms hold as well",
        attribution=f"Contains {pretrained.description}. Trained on {learned_from} of {' and '.join(names)}.",
        score_levels=tuple(score_levels),
    )
