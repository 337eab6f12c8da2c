"""Measure how well a model file agrees with rated photographs, of its own data set or of another, without PyTorch.

The model's overall task is always compared with the overall task of the data, as Soydaner & Wagemans (2023, sec. 5.3,
Table 11) do across data sets; so is every task that both have by name. Scores are converted to the scale of the data,
so errors are in the units of the data.
"""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.evaluation.learned import Learned, find_learned, leak_warning
from beholder.evaluation.results import Agreement, Difference, Evaluation, ModelEvaluation
from beholder.evaluation.selection import TaskPair, scale_of, select_part, task_pairs
from beholder.extras import require
from beholder.metrics import METRICS, Estimate, Metric, accuracy, bootstrap, bootstrap_mean, p_value, paired_bootstrap
from beholder.scoring.batch import score_photos
from beholder.scoring.scorer import Scorer
from beholder.tasks import Task

COMPARED_METRICS = ("srcc", "plcc", "rmse")
SMALLER_IS_BETTER = frozenset({"rmse", "mae"})


def evaluate(
    scorers: Sequence[Scorer],
    photos: RatedPhotos,
    part: str = "test",
    seed: int = 0,
    *,
    threshold: float | None = None,
    batch: int | None = None,
    workers: int | None = None,
    threads: int | None = None,
) -> Evaluation:
    """Score one part of a data set, and measure the agreement with 95% bootstrap intervals over photographs.

    Args:
        scorers: one model, or two to compare. Two are measured on the photographs that both could score.
        photos: as :func:`beholder.data.registry.load_data` returns them.
        part: test, validation, train or all. A split is drawn where the data set has none.
        seed: seed of that split.
        threshold: threshold of the accuracy of the overall task, in native units of the data; by default
            `RatedPhotos.accuracy_threshold`. That of all other tasks is the middle of the scale.
        batch: photographs per batch; by default it depends on the model's input size.
        workers: decoding threads, by default one for each core.
        threads: of the model, in all; by default one for each core.

    Raises:
        BeholderError: an unknown part, one without photographs, a threshold outside the scale, or no task with two
            photographs that have a rating and a score.
    """
    overall = photos.tasks[0]
    if threshold is not None and not overall.low <= threshold <= overall.high:
        raise BeholderError(
            f"threshold {threshold:g} is outside the scale of {overall.name}, {overall.low:g} to {overall.high:g}"
        )
    whole, rows, split = select_part(photos, part, seed)
    chosen = whole.subset(rows)
    failures: dict[str, str] = {}
    scores = [_score(scorer, chosen, failures, batch, workers, threads) for scorer in scorers]
    scored = np.array([file not in failures for file in chosen.files])
    if scored.sum() < 2:
        why = f"; the first that could not be read: {next(iter(failures.values()))}" if failures else ""
        raise BeholderError(
            f"{chosen.name}: {scored.sum()} of the {len(chosen)} photographs of {split} can be evaluated, "
            f"2 are needed{why}"
        )
    models = []
    learned = [find_learned(scorer.info, whole, chosen, part) for scorer in scorers]
    with progress.bar("measuring", sum(len(task_pairs(chosen, scorer.info)) for scorer in scorers)) as bar:
        for scorer, new, before in zip(scorers, scores, learned, strict=True):
            values = np.where(np.isnan(before.predicted), new, before.predicted)
            values[~scored] = np.nan
            agreements, predicted = [], {}
            for pair in task_pairs(chosen, scorer.info):
                column = scorer.info.tasks.index(pair.scored)
                predicted[pair.name] = pair.rated.from_unit(pair.scored.to_unit(values[:, column]))
                middle = sum(scale_of(pair.rated)) / 2
                at = (
                    (photos.accuracy_threshold if threshold is None else threshold) if pair.rated == overall else middle
                )
                widths = scorer.info.half_widths(values)[:, column] if pair.is_same_task else None
                agreements += _agreement(chosen, pair, predicted[pair.name], at, widths, split)
                bar.advance(bar.task_ids[0])
            if not agreements:
                raise BeholderError(f"{chosen.name}: no task has ratings of two photographs of {split}")
            warning = leak_warning(scorer.info, scorer.id, whole, photos.content_hash, part)
            if warning is None and before.unkept.any():
                warning = f"{_learned_text(scorer, before)}: the numbers are not held-out"
            warnings = () if warning is None else (warning,)
            notes = (*_kept_notes(scorer, before), *_notes(chosen, agreements))
            models.append(ModelEvaluation(scorer.id, tuple(agreements), predicted, warnings, notes))
    refused = _refused(scorers, learned, part) if len(models) > 1 else None
    differences = _differences(chosen, models[0], models[1], split) if len(models) > 1 and refused is None else ()
    return Evaluation(chosen, photos.content_hash, part, split, tuple(models), differences, failures, refused)


def _kept_notes(scorer: Scorer, learned: Learned) -> tuple[str, ...]:
    kept = int((learned.rows & ~learned.unkept).sum())
    if not kept:
        return ()
    return (
        f"{scorer.id} learned from {kept} of these {len(learned.rows)} photographs; they are measured by what was "
        "predicted of them out of fold, which its file keeps",
    )


def _refused(scorers: Sequence[Scorer], learned: Sequence[Learned], part: str) -> str | None:
    """Why there is no verdict on two models, and what to do; None if there may be one."""
    known = [_learned_text(scorer, each) for scorer, each in zip(scorers, learned, strict=True) if each.unkept.any()]
    if not known:
        return None
    split = part != "test" and any("split" in scorer.info.recipe for scorer in scorers)
    other = ", or --split test" if split else ""
    return f"no verdict: {' and '.join(known)}; compare them on other photographs{other}"


def _learned_text(scorer: Scorer, learned: Learned) -> str:
    return f"{scorer.id} learned from {int(learned.unkept.sum())} of these {len(learned.rows)} photographs"


def _score(
    scorer: Scorer,
    photos: RatedPhotos,
    failures: dict[str, str],
    batch: int | None,
    workers: int | None,
    threads: int | None,
) -> np.ndarray:
    """(N, T) scores; NaN for a photograph that cannot be read, and the reason in ``failures``."""
    values = np.full((len(photos), len(scorer.info.tasks)), np.nan)
    with progress.bar(f"scoring with {scorer.id}", len(photos)) as bar:
        for row, result in enumerate(score_photos(scorer, photos.paths, batch=batch, workers=workers, threads=threads)):
            if result.scores is None:
                failures.setdefault(photos.files[row], result.error or "")
            else:
                values[row] = result.scores.values[0]
            bar.advance(bar.task_ids[0])
    return values


def _agreement(
    photos: RatedPhotos,
    pair: TaskPair,
    predicted: np.ndarray,
    threshold: float,
    half_widths: np.ndarray | None,
    split: str,
) -> list[Agreement]:
    """The agreement of one pair; an empty list where fewer than two photographs have both a rating and a score."""
    ratings = photos.ratings[:, photos.tasks.index(pair.rated)]
    both = ~np.isnan(ratings) & ~np.isnan(predicted)
    truth, predicted = ratings[both], predicted[both]
    if len(truth) < 2:
        return []
    wanted: dict[str, Metric] = {name: metric for name, metric in METRICS.items() if name != "krcc" or _has_scipy()}
    wanted["accuracy"] = partial(accuracy, threshold=threshold)
    measured = {name: bootstrap(metric, truth, predicted) for name, metric in wanted.items()}
    if half_widths is not None:  # of each photograph, so what is resampled is whether its interval holds its rating
        measured["coverage90"] = bootstrap_mean(np.abs(truth - predicted) <= half_widths[both])
    metrics = tuple(
        Estimate(name, pair.name, photos.name, split, len(truth), *interval) for name, interval in measured.items()
    )
    above = float(np.mean(truth >= threshold))
    p = p_value(metrics[0].value, len(truth)) if _has_scipy() else math.nan
    return [Agreement(pair, len(truth), metrics, p, threshold, above)]


def _has_scipy() -> bool:
    try:
        require("scipy.stats", "train", "krcc and p")
    except BeholderError:
        return False
    return True


def _notes(photos: RatedPhotos, agreements: Sequence[Agreement]) -> tuple[str, ...]:
    notes = [
        f"{each.pair.name}: the data rates {_scale_text(each.pair.rated)}, the model scores "
        f"{_scale_text(each.pair.scored)}; compare these by rank correlation (srcc, krcc), because errors and accuracy "
        "depend on the scale"
        for each in agreements
        if not each.pair.is_same_task
    ]
    for each in agreements:
        ratings = photos.ratings[:, photos.tasks.index(each.pair.rated)]
        if np.nanmin(ratings) == np.nanmax(ratings):
            notes.append(
                f"{each.pair.name}: all ratings are {np.nanmax(ratings):g}, so nothing can be correlated with them; "
                "rate photographs that differ"
            )
    measured = {each.pair.rated.name for each in agreements}
    left = [task.name for task in photos.tasks if task.name not in measured]
    if left:
        notes.append(f"not measured, because the model has no such task or there are no ratings: {', '.join(left)}")
    if not _has_scipy():
        notes.append("krcc and p are left out: they need SciPy, pip install 'beholder[train]'")
    return tuple(notes)


def _differences(
    photos: RatedPhotos, first: ModelEvaluation, second: ModelEvaluation, split: str
) -> tuple[Difference, ...]:
    """The differences of the overall task, and of the tasks that both models have by name."""
    measured = [{each.pair.name: each.pair for each in model.agreements} for model in (first, second)]
    overall = (first.agreements[0].pair, second.agreements[0].pair)
    shared = [task.name for task in photos.tasks if task.name in measured[0] and task.name in measured[1]]
    tasks = [(measured[0][name], measured[1][name]) for name in shared]
    differences = []
    with progress.bar("comparing", len(tasks) + 1) as bar:
        for pair, other in dict.fromkeys([overall, *tasks]):
            if pair.rated != other.rated:
                continue
            truth = photos.ratings[:, photos.tasks.index(pair.rated)]
            predicted, others = first.predicted[pair.name], second.predicted[other.name]
            rows = ~np.isnan(truth) & ~np.isnan(predicted)  # both models scored the same photographs
            name = pair.name if pair.name == other.name else f"{pair.name} less {other.name}"
            for metric in COMPARED_METRICS:
                interval = paired_bootstrap(METRICS[metric], truth[rows], predicted[rows], others[rows])
                found = Estimate(metric, name, photos.name, split, int(rows.sum()), *interval)
                differences.append(Difference(found, _verdict(found, first.model, second.model)))
            bar.advance(bar.task_ids[0])
    return tuple(differences)


def _verdict(difference: Estimate, first: str, second: str) -> str:
    if math.isnan(difference.low):
        return "undefined, because one side is constant"
    if difference.low <= 0 <= difference.high:
        return "the interval contains zero: these photographs do not show which is better"
    first_is_better = (difference.value > 0) != (difference.metric in SMALLER_IS_BETTER)
    return f"{first if first_is_better else second} is better"


def _scale_text(task: Task) -> str:
    return f"{task.name} from {task.low:g} to {task.high:g}"
