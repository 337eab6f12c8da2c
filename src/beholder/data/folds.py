"""Folds for cross-validation: an integer for each photograph, seeded and repeatable."""

from collections.abc import Sequence

import numpy as np


def random_folds(count: int, folds: int = 5, seed: int = 0) -> np.ndarray:
    """(N,) fold of each photograph, sizes differing by one at most.

    >>> np.bincount(random_folds(10))
    array([2, 2, 2, 2, 2])
    """
    return np.random.default_rng(seed).permutation(count) % folds


def grouped_folds(groups: Sequence[str], folds: int = 5, seed: int = 0) -> np.ndarray:
    """(N,) fold of each photograph, with no group in two folds; groups are dealt out in a seeded order.

    >>> grouped_folds(["sea", "dog", "sea", "dog"], folds=2).tolist() in ([0, 1, 0, 1], [1, 0, 1, 0])
    True
    """
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    return random_folds(len(names), folds, seed)[members]
