"""Projections: directions of the largest variance, at distances that are comparable."""

import numpy as np
import pytest
import torch

from beholder.models.kernel_head import CLIP
from beholder.training.projection import fit_projection

RNG = np.random.default_rng(0)
STRENGTHS = np.array([8.0, 4.0, 2.0, 1.0])
# four causes of different strength, each seen in some of 24 features with units of their own
CAUSES = RNG.normal(size=(600, 4)) * STRENGTHS
SEEN = np.repeat(np.eye(4), [9, 7, 5, 3], axis=1)
FEATURES = ((CAUSES / STRENGTHS) @ SEEN + RNG.normal(0, 0.2, (600, 24))) * np.geomspace(0.1, 1000, 24) + 5


def squared_distances(x: torch.Tensor) -> torch.Tensor:
    return torch.cdist(x, x).square()[*torch.triu_indices(len(x), len(x), 1)]


@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [2, 4, 24])
def test_the_median_pair_is_at_distance_one(size: int, whitening: float) -> None:
    found = fit_projection(FEATURES, size, whitening)(FEATURES)
    assert found.shape == (600, size)
    assert abs(float(squared_distances(found).median()) - 1) < 0.02


def test_the_largest_variances_are_kept_whatever_the_units() -> None:
    """The causes that most features see come first; a feature in other units says the same."""
    projected = fit_projection(FEATURES, 4)(FEATURES).numpy()
    correlation = np.abs(np.corrcoef(projected.T, CAUSES.T)[:4, 4:])
    assert (correlation.diagonal() > 0.95).all()
    variances = projected.var(axis=0)
    assert (np.diff(variances) < 0).all()
    again = fit_projection(FEATURES * 100 - 3, 4)(FEATURES * 100 - 3).numpy()
    np.testing.assert_allclose(np.abs(again), np.abs(projected), atol=0.01)


def test_whitening_makes_variances_equal() -> None:
    spreads = []
    for whitening in (0.0, 0.5, 1.0):
        variances = fit_projection(FEATURES, 4, whitening)(FEATURES).numpy().var(axis=0)
        spreads.append(variances.max() / variances.min())
    assert spreads[0] > 2
    assert spreads[1] == pytest.approx(spreads[0] ** 0.5, rel=0.02)
    assert spreads[2] == pytest.approx(1, rel=0.02)


def test_emphasis_brings_features_to_the_front() -> None:
    weakest = SEEN[3]  # seen by three features, so by no emphasis the last
    found = fit_projection(FEATURES, 1, emphasis=1 + 9 * weakest)(FEATURES).numpy()[:, 0]
    assert abs(np.corrcoef(found, CAUSES[:, 3])[0, 1]) > 0.95
    ones = fit_projection(FEATURES, 4, emphasis=np.ones(24))
    assert torch.equal(ones.matrix, fit_projection(FEATURES, 4).matrix)


def test_extremes_are_limited() -> None:
    projection = fit_projection(FEATURES, 4)
    ends = [projection(FEATURES.mean(axis=0) + far * FEATURES.std(axis=0)) for far in (CLIP + 1, 100 * CLIP)]
    assert torch.equal(*ends) and not torch.equal(ends[0], projection(FEATURES.mean(axis=0) + FEATURES.std(axis=0)))


def test_the_matrix_is_what_a_file_in_half_precision_stores() -> None:
    matrix = fit_projection(FEATURES, 4).matrix
    assert matrix.dtype == torch.float32 and torch.equal(matrix, matrix.half().float()) and matrix.any()


def test_a_feature_that_is_always_the_same_says_nothing() -> None:
    constant = FEATURES.copy()
    constant[:, 3] = 7
    projection = fit_projection(constant, 4)
    assert projection(constant).isfinite().all() and projection.matrix[3].abs().max() < 1e-3
