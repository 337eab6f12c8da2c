"""Prediction intervals by split conformal prediction (Vovk et al. 2005; Lei et al. 2018, sec. 2.2).

An interval is a prediction plus and minus one half-width: a quantile of |rating - prediction| over photographs that the
model was not trained on, with a correction for their finite number. It covers the stated share of photographs like the
rated ones; other kinds of photographs can fall outside more often.
"""

import numpy as np


def half_width(residuals: np.ndarray, coverage: float = 0.9) -> float:
    """Half the width of the interval, in the units of the residuals.

    Args:
        residuals: (N,) rating minus prediction, N at least 1, of photographs held out from training.
        coverage: share of new photographs that the interval should cover, above 0, below 1.

    >>> half_width(np.arange(1, 100) / 100.0)
    0.9
    """
    ordered = np.sort(np.abs(residuals))
    rank = int(np.ceil((len(ordered) + 1) * coverage))
    return float(ordered[min(rank, len(ordered)) - 1])


def covered(residuals: np.ndarray, folds: np.ndarray, coverage: float = 0.9) -> np.ndarray:
    """(N,) booleans: whether each residual lies in the interval that is computed from the other folds.

    Their mean estimates the coverage without bias: no photograph contributes to the width that it is tested with.

    Args:
        residuals: (N,) rating minus prediction.
        folds: (N,) fold of each photograph; two folds or more.
        coverage: as of :func:`half_width`.

    >>> covered(np.array([0.1, 0.1, 9.0, 9.0]), np.array([0, 0, 1, 1]))
    array([ True,  True, False, False])
    """
    inside = np.zeros(len(residuals), dtype=bool)
    for fold in np.unique(folds):
        held_out = folds == fold
        inside[held_out] = np.abs(residuals[held_out]) <= half_width(residuals[~held_out], coverage)
    return inside
