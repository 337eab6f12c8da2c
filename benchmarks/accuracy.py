"""The default model, ridges on its embedding and on VGG16, the mean of ratings and NIMA, on the same folds.

`python -m benchmarks accuracy --root DATA`

The default model's own rows are what its file states: `beholder train default` measures them out of fold, and fits all
its heads for that. They are shown where the photographs and ratings under ``root`` are those that the file names by
hash. All other rows are computed here.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import beholder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.data.sets import appeal
from beholder.embedded import default, int8_encoder
from beholder.embedded.material import OPTIONAL
from beholder.metrics import Estimate, measure
from beholder.models import registry
from beholder.models.backbones.base import create_backbone
from beholder.photos.read import Pixels
from beholder.photos.resize import resize_exact
from beholder.splits import grouped_folds, random_folds
from beholder.training import ridge
from beholder.training.features import Extractor, compute_features
from benchmarks import nima
from benchmarks.competitors import why

SEED, FOLDS = 0, 5
METRICS = "srcc", "plcc", "rmse"


def measure_all(root: Path) -> tuple[list[Estimate], list[str]]:
    """Every system on each data set, with random folds, on OASIS also with folds by theme.

    Returns:
        The metrics, and a line for each thing that was left out.
    """
    found: list[Estimate] = []
    left_out: list[str] = []
    peer: Extractor | None = None
    try:
        peer = nima.extractor()
    except Exception as error:  # a rival that does not start does not end the comparison
        left_out.append(f"left out: NIMA-MobileNet: {why(error)}")
    for name in ("oasis", "appeal", "composition", "biq2021"):
        if name in OPTIONAL and not (root / name).is_dir():
            left_out.append(f"left out: {name}: no folder {root / name}")
            continue
        photos = load_data(name, root)
        of_file = stated(photos)
        if not of_file:
            left_out.append(f"left out: default on {name}: its file was not measured on these photographs and ratings")
        found += of_file
        found += rows_of(photos, peer)
    return found, left_out


def stated(photos: RatedPhotos) -> list[Estimate]:
    """What the default model's file says of these photographs; nothing if it learned from others."""
    info = beholder.load().info
    if photos.content_hash not in {data.sha256 for data in info.data}:
        return []
    return [
        replace(each, split=f"default; {each.split}")
        for each in info.metrics
        if each.data == photos.name and each.metric in METRICS
    ]


def rows_of(photos: RatedPhotos, peer: Extractor | None) -> list[Estimate]:
    """The rows of one data set that are computed here; ``peer`` is NIMA, where it runs."""
    read = appeal.photo_reader(photos.root) if photos.name == "appeal" else None
    in_file = int8_encoder.embedding_extractor(beholder.load(), views=2)
    views = {
        "ridge on default's embedding": _views(photos, in_file, read),
        "the same in single precision": _views(photos, default.extractor(default.DefaultRecipe()), read),
        "VGG16 pooled + ridge": _views(photos, _vgg16(), read),
    }
    splits: dict[str, np.ndarray] = {f"{FOLDS}-fold, seed {SEED}": random_folds(len(photos), FOLDS, SEED)}
    if photos.groups is not None:
        splits[f"{FOLDS}-fold by theme, seed {SEED}"] = grouped_folds(photos.groups, FOLDS, SEED)
    rated = np.isfinite(photos.ratings).all(axis=1)
    ratings = photos.ratings[rated]
    found = []
    for split, every_fold in splits.items():
        folds = every_fold[rated]
        groups = np.array(photos.groups)[rated].tolist() if "theme" in split else None
        for name, of_model in views.items():
            predicted = ridge.out_of_fold([view[rated] for view in of_model], ratings, folds, groups)
            found += _rows(photos, ratings, predicted, f"{name}; {split}")
        found += _rows(photos, ratings, _mean(ratings, folds), f"mean of the training ratings; {split}")
    if peer is not None:
        repeated = np.repeat(_views(photos, peer, read)[0][rated], len(photos.tasks), axis=1)
        # Its votes are on another scale, so an error in the units of the ratings means nothing.
        rows = _rows(photos, ratings, repeated, "NIMA-MobileNet (AVA); not trained here")
        found += [replace(row, value=np.nan, low=np.nan, high=np.nan) if row.metric == "rmse" else row for row in rows]
    return found


def _views(photos: RatedPhotos, extractor: Extractor, read: Callable[[Path], Pixels] | None) -> Sequence[np.ndarray]:
    """Features of each view, (N, D); by ``read`` those of photographs that have to be cropped first."""
    if read is None:
        return list(compute_features(photos, extractor))
    pixels = np.stack([resize_exact(read(path), extractor.size) for path in photos.paths])
    parts = [pixels[start : start + 8] for start in range(0, len(pixels), 8)]
    return [
        np.concatenate([extractor.compute(extractor.view_pixels(part, view)) for part in parts])
        for view in range(extractor.views)
    ]


def _rows(photos: RatedPhotos, ratings: np.ndarray, predicted: np.ndarray, split: str) -> list[Estimate]:
    return [
        measure(metric, ratings[:, index], predicted[:, index], task=task.name, data=photos.name, split=split)
        for index, task in enumerate(photos.tasks)
        for metric in METRICS
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
