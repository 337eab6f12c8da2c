"""What a model file says of series: learned with the model itself, and written into its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from beholder.data.registry import load_data
from beholder.embedded import material
from beholder.extras import require
from beholder.files import explained, replacing
from beholder.scoring.model_file import SeriesInfo, read_model
from beholder.training.export import model_bytes

BEST, LAST = material.BEST, 1200  # places of BIQ2021 by quality: of these no edited copies were learned from
SEED = 3
LEARNED = 150  # photographs


def photos_to_learn_from(root: Path) -> list[Path]:
    """Photographs of BIQ2021 that the weights are learned from."""
    return _unseen(root)[0::2][:LEARNED]


def photos_to_try(root: Path) -> list[Path]:
    """Others of them, to try the weights on."""
    return _unseen(root)[1::2]


def _unseen(root: Path) -> list[Path]:
    photos = load_data("biq2021", root)
    best = np.argsort(-photos.ratings[:, 0], kind="stable")[BEST:LAST]
    return [photos.paths[row] for row in np.random.default_rng(SEED).permutation(best)]


def write_series(path: Path, series: SeriesInfo) -> None:
    """Put what is known of series into a model file; nothing else of it changes.

    Raises:
        ModelError: it is no model file.
        BeholderError: it cannot be written.
    """
    onnx = require("onnx", "train", "writing a model file")
    content, info = read_model(path)
    changed = model_bytes(onnx.load_from_string(content), replace(info, series=series))
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(changed)
