"""How well a model file agrees with rated photographs, its own or those of another data set. Needs no PyTorch.

Every task of the data that the model has by name is measured, and always the model's overall task against that of the
data, as Soydaner & Wagemans (2023, sec. 5.3, Table 11) do across data sets. Scales are brought together through the
unit interval, so that errors are in the units of the data.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from beholder import progress
from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.data.registry import split_of
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.metrics import METRICS, Estimate, Metric, accuracy, bootstrap, p_value, paired_bootstrap
from beholder.scoring.batch import score_photos
from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scorer import Scorer
from beholder.splits import split_hash
from beholder.tasks import Task

PARTS = (*SPLITS, "all")
COMPARED = ("srcc", "plcc", "rmse")
SMALLER_IS_BETTER = frozenset({"rmse", "mae"})


@dataclass(frozen=True)
class Pair:
    """A task of the data and the task of a model that is measured by it."""

    rated: Task
    scored: Task

    @property
    def name(self) -> str:
        same = self.rated.name == self.scored.name
        return self.rated.name if same else f"{self.rated.name} by {self.scored.name}"

    @property
    def alike(self) -> bool:
        """Whether a point of one is meant to be a point of the other."""
        return (self.rated.name, *scale_of(self.rated)) == (self.scored.name, *scale_of(self.scored))


@dataclass(frozen=True)
class Agreement:
    """One task of a model, measured.

    Attributes:
        pair: what with what.
        n: photographs that have this rating and a score.
        metrics: srcc, plcc, krcc (with SciPy), rmse, mae, accuracy, coverage90 (where the pair is alike).
        p: two-sided p-value of srcc, NaN without SciPy.
        threshold: of the accuracy, native units of the data.
        above: share of the ratings at or above it; always saying the commoner side is right as often as that.
    """

    pair: Pair
    n: int
    metrics: tuple[Estimate, ...]
    p: float
    threshold: float
    above: float


@dataclass(frozen=True)
class Evaluated:
    """One model, measured.

    Attributes:
        model: its id.
        agreements: the overall task first.
        predicted: task of the data "by" task of the model -> (N,) scores in the units of the data; NaN where there
            are none.
        warnings: why the numbers are not, or may not be, of photographs that the model had not seen.
        notes: what else to know when reading them.
    """

    model: str
    agreements: tuple[Agreement, ...]
    predicted: dict[str, np.ndarray]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """How much two models differ on the same photographs: the first's metric less the second's, and in words."""

    measured: Estimate
    verdict: str


@dataclass(frozen=True)
class Evaluation:
    """One or two models on one part of a data set.

    Attributes:
        photos: N photographs of that part.
        sha256: content hash of the whole data set.
        part: its name.
        split: where the part comes from, in words.
        models: one or two.
        differences: of two models.
        failures: photograph -> why it has no score.
    """

    photos: RatedPhotos
    sha256: str
    part: str
    split: str
    models: tuple[Evaluated, ...]
    differences: tuple[Difference, ...]
    failures: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: null where a number is undefined."""
        models = [
            {
                "model": found.model,
                "warnings": found.warnings,
                "notes": found.notes,
                "tasks": [
                    {
                        "task": each.pair.rated.name,
                        "predicted_by": each.pair.scored.name,
                        "scale": scale_of(each.pair.rated),
                        "model_scale": scale_of(each.pair.scored),
                        "n": each.n,
                        "srcc_p": each.p,
                        "threshold": each.threshold,
                        "above_threshold": each.above,
                        "metrics": [metric.as_dict() for metric in each.metrics],
                    }
                    for each in found.agreements
                ],
            }
            for found in self.models
        ]
        found = {
            "data": self.photos.name,
            "sha256": self.sha256,
            "part": self.part,
            "split": self.split,
            "photographs": len(self.photos),
            "models": models,
            "differences": [{**asdict(each.measured), "verdict": each.verdict} for each in self.differences],
            "not_evaluated": [{"image": file, "error": reason} for file, reason in self.failures.items()],
        }
        return _finite(found)


def evaluate(
    scorers: Sequence[Scorer],
    photos: RatedPhotos,
    part: str = "test",
    seed: int = 0,
    *,
    threshold: float | None = None,
    batch: int | None = None,
    workers: int | None = None,
) -> Evaluation:
    """Score one part of a data set and measure, with 95% bootstrap intervals over photographs.

    Args:
        scorers: one model, or two to compare, which are both measured on the photographs that both could score.
        photos: from :func:`beholder.data.registry.load_data`.
        part: test, validation, train or all. Where the data set has no split, one is drawn.
        seed: of that.
        threshold: of the accuracy for the overall task, native units of the data; the middle of its scale without
            one, as for all other tasks.
        batch: photographs at a time in the model, by its size unless given.
        workers: decoding threads, one a core by default.

    Raises:
        BeholderError: no such part, nothing in it, a threshold outside the scale, or no task with two photographs that
            have a rating and a score.
    """
    overall = photos.tasks[0]
    if threshold is not None and not overall.low <= threshold <= overall.high:
        raise BeholderError(
            f"threshold {threshold:g} is outside the scale of {overall.name}, {overall.low:g} to {overall.high:g}"
        )
    whole, rows, split = choose(photos, part, seed)
    chosen = whole.subset(rows)
    failures: dict[str, str] = {}
    scores = [_score(scorer, chosen, failures, batch, workers) for scorer in scorers]
    scored = np.array([file not in failures for file in chosen.files])
    if scored.sum() < 2:
        why = f"; the first that could not be read: {next(iter(failures.values()))}" if failures else ""
        raise BeholderError(
            f"{chosen.name}: {scored.sum()} of the {len(chosen)} photographs of {split} can be evaluated, "
            f"2 are needed{why}"
        )
    models = []
    with progress.bar("measuring", sum(len(pairs(chosen, scorer.info)) for scorer in scorers)) as bar:
        for scorer, values in zip(scorers, scores, strict=True):
            values[~scored] = np.nan
            agreements, predicted = [], {}
            for pair in pairs(chosen, scorer.info):
                predicted[pair.name] = pair.rated.from_unit(
                    pair.scored.to_unit(values[:, scorer.info.tasks.index(pair.scored)])
                )
                at = threshold if threshold is not None and pair.rated == overall else sum(scale_of(pair.rated)) / 2
                width = scorer.info.half_width[scorer.info.tasks.index(pair.scored)] if pair.alike else None
                agreements += _agreement(chosen, pair, predicted[pair.name], at, width, split)
                bar.advance(bar.task_ids[0])
            if not agreements:
                raise BeholderError(f"{chosen.name}: no task has ratings of two photographs of {split}")
            seen = leak(scorer.info, scorer.id, whole, photos.content_hash, part)
            notes = _notes(chosen, agreements)
            models.append(Evaluated(scorer.id, tuple(agreements), predicted, tuple(filter(None, [seen])), notes))
    differences = _differences(chosen, models[0], models[1], split) if len(models) > 1 else ()
    return Evaluation(chosen, photos.content_hash, part, split, tuple(models), differences, failures)


def choose(photos: RatedPhotos, part: str, seed: int) -> tuple[RatedPhotos, np.ndarray, str]:
    """The photographs with their split, the rows of one part, and where that comes from, in words.

    Raises:
        BeholderError: no such part, or nothing in it.
    """
    if part not in PARTS:
        raise BeholderError(f"no split is called {part!r}; choose one of {', '.join(PARTS)}")
    if part == "all":
        return photos, np.arange(len(photos)), "all"
    given = photos.splits is not None and (part == "test" or "validation" in photos.splits)
    whole = split_of(photos, seed)
    rows = np.flatnonzero(np.array(whole.splits) == part)
    if not len(rows):
        there = ", ".join(sorted(set(whole.splits or ())))
        raise BeholderError(f"{photos.name}: its split has no {part} part, only {there}; choose one, or all")
    return whole, rows, f"{part} of the data's own split" if given else f"{part}, drawn with seed {seed}"


def pairs(photos: RatedPhotos, info: ModelInfo) -> list[Pair]:
    """What is measured with what: overall with overall, then tasks with the same name."""
    scored = {task.name: task for task in info.tasks}
    named = [Pair(task, scored[task.name]) for task in photos.tasks if task.name in scored]
    return list(dict.fromkeys([Pair(photos.tasks[0], info.tasks[0]), *named]))


def leak(info: ModelInfo, model: str, photos: RatedPhotos, sha256: str, part: str) -> str | None:
    """Why these photographs are not new to a model, in a sentence; None where nothing says so.

    Data sets are told apart by content hash, and splits by :func:`beholder.splits.split_hash`, which
    `beholder train` notes as ``split`` in the recipe.

    Args:
        info: what the model file says of itself.
        model: its id.
        photos: the whole data set, split unless ``part`` is all.
        sha256: its content hash.
        part: what is evaluated.
    """
    where = f"{photos.name} (content {sha256[:12]})"
    held_out = "; `beholder info` shows what was measured on photographs held out" if info.metrics else ""
    if any(learned.sha256 == sha256 for learned in info.data):
        noted = info.recipe.get("split")
        same = photos.splits is not None and noted == split_hash(photos.files, photos.splits)
        if same and part == "test":
            return None
        if same and part == "validation":
            return f"{model} was chosen by how well it does on these validation photographs of {where}: read with care"
        if part in ("train", "all"):
            how = "; the photographs evaluated here are, or include, those that it learned from"
        elif noted:
            how = " with another split, so it may have learned from the photographs evaluated here"
        else:
            how = " and its file notes no split, so take it to have learned from the photographs evaluated here"
        return f"{model} was trained on {where}{how}: the numbers are not held-out{held_out}"
    if any(learned.name == photos.name for learned in info.data):
        return (
            f"{model} was trained on a data set that is also called {photos.name}, with other content than this "
            f"({sha256[:12]}): photographs may be in both, and the numbers not held-out"
        )
    return None


def _score(
    scorer: Scorer, photos: RatedPhotos, failures: dict[str, str], batch: int | None, workers: int | None
) -> np.ndarray:
    """(N, T) scores, NaN for a photograph that cannot be read, which is added to ``failures``."""
    values = np.full((len(photos), len(scorer.info.tasks)), np.nan)
    with progress.bar(f"scoring with {scorer.id}", len(photos)) as bar:
        for row, result in enumerate(score_photos(scorer, photos.paths, batch=batch, workers=workers)):
            if result.scores is None:
                failures.setdefault(photos.files[row], result.error or "")
            else:
                values[row] = result.scores.values[0]
            bar.advance(bar.task_ids[0])
    return values


def _agreement(
    photos: RatedPhotos, pair: Pair, predicted: np.ndarray, threshold: float, half_width: float | None, split: str
) -> list[Agreement]:
    """The one agreement of a pair; none where fewer than two photographs have both."""
    ratings = photos.ratings[:, photos.tasks.index(pair.rated)]
    both = ~np.isnan(ratings) & ~np.isnan(predicted)
    truth, predicted = ratings[both], predicted[both]
    if len(truth) < 2:
        return []
    wanted: dict[str, Metric] = {name: metric for name, metric in METRICS.items() if name != "krcc" or _scipy()}
    wanted["accuracy"] = partial(accuracy, threshold=threshold)
    if half_width is not None:
        wanted["coverage90"] = partial(_coverage, half_width=half_width)
    metrics = tuple(
        Estimate(name, pair.name, photos.name, split, len(truth), *bootstrap(metric, truth, predicted))
        for name, metric in wanted.items()
    )
    above = float(np.mean(truth >= threshold))
    p = p_value(metrics[0].value, len(truth)) if _scipy() else math.nan
    return [Agreement(pair, len(truth), metrics, p, threshold, above)]


def _coverage(truth: np.ndarray, predicted: np.ndarray, half_width: float) -> float:
    return float(np.mean(np.abs(truth - predicted) <= half_width))


def _scipy() -> bool:
    try:
        require("scipy.stats", "train", "krcc and p")
    except BeholderError:
        return False
    return True


def _notes(photos: RatedPhotos, agreements: Sequence[Agreement]) -> tuple[str, ...]:
    notes = [
        f"{each.pair.name}: the data rates {_words(each.pair.rated)}, the model scores {_words(each.pair.scored)}; "
        "errors in units and accuracy mean little here, rank correlations (srcc, krcc) are what counts"
        for each in agreements
        if not each.pair.alike
    ]
    measured = {each.pair.rated.name for each in agreements}
    left = [task.name for task in photos.tasks if task.name not in measured]
    if left:
        notes.append(f"not measured, for want of such a task in the model or of ratings: {', '.join(left)}")
    if not _scipy():
        notes.append("krcc and p are left out: they need SciPy, pip install 'beholder[train]'")
    return tuple(notes)


def _differences(photos: RatedPhotos, first: Evaluated, second: Evaluated, split: str) -> tuple[Difference, ...]:
    """Overall with overall, and what both have by the name of a task of the data."""
    measured = [{each.pair.name: each.pair for each in model.agreements} for model in (first, second)]
    overall = (first.agreements[0].pair, second.agreements[0].pair)
    shared = [task.name for task in photos.tasks if task.name in measured[0] and task.name in measured[1]]
    tasks = [(measured[0][name], measured[1][name]) for name in shared]
    differences = []
    with progress.bar("comparing", len(tasks) + 1) as bar:
        for mine, others in dict.fromkeys([overall, *tasks]):
            if mine.rated != others.rated:
                continue
            truth = photos.ratings[:, photos.tasks.index(mine.rated)]
            one, two = first.predicted[mine.name], second.predicted[others.name]
            rows = ~np.isnan(truth) & ~np.isnan(one)  # both models scored the same photographs
            name = mine.name if mine.name == others.name else f"{mine.name} less {others.name}"
            for metric in COMPARED:
                value = paired_bootstrap(METRICS[metric], truth[rows], one[rows], two[rows])
                found = Estimate(metric, name, photos.name, split, int(rows.sum()), *value)
                differences.append(Difference(found, _verdict(found, first.model, second.model)))
            bar.advance(bar.task_ids[0])
    return tuple(differences)


def _verdict(found: Estimate, first: str, second: str) -> str:
    if math.isnan(found.low):
        return "undefined, for one side is constant"
    if found.low <= 0 <= found.high:
        return "the interval holds zero: these photographs do not tell the two apart"
    return f"{first if (found.value > 0) != (found.metric in SMALLER_IS_BETTER) else second} is better"


def scale_of(task: Task) -> tuple[float, float]:
    return task.low, task.high


def _words(task: Task) -> str:
    return f"{task.name} from {task.low:g} to {task.high:g}"


def _finite(found: Any) -> Any:
    """The same with None for every number that JSON does not have."""
    if isinstance(found, dict):
        return {key: _finite(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [_finite(value) for value in found]
    return None if isinstance(found, float) and not math.isfinite(found) else found
