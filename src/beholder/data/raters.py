"""How well people agree: each rater's votes against the mean of the others' on the same photographs.

This is the ceiling for a model, as in Soydaner & Wagemans (2023, Table 4), with one difference. Kong et al. (2016),
whose figures they print, compare a rater with the mean of all votes, including the rater's own, which overestimates
agreement where votes are few. Here the rater's own vote is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from beholder.data.votes import Votes

EDGES = (0, 100, 200, np.inf)  # of bins of photographs rated, ibid., Table 4


@dataclass(frozen=True)
class RaterAgreement:
    """R raters.

    Attributes:
        rater: (R,) labels, sorted.
        images: (R,) number of photographs that each rated.
        srcc: (R,) rank correlation of each with the others, -1 to 1; NaN where undefined.
    """

    rater: np.ndarray
    images: np.ndarray
    srcc: np.ndarray


@dataclass(frozen=True)
class RaterGroup:
    """Raters by how many photographs they rated.

    Attributes:
        images: from and to, the end not included.
        raters: number of raters with a defined correlation.
        srcc: mean of their correlations; NaN without raters.
        interval: 95% bootstrap interval of the mean, over raters.
    """

    images: tuple[float, float]
    raters: int
    srcc: float
    interval: tuple[float, float]


def rater_agreement(votes: Votes, count: int) -> RaterAgreement:
    """Each rater's rank correlation (SRCC) with the mean vote of the others, over the photographs that they rated.

    A photograph that a rater rated more than once counts once, with the mean of those votes. A photograph that nobody
    else rated is left out of the correlation, but counts as rated. The correlation is NaN if fewer than two photographs
    are left, or if on these the rater's votes, or the others' means, are all equal.

    Args:
        votes: of one quantity.
        count: photographs that ``votes.photo`` points into.
    """
    labels, rater = np.unique(votes.rater, return_inverse=True)
    pairs, pair = np.unique(rater * count + votes.photo, return_inverse=True)
    own = np.bincount(pair, votes.value) / np.bincount(pair)
    rater, photo = np.divmod(pairs, max(count, 1))
    others = np.bincount(photo, minlength=count)[photo] - 1
    rest = np.bincount(photo, own, count)[photo] - own
    images = np.bincount(rater, minlength=len(labels))
    kept = others > 0
    rest = np.round(rest[kept] / others[kept], 9)  # equal means are ties, whatever the order of summation
    return RaterAgreement(labels, images, _correlations(rater[kept], own[kept], rest, len(labels)))


def by_experience(
    agreement: RaterAgreement, edges: Sequence[float] = EDGES, *, resamples: int = 2000, seed: int = 0
) -> list[RaterGroup]:
    """Mean agreement of raters by the number of photographs they rated; undefined correlations are left out.

    Args:
        agreement: of all raters.
        edges: numbers of photographs that divide the groups, each group closed at the left.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    rng = np.random.default_rng(seed)
    groups = []
    for low, high in pairwise(edges):
        inside = (agreement.images >= low) & (agreement.images < high)
        values = agreement.srcc[inside & ~np.isnan(agreement.srcc)]
        if len(values):
            means = values[rng.integers(0, len(values), (resamples, len(values)))].mean(axis=1)
            start, end = np.quantile(means, [0.025, 0.975])
            groups.append(RaterGroup((low, high), len(values), float(values.mean()), (float(start), float(end))))
        else:
            groups.append(RaterGroup((low, high), 0, np.nan, (np.nan, np.nan)))
    return groups


def edges_for(agreement: RaterAgreement) -> tuple[float, ...]:
    """``EDGES`` if they divide the raters, else the tertiles of the numbers of photographs that they rated."""
    images = agreement.images[~np.isnan(agreement.srcc)]
    if not len(images) or len(np.unique(np.digitize(images, EDGES))) > 1:
        return EDGES
    return tertile_edges(images)


def tertile_edges(images: np.ndarray) -> tuple[float, ...]:
    """0, the whole numbers at one and two thirds of ``images`` ((R,), R > 0), and infinity, each once."""
    thirds = np.ceil(np.quantile(images, [1 / 3, 2 / 3]))
    return tuple(float(edge) for edge in np.unique([0, *thirds, np.inf]))


def _correlations(group: np.ndarray, first: np.ndarray, second: np.ndarray, count: int) -> np.ndarray:
    """(count,) rank correlation inside each group; NaN if either side is constant."""
    a, b = (_centred(group, _ranks(group, values), count) for values in (first, second))
    ab, aa, bb = (np.bincount(group, product, count) for product in (a * b, a * a, b * b))
    norm = np.sqrt(aa * bb)
    return np.divide(ab, norm, out=np.full(count, np.nan), where=norm > 1e-9)


def _ranks(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Ranks inside each group, ties given their mean rank, plus a constant for each group."""
    order = np.lexsort((values, group))
    changes = (np.diff(group[order]) != 0) | (np.diff(values[order]) != 0)
    tie = np.concatenate([[0], np.cumsum(changes)])[: len(order)]
    sizes = np.bincount(tie)
    ranks = np.empty(len(values))
    ranks[order] = (np.cumsum(sizes) - (sizes - 1) / 2)[tie]
    return ranks


def _centred(group: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    means = np.bincount(group, values, count) / np.maximum(np.bincount(group, minlength=count), 1)
    return values - means[group]
