"""What a model file says of series: learned with the model itself, and written into its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.ladders import ladders
from beholder.embedded.material import BEST
from beholder.embedded.preference import learn_preference, overall_spread
from beholder.embedded.series import MIN_PAIRS, measure_similarity
from beholder.extras import require
from beholder.files import explained, replacing
from beholder.scoring.model_file import ModelInfo, SeriesInfo, read_model
from beholder.scoring.scorer import Scorer
from beholder.training.export import model_bytes

LAST = 1200  # place of BIQ2021 by quality; after the best, of which edited copies were learned from
SEED, LADDER_SEED = 3, 7  # of the order of the photographs, and of what is done to them
LEARNED = 100  # photographs


def enough_for_series(photos: Mapping[str, RatedPhotos]) -> bool:
    """Whether there are enough photographs to learn how series are found."""
    count = len(photos["oasis"])
    return count * (count - 1) // 2 >= MIN_PAIRS and len(photos["biq2021"]) >= LAST


def learn_series(scorer: Scorer, photos: Mapping[str, RatedPhotos]) -> SeriesInfo:
    """What a model can know of series.

    Args:
        scorer: the model.
        photos: data sets, ``oasis`` and ``biq2021`` among them.

    Raises:
        BeholderError: the model does not know changed photographs again.
    """
    like, same = measure_similarity(scorer, photos["oasis"])
    found = list(ladders(scorer, photos_to_learn_from(photos["biq2021"]), LADDER_SEED))
    return SeriesInfo(like, same, learn_preference(found), overall_spread(found))


def photos_to_learn_from(biq: RatedPhotos) -> list[Path]:
    """Photographs of BIQ2021 that the weights are learned from."""
    return _unseen(biq)[0::2][:LEARNED]


def photos_to_try(biq: RatedPhotos) -> list[Path]:
    """Others of them, to try the weights on."""
    return _unseen(biq)[1::2]


def _unseen(biq: RatedPhotos) -> list[Path]:
    best = np.argsort(-biq.ratings[:, 0], kind="stable")[BEST:LAST]
    return [biq.paths[row] for row in np.random.default_rng(SEED).permutation(best)]


def write_series(path: Path, info: ModelInfo) -> None:
    """Write a description with what is known of series into a model file; its graph stays.

    Raises:
        ModelError: it is no model file.
        BeholderError: it cannot be written.
    """
    onnx = require("onnx", "train", "writing a model file")
    content, _ = read_model(path)
    changed = model_bytes(onnx.load_from_string(content), info)
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(changed)
