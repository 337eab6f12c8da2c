"""Learn which of two frames of a series is preferred: the weights of their differences.

From photographs and copies of them (:mod:`beholder.embedded.ladders`). A good frame is preferred to a worse one;
between two that are as good, either is. The weights are those of a logistic regression without a constant and with no
weight below zero, so that no difference counts the wrong way. It is held back by a penalty: real series are less
clear than copies, and a probability that is too sure is worse than one that is too close.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from beholder.culling.preference import DIFFERENCES, FrameEvidence, differences
from beholder.embedded.ladders import MOVED, RUNGS, SAVED_TWICE, UNTOUCHED
from beholder.metrics import rounded

PENALTY = 1 / 0.6  # on half the squared weights, for a total weight of one for each pair; chosen on other photographs

Ladder = Mapping[str, FrameEvidence]


def learn_preference(found: Sequence[Ladder]) -> tuple[tuple[str, float], ...]:
    """Weights of the differences, of those that count.

    Args:
        found: a ladder of each photograph.
    """
    from scipy.optimize import minimize

    x, y, weight = training_pairs(found)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        odds = x @ weights
        losses = y * np.logaddexp(0, -odds) + (1 - y) * np.logaddexp(0, odds)
        slope = x.T @ (weight * (1 / (1 + np.exp(-odds)) - y))
        return weight @ losses + PENALTY / 2 * weights @ weights, slope + PENALTY * weights

    fitted = minimize(loss, np.zeros(x.shape[1]), jac=True, bounds=[(0, None)] * x.shape[1], method="L-BFGS-B").x
    return tuple((name, rounded(value)) for name, value in zip(DIFFERENCES, fitted, strict=True) if rounded(value) > 0)


def training_pairs(found: Sequence[Ladder]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(P, F) differences, (P,) probability that the first is preferred, (P,) weight of each pair."""
    rows: list[tuple[np.ndarray, float, float]] = []
    for ladder in found:
        good = [ladder[name] for name in (UNTOUCHED, *MOVED)]
        for name, rung in RUNGS.items():
            if rung.kind == "same":
                rows.append((differences(ladder[UNTOUCHED], ladder[name]), 0.5, 1.0))
            else:
                rows += [(differences(each, ladder[name]), 1.0, 1 / len(good)) for each in good]
    x, y, weight = zip(*rows, strict=True)
    return np.array(x), np.array(y), np.array(weight)


def overall_spread(found: Sequence[Ladder]) -> float:
    """Standard deviation of the difference of overall scores between frames that are as good, but not the same."""
    gains = [
        ladder[UNTOUCHED].scores["overall"] - ladder[name].scores["overall"]
        for ladder in found
        for name, rung in RUNGS.items()
        if rung.kind == "same" and name not in SAVED_TWICE
    ]
    return rounded(float(np.sqrt(np.mean(np.square(gains)))))
