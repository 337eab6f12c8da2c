"""One person's ratings -> a taste."""

from dataclasses import dataclass

import numpy as np

from beholder.bayesian_ridge import Grid, Rows, spreads
from beholder.errors import BeholderError
from beholder.metrics import rounded, srcc
from beholder.personal.taste import Taste
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.splits import random_folds
from beholder.tasks import RATING, Task

MIN_TASTE_RATINGS = 5  # with fewer, the person's scale itself is not known
CV_FOLDS = 10


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

    @property
    def grid(self) -> Grid:
        return Grid(self.scales, self.noises, self.slopes)


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
    scaling = np.concatenate([sizes / units, OASIS_PRIOR.embedding / spreads(scores.embedding)])
    given = np.concatenate([scores.values, scores.embedding], axis=1).astype(np.float64)
    typical = given.mean(axis=0)
    features, overall = (given - typical) * scaling, (given[:, 0] - typical[0]) / units[0]
    standard = (ratings - ratings.mean()) / spread

    unseen = np.empty(n)
    fold_of = random_folds(n, min(n, CV_FOLDS))
    for fold in range(min(n, CV_FOLDS)):
        train, test = fold_of != fold, fold_of == fold
        part = Rows(features[train]).average(overall[train, None], standard[train], OASIS_PRIOR.grid)
        # Without the constant: it is lower if the ratings left out are high, which would spoil the ranking.
        unseen[test] = part.slopes[0] * overall[test] + features[test] @ part.weights

    found = Rows(features).average(overall[:, None], standard, OASIS_PRIOR.grid)
    coefficients = spread * found.weights * scaling
    coefficients[0] += spread * found.slopes[0] / units[0]
    on_tasks, on_embedding = np.split(coefficients, [len(units)])
    on_tasks, on_embedding = np.array([rounded(value) for value in on_tasks]), on_embedding.astype(np.float32)
    constant = ratings.mean() - typical @ np.concatenate([on_tasks, on_embedding])
    return Taste(
        scores.model,
        scale,
        n,
        ratings_sha256,
        rounded(found.scale),
        _known(srcc(ratings, unseen)),
        _known(srcc(ratings, scores.overall)),
        float(constant),
        tuple(on_tasks.tolist()),
        tuple(on_embedding.tolist()),
    )


def _unit(reference: np.ndarray, task: Task) -> float:
    """Standard deviation of a task's scores over the photographs that the model file describes, native units."""
    return float(reference.std()) or task.high - task.low


def _known(value: float) -> float | None:
    return None if np.isnan(value) else rounded(value)
