"""Prediction intervals that cover what they say: conformal, from out-of-fold residuals.

The half-width is a quantile of |rating - prediction| over photographs that the predicting head had not seen, with the
finite-sample correction of split conformal prediction (Vovk et al. 2005; Lei et al. 2018, sec. 2.2). It covers for
photographs drawn like the rated ones; a photograph of another kind can fall outside more often.
"""

import numpy as np


def half_width(residuals: np.ndarray, coverage: float = 0.9) -> float:
    """Half the width of the interval, in the units of the residuals.

    >>> half_width(np.arange(1, 100) / 100.0)
    0.9
    """
    ordered = np.sort(np.abs(residuals))
    rank = int(np.ceil((len(ordered) + 1) * coverage))
    return float(ordered[min(rank, len(ordered)) - 1])


def covered(residuals: np.ndarray, folds: np.ndarray, coverage: float = 0.9) -> np.ndarray:
    """Whether each residual lies in the interval that the other folds' residuals give: (N,) booleans.

    The mean is an honest estimate of the coverage, for no photograph sets the width that it is tested with.
    """
    inside = np.zeros(len(residuals), dtype=bool)
    for fold in np.unique(folds):
        held_out = folds == fold
        inside[held_out] = np.abs(residuals[held_out]) <= half_width(residuals[~held_out], coverage)
    return inside
