"""A taste from what was decided, and an honest word on whether it helps.

The last decisions are predicted by a fit that has seen only those before them, and the general model predicts the same
ones. Only where the taste is the better of the two is it shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.metrics import srcc
from beholder.personal.fit import check_ratings, fit
from beholder.personal.taste import Taste
from beholder.reviewing.state import FLAG, STARS, Decided, Known, State
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.tasks import Task

NEEDED = 10  # decisions before there is a taste
LAST = 20  # decisions that are predicted
ENOUGH = 10  # of them, to say that the taste is better
MOST = 400  # decisions that a taste is fitted to, the latest: the time grows with the cube of their number
BY_STARS = Task("stars", 1, 5, "Stars that were given in beholder review")
BY_FLAG = Task("pick", 0, 1, "1 for a pick and 0 for a reject in beholder review")
_FLAGS = {"pick": 1.0, "reject": 0.0}


@dataclass(frozen=True)
class Lesson:
    """Photographs that are scored, each with what was decided of it."""

    photographs: Sequence[tuple[Known, Decided]]

    def ratings(self) -> tuple[Task, list[tuple[Known, float]]]:
        """What was rated, on which scale, in the order of the decisions: stars if there are enough, else flags."""
        stars, flags = self._rated(STARS), self._rated(FLAG)
        return (BY_STARS, stars) if len(stars) >= min(NEEDED, len(flags) + 1) else (BY_FLAG, flags)

    def _rated(self, name: str) -> list[tuple[Known, float]]:
        found = []
        for known, decided in self.photographs:
            value = decided.values.get(name)
            if name == FLAG and value in _FLAGS:
                found.append((decided.step[name], known, _FLAGS[str(value)]))
            elif name == STARS and value:
                found.append((decided.step[name], known, float(value)))
        return [(known, value) for _, known, value in sorted(found, key=lambda each: each[0])]


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes:
        ratings: how many decisions there are to learn from.
        taste: fitted to them; None if there are too few, or all are the same.
        last: how many of them were predicted.
        srcc_taste, srcc_overall: rank correlation of these with what the taste predicted, and with the overall score of
            the general model; None if it is undefined.
        line: all of that in a sentence.
    """

    ratings: int = 0
    taste: Taste | None = None
    last: int = 0
    srcc_taste: float | None = None
    srcc_overall: float | None = None
    line: str = field(default=f"Your taste is learned from {NEEDED} decisions on: stars, or picks and rejects.")

    @property
    def better(self) -> bool:
        """Whether the taste predicted enough decisions, and better than the general model."""
        return self.last >= ENOUGH and _rank(self.srcc_taste) > _rank(self.srcc_overall)

    def described(self) -> dict[str, Any]:
        """What the page knows of it."""
        return {
            "ratings": self.ratings,
            "needed": NEEDED,
            "ready": self.taste is not None,
            "better": self.better,
            "last": self.last,
            "srcc_taste": _rounded(self.srcc_taste),
            "srcc_overall": _rounded(self.srcc_overall),
            "line": self.line,
        }

    def values_of(self, known: Sequence[Known | None]) -> list[float | None]:
        """What the person would rate each photograph; None for all where the taste is not better."""
        found: list[float | None] = [None] * len(known)
        places = [place for place, each in enumerate(known) if each is not None]
        if self.taste is None or not self.better or not places:
            return found
        values = self.taste(scores_of_known([each for each in known if each is not None], self.taste.model))
        for place, value in zip(places, values.tolist(), strict=True):
            found[place] = round(value, 2)
        return found


def learn(lesson: Lesson, info: ModelInfo) -> Learned:
    """Fit a taste to what was decided, and compare it with the general model. Takes a few seconds at most.

    Args:
        lesson: what was decided.
        info: describes the model that scored the photographs.
    """
    scale, rated = lesson.ratings()
    count, rated = len(rated), rated[-MOST:]
    if count < NEEDED:
        return Learned(count)
    ratings = np.array([rating for _, rating in rated])
    scores = scores_of_known([known for known, _ in rated], rated[0][0].shot.row["model"])
    last = min(LAST, len(rated) // 2)
    try:
        taste = fit(scores, info, ratings, scale, "0" * 64)
    except BeholderError:
        return Learned(count, line="All your decisions are the same so far: from these no taste can be learned.")
    overall = _srcc(ratings[-last:], scores[-last:].overall)
    try:
        before = fit(scores[:-last], info, ratings[:-last], scale, "0" * 64)
        personal = _srcc(ratings[-last:], before(scores[-last:]))
    except BeholderError:
        personal = None
    found = Learned(count, taste, last, personal, overall)
    return Learned(count, taste, last, personal, overall, _line(found))


def taste_of(state: State, model: str, info: ModelInfo) -> tuple[Taste, int]:
    """The taste of whoever decided in a state file, to be used elsewhere.

    Args:
        state: is open.
        model: id of the model that scored the photographs.
        info: describes it.

    Returns:
        The taste, and how many decided photographs have no scores of this model.

    Raises:
        BeholderError: there are too few decisions with scores of this model, or all are the same.
    """
    decided = state.decided()
    found = [(known, each) for name, each in decided.items() if (known := state.scores(name, model, "")) is not None]
    scale, rated = Lesson(found).ratings()
    ratings = np.array([rating for _, rating in rated])
    try:
        check_ratings(ratings)
    except BeholderError as error:
        raise BeholderError(f"{state.path}: of photographs scored by {model}: {error}") from None
    named = sorted((known.shot.row["sha256"], rating) for known, rating in rated)
    digest = hashlib.sha256(json.dumps(named).encode()).hexdigest()
    scores = scores_of_known([known for known, _ in rated], model)
    return fit(scores, info, ratings, scale, digest), len(decided) - len(found)


def scores_of_known(known: Sequence[Known], model: str) -> Scores:
    """Scores as a taste takes them: the numbers and the embedding; all else is empty.

    Args:
        known: N photographs, at least one.
        model: id of the model that scored them.
    """
    numbers = np.stack([each.numbers for each in known])
    embedding = np.stack([each.shot.embedding.astype(np.float32) * each.length for each in known])
    names = [f"t{index}" for index in range(numbers.shape[1])]
    return Scores(
        tasks=tuple(Task(name, 0, 1) for name in names),
        values=numbers,
        low=numbers,
        high=numbers,
        percentiles=numbers,
        embedding=embedding,
        evidence=np.zeros((*numbers.shape, 1, 1), np.float32),
        sizes=np.zeros((len(known), 2), int),
        model=model,
    )


def _line(found: Learned) -> str:
    if found.srcc_taste is None or found.srcc_overall is None:
        return f"The last {found.last} decisions are all the same, so the taste cannot be measured on them."
    both = (
        f"Of your last {found.last} decisions, unseen, your taste predicted the order with a rank correlation of"
        f" {found.srcc_taste:.2f}, the general model with {found.srcc_overall:.2f}"
    )
    if found.last < ENOUGH:
        return f"{both}: too few to say more."
    return f"{both}." if found.better else f"{both}: your taste is no better so far, and stays off."


def _srcc(ratings: np.ndarray, predicted: np.ndarray) -> float | None:
    value = float(srcc(ratings, predicted))
    return None if np.isnan(value) else value


def _rank(value: float | None) -> float:
    return -1.0 if value is None else value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
