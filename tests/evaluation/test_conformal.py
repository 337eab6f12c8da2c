"""Prediction intervals: they cover new residuals as often as they promise."""

import numpy as np
import pytest

from beholder.evaluation.conformal import covered, half_width


@pytest.mark.parametrize("coverage", [0.5, 0.9])
@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_cauchy"])
def test_half_width_covers_new_residuals(coverage: float, draw: str) -> None:
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(300):
        calibration, new = getattr(rng, draw)(size=(2, 60))
        shares.append((np.abs(new) <= half_width(calibration, coverage)).mean())
    assert coverage - 0.01 <= np.mean(shares) <= coverage + 0.03


def test_covered_does_not_calibrate_on_what_it_tests() -> None:
    residuals = np.concatenate([np.full(50, 0.1), np.full(50, 9.0)])
    folds = np.repeat([0, 1], 50)
    assert covered(residuals, folds).sum() == 50  # each half is judged by the other half's width
