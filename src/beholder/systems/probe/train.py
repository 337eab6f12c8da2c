"""Fit a probe, measure it beside the model that it starts from, and write its file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.evaluation.learned import find_learned
from beholder.metrics import Estimate, Interval, paired_bootstrap, srcc
from beholder.models import registry
from beholder.scoring.model_file import EMBEDDED, SQUASH, ModelInfo, TrainingData, learned_photos, model_path
from beholder.scoring.scorer import Scorer
from beholder.splits import folds_of, split_hash
from beholder.systems.probe import heads
from beholder.systems.probe.export import backbone_network, extend
from beholder.systems.probe.heads import Heads, Known, starts_of
from beholder.systems.probe.known import backbone_extractor, by_embedded
from beholder.tasks import check_column_names
from beholder.training.export import export
from beholder.training.features import compute_features
from beholder.training.held_out import measure_tasks, widths_and_percentiles

MIN_RATINGS = 8  # ratings of a task in a training part

Fit = Callable[[np.ndarray], Heads]  # (N,) booleans, the photographs to learn from -> heads


@dataclass(frozen=True)
class Beside:
    """A task of a probe beside the score that it starts from, on the same photographs.

    Attributes:
        task: that was rated.
        start: name of the embedded model's task: the one of the same name, or the nearest by its rank correlation.
        gain: SRCC of the probe less that of the untouched score.
    """

    task: str
    start: str
    gain: Interval


@dataclass(frozen=True)
class Probe:
    """A probe that was fitted.

    Attributes:
        info: what its file says.
        untouched: metrics of the scores that it starts from, on the same photographs.
        beside: one for each task; empty on a backbone, which has no scores.
        known: how many of the photographs the embedded model itself learned from: if any, what is measured here is not
            held out.
    """

    info: ModelInfo
    untouched: tuple[Estimate, ...] = ()
    beside: tuple[Beside, ...] = ()
    known: int = 0


def train(
    photos: RatedPhotos,
    out: Path,
    cache: Path | None = None,
    *,
    backbone: str = "default",
    folds: int = 5,
    seed: int = 0,
) -> Probe:
    """Fit, measure and write a model file.

    Where the photographs have a split, the heads learn from the train and validation part and are measured on the test
    part. Without one they are measured out of fold, groups kept whole, and those that are written learn from all.

    Args:
        photos: rated photographs.
        out: model file to write.
        cache: folder for weights and features, the user's cache by default.
        backbone: an embedded model, whose scores the heads start from, or a backbone, on which they start from nothing.
        folds: of the cross-validation.
        seed: of the folds.

    Raises:
        BeholderError: too few ratings of a task, or all equal; no such backbone; a file that cannot be written.
        PhotoError: a photograph that does not decode.
    """
    names = (*EMBEDDED, *registry.backbone_names())
    if backbone not in names:
        raise BeholderError(f"no backbone is called {backbone!r}; there are {', '.join(names)}")
    check_column_names(photos.tasks)
    tests, how = _test_parts(photos, folds, seed)
    if backbone in EMBEDDED:
        return _on_embedded(photos, out, cache, backbone, tests, how, seed)
    return _on_backbone(photos, out, cache, backbone, tests, how, seed)


def _on_embedded(
    photos: RatedPhotos, out: Path, cache: Path | None, name: str, tests: list[np.ndarray], how: str, seed: int
) -> Probe:
    scorer = Scorer(name)
    known = by_embedded(photos, scorer, cache)

    def fit(learned: np.ndarray) -> Heads:
        return heads.fit(known, photos.ratings, photos.tasks, learned)

    predicted = _held_out(photos, tests, lambda learned, tested: fit(learned)(known.rows(tested)))
    in_training = int(find_learned(scorer.info, photos, photos, "all").rows.sum())
    if in_training:
        how += f"; {scorer.info.name} learned from {in_training} of them"
    beside, untouched = _compare(photos, known, predicted, np.any(tests, axis=0), name, how)
    embedded = scorer.info
    info = _describe(
        photos,
        tests,
        how,
        predicted,
        started={"seed": seed, "starts_from": scorer.id},
        also_from=embedded.data,
        also_measured=untouched,
        description=f"The {embedded.name} model, and what ratings of {photos.name} differ from it by",
        backbone=embedded.backbone,
        size=embedded.size,
        resize=embedded.resize,
        licence=f"{embedded.licence}; the ratings' own terms hold as well",
        attribution=f"{embedded.attribution} Further heads fitted to ratings of {photos.name}.",
    )
    extend(model_path(name), fit(_learned(photos, tests)), info, out)
    return Probe(info, untouched, beside, in_training)


def _on_backbone(
    photos: RatedPhotos, out: Path, cache: Path | None, name: str, tests: list[np.ndarray], how: str, seed: int
) -> Probe:
    extractor = backbone_extractor(name)
    views = list(compute_features(photos, extractor, cache))

    def fit(learned: np.ndarray) -> Heads:
        return heads.fit_plain(views, photos.ratings, learned)

    def predict(learned: np.ndarray, tested: np.ndarray) -> np.ndarray:
        found = fit(learned)
        return views[0][tested] @ found.weight + found.bias

    pretrained = registry.WEIGHTS[name]
    info = _describe(
        photos,
        tests,
        how,
        _held_out(photos, tests, predict),
        started={"seed": seed},
        description=f"Linear heads on frozen features of {name}, fitted to {photos.name}",
        backbone=name,
        size=extractor.size,
        resize=SQUASH,
        licence=f"weights of the backbone: {pretrained.licence}; the ratings' own terms hold as well",
        attribution=f"Contains {pretrained.description}. Fitted to ratings of {photos.name}.",
    )
    export(backbone_network(name, fit(_learned(photos, tests)), photos.tasks), info, out)
    return Probe(info)


def _test_parts(photos: RatedPhotos, folds: int, seed: int) -> tuple[list[np.ndarray], str]:
    """(N,) whether each photograph is tested, for every part that is tested; and how it was chosen, in words.

    Raises:
        BeholderError: too few ratings of a task, or all equal; one group.
    """
    if photos.splits is not None:
        tests, how = [np.array(photos.splits) == "test"], "test part"
    else:
        fold_of = folds_of(len(photos), photos.groups, folds, seed)
        tests = [fold_of == fold for fold in np.unique(fold_of)]
        how = f"{len(tests)}-fold{' by group' * (photos.groups is not None)}, seed {seed}"
        if len(tests) < 2:
            raise BeholderError(
                f"{photos.name}: all photographs are of one group, which stays together, so nothing can be measured; "
                "leave the column of themes out"
            )
    for task, column in zip(photos.tasks, photos.ratings.T, strict=True):
        known = np.isfinite(column)
        least = min(int((known & ~test).sum()) for test in tests)
        if least < MIN_RATINGS or (known & np.any(tests, axis=0)).sum() < 2:
            raise BeholderError(
                f"{photos.name}: too few photographs are rated for {task.name}: {least} to learn from, beside those "
                f"that measure it; {MIN_RATINGS} are needed: rate more"
            )
        if np.ptp(column[known]) == 0:
            raise BeholderError(
                f"{photos.name}: all ratings of {task.name} are {column[known][0]:g}, so there is nothing to learn; "
                "rate photographs that differ, or leave that column out"
            )
    return tests, how


def _learned(photos: RatedPhotos, tests: list[np.ndarray]) -> np.ndarray:
    """(N,) whether the heads that are written learn from a photograph."""
    return np.ones(len(photos), bool) if photos.splits is None else ~tests[0]


def _held_out(
    photos: RatedPhotos, tests: list[np.ndarray], predict: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> np.ndarray:
    """(N, K) predictions of each tested photograph by heads that did not learn from its part; NaN for the others.

    Several parts have one constant, by the mean of all ratings: where the ratings left out are high, the mean of the
    others is low, which would spoil the ranking of all parts together.

    Args:
        predict: photographs to learn from and to test, both (N,) booleans -> predictions of the latter.
    """
    whole = np.nanmean(photos.ratings, axis=0)
    low, high = np.array([(task.low, task.high) for task in photos.tasks]).T
    predicted = np.full(photos.ratings.shape, np.nan)
    for test in tests:
        shift = whole - np.nanmean(photos.ratings[~test], axis=0) if len(tests) > 1 else 0
        predicted[test] = np.clip(predict(~test, test) + shift, low, high)
    return predicted


def _compare(
    photos: RatedPhotos, known: Known, predicted: np.ndarray, tested: np.ndarray, name: str, how: str
) -> tuple[tuple[Beside, ...], tuple[Estimate, ...]]:
    """Each task beside the untouched score that it starts from; and the metrics of these scores."""
    beside: list[Beside] = []
    labels: dict[str, str] = {}
    scores = np.empty(predicted.shape)
    for place, (task, column) in enumerate(zip(photos.tasks, photos.ratings.T, strict=True)):
        rows = tested & np.isfinite(column)
        truth = column[rows]
        agreements = {start: srcc(truth, known.scores[rows, start]) for start in starts_of(task, known.tasks)}
        start = max(agreements, key=lambda each: np.nan_to_num(agreements[each], nan=-2))
        found = known.tasks[start]
        scores[:, place] = task.from_unit(found.to_unit(known.scores[:, start]))
        gain = paired_bootstrap(srcc, truth, predicted[rows, place], scores[rows, place])
        beside.append(Beside(task.name, found.name, gain))
        labels[task.name] = f"{how}; untouched {name}{'' if found.name == task.name else f', its {found.name}'}"
    metrics = measure_tasks(photos, scores, tested, how)
    return tuple(beside), tuple(replace(each, split=labels[each.task]) for each in metrics)


def _describe(
    photos: RatedPhotos,
    tests: list[np.ndarray],
    how: str,
    predicted: np.ndarray,
    *,
    started: Mapping[str, Any],
    also_from: tuple[TrainingData, ...] = (),
    also_measured: tuple[Estimate, ...] = (),
    **said: Any,
) -> ModelInfo:
    """What the file says.

    Args:
        predicted: (N, K) of photographs that were tested; NaN for the others.
        started: settings, for the recipe.
        also_from: what the embedded model was trained on.
        also_measured: of the embedded model.
        said: what depends on the network, as of :class:`ModelInfo`.
    """
    widths, reference = widths_and_percentiles(photos, predicted)
    learned = _learned(photos, tests)
    names = tuple(task.name for task in photos.tasks)
    split = {"folds": len(tests)} if photos.splits is None else {"split": split_hash(photos.files, photos.splits)}
    return ModelInfo(
        name=f"probe-{photos.name}",
        tasks=photos.tasks,
        half_width=widths,
        reference=reference,
        data=(TrainingData(photos.name, int(learned.sum()), photos.content_hash, names), *also_from),
        metrics=(*measure_tasks(photos, predicted, np.any(tests, axis=0), how), *also_measured),
        recipe={**started, **split},
        learned=learned_photos(photos.digests[learned], predicted[learned]),
        **said,
    )
