"""One person's ratings -> a taste."""

from dataclasses import dataclass

import numpy as np

from beholder.errors import BeholderError
from beholder.metrics import rounded, srcc
from beholder.personal.taste import Taste
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.splits import random_folds
from beholder.tasks import RATING, Task

MIN_TASTE_RATINGS = 5  # with fewer, the person's scale itself is not known
CV_FOLDS = 10
PSEUDO_COUNT = 10  # photographs; for shrinking per-dimension variance of the embedding to the mean variance


@dataclass(frozen=True)
class Prior:
    """What is assumed about a person before they rate, in units of the standard deviation of their ratings.

    The last three hold grids: every combination of their values is averaged over, by its probability.

    Attributes:
        slope: standard deviation of the part that follows the overall score, in addition to ``slopes``.
        tasks: standard deviation of the part that follows the other tasks, all together.
        embedding: standard deviation of the part that follows the embedding.
        scales: grid of factors for these three deviations; 0 is the generic model.
        noises: grid of standard deviations of what no score explains.
        slopes: grid of slopes of the rating on the overall score.
    """

    slope: float = 0.1
    tasks: float = 0.17
    embedding: float = 0.45
    scales: tuple[float, ...] = (0, 0.5, 1, 1.5)
    noises: tuple[float, ...] = (0.5, 0.7, 0.85, 1)
    slopes: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)


OASIS_PRIOR = Prior()  # set on a third of the raters of OASIS; docs/taste.md measures the others


def check_ratings(ratings: np.ndarray) -> None:
    """Check (N,) ratings. Raises BeholderError if they are fewer than :data:`MIN_TASTE_RATINGS`, or all the same."""
    n = len(ratings)
    if n < MIN_TASTE_RATINGS:
        raise BeholderError(
            f"{n} rating{'s' * (n != 1)}; a taste needs {MIN_TASTE_RATINGS} at least, better 30: rate more photographs"
        )
    if np.ptp(ratings) == 0:
        raise BeholderError(
            f"all {n} ratings are {ratings[0]:g}, so they do not say what is liked better; rate photographs that differ"
        )


def fit(scores: Scores, info: ModelInfo, ratings: np.ndarray, scale: Task, ratings_sha256: str) -> Taste:
    """Fit the taste of one person. Takes a second for 500 ratings; the time grows with the cube of their number.

    Args:
        scores: of the N photographs that the person rated.
        info: describes the model that scored them.
        ratings: (N,) on ``scale``.
        scale: what was rated, and the ends of its scale.
        ratings_sha256: of photographs and ratings, kept in the result.

    Raises:
        BeholderError: fewer than :data:`MIN_TASTE_RATINGS` ratings, or all the same.
    """
    check_ratings(ratings)
    n, spread = len(ratings), float(ratings.std())
    units = np.array([_unit(np.array(row), task) for row, task in zip(info.reference, info.tasks, strict=True)])
    is_rating = np.array([task.kind == RATING for task in info.tasks])
    sizes = np.where(is_rating, OASIS_PRIOR.tasks / np.sqrt(max(is_rating.sum() - 1, 1)), 0)
    sizes[0] = OASIS_PRIOR.slope
    scaling = np.concatenate([sizes / units, OASIS_PRIOR.embedding / _lengths(scores.embedding)])
    given = np.concatenate([scores.values, scores.embedding], axis=1).astype(np.float64)
    typical = given.mean(axis=0)
    features, overall = (given - typical) * scaling, (given[:, 0] - typical[0]) / units[0]
    standard = (ratings - ratings.mean()) / spread

    unseen = np.empty(n)
    fold_of = random_folds(n, min(n, CV_FOLDS))
    for fold in range(min(n, CV_FOLDS)):
        train, test = fold_of != fold, fold_of == fold
        slope, weights, _ = _average(features[train], overall[train], standard[train])
        # Without the constant: it is lower if the ratings left out are high, which would spoil the ranking.
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
    """Bayesian model average over the grids of the prior (MacKay 1992).

    The constant is integrated out: with N - 1 dimensions left, only differences between ratings count.

    Args:
        features: (N, F), each scaled by the standard deviation that its part of a rating has a priori.
        overall: (N,) generic score.
        ratings: (N,) in units of their standard deviation.

    Returns:
        Slope on ``overall``, (F,) weights of ``features``, and factor of the deviations: means weighted by the
        probability of the ratings.
    """
    rows = features - features.mean(axis=0)
    values, vectors = np.linalg.eigh(rows @ rows.T)
    scale, noise, slope = (
        each.reshape(-1, 1)
        for each in np.meshgrid(OASIS_PRIOR.scales, OASIS_PRIOR.noises, OASIS_PRIOR.slopes, indexing="ij")
    )
    # One row for each combination: residuals of its slope, and its variances, along the eigenvectors.
    residuals = (ratings - ratings.mean() - slope * (overall - overall.mean())) @ vectors
    variance = scale**2 * np.maximum(values, 0) + noise**2
    log_probability = -0.5 * (residuals**2 / variance + np.log(variance)).sum(axis=1) + np.log(noise[:, 0])
    share = np.exp(log_probability - log_probability.max())[:, None]
    share /= share.sum()
    solved = vectors @ (share * scale**2 * residuals / variance).sum(axis=0)
    return float((share * slope).sum()), rows.T @ solved, float((share * scale).sum())


def _unit(reference: np.ndarray, task: Task) -> float:
    """Standard deviation of a task's scores over the photographs that the model file describes, native units."""
    return float(reference.std()) or task.high - task.low


def _lengths(embedding: np.ndarray) -> np.ndarray:
    """(D,) divisors of the dimensions of an (N, D) embedding, so that its mean squared distance from its mean is 1.

    Few photographs say little about a single dimension: its variance is shrunk to the mean of all dimensions.
    """
    deviation = embedding - embedding.mean(axis=0, dtype=np.float64)
    variance = (deviation**2).mean(axis=0)
    variance = (len(embedding) * variance + PSEUDO_COUNT * variance.mean()) / (len(embedding) + PSEUDO_COUNT)
    if not variance.any():
        return np.full(len(variance), np.inf)  # photographs that the model cannot tell apart
    return np.sqrt(variance * ((deviation**2) / variance).sum(axis=1).mean())


def _known(value: float) -> float | None:
    return None if np.isnan(value) else rounded(value)
