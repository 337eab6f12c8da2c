"""The default model, a linear probe on VGG16, the mean of the training ratings and NIMA, on the same folds.

`python -m benchmarks accuracy --root DATA`

The default model's rows are computed here again, from the embedding that its file gives, folds and heads: not read from
its metadata.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import beholder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.embedded import default, int8_encoder
from beholder.metrics import Estimate, measure
from beholder.models import registry
from beholder.models.backbones.base import create_backbone
from beholder.splits import grouped_folds, random_folds
from beholder.training import ridge
from beholder.training.features import Extractor, compute_features
from benchmarks import nima
from benchmarks.competitors import why

SEED, FOLDS = 0, 5


def measure_all(root: Path) -> tuple[list[Estimate], list[str]]:
    """Every system on OASIS, with random folds and folds by theme, and on BIQ2021; and a line if NIMA does not run."""
    found: list[Estimate] = []
    left_out: list[str] = []
    peer: Extractor | None = None
    try:
        peer = nima.extractor()
    except Exception as error:  # a rival that does not start does not end the comparison
        left_out.append(f"left out: NIMA-MobileNet: {why(error)}")
    for name in ("oasis", "biq2021"):
        found += rows_of(load_data(name, root), peer)
    return found, left_out


def rows_of(photos: RatedPhotos, peer: Extractor | None) -> list[Estimate]:
    """The rows of one data set; ``peer`` is NIMA, where it runs."""
    views = {"default": list(compute_features(photos, int8_encoder.embedding_extractor(beholder.load(), views=2)))}
    views["the same in single precision"] = list(compute_features(photos, default.extractor(default.DefaultRecipe())))
    views["VGG16 pooled + ridge"] = list(compute_features(photos, _vgg16()))
    splits: dict[str, np.ndarray] = {f"{FOLDS}-fold, seed {SEED}": random_folds(len(photos), FOLDS, SEED)}
    if photos.groups is not None:
        splits[f"{FOLDS}-fold by theme, seed {SEED}"] = grouped_folds(photos.groups, FOLDS, SEED)
    found = []
    for split, folds in splits.items():
        groups = photos.groups if "theme" in split else None
        for name, of_model in views.items():
            found += _rows(photos, ridge.out_of_fold(of_model, photos.ratings, folds, groups), f"{name}; {split}")
        found += _rows(photos, _mean(photos.ratings, folds), f"mean of the training ratings; {split}")
    if peer is not None:
        repeated = np.repeat(compute_features(photos, peer)[0], len(photos.tasks), axis=1)
        # Its votes are on another scale, so an error in the units of the ratings means nothing.
        rows = _rows(photos, repeated, "NIMA-MobileNet (AVA); not trained here")
        found += [replace(row, value=np.nan, low=np.nan, high=np.nan) if row.metric == "rmse" else row for row in rows]
    return found


def _rows(photos: RatedPhotos, predicted: np.ndarray, split: str) -> list[Estimate]:
    return [
        measure(metric, photos.ratings[:, index], predicted[:, index], task=task.name, data=photos.name, split=split)
        for index, task in enumerate(photos.tasks)
        for metric in ("srcc", "plcc", "rmse")
    ]


def _mean(ratings: np.ndarray, folds: np.ndarray) -> np.ndarray:
    means = [ratings[folds != fold].mean(axis=0) for fold in range(FOLDS)]
    return np.stack(means)[folds]


def _vgg16() -> Extractor:
    network = create_backbone("vgg16").to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            pooled: np.ndarray = network(torch.from_numpy(pixels.transpose(0, 3, 1, 2))).numpy()
            return pooled

    return Extractor(f"vgg16 {registry.WEIGHTS['vgg16'].digest} pooled 256", (256, 256), 1, (512,), compute)
