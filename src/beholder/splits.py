"""Which photographs are for training and for testing: folds and holdout splits, seeded and repeatable."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from beholder.errors import BeholderError

# Usual shares of the photographs for the test and for validation.
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1


class Shares(NamedTuple):
    """Shares of the photographs, 0 to 1, that are drawn for the test and for validation; None for the usual one."""

    test: float | None = None
    validation: float | None = None

    @property
    def are_given(self) -> bool:
        """Whether either differs from the usual share."""
        return self != USUAL_SHARES


USUAL_SHARES = Shares()


def random_folds(count: int, folds: int = 5, seed: int = 0) -> np.ndarray:
    """(N,) fold of each photograph, sizes differing by one at most.

    >>> np.bincount(random_folds(10))
    array([2, 2, 2, 2, 2])
    """
    return np.random.default_rng(seed).permutation(count) % folds


def grouped_folds(groups: Sequence[str], folds: int = 5, seed: int = 0) -> np.ndarray:
    """(N,) fold of each photograph, no group is in two folds; groups are assigned in a seeded order.

    >>> grouped_folds(["sea", "dog", "sea", "dog"], folds=2).tolist() in ([0, 1, 0, 1], [1, 0, 1, 0])
    True
    """
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    return random_folds(len(names), folds, seed)[members]


def folds_of(count: int, groups: Sequence[str] | None, folds: int = 5, seed: int = 0) -> np.ndarray:
    """(N,) fold of each photograph: :func:`grouped_folds` if groups are given, else :func:`random_folds`."""
    return random_folds(count, folds, seed) if groups is None else grouped_folds(groups, folds, seed)


def holdout_split(
    count: int,
    test: float = TEST_SHARE,
    validation: float = VALIDATION_SHARE,
    seed: int = 0,
    groups: Sequence[str] | None = None,
) -> np.ndarray:
    """(N,) ``train``, ``validation`` or ``test`` for each photograph, drawn at random.

    Args:
        count: photographs, N.
        test: share for testing, 0 to 1; met to half a photograph, or to half a group.
        validation: share for validation, likewise.
        seed: of the drawing.
        groups: N labels; photographs with the same label stay in one part. Or None.

    Raises:
        BeholderError: a part with a share above 0 would be empty.

    >>> np.unique(holdout_split(10), return_counts=True)[1].tolist()
    [2, 7, 1]
    """
    members = np.arange(count) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    sizes = np.bincount(members)
    order = np.random.default_rng(seed).permutation(len(sizes))
    middle = np.empty(len(sizes))  # position of each group's middle, with all photographs in the order of their groups
    middle[order] = np.cumsum(sizes[order]) - sizes[order] / 2
    shares = {"test": test, "validation": validation, "train": 1 - test - validation}
    parts = np.array(list(shares))[np.digitize(middle / max(count, 1), [test, test + validation])][members]
    for part, share in shares.items():
        if (share > 0 or part == "train") and part not in parts:
            of = "" if groups is None else f" in {len(sizes)} groups that must stay whole"
            raise BeholderError(
                f"{count} photographs{of} leave the {part} part empty, which should hold {max(share, 0):.0%} of them; "
                "give more photographs or other shares"
            )
    return parts


def fold_split(
    folds: np.ndarray,
    fold: int,
    validation: float = VALIDATION_SHARE,
    seed: int = 0,
    groups: Sequence[str] | None = None,
) -> np.ndarray:
    """(N,) ``train``, ``validation`` or ``test`` for each photograph, for one round of cross-validation.

    Args:
        folds: (N,) fold of each photograph, from :func:`grouped_folds` where ``groups`` are given.
        fold: the one to test on.
        validation: share of all N photographs, taken from the other folds.
        seed: of the photographs, or groups, that are drawn for validation.
        groups: N labels; photographs with the same label stay in one part. Or None.

    Raises:
        BeholderError: a part would be empty.
    """
    rest = np.flatnonzero(folds != fold)
    if not 0 < len(rest) < len(folds):
        raise BeholderError(
            f"fold {fold} of {sorted(set(folds.tolist()))} leaves no photographs to test or to train on"
        )
    left = None if groups is None else np.asarray(groups)[rest].tolist()
    parts = np.full(len(folds), "test", dtype="U10")
    parts[rest] = holdout_split(len(rest), 0, validation * len(folds) / len(rest), seed, left)
    return parts


def split_hash(files: Sequence[str], splits: Sequence[str]) -> str:
    """Sha256 of which photograph is in which part, independent of their order.

    It is computed over sorted lines ``FILE SPLIT``, each with its newline.

    >>> split_hash(["a", "b"], ["train", "test"]) == split_hash(["b", "a"], ["test", "train"])
    True
    """
    lines = sorted(f"{file} {split}\n" for file, split in zip(files, splits, strict=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
