"""One person's taste: their ratings of a few photographs -> a personal score, on top of an unchanged model.

The person's rating, in units of the standard deviation of their ratings, is modelled as

    constant + b * overall + t . tasks + e . embedding + noise

with scores in units of their standard deviation over the rated photographs that the model file describes, and the
embedding scaled by the person's photographs. Before a rating is seen, b is about a half, and t and e are close to zero
(:data:`beholder.personal.fit.OASIS_PRIOR`): the score then ranks as the generic model does. Ratings move it away as far
as they support it. How far is not set by hand: each combination of a scale of the deviations (zero is one of them: the
generic model), a noise and a slope b gives a ridge regression and the probability of the ratings in closed form; the
regressions are averaged by that probability (Bayesian model averaging; MacKay 1992, "Bayesian interpolation"). So ten
ratings change little, noise changes little, and nobody chooses a penalty. The result is linear: a file of coefficients.

A prior learned from how the raters of OASIS differ gained too little to be worth a file that only one model could use
(docs/taste.md).
"""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.files import explained, replacing
from beholder.reading import read_json_object
from beholder.scoring.extra_columns import ExtraColumns
from beholder.scoring.scores import Scores
from beholder.tasks import Task

FORMAT = 1
_SCALE_FIELDS = ("name", "low", "high", "description")  # of a rating; the file, and its id, have no others
LARGEST = 1e12  # of any number in the file; sums of these are still finite
RELIABLE_RATINGS = 30  # with fewer, a rank correlation is known to within 0.3 at best
_MAKE = "make one with  beholder taste fit MODEL ratings.csv"


@dataclass(frozen=True)
class Taste:
    """What a taste file holds.

    Attributes:
        model: id of the model that the coefficients belong to.
        scale: what the person rated and on which scale; the score is on the same scale.
        n: number of ratings.
        ratings_sha256: sha256 of the photographs and their ratings.
        personal: how far the ratings moved the score from the generic one, 0 to 1.5: 0 is not at all, 1 as far as
            people differ on average.
        srcc: rank correlation with the person's ratings in cross-validation, on ratings that the fit had not seen;
            None if it is undefined.
        srcc_generic: rank correlation of the model's overall score with the same ratings; None if it is undefined.
        intercept: points of the person's scale.
        on_tasks: T coefficients of the model's scores, points of the person's scale for each native unit; those of
            tasks that are no ratings are 0.
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

    def __repr__(self) -> str:
        return f"Taste(for {self.model}: {self.describe()})"

    def __call__(self, scores: Scores) -> np.ndarray:
        """(N,) ratings that this person would give, in points of their scale.

        The best may lie a little beyond the end of the scale: clipped, the photographs that are liked most would tie.

        Raises:
            BeholderError: the scores are of another model than the one that the taste was fitted on.
        """
        self.check(scores.model)
        if (len(self.on_tasks), len(self.on_embedding)) != (scores.values.shape[1], scores.embedding.shape[1]):
            raise BeholderError(f"the taste file does not have the coefficients that {self.model} needs; {_MAKE}")
        deviations: np.ndarray = scores.values @ np.array(self.on_tasks) + scores.embedding @ np.array(
            self.on_embedding
        )
        return self.intercept + deviations

    def check(self, model: str) -> None:
        """Raises BeholderError if ``model`` is not the id of the model that the taste was fitted on."""
        if model != self.model:
            raise BeholderError(f"the taste was fitted on model {self.model}, this is {model}; {_MAKE}")

    @property
    def task(self) -> Task:
        """The personal score as a task; its name is that of its column."""
        return Task(
            "taste", self.scale.low, self.scale.high, f"What one person would rate it. {self.scale.description}"
        )

    def describe(self) -> str:
        """One line about the fit: ratings, scale, and rank correlations."""
        parts = [f"{self.n} ratings on {self.scale.low:g} to {self.scale.high:g}"]
        if self.srcc is not None and self.srcc_generic is not None:
            parts.append(
                f"rank correlation with them {self.srcc_generic:.2f} by the overall score, {self.srcc:.2f} by taste in "
                "cross-validation"
            )
        return "; ".join(parts) + (
            f". Below {RELIABLE_RATINGS} ratings such numbers say little" if self.n < RELIABLE_RATINGS else ""
        )

    @cached_property
    def id(self) -> str:
        """``taste@`` and the first 8 hex digits of the sha256 of the file."""
        return f"taste@{hashlib.sha256(self.to_json().encode()).hexdigest()[:8]}"

    def to_json(self) -> str:
        """The text of the file; ``on_embedding`` is packed as base64 of little-endian float32."""
        packed = base64.b64encode(np.array(self.on_embedding, dtype="<f4").tobytes()).decode()
        scale = {name: getattr(self.scale, name) for name in _SCALE_FIELDS}
        document = {**asdict(self), "scale": scale, "on_embedding": packed}
        return json.dumps({"taste_format": FORMAT, **document}, indent=1) + "\n"


def columns(taste: Taste) -> ExtraColumns:
    """The column of what one person would rate, for tables and the report page."""
    name = taste.task.name
    return ExtraColumns(
        kinds={name: float},
        values=lambda scores: {name: taste(scores)},
        leading=True,
        shown=(name,),
        rank_by=name,
        id=taste.id,
        tasks=(taste.task,),
    )


def write(taste: Taste, path: Path) -> None:
    """Write a taste file, complete or not at all. Raises BeholderError if that fails."""
    what = "the taste"
    with replacing(path, what) as partial, explained(path, what):
        partial.write_text(taste.to_json(), encoding="utf-8")


def read_taste(path: Path, model: str) -> Taste:
    """Read a taste file.

    Args:
        path: of the file.
        model: id of the model that the taste will be used with.

    Raises:
        BeholderError: the file cannot be read, is not a taste file, belongs to another model, or has a later format
            than this version reads.
    """
    document = dict(read_json_object(path, "a taste file", advice=_MAKE))
    found = document.pop("taste_format", None)
    if type(found) is int and found > FORMAT:
        raise BeholderError(
            f"{path}: has format {found}, this version reads format {FORMAT}: pip install --upgrade beholder"
        )
    try:
        if type(found) is not int or found != FORMAT:
            raise ValueError("it does not say that it is one")
        taste = _parsed(document)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, BeholderError):
        raise BeholderError(f"{path}: is not a taste file, or damaged; {_MAKE}") from None
    try:
        taste.check(model)
    except BeholderError as error:
        raise BeholderError(f"{path}: {error}") from None
    return taste


def _parsed(document: dict[str, Any]) -> Taste:
    """The taste in a document; raises one of many errors for a field that is missing or of another kind."""
    packed = base64.b64decode(document["on_embedding"], validate=True)
    scale = Task(**document["scale"])
    document |= {
        "scale": Task(_text(scale.name), _number(scale.low), _number(scale.high), _text(scale.description)),
        "n": _count(document["n"]),
        "personal": _number(document["personal"]),
        "intercept": _number(document["intercept"]),
        "on_tasks": tuple(map(_number, document["on_tasks"])),
        "on_embedding": tuple(map(_number, np.frombuffer(packed, dtype="<f4").tolist())),
        **{name: _text(document[name]) for name in ("model", "ratings_sha256")},
        **{name: _correlation(document[name]) for name in ("srcc", "srcc_generic")},
    }
    return Taste(**{field.name: document[field.name] for field in fields(Taste)})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 < value <= LARGEST:  # True is a whole number to Python
        raise TypeError("not a number of ratings")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise TypeError("not a number, or too large for one")
    number: float = value
    return number


def _correlation(value: Any) -> float | None:
    if value is not None and not -1 <= _number(value) <= 1:
        raise ValueError("a correlation beyond 1")
    correlation: float | None = value
    return correlation
