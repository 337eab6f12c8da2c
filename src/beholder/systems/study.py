"""Predictions of a study: every setting and seed on the same tested photographs, and baselines to compare with.

With published splits the test part is tested; in cross-validation each photograph is tested once, by the network of the
fold that it was held out of, and a metric is over all of them together. Intervals are over photographs: the same
resampled photographs for all seeds and both sides of a difference.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import default
from beholder.metrics import METRICS, RESAMPLES, Estimate, Interval, Metric, resampled
from beholder.systems.study_runs import Result
from beholder.training import ridge
from beholder.training.features import KeptArray, compute_features

DEFAULT_MODEL_PROBE = "DINOv2 + ridge"  # on the embedding of the default model: what every report compares with


@dataclass(frozen=True)
class ScoredSystem:
    """A system with its predictions, to be compared with others.

    Attributes:
        name: of the system.
        setting: how it was trained, in words.
        backbone: name of its backbone.
        views: pooled features of the backbone as pretrained, as the system sees photographs: (N, D) each.
        mean: (N,) mean ratings predicted, native units, NaN for photographs that were not tested.
        shares: (N, M) predicted shares of votes, NaN likewise; None if it does not predict votes.
        network: scores uint8 pixels (B, 3, H, W); its cost is measured, which does not depend on its weights.
        size: (H, W) of these pixels.
    """

    name: str
    setting: str
    backbone: str
    views: Sequence[np.ndarray]
    mean: np.ndarray
    shares: np.ndarray | None
    network: nn.Module
    size: tuple[int, int]


def single_run_predictions(photos: RatedPhotos, results: Sequence[Result]) -> np.ndarray:
    """(N, T) predictions after the last stage of one setting and seed, NaN for photographs that were not tested."""
    width = list(results[0].outcome.predicted.values())[-1].shape[1]
    predicted = np.full((len(photos), width), np.nan)
    for result in results:
        predicted[result.test] = list(result.outcome.predicted.values())[-1]
    return predicted


@dataclass(frozen=True)
class Study:
    """Predictions for n tested photographs.

    Attributes:
        photos: all N photographs.
        rounds: the same with the parts of each fold.
        rows: (n,) the tested ones among them.
        predicted: (setting, stage) -> (seeds, n, T) in native units; a stage that a setting leaves out has no entry.
        compared: name of a system -> (n, T), predicted from the same training photographs without a seed.
        results: the trainings.
        by_group: whether photographs of a group are always in the same part.
    """

    photos: RatedPhotos
    fold_splits: Sequence[RatedPhotos]
    rows: np.ndarray
    predicted: Mapping[tuple[str, str], np.ndarray]
    compared: Mapping[str, np.ndarray]
    results: Sequence[Result]
    by_group: bool = False

    @property
    def truth(self) -> np.ndarray:
        """(n, T) ratings."""
        return self.photos.ratings[self.rows]

    @property
    def split(self) -> str:
        """How the photographs were split, in words."""
        if self.photos.splits:
            return self.fold_splits[0].split_words
        return f"{len(self.fold_splits)} of 5 rounds of cross-validation, seed 0"

    def final(self, setting: str) -> np.ndarray:
        """(seeds, n, T) after the last stage that the setting has."""
        return [values for (name, _), values in self.predicted.items() if name == setting][-1]


def assemble(
    photos: RatedPhotos,
    fold_splits: Sequence[RatedPhotos],
    results: Sequence[Result],
    compared: Mapping[str, np.ndarray],
    by_group: bool = False,
) -> Study:
    """Collect the trainings of all folds in a study.

    Args:
        photos: as loaded.
        compared: name -> (N, T) with NaN for photographs that were not tested.
    """
    rows = np.unique(np.concatenate([np.flatnonzero(np.array(part.splits) == "test") for part in fold_splits]))
    seeds = 1 + max(result.seed for result in results)
    predicted: dict[tuple[str, str], np.ndarray] = {}
    for result in results:
        for stage, found in result.outcome.predicted.items():
            blank = np.full((seeds, len(photos), found.shape[1]), np.nan)
            predicted.setdefault((result.setting, stage), blank)[result.seed, result.test] = found
    return Study(
        photos,
        fold_splits,
        rows,
        {key: values[:, rows] for key, values in predicted.items()},
        {name: values[rows] for name, values in compared.items()},
        results,
        by_group,
    )


def measured(
    study: Study, predicted: np.ndarray, metric: str = "srcc", task: int = 0, by: Metric | None = None
) -> Estimate:
    """A metric, its mean over seeds, with its interval over photographs.

    Args:
        predicted: (seeds, n, T) or (n, T).
        by: the metric itself, if it is not one of ``METRICS``.
    """
    by = by or METRICS[metric]
    truth, columns = study.truth[:, task], _columns(predicted, task)
    name = study.photos.tasks[task].name
    value, low, high = _interval(
        f"{metric} of {name}",
        lambda rows: float(np.mean([by(truth[rows], column[rows]) for column in columns])),
        len(truth),
    )
    return Estimate(metric, name, study.photos.name, study.split, len(truth), value, low, high)


def difference(study: Study, first: np.ndarray, second: np.ndarray, metric: str = "srcc", task: int = 0) -> Estimate:
    """First less second, each as the mean over its seeds, on the same resampled photographs."""
    truth, sides = study.truth[:, task], (_columns(first, task), _columns(second, task))

    def statistic(rows: np.ndarray) -> float:
        means = [np.mean([METRICS[metric](truth[rows], column[rows]) for column in side]) for side in sides]
        return float(means[0] - means[1])

    name = study.photos.tasks[task].name
    value, low, high = _interval(f"difference in {metric} of {name}", statistic, len(truth))
    return Estimate(f"{metric} difference", name, study.photos.name, study.split, len(truth), value, low, high)


def _interval(label: str, statistic: Callable[[np.ndarray], float], count: int) -> Interval:
    """:func:`beholder.metrics.resampled` with a progress bar."""
    with progress.bar(f"bootstrap, {label}", RESAMPLES + 1) as bar:

        def counted(rows: np.ndarray) -> float:
            bar.advance(bar.task_ids[0])
            return statistic(rows)

        return resampled(counted, count)


def significant(found: Estimate) -> str:
    """Whether the interval of a difference excludes zero, in words."""
    return "the interval holds zero, so the two are not told apart" if found.low <= 0 <= found.high else "told apart"


def by_seed(study: Study, predicted: np.ndarray, metric: str = "srcc", task: int = 0) -> list[float]:
    """The metric for each seed."""
    return [METRICS[metric](study.truth[:, task], column) for column in _columns(predicted, task)]


def probe(
    fold_splits: Sequence[RatedPhotos], views: Sequence[np.ndarray], targets: np.ndarray | None = None
) -> np.ndarray:
    """(N, T) ridge regression on frozen features, fitted to the train and validation part of each fold.

    Args:
        views: the photographs and, where given, their mirror images: (N, D) each.
        targets: (N, T) what is predicted; the ratings without it.
    """
    predicted = np.full((fold_splits[0].ratings if targets is None else targets).shape, np.nan)
    with progress.bar("linear probe", len(fold_splits)) as bar:
        for part in fold_splits:
            test = np.array(part.splits) == "test"
            predicted[test] = ridge.predict_test(views, part.ratings if targets is None else targets, test)[test]
            bar.advance(bar.task_ids[0])
    return predicted


def linear_probes(
    fold_splits: Sequence[RatedPhotos],
    backbone: str,
    views: Sequence[np.ndarray],
    cache: Path | None,
    targets: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Name -> (N, T) predictions by ridge regression on two sets of frozen features, as :func:`probe`.

    Args:
        backbone: name of the backbone that gave ``views``; the other features are the default model's.
        cache: folder of weights and features, the user's cache by default.
    """
    recipe = default.DefaultRecipe()
    default_views = list(compute_features(fold_splits[0], default.extractor(recipe), cache))
    return {
        f"linear probe on {backbone}": probe(fold_splits, views, targets),
        DEFAULT_MODEL_PROBE: probe(fold_splits, default_views, targets),
    }


def default_model_array(photos: RatedPhotos) -> KeptArray:
    """The default model's features, which :func:`linear_probes` keeps in the cache."""
    return default.extractor(default.DefaultRecipe()).kept(photos)


def _columns(predicted: np.ndarray, task: int) -> list[np.ndarray]:
    return [part[:, task] for part in (predicted if predicted.ndim == 3 else predicted[None])]
