"""Fit the linear heads of all tasks to features of OASIS and BIQ2021, and compute their metadata.

Metrics, interval widths, the percentile reference and the blend all come from out-of-fold predictions. Penalties are
chosen inside each training part.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.columns import Column, reference_of, tidy, training_data
from beholder.errors import BeholderError
from beholder.metrics import rounded, srcc
from beholder.models.dinov2_linear import DefaultModel, TokenFeatures
from beholder.splits import grouped_folds, random_folds
from beholder.tasks import Task
from beholder.training import ridge


class HeadsRecipe(Protocol):
    """Settings of the heads: number and seed of the folds, coverage of the intervals, and the maximum drop of SRCC with
    rated beauty, out of fold, allowed when blending quality into the overall score."""

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
    """Rated photographs, their features (N, D), and a function that fits a head to some of them."""

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
    """T linear heads on D features; the first gives the overall score.

    Attributes:
        tasks: the T tasks.
        weight, bias: (T, D) and (T,), native units.
        typical: (T, D) mean features of the photographs that were rated for each task.
        blend: of beauty and quality in the overall score.
        described: what a model file says of them, by names of ``ModelInfo``.
    """

    tasks: tuple[Task, ...]
    weight: np.ndarray
    bias: np.ndarray
    typical: np.ndarray
    blend: Blend
    metadata: dict[str, Any]

    def attach_to(self, features: TokenFeatures) -> DefaultModel:
        """The whole model: the network that computes the features, then these heads."""
        low_high = [[task.low, task.high] for task in self.tasks]
        given = (self.weight, self.bias, self.typical, low_high)
        weight, bias, typical, ends = (torch.tensor(values, dtype=torch.float32) for values in given)
        return DefaultModel(features, weight, bias, typical, ends[:, 0], ends[:, 1])


def fit_heads(on_oasis: RatedFeatures, on_biq: RatedFeatures, recipe: HeadsRecipe) -> Heads:
    """Fit all heads, and measure them out of fold: random folds, and for OASIS folds by theme as well.

    Args:
        on_oasis: OASIS with its themes; the first task is beauty.
        on_biq: BIQ2021; the only task is quality.
        recipe: settings.

    Raises:
        BeholderError: OASIS without its themes.
    """
    oasis, biq = on_oasis.photos, on_biq.photos
    if oasis.groups is None:
        raise BeholderError(f"{oasis.name}: has no themes to hold out")
    folds_oasis = random_folds(len(oasis), recipe.folds, recipe.seed)
    folds_theme = grouped_folds(oasis.groups, recipe.folds, recipe.seed)
    folds_biq = random_folds(len(biq), recipe.folds, recipe.seed)
    held_out = ridge.predict_held_out(on_oasis.features, on_oasis.learn, folds_oasis)
    held_out_theme = ridge.predict_held_out(on_oasis.features, on_oasis.learn, folds_theme, oasis.groups)
    held_out_quality = ridge.predict_held_out(on_biq.features, on_biq.learn, folds_biq)[:, 0]

    head_oasis = on_oasis.learn(np.ones(len(oasis), bool), None)
    head_biq = on_biq.learn(np.ones(len(biq), bool), None)
    quality_of_oasis = head_biq(on_oasis.features)[:, 0]  # none of these photographs is in BIQ2021
    beauty = oasis.ratings[:, 0]
    blend = choose_blend(beauty, (held_out[:, 0], held_out_theme[:, 0]), quality_of_oasis, recipe.beauty_loss)

    def columns(predicted: np.ndarray, folds: np.ndarray, split: str) -> list[Column]:
        overall = blend(predicted[:, 0], quality_of_oasis)
        names = ("overall", *(task.name for task in oasis.tasks))
        truths, predictions = (beauty, *oasis.ratings.T), (overall, *predicted.T)
        return [
            Column(name, "oasis", truth, column, folds, split)
            for name, truth, column in zip(names, truths, predictions, strict=True)
        ]

    random, by_theme = (f"{recipe.folds}-fold{how}, seed {recipe.seed}" for how in ("", " by theme"))
    quality = Column("quality", "biq2021", biq.ratings[:, 0], held_out_quality, folds_biq, random)
    scored = [*columns(held_out, folds_oasis, random), quality]
    themed = columns(held_out_theme, folds_theme, by_theme)

    tasks = (_overall_task(oasis.tasks[0], blend), *oasis.tasks, *biq.tasks)
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
        metadata={"tasks": tasks, **_metadata((oasis, biq), scored, themed, recipe.coverage)},
    )


def _overall_task(beauty: Task, blend: Blend) -> Task:
    description = (
        f"Beauty and technical quality in one score, on the scale of beauty: {blend.share:.0%} of it is quality"
    )
    return Task("overall", beauty.low, beauty.high, description)


def _metadata(
    data: Sequence[RatedPhotos], scored: Sequence["Column"], themed: Sequence["Column"], coverage: float
) -> dict[str, Any]:
    """Intervals and percentiles of each task from ``scored``, metrics from both, and the training data."""
    return {
        "half_width": tuple(each.half_width(coverage) for each in scored),
        "reference": tuple(reference_of(each.predicted) for each in scored),
        "data": tuple(map(training_data, data)),
        "metrics": tuple(tidy(found) for column in (*scored, *themed) for found in column.measure(coverage)),
    }


def choose_blend(rated: np.ndarray, beauty: Sequence[np.ndarray], quality: np.ndarray, allowed: float) -> Blend:
    """The largest share of quality whose SRCC with rated beauty falls by at most ``allowed`` in every split.

    Args:
        rated: (N,) mean beauty ratings.
        beauty: out-of-fold beauty predictions, one (N,) a split; the first sets the scale.
        quality: (N,) quality predictions for the same photographs.

    Least squares puts the blend on the scale of rated beauty: two parameters for N photographs.
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


def _mix(beauty: np.ndarray, quality: np.ndarray, share: float) -> np.ndarray:
    mixed: np.ndarray = (1 - share) * (beauty - beauty.mean()) / beauty.std() + share * (
        quality - quality.mean()
    ) / quality.std()
    return mixed
