"""One person's ratings -> a taste."""

from dataclasses import dataclass

import numpy as np

from beholder.errors import BeholderError
from beholder.metrics import rounded, srcc
from beholder.personal.taste import Taste
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.splits import random_folds
from beholder.tasks import Task

LEAST = 5  # ratings: below, the person's scale itself is not known
FOLDS = 10
MORE = 10  # photographs that the mean variance of the embedding counts as


@dataclass(frozen=True)
class Prior:
    """What is believed of a person before they rate: standard deviations of what moves their ratings, which have 1.

    Attributes:
        slope: of the part that follows the overall score, beside the slopes weighed.
        tasks: of the part that follows the other tasks, all together.
        embedding: of the part that follows the embedding.
        scales: of all deviations, weighed against each other; 0 is the generic model.
        noises: standard deviations of what no score explains, likewise.
        slopes: of the rating on the overall score, likewise.
    """

    slope: float = 0.1
    tasks: float = 0.17
    embedding: float = 0.45
    scales: tuple[float, ...] = (0, 0.5, 1, 1.5)
    noises: tuple[float, ...] = (0.5, 0.7, 0.85, 1)
    slopes: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)


PRIOR = Prior()  # set on a third of the raters of OASIS; docs/taste.md measures the others


def check_ratings(ratings: np.ndarray) -> None:
    """Raises BeholderError where (N,) ratings are fewer than :data:`LEAST`, or all the same."""
    n = len(ratings)
    if n < LEAST:
        raise BeholderError(
            f"{n} rating{'s' * (n != 1)}; a taste needs {LEAST} at least, better 30: rate more photographs"
        )
    if np.ptp(ratings) == 0:
        raise BeholderError(
            f"all {n} ratings are {ratings[0]:g}, so nothing tells what is liked better; rate photographs that differ"
        )


def fit(scores: Scores, info: ModelInfo, ratings: np.ndarray, scale: Task, ratings_sha256: str) -> Taste:
    """The taste of one person. Takes a second for 500 ratings; the time grows with the cube of their number.

    Args:
        scores: of the N photographs that they rated.
        info: of the model that scored them.
        ratings: (N,) on ``scale``.
        scale: what was rated, from where to where.
        ratings_sha256: of photographs and ratings, kept in the result.

    Raises:
        BeholderError: fewer than :data:`LEAST` ratings, or all the same.
    """
    check_ratings(ratings)
    n, spread = len(ratings), float(ratings.std())
    units = np.array([_unit(np.array(row), task) for row, task in zip(info.reference, info.tasks, strict=True)])
    sizes = np.full(len(units), PRIOR.tasks / np.sqrt(max(len(units) - 1, 1)))
    sizes[0] = PRIOR.slope
    scaling = np.concatenate([sizes / units, PRIOR.embedding / _lengths(scores.embedding)])
    given = np.concatenate([scores.values, scores.embedding], axis=1).astype(np.float64)
    typical = given.mean(axis=0)
    features, overall = (given - typical) * scaling, (given[:, 0] - typical[0]) / units[0]
    standard = (ratings - ratings.mean()) / spread

    unseen = np.empty(n)
    fold_of = random_folds(n, min(n, FOLDS))
    for fold in range(min(n, FOLDS)):
        train, test = fold_of != fold, fold_of == fold
        slope, weights, _ = _average(features[train], overall[train], standard[train])
        # Without the constant, which is lower where the ratings left out are high, and would spoil the ranking.
        unseen[test] = slope * overall[test] + features[test] @ weights

    slope, weights, personal = _average(features, overall, standard)
    coefficients = spread * weights * scaling
    coefficients[0] += spread * slope / units[0]
    on_tasks, on_embedding = np.split(coefficients, [len(units)])
    on_tasks, on_embedding = np.array([rounded(value) for value in on_tasks]), on_embedding.astype(np.float32)
    constant = ratings.mean() - typical @ np.concatenate([on_tasks, on_embedding])
    return Taste(
        scores.model,
        scale,
        n,
        ratings_sha256,
        rounded(personal),
        _known(srcc(ratings, unseen)),
        _known(srcc(ratings, scores.overall)),
        float(constant),
        tuple(on_tasks.tolist()),
        tuple(on_embedding.tolist()),
    )


def _average(features: np.ndarray, overall: np.ndarray, ratings: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Slope, weights and scale of the deviations, averaged by the probability of the ratings.

    Args:
        features: (N, F), each scaled to the size that its part of a rating has a priori.
        overall: (N,) generic score.
        ratings: (N,) in units of their standard deviation.

    The constant is integrated out: with N - 1 dimensions left, all that follows is about differences between ratings.
    """
    rows = features - features.mean(axis=0)
    values, vectors = np.linalg.eigh(rows @ rows.T)
    scale, noise, slope = (
        each.reshape(-1, 1) for each in np.meshgrid(PRIOR.scales, PRIOR.noises, PRIOR.slopes, indexing="ij")
    )
    # One row a combination: what its slope leaves, and its variances, along the eigenvectors.
    left = (ratings - ratings.mean() - slope * (overall - overall.mean())) @ vectors
    variance = scale**2 * np.maximum(values, 0) + noise**2
    log_probability = -0.5 * (left**2 / variance + np.log(variance)).sum(axis=1) + np.log(noise[:, 0])
    share = np.exp(log_probability - log_probability.max())[:, None]
    share /= share.sum()
    solved = vectors @ (share * scale**2 * left / variance).sum(axis=0)
    return float((share * slope).sum()), rows.T @ solved, float((share * scale).sum())


def _unit(reference: np.ndarray, task: Task) -> float:
    """The spread of a task's scores over the photographs that the model file describes, native units."""
    return float(reference.std()) or task.high - task.low


def _lengths(embedding: np.ndarray) -> np.ndarray:
    """(D,) what divides each dimension so that a photograph is 1 from the typical one, in the mean of squares.

    Few photographs say little of a single dimension: its variance is drawn to the mean of all.
    """
    deviation = embedding - embedding.mean(axis=0, dtype=np.float64)
    variance = (deviation**2).mean(axis=0)
    variance = (len(embedding) * variance + MORE * variance.mean()) / (len(embedding) + MORE)
    if not variance.any():
        return np.full(len(variance), np.inf)  # photographs that the model cannot tell apart
    return np.sqrt(variance * ((deviation**2) / variance).sum(axis=1).mean())


def _known(value: float) -> float | None:
    return None if np.isnan(value) else rounded(value)
