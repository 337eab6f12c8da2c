"""A linear head on the default model's frozen features, fitted to any ratings: `beholder train probe`.

For a few hundred ratings nothing here does better. DINOv2's features are computed once (the embedded model's, 13
photographs a second on two cores), each task is a ridge regression on the photographs that were rated for it, and the
penalty is chosen by cross-validation. The result is a model file like the default one.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import default
from beholder.errors import BeholderError
from beholder.metrics import Estimate
from beholder.models import registry
from beholder.models.dinov2_linear import DefaultModel
from beholder.scoring.model_file import ModelInfo, TrainingData
from beholder.splits import folds_of, split_hash
from beholder.tasks import check_column_names
from beholder.training import ridge
from beholder.training.export import export
from beholder.training.features import compute_features
from beholder.training.held_out import measure_tasks, widths_and_percentiles

MIN_RATINGS = 8  # ratings of a task in a training part


def train(photos: RatedPhotos, out: Path, cache: Path | None = None) -> ModelInfo:
    """Fit, measure and write a model file.

    Where the photographs have a split, the head learns from the train and validation part and is measured on the test
    part. Without one it is measured out of fold, groups kept whole, and the head that is written learns from all.

    Args:
        photos: rated photographs.
        out: model file to write.
        cache: folder for weights and features, the user's cache by default.

    Raises:
        BeholderError: too few ratings of a task, or a file that cannot be written.
        PhotoError: a photograph that does not decode.
    """
    check_column_names(photos.tasks)
    recipe = default.DefaultRecipe()
    tests, how = _test_parts(photos, recipe)
    learned = np.ones(len(photos), bool) if photos.splits is None else ~tests[0]
    views = list(compute_features(photos, default.extractor(recipe), cache))
    predicted = np.full(photos.ratings.shape, np.nan)
    for test in tests:
        predicted[test] = ridge.predict_test(views, photos.ratings, test)[test]

    heads = []
    for column in photos.ratings.T:
        rows = learned & np.isfinite(column)
        heads.append(ridge.fit([view[rows] for view in views], column[rows, None]))
    typical = np.repeat(views[0][learned].mean(axis=0)[None], len(heads), axis=0)
    low_high = torch.tensor([[task.low, task.high] for task in photos.tasks], dtype=torch.float32)
    weight, bias, centre = (
        torch.tensor(values, dtype=torch.float32)
        for values in (
            np.concatenate([head.weight for head in heads]),
            np.concatenate([head.bias for head in heads]),
            typical,
        )
    )
    info = _describe(
        photos, predicted, learned, tuple(measure_tasks(photos, predicted, np.any(tests, axis=0), how)), recipe
    )
    export(
        DefaultModel(default.frozen_features(recipe), weight, bias, centre, low_high[:, 0], low_high[:, 1]), info, out
    )
    return info


def _test_parts(photos: RatedPhotos, recipe: default.DefaultRecipe) -> tuple[list[np.ndarray], str]:
    """(N,) whether each photograph is tested, for every part that is tested; and how it was chosen, in words.

    Raises:
        BeholderError: too few ratings of a task.
    """
    if photos.splits is not None:
        tests, how = [np.array(photos.splits) == "test"], "test part"
    else:
        groups = photos.groups
        fold_of = folds_of(len(photos), groups, recipe.folds, recipe.seed)
        tests = [fold_of == fold for fold in range(recipe.folds)]
        how = f"{recipe.folds}-fold{' by group' * (groups is not None)}, seed {recipe.seed}"
    for task, column in zip(photos.tasks, photos.ratings.T, strict=True):
        known = np.isfinite(column)
        for test in tests:
            if (known & ~test).sum() < MIN_RATINGS or not (known & np.any(tests, axis=0)).any():
                raise BeholderError(
                    f"{photos.name}: too few photographs are rated for {task.name}; rate {MIN_RATINGS} or more"
                )
    return tests, how


def _describe(
    photos: RatedPhotos,
    predicted: np.ndarray,
    learned: np.ndarray,
    measured: tuple[Estimate, ...],
    recipe: default.DefaultRecipe,
) -> ModelInfo:
    """Description of the model file."""
    widths, reference = widths_and_percentiles(photos, predicted)
    pretrained = registry.WEIGHTS[default.BACKBONE]
    return ModelInfo(
        name=f"probe-{photos.name}",
        description=f"Linear head on frozen DINOv2 features, fitted to {photos.name}",
        backbone=default.BACKBONE,
        size=(recipe.side, recipe.side),
        resize="squash",
        tasks=photos.tasks,
        half_width=widths,
        reference=reference,
        data=(
            TrainingData(
                photos.name, int(learned.sum()), photos.content_hash, tuple(task.name for task in photos.tasks)
            ),
        ),
        metrics=measured,
        recipe={
            # this file is in single precision
            **{name: value for name, value in asdict(recipe).items() if name not in ("keep", "calibration")},
            "layers": list(recipe.layers),
            **({} if photos.splits is None else {"split": split_hash(photos.files, photos.splits)}),
        },
        licence=f"weights of the backbone: {pretrained.licence}; the ratings' own terms hold as well",
        attribution=f"Contains {pretrained.description}. Fitted to ratings of {photos.name}.",
    )
