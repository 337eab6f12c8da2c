"""One person's taste: their ratings of a few photographs -> a score of their own, on top of a model left as it is.

The person's rating, in units of the standard deviation of their ratings, is taken to be

    constant + b * overall + t . tasks + e . embedding + noise

with scores in units of their spread over the rated photographs that the model file describes, and the embedding scaled
by the person's photographs. Before a rating is seen, b is about a half, and t and e are zero give or take a little
(:data:`PRIOR`): the score then ranks as the generic model does. Ratings move it away as far as they bear it out. How
far is not set but weighed: each combination of a scale of the deviations (zero is one of them: the generic model), a
noise and a slope b gives a ridge regression and the probability of the ratings in closed form; the regressions are
averaged by that probability (Bayesian model averaging; MacKay 1992, "Bayesian interpolation"). So ten ratings change
little, noise changes little, and nobody chooses a penalty. The result is linear, and so is its file.

A prior learned from how the raters of OASIS differ gained too little to be worth a file that only one model could use
(docs/taste.md).
"""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from beholder.data import own
from beholder.data.folds import random_folds
from beholder.data.rated import RatedPhotos
from beholder.errors import BeholderError
from beholder.evaluation.metrics import srcc
from beholder.files import explained, replacing
from beholder.model_file import ModelInfo, rounded
from beholder.scores import Scores
from beholder.tasks import Task

FORMAT = 1
LEAST = 5  # ratings: below, the person's scale itself is not known
FOLDS = 10
SURE = 30  # ratings; of fewer a rank correlation is known to 0.3 at best
MORE = 10  # photographs that the mean variance of the embedding counts as
_MAKE = "make one with  beholder taste fit MODEL ratings.csv"


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


@dataclass(frozen=True)
class Taste:
    """What a taste file holds.

    Attributes:
        model: id of the model that the coefficients belong to.
        scale: what the person rated and on which scale; the score is on it too.
        n: ratings.
        ratings_sha256: over their photographs and values.
        personal: 0 to 1.5, how far the ratings moved the score from the generic one; 1 is as far as people differ on
            average, 0 not at all.
        srcc: rank correlation with the person's ratings in cross-validation: of ratings that the fit had not seen.
            None where it is not defined.
        srcc_generic: that of the model's overall score with the same ratings.
        intercept: points of the person's scale.
        on_tasks: T coefficients of the model's scores, points a native unit.
        on_embedding: D coefficients of the embedding.
    """

    model: str
    scale: Task
    n: int
    ratings_sha256: str
    personal: float
    srcc: float | None
    srcc_generic: float | None
    intercept: float
    on_tasks: tuple[float, ...]
    on_embedding: tuple[float, ...]

    def __call__(self, scores: Scores) -> np.ndarray:
        """(N,) what this person would rate, in points of their scale.

        The best may lie a little beyond its end: cut there, the photographs that are liked most would be alike.

        Raises:
            BeholderError: scores of another model than the one the taste was fitted on.
        """
        self.check(scores.model)
        if (len(self.on_tasks), len(self.on_embedding)) != (scores.values.shape[1], scores.embedding.shape[1]):
            raise BeholderError(f"the taste file does not have the coefficients that {self.model} needs; {_MAKE}")
        followed: np.ndarray = scores.values @ np.array(self.on_tasks) + scores.embedding @ np.array(self.on_embedding)
        return self.intercept + followed

    def check(self, model: str) -> None:
        """Raises BeholderError where ``model`` is not the id of the model that it was fitted on."""
        if model != self.model:
            raise BeholderError(f"the taste was fitted on model {self.model}, this is {model}; {_MAKE}")

    @property
    def task(self) -> Task:
        """What the score is of, under the name that its column has."""
        return Task(
            "taste", self.scale.low, self.scale.high, f"What one person would rate it. {self.scale.description}"
        )

    def describe(self) -> str:
        """What was learned, in a line."""
        parts = [f"{self.n} ratings on {self.scale.low:g} to {self.scale.high:g}"]
        if self.srcc is not None and self.srcc_generic is not None:
            parts.append(
                f"rank correlation with them {self.srcc_generic:.2f} by the overall score, {self.srcc:.2f} by taste in "
                "cross-validation"
            )
        return "; ".join(parts) + (f". Below {SURE} ratings such numbers say little" if self.n < SURE else "")

    @cached_property
    def id(self) -> str:
        """``taste@`` and the start of the sha256 of the file."""
        return f"taste@{hashlib.sha256(self.to_json().encode()).hexdigest()[:8]}"

    def to_json(self) -> str:
        packed = base64.b64encode(np.array(self.on_embedding, dtype="<f4").tobytes()).decode()
        return json.dumps({"taste_format": FORMAT, **asdict(self), "on_embedding": packed}, indent=1) + "\n"


def load_ratings(path: Path, root: Path | None = None, ends: tuple[float, float] | None = None) -> RatedPhotos:
    """One person's ratings: a CSV file with a column of photographs and one of ratings.

    Args:
        path: as :func:`beholder.data.own.load` takes it.
        root: folder that the paths in it are relative to; that of the CSV file without one.
        ends: of the rating scale; without them the narrowest scale in use that holds all ratings.

    Raises:
        BeholderError: as `beholder.data.own.load`; more than one column of ratings; ratings that :func:`fit` refuses.
    """
    photos = own.load(path, root, least=0)
    if len(photos.tasks) > 1:
        names = ", ".join(task.name for task in photos.tasks)
        raise BeholderError(
            f"{path}: {len(photos.tasks)} columns of ratings ({names}); a taste is of one: keep that one"
        )
    if ends is not None:
        photos = replace(photos, tasks=(replace(photos.tasks[0], low=ends[0], high=ends[1]),))
    try:
        check_ratings(photos.ratings[:, 0])
    except BeholderError as error:
        raise BeholderError(f"{path}: {error}") from None
    return photos


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


def write(taste: Taste, path: Path) -> None:
    """Write a taste file, whole or not at all. Raises BeholderError where that fails."""
    what = "the taste"
    with replacing(path, what) as partial, explained(path, what):
        partial.write_text(taste.to_json(), encoding="utf-8")


def read(path: Path, model: str) -> Taste:
    """Read a taste file.

    Args:
        path: of the file.
        model: id of the model that it is to be used with.

    Raises:
        BeholderError: it cannot be read, is none, belongs to another model, or is of a later format than this version
            reads.
    """
    try:
        document = json.loads(path.read_bytes())
        found = document.pop("taste_format")
        taste = _parsed(document) if found == FORMAT else None
    except OSError as error:
        raise BeholderError(f"{path}: cannot be read ({error.strerror}); {_MAKE}") from None
    except (ValueError, KeyError, TypeError, AttributeError, BeholderError):
        raise BeholderError(f"{path}: is not a taste file, or cut short; {_MAKE}") from None
    if taste is None:
        raise BeholderError(
            f"{path}: has format {found}, this version reads format {FORMAT}: pip install --upgrade beholder"
        )
    try:
        taste.check(model)
    except BeholderError as error:
        raise BeholderError(f"{path}: {error}") from None
    return taste


def _parsed(document: dict[str, Any]) -> Taste:
    packed = base64.b64decode(document["on_embedding"], validate=True)
    document |= {
        "scale": Task(**document["scale"]),
        "on_tasks": tuple(map(float, document["on_tasks"])),
        "on_embedding": tuple(np.frombuffer(packed, dtype="<f4").tolist()),
    }
    taste = Taste(**{field.name: document[field.name] for field in fields(Taste)})
    if not np.isfinite([taste.intercept, *taste.on_tasks, *taste.on_embedding]).all():
        raise ValueError("a coefficient is not finite")
    return taste


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
