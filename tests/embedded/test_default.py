"""The accuracy of the default model, out of fold."""

from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from beholder.embedded import default
from beholder.metrics import srcc
from beholder.splits import grouped_folds, random_folds
from beholder.training import ridge
from beholder.training.features import compute_features


@pytest.mark.slow
def test_out_of_fold_accuracy_on_oasis(data_root: Path) -> None:
    """The bar of the default model, computed from photographs and ratings, not read from its file."""
    oasis = load_data("oasis", data_root)
    views = compute_features(oasis, default.extractor(default.DefaultRecipe()))
    assert oasis.groups is not None
    for folds, groups, bar in (
        (random_folds(len(oasis)), None, (0.86, 0.78, 0.77)),
        (grouped_folds(oasis.groups), oasis.groups, (0.83, 0.68, 0.72)),
    ):
        predicted = ridge.out_of_fold(views, oasis.ratings, folds, groups)
        found = [srcc(oasis.ratings[:, task], predicted[:, task]) for task in range(3)]
        assert (np.array(found) >= bar).all(), found
