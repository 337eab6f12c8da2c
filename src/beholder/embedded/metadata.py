"""What the file of an embedded model says of it: tasks, intervals, percentiles, metrics, data and authors.

All metrics come from predictions of photographs that the measured heads were not fitted to
(`beholder.embedded.out_of_fold`).
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import appeal as appeal_set
from beholder.embedded import out_of_fold
from beholder.embedded.columns import Column, mean_of, reference_of, tidy, training_data
from beholder.embedded.held_out_harms import measure_harms
from beholder.embedded.kernel_heads import EDIT_TASKS, RATED
from beholder.embedded.material import Material, parts_of
from beholder.embedded.out_of_fold import FamiliaritySettings, HeldOut
from beholder.embedded.photo_encoder import PhotoEncoder
from beholder.embedded.unlike_photos import make_pictures
from beholder.metrics import Estimate, auroc, resampled
from beholder.models.kernel_model import weighted
from beholder.photos.edits import EDITS
from beholder.scoring.model_file import ModelInfo
from beholder.tasks import Task

ATTRIBUTIONS = {
    "oasis": "OASIS (Kurdi et al. 2017; Brielmann & Pelli 2019)",
    "biq2021": "BIQ2021 (Ahmed & Asif 2022)",
    "appeal": "image appeal (Göring et al., TU Ilmenau; pictures CC0, tables from a GPL-3.0 repository)",
    "composition": "composition (Göring & Raake 2021; tables from a GPL-3.0 repository, pictures for research)",
}
DISAGREEMENT_HIGH = 3.0  # points: the largest standard deviation of votes on a scale from 1 to 7
PICTURES = 20  # of each kind that are no photographs


class Recipe(Protocol):
    """How a model is measured: folds and their seed, coverage of the intervals, and familiarity."""

    @property
    def folds(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def coverage(self) -> float: ...
    @property
    def familiarity(self) -> FamiliaritySettings: ...


def tasks_of(photos: Mapping[str, RatedPhotos]) -> tuple[Task, ...]:
    """The tasks of a model that learned from these data sets, in the order of the columns."""
    beauty, valence, arousal = photos["oasis"].tasks[:3]
    learned = {name: photos[name].tasks[0] for name in photos}
    said = "Beauty and appeal in one score, on the scale of beauty; it falls with light, focus, colour and framing"
    found = [Task("overall", beauty.low, beauty.high, said), beauty]
    found += [learned["appeal"]] if "appeal" in learned else []
    found += [valence, arousal, learned["biq2021"]]
    found += [learned["composition"]] if "composition" in learned else []
    for name in EDIT_TASKS:
        each = EDITS[name]
        found.append(Task(name, each.low, each.high, each.description, "edit", each.unit, each.neutral))
    found.append(
        Task(
            "disagreement",
            0,
            DISAGREEMENT_HIGH,
            "How much people disagree: standard deviation of the votes for beauty",
            "disagreement",
            "points",
        )
    )
    said = "How near the picture is to the rated photographs: percentile among those that were held out"
    return (*found, Task("familiarity", 0, 100, said, "familiarity", "%"))


def describe(
    root: Path,
    material: Material,
    held_out: HeldOut,
    encoder: PhotoEncoder,
    recipe: Recipe,
    made_by: Mapping[str, Any],
    **said: Any,
) -> tuple[ModelInfo, np.ndarray]:
    """What the model file says of a model, and the (101,) thresholds of familiarity.

    Args:
        root: folder of the data sets.
        recipe: how it is measured.
        made_by: settings, for the model file.
        said: name, description, backbone and size, as of :class:`ModelInfo`.
    """
    coverage, folds, seed = recipe.coverage, recipe.folds, recipe.seed
    photos = material.photos
    split = f"{folds}-fold, seed {seed}"
    ratings = list(out_of_fold.rating_columns(material, held_out, folds, seed))
    edits = list(out_of_fold.edit_columns(material, held_out, split))
    widest = {each.task: each for each in (*ratings, *edits)}  # by theme where there are themes: those come last
    references = {each.task: each.predicted for each in reversed(ratings)}
    references |= {task: out_of_fold.unedited(material, held_out, task) for task in EDIT_TASKS}
    thresholds = out_of_fold.thresholds_of(held_out)
    known = {name: out_of_fold.percentages(values, thresholds) for name, values in held_out.familiarity.items()}
    references["familiarity"] = np.concatenate(list(known.values()))
    tasks = tasks_of(photos)
    rated = {task.name for task in tasks if task.kind == "rating"}
    judged = [widest[task] for task in (*RATED, "overall", "quality", "appeal") if task in rated]
    metrics = [found for column in ratings for found in column.measure(coverage)]
    if "appeal" in photos:
        sources = appeal_set.read_labels(root / "appeal").sources
        by_source = out_of_fold.overall_by_appeal(material, held_out, sources, split)
        metrics += [column.measure(coverage)[0] for column in by_source]
    metrics += [error for column in edits for error in _edit_errors(column)]
    metrics += out_of_fold.coverage_by_fifth(judged, known, coverage, split)
    metrics.append(_familiarity_metric(material, held_out, encoder, recipe, split))
    metrics += measure_harms(encoder, material.blocks, held_out.heads, photos["oasis"], held_out.folds["oasis"], split)
    info = ModelInfo(
        **said,
        resize="squash",
        recipe=dict(made_by),
        tasks=tasks,
        half_width=tuple(widest[task.name].half_width(coverage) if task.name in widest else 0.0 for task in tasks),
        reference=tuple(reference_of(references[task.name]) for task in tasks),
        data=tuple(map(training_data, photos.values())),
        metrics=tuple(map(tidy, metrics)),
        licence="Apache-2.0",
        attribution=attribution(photos),
        unlike=recipe.familiarity.unlike,
        widening=tuple(out_of_fold.widening_of(judged, known, coverage)),
    )
    return info, thresholds


def attribution(data: Iterable[str]) -> str:
    """Authors of the network, and of the data sets of these names."""
    rated = "; ".join(ATTRIBUTIONS[name] for name in data)
    return f"Contains DINOv2 ViT-S/14 by Meta Platforms, Inc. (Apache-2.0). Heads fitted to ratings of {rated}."


def _edit_errors(column: Column) -> list[Estimate]:
    """Mean error of the amount where there is an edit, and of always saying the mean."""
    made = column.truth != EDITS[column.task].neutral
    truth, predicted = column.truth[made], column.predicted[made]
    return [
        mean_of("mae", column.task, column.data, column.split, np.abs(truth - predicted)),
        mean_of("mae_of_mean", column.task, column.data, column.split, np.abs(truth - truth.mean())),
    ]


def _familiarity_metric(
    material: Material, held_out: HeldOut, encoder: PhotoEncoder, recipe: Recipe, split: str
) -> Estimate:
    """How well familiarity tells held-out photographs from pictures that are none."""
    made = [pixels for kind in make_pictures(PICTURES, recipe.seed).values() for pixels in kind]
    features = encoder.all_of((partial(encoder.resize, pixels) for pixels in made), len(made))
    settings = recipe.familiarity
    support, _, _ = out_of_fold.familiarity_support(material, settings)
    unlike = out_of_fold.levels(
        weighted(parts_of(material.blocks, features).blocks, settings.weights), support, settings.sharpness
    )
    like = held_out.familiarity["oasis"]
    found = resampled(lambda rows: auroc(like[rows], unlike), len(like))
    return Estimate(
        "auroc", "familiarity", "oasis", f"against {len(made)} script-made pictures, {split}", len(like), *found
    )
