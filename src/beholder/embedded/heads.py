"""Features of OASIS and BIQ2021 -> the linear heads of all tasks, and what a model file says of them.

Everything that is claimed comes from out-of-fold predictions: the metrics, the widths of the intervals, the percentile
reference and the blend. The penalties are chosen inside each training part.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.evaluation.conformal import covered, half_width
from beholder.metrics import Estimate, bootstrap, measure, rounded, srcc
from beholder.models.dinov2_linear import DefaultModel, TokenFeatures
from beholder.scoring.model_file import TrainingData
from beholder.splits import grouped_folds, random_folds
from beholder.tasks import Task
from beholder.training import ridge


class HeadsRecipe(Protocol):
    """What a recipe says of heads: number and seed of the folds, coverage of the intervals, and how much SRCC with
    rated beauty the overall score may give up, out of fold, for seeing quality."""

    @property
    def folds(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def coverage(self) -> float: ...
    @property
    def beauty_loss(self) -> float: ...


@dataclass(frozen=True)
class RatedFeatures:
    """Rated photographs, their features (N, D), and how a head learns from some of them."""

    photos: RatedPhotos
    features: np.ndarray
    learn: ridge.Learner


@dataclass(frozen=True)
class Blend:
    """overall = bias + beauty * beauty_score + quality * quality_score, in points of beauty.

    ``share`` is the weight of quality when both are in units of their standard deviation.
    """

    bias: float
    beauty: float
    quality: float
    share: float

    def __call__(self, beauty: np.ndarray, quality: np.ndarray) -> np.ndarray:
        return self.bias + self.beauty * beauty + self.quality * quality

    @property
    def rounded(self) -> dict[str, float]:
        return {name: rounded(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Heads:
    """T linear heads on D features, the overall score's first.

    Attributes:
        tasks: T of them.
        weight, bias: (T, D) and (T,), native units.
        typical: (T, D) features of the average photograph that was rated for a task.
        blend: of the overall score.
        described: what a model file says of them, by names of ``ModelInfo``.
    """

    tasks: tuple[Task, ...]
    weight: np.ndarray
    bias: np.ndarray
    typical: np.ndarray
    blend: Blend
    metadata: dict[str, Any]

    def attach_to(self, features: TokenFeatures) -> DefaultModel:
        """The whole model: these heads under the network that gave the features."""
        low_high = [[task.low, task.high] for task in self.tasks]
        given = (self.weight, self.bias, self.typical, low_high)
        weight, bias, typical, ends = (torch.tensor(values, dtype=torch.float32) for values in given)
        return DefaultModel(features, weight, bias, typical, ends[:, 0], ends[:, 1])


def fit_heads(on_oasis: RatedFeatures, on_biq: RatedFeatures, recipe: HeadsRecipe) -> Heads:
    """Fit, and measure out of fold: at random, and for OASIS by theme too.

    Args:
        on_oasis: with themes; its first task is beauty.
        on_biq: its one task is quality.
        recipe: settings.
    """
    oasis, biq = on_oasis.photos, on_biq.photos
    folds_oasis = random_folds(len(oasis), recipe.folds, recipe.seed)
    folds_biq = random_folds(len(biq), recipe.folds, recipe.seed)
    assert oasis.groups is not None
    folds_theme = grouped_folds(oasis.groups, recipe.folds, recipe.seed)
    held_out = ridge.predict_held_out(on_oasis.features, on_oasis.learn, folds_oasis)
    held_out_theme = ridge.predict_held_out(on_oasis.features, on_oasis.learn, folds_theme, oasis.groups)
    held_out_quality = ridge.predict_held_out(on_biq.features, on_biq.learn, folds_biq)[:, 0]

    head_oasis = on_oasis.learn(np.ones(len(oasis), bool), None)
    head_biq = on_biq.learn(np.ones(len(biq), bool), None)
    quality_of_oasis = head_biq(on_oasis.features)[:, 0]  # none of these photographs is in BIQ2021
    beauty = oasis.ratings[:, 0]
    blend = choose_blend(beauty, (held_out[:, 0], held_out_theme[:, 0]), quality_of_oasis, recipe.beauty_loss)

    overall = Task(
        "overall",
        oasis.tasks[0].low,
        oasis.tasks[0].high,
        f"Beauty and technical quality in one score, on the scale of beauty: {blend.share:.0%} of it is quality",
    )
    tasks = (overall, *oasis.tasks, *biq.tasks)

    def columns(predicted: np.ndarray, folds: np.ndarray, split: str) -> list[_Column]:
        mixed = blend(predicted[:, 0], quality_of_oasis)
        found = [_Column("overall", "oasis", beauty, mixed, folds, split)]
        for task, truth, column in zip(oasis.tasks, oasis.ratings.T, predicted.T, strict=True):
            found.append(_Column(task.name, "oasis", truth, column, folds, split))
        return found

    random, by_theme = (f"{recipe.folds}-fold{how}, seed {recipe.seed}" for how in ("", " by theme"))
    quality = _Column("quality", "biq2021", biq.ratings[:, 0], held_out_quality, folds_biq, random)
    scored = [*columns(held_out, folds_oasis, random), quality]
    themed = columns(held_out_theme, folds_theme, by_theme)

    weight = np.concatenate([head_oasis.weight, head_biq.weight])
    bias = np.concatenate([head_oasis.bias, head_biq.bias])
    mix = np.zeros(len(bias))
    mix[0], mix[-1] = blend.beauty, blend.quality
    typical_oasis, typical_biq = on_oasis.features.mean(axis=0), on_biq.features.mean(axis=0)
    return Heads(
        tasks=tasks,
        weight=np.vstack([mix @ weight, weight]),
        bias=np.concatenate([[blend.bias + mix @ bias], bias]),
        typical=np.stack([typical_biq if task.name == "quality" else typical_oasis for task in tasks]),
        blend=blend,
        metadata={
            "tasks": tasks,
            "half_width": tuple(rounded(half_width(each.truth - each.predicted, recipe.coverage)) for each in scored),
            "reference": tuple(tuple(map(rounded, np.percentile(each.predicted, range(101)))) for each in scored),
            "data": tuple(
                TrainingData(data.name, len(data), data.content_hash, tuple(task.name for task in data.tasks))
                for data in (oasis, biq)
            ),
            "metrics": tuple(
                replace(measured, value=rounded(measured.value), low=rounded(measured.low), high=rounded(measured.high))
                for column in (*scored, *themed)
                for measured in column.measure(recipe.coverage)
            ),
        },
    )


def choose_blend(rated: np.ndarray, beauty: Sequence[np.ndarray], quality: np.ndarray, allowed: float) -> Blend:
    """The largest share of quality whose SRCC with rated beauty falls by at most ``allowed`` in every split.

    Args:
        rated: (N,) mean beauty ratings.
        beauty: out-of-fold beauty predictions, one (N,) a split; the first sets the scale.
        quality: (N,) quality predictions for the same photographs.

    The blend is put on the scale of rated beauty by least squares, two numbers for N photographs.
    """
    share = 0.0
    for candidate in np.arange(0, 1, 0.01):
        falls = [srcc(rated, part) - srcc(rated, _mix(part, quality, float(candidate))) for part in beauty]
        if max(falls) > allowed:
            break
        share = float(candidate)
    slope, offset = np.polyfit(_mix(beauty[0], quality, share), rated, 1)
    per_beauty = slope * (1 - share) / beauty[0].std()
    per_quality = slope * share / quality.std()
    bias = offset - per_beauty * beauty[0].mean() - per_quality * quality.mean()
    return Blend(float(bias), float(per_beauty), float(per_quality), round(share, 2))


@dataclass(frozen=True)
class _Column:
    """Out-of-fold predictions of one task."""

    task: str
    data: str
    truth: np.ndarray
    predicted: np.ndarray
    folds: np.ndarray
    split: str

    def measure(self, coverage: float) -> list[Estimate]:
        names = {"task": self.task, "data": self.data, "split": self.split}
        found = [measure(metric, self.truth, self.predicted, **names) for metric in ("srcc", "plcc", "rmse")]
        inside = covered(self.truth - self.predicted, self.folds, coverage).astype(float)
        share = bootstrap(lambda truth, _: float(truth.mean()), inside, inside)
        return [
            *found,
            Estimate(
                f"coverage{coverage * 100:.0f}", **names, n=len(inside), value=share[0], low=share[1], high=share[2]
            ),
        ]


def _mix(beauty: np.ndarray, quality: np.ndarray, share: float) -> np.ndarray:
    mixed: np.ndarray = (1 - share) * (beauty - beauty.mean()) / beauty.std() + share * (
        quality - quality.mean()
    ) / quality.std()
    return mixed
