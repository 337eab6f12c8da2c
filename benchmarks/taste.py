"""Whether a personal score ranks a person's photographs better than the generic one, from 10, 30 and 100 ratings.

`python -m benchmarks taste --root DATA`

For each rater of OASIS some of their votes are drawn, a taste is fitted to them, and both scores are held against the
rest of their votes. Nothing that is scored has been learned from:

- The raters are in five parts; the generic heads for one part are trained on the mean votes of the others.
- The photographs are in five folds; each has its generic scores from heads that saw none of its fold: ridge
  regressions on the default model's embedding in single precision, beauty standing for overall. The embedded model
  itself learned from these photographs, which would flatter the generic score and leave less to be gained.
- The prior of the taste was set on every third rater; these are left out here.

The control is a taste fitted to the votes of another rater, drawn at random, on the same photographs where they have
both rated: what it gains is no matter of person, but of photographs that the generic heads did not know.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.table import Table

import beholder
from beholder import progress
from beholder.cli.tables import plain
from beholder.data.registry import load_data
from beholder.metrics import bootstrap_mean, srcc
from beholder.personal import fit
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.splits import random_folds
from beholder.tasks import Task

FOLDS, SEED = 5, 0
SIZES = (10, 30, 100)
SET_ON = 3  # every third rater
TASKS = "overall", "valence", "arousal", "quality"


@dataclass(frozen=True)
class People:
    """R raters and N photographs.

    Attributes:
        votes: (R, N), NaN where a rater has not rated.
        part: (R,) which of ``scores`` is for them.
        scores: generic scores of all photographs, out of fold, by heads that no vote of the part's raters trained.
        info: of the model that the scores are as of, with :data:`TASKS` alone.
        scale: of the votes.
    """

    votes: np.ndarray
    part: np.ndarray
    scores: tuple[Scores, ...]
    info: ModelInfo
    scale: Task


def people(root: Path) -> People:
    """The raters of OASIS and the generic scores of its photographs."""
    from beholder.embedded.default import DefaultRecipe, extractor
    from beholder.training import ridge  # here, for what comes after needs no PyTorch
    from beholder.training.features import compute_features

    oasis = load_data("oasis", root)
    assert oasis.votes is not None
    labels, rater = np.unique(oasis.votes.rater, return_inverse=True)
    votes = np.full((len(labels), len(oasis)), np.nan)
    votes[rater, oasis.votes.photo] = oasis.votes.value
    part = random_folds(len(labels), FOLDS, SEED)
    scorer = beholder.load()
    info = with_tasks(scorer.info, TASKS)
    whole = scorer.score(oasis.paths)  # for its embedding and its quality, which no vote of OASIS taught
    views, fold_of = list(compute_features(oasis, extractor(DefaultRecipe()))), random_folds(len(oasis), FOLDS, SEED)
    parts = []
    for number in range(FOLDS):
        means = np.nanmean(votes[part != number], axis=0)[:, None]
        found = ridge.out_of_fold(views, np.hstack([means, oasis.ratings[:, 1:]]), fold_of)
        quality = whole.values[:, whole.column("quality")]
        parts.append(with_values(whole, info.tasks, np.column_stack([found, quality])))
    return People(votes, part, tuple(parts), info, oasis.tasks[0])


def with_tasks(info: ModelInfo, names: Sequence[str]) -> ModelInfo:
    """The description of a model that has some of the tasks alone."""
    places = [[task.name for task in info.tasks].index(name) for name in names]
    return replace(
        info,
        tasks=tuple(info.tasks[place] for place in places),
        half_width=tuple(info.half_width[place] for place in places),
        reference=tuple(info.reference[place] for place in places),
        unlike=None,
        widening=(),
    )


def with_values(scores: Scores, tasks: tuple[Task, ...], values: np.ndarray) -> Scores:
    """The same photographs with other scores; their evidence, which nothing here reads, is left out."""
    evidence = np.zeros((*values.shape, 1, 1), dtype=np.float32)
    rest = {name: getattr(scores, name) for name in ("embedding", "sizes", "model")}
    return Scores(tasks=tasks, values=values, low=values, high=values, percentiles=values, evidence=evidence, **rest)


def rows_of(scores: Scores, rows: np.ndarray) -> Scores:
    """Some of the photographs."""
    arrays = ("values", "low", "high", "percentiles", "embedding", "evidence", "sizes")
    return Scores(tasks=scores.tasks, model=scores.model, **{name: getattr(scores, name)[rows] for name in arrays})


def trial(found: People, rater: int, count: int) -> tuple[float, ...] | None:
    """One rater, ``count`` of their ratings: SRCC with the rest of the generic score, personal, another's taste.

    None where the votes drawn, or left, are all the same, so that there is nothing to learn or to rank.
    """
    rng = np.random.default_rng([SEED, count, rater])
    votes, scores = found.votes[rater], found.scores[found.part[rater]]
    rated = rng.permutation(np.flatnonzero(~np.isnan(votes)))
    known, rest = rated[:count], rated[count:]
    if np.ptp(votes[known]) == 0 or np.ptp(votes[rest]) == 0:
        return None
    others = rows_of(scores, rest)
    own = fit.fit(rows_of(scores, known), found.info, votes[known], found.scale, "")(others)
    # Another with the same list of photographs would be rare; theirs are drawn anew, none of them among the rest.
    while True:
        other = int(rng.integers(len(found.votes)))
        allowed = np.setdiff1d(np.flatnonzero(~np.isnan(found.votes[other])), rest)
        theirs = rng.permutation(allowed)[:count]
        if other != rater and len(theirs) == count and np.ptp(found.votes[other, theirs]) > 0:
            break
    control = fit.fit(rows_of(scores, theirs), found.info, found.votes[other, theirs], found.scale, "")(others)
    return tuple(srcc(votes[rest], each) for each in (others.overall, own, control))


def measure(root: Path) -> Table:
    """One line a number of ratings: mean SRCC over raters and paired differences, 95% bootstrap intervals over them."""
    found = people(root)
    raters = [rater for rater in range(len(found.votes)) if rater % SET_ON]
    table = plain(
        "Mean SRCC with the votes of a rater that were not fitted to (95% bootstrap intervals over raters)",
        "ratings",
        "raters",
        "generic",
        "personal",
        "gain",
        "raters with a gain",
        "gain by another's taste",
    )
    for count in SIZES:
        with progress.bar(f"{count} ratings", len(raters)) as bar:
            results = []
            for rater in raters:
                result = trial(found, rater, count)
                if result is not None:
                    results.append(result)
                bar.advance(bar.task_ids[0])
        values = np.array(results)
        generic, personal, control = values.T
        table.add_row(
            str(count),
            str(len(values)),
            f"{generic.mean():.3f}",
            f"{personal.mean():.3f}",
            _mean(personal - generic),
            f"{np.mean(personal > generic):.0%}",
            _mean(control - generic),
        )
    return table


def _mean(differences: np.ndarray) -> str:
    value, low, high = bootstrap_mean(differences)
    return f"{value:+.4f} ({low:+.4f} to {high:+.4f})"
