"""Fit the machines of the default model, on all photographs or on those of some folds.

- **scene** (what is in the picture): beauty, valence, arousal, appeal, disagreement, and overall: beauty and appeal,
  each in standard deviations. Ratings of beauty and appeal are related, so each helps the other, as far as they are
  correlated. Simplicity has a support of its own.
- **picture** (detail, light and colour too): the amounts of edits, and what overall and quality lose by them, learned
  from edited copies (:func:`beholder.embedded.copies.cost`).
- **quality** (all): technical quality of BIQ2021.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from beholder.embedded.material import Material, Parts, Views
from beholder.models.kernel_head import KernelHead
from beholder.models.kernel_model import weighted
from beholder.photos.edits import EDITS
from beholder.training import kernel_ridge

Rows = Mapping[str, np.ndarray]  # data set -> (N,) booleans: the photographs that are learned from
Weights = tuple[float, float, float]  # of scene, detail and statistics in squared distances
MOST = 2.5  # the largest cost that is learned
RATED = ("beauty", "valence", "arousal")  # tasks of OASIS, in the order of its ratings
EDIT_TASKS = (  # in the order of the columns
    "exposure",
    "contrast",
    "colour_cast",
    "saturation",
    "sharpness",
    "motion",
    "noise",
    "compression",
    "tilt",
    "vignette",
)


@dataclass(frozen=True)
class HeadSettings:
    """Settings of the machines; noise is the variance of the error of a target, in variances of the targets.

    Attributes:
        scene, picture, quality: weights of scene, detail and statistics in squared distances.
        noise: of a rating of beauty, valence or arousal.
        small_noise: of the same for a photograph that was made small.
        appeal_noise, simplicity_noise, disagreement_noise, quality_noise, copy_noise, plain_noise, amount_noise: of the
            others; ``plain_noise`` is of the harm of photographs that nothing was done to.
        related: correlation of beauty with appeal, of valence with appeal, of appeal with beauty.
        appeal_part: share of appeal in overall, before harm is taken from it; the rest is beauty.
        harm, quality_harm: what overall and quality lose, in their standard deviations, by one of
            :func:`beholder.embedded.copies.cost`.
        support, plain_support, quality_support: numbers of photographs in the support of picture, of these unedited
            ones, and in that of quality.
    """

    scene: Weights = (1.0, 0.0, 0.0)
    picture: Weights = (0.3, 0.5, 0.2)
    quality: Weights = (0.8, 1.0, 0.2)
    noise: float = 0.15
    small_noise: float = 0.4
    appeal_noise: float = 0.3
    simplicity_noise: float = 0.3
    disagreement_noise: float = 0.4
    quality_noise: float = 0.1
    copy_noise: float = 0.3
    plain_noise: float = 0.15
    amount_noise: float = 0.05
    related: tuple[float, float, float] = (0.5, 0.5, 0.6)
    appeal_part: float = 0.35
    harm: float = 0.45
    quality_harm: float = 0.4
    support: int = 4000
    plain_support: int = 600
    quality_support: int = 4000


@dataclass(frozen=True)
class FittedMachine:
    """A head and the names of its tasks, in order; ``weights`` are those of the blocks."""

    tasks: tuple[str, ...]
    weights: Weights
    head: KernelHead


@dataclass(frozen=True)
class Heads:
    """Fitted machines; what several predict of one task is added."""

    machines: tuple[FittedMachine, ...]

    def predict(self, parts: Parts) -> dict[str, np.ndarray]:
        """Task -> (N,) predictions in native units, not clipped to its scale."""
        found: dict[str, np.ndarray] = {}
        for machine in self.machines:
            columns = machine.head(weighted(parts, machine.weights))
            for task, column in zip(machine.tasks, columns.T, strict=True):
                found[task] = found[task] + column if task in found else column
        return found


def fit_heads(material: Material, rows: Rows, settings: HeadSettings, seed: int = 0) -> Heads:
    """Fit all machines to the photographs of ``rows`` and their copies."""
    machines = [fit_scene(material, rows, settings)]
    if "composition" in material.photos:
        machines.append(fit_simplicity(material, rows, settings))
    machines.append(fit_picture(material, rows, settings, seed))
    machines.append(fit_quality(material, rows, settings, seed))
    return Heads(tuple(machines))


def fit_scene(material: Material, rows: Rows, settings: HeadSettings) -> FittedMachine:
    """Beauty, valence, arousal, appeal and disagreement."""
    oasis = material.photos["oasis"]
    sides, ratings, noise = _oasis(material, rows, settings)
    support = weighted(sides, settings.scene)
    heads: dict[str, KernelHead] = {}
    appeal = _appeal(material, rows)
    if appeal is not None:
        around, votes = appeal
        other = np.repeat([False, True], [len(support), len(votes)])
        support = torch.cat([support, weighted(around, settings.scene)])
        both = np.concatenate([noise, np.full(len(votes), settings.appeal_noise)])
        for task, correlation in zip(RATED[:2], settings.related[:2], strict=True):
            rated = ratings[:, RATED.index(task)]
            targets = np.concatenate([rated, _rescaled(votes, rated)])[:, None]
            heads[task] = kernel_ridge.fit(support, targets, both, related=(other, correlation))
        targets = np.concatenate([_rescaled(ratings[:, 0], votes), votes])[:, None]
        heads["appeal"] = kernel_ridge.fit(support, targets, both, related=(~other, settings.related[2]))
    own = support[: len(ratings)]
    for place, task in enumerate(RATED):
        if task not in heads:
            heads[task] = kernel_ridge.fit(own, ratings[:, place : place + 1], noise)
    if oasis.sd is not None:
        spread = np.tile(oasis.sd[rows["oasis"], 0], len(material.views["oasis"].parts))[:, None]
        heads["disagreement"] = kernel_ridge.fit(own, spread, noise * settings.disagreement_noise / settings.noise)
    heads["overall"] = _overall(heads, ratings[:, 0], None if appeal is None else appeal[1], settings.appeal_part)
    tasks = sorted(heads, key=lambda task: task == "disagreement")  # what has evidence comes first
    weights = [F.pad(heads[task].weight, (0, 0, 0, len(support) - len(heads[task].weight))) for task in tasks]
    head = KernelHead(support, torch.cat(weights, dim=1), torch.cat([heads[task].bias for task in tasks]))
    return FittedMachine(tuple(tasks), settings.scene, head)


def _overall(heads: Mapping[str, KernelHead], beauty: np.ndarray, votes: np.ndarray | None, part: float) -> KernelHead:
    """Beauty and appeal, in standard deviations, on the scale of beauty."""
    found = heads["beauty"]
    if votes is None:
        return found
    other = heads["appeal"]
    scale = float(beauty.std() / votes.std())
    bias = (1 - part) * found.bias + part * (scale * (other.bias - float(votes.mean())) + float(beauty.mean()))
    return KernelHead(found.support, (1 - part) * found.weight + part * scale * other.weight, bias)


def fit_simplicity(material: Material, rows: Rows, settings: HeadSettings) -> FittedMachine:
    """Simplicity, from what is in the picture."""
    marks = material.photos["composition"].ratings[:, 0]
    kept = rows["composition"] & np.isfinite(marks)
    x = weighted(_stacked(material.views["composition"], kept), settings.scene)
    head = kernel_ridge.fit(x, np.tile(marks[kept], 2)[:, None], settings.simplicity_noise)
    return FittedMachine(("simplicity",), settings.scene, head)


def fit_picture(material: Material, rows: Rows, settings: HeadSettings, seed: int) -> FittedMachine:
    """What overall and quality lose by the harm that is seen, and the amount of each of :data:`EDIT_TASKS`."""
    oasis, biq = material.copies["oasis"], material.copies["biq2021"]
    kept, among = rows["oasis"], rows["biq2021"][biq.rows]
    plain = weighted(_stacked(material.views["oasis"], kept, 2), settings.picture)  # mirrored too; nothing was done
    edited = torch.cat(
        [weighted(_stacked(views, keep), settings.picture) for views, keep in ((oasis, kept), (biq, among))]
    )
    support = torch.cat(
        [_some(plain, settings.plain_support, seed), _some(edited, settings.support - settings.plain_support, seed)]
    )
    x = torch.cat([plain, edited])
    costs = np.concatenate([np.zeros(len(plain)), oasis.costs[:, kept].reshape(-1), biq.costs[:, among].reshape(-1)])
    noise = np.repeat([settings.plain_noise, settings.copy_noise], [len(plain), len(edited)])
    cost = kernel_ridge.fit_reduced(support, x, np.minimum(costs, MOST)[:, None], noise)

    order = [list(EDITS).index(task) for task in EDIT_TASKS]
    neutral = np.tile([EDITS[task].neutral for task in EDIT_TASKS], (len(plain), 1))
    amounts = [
        views.amounts[:, keep].reshape(-1, len(EDITS))[:, order] for views, keep in ((oasis, kept), (biq, among))
    ]
    targets = np.concatenate([neutral, *amounts])
    known = np.isfinite(targets).all(axis=1)
    amount = kernel_ridge.fit_reduced(support, x[torch.from_numpy(known)], targets[known], settings.amount_noise)

    of_beauty = settings.harm * material.photos["oasis"].ratings[kept, 0].std()
    of_quality = settings.quality_harm * material.photos["biq2021"].ratings[rows["biq2021"], 0].std()
    scales = -torch.tensor([of_beauty, of_quality], dtype=torch.float32)
    head = KernelHead(
        support,
        torch.cat([cost.weight * scales, amount.weight], dim=1),
        torch.cat([cost.bias * scales, amount.bias]),
    )
    return FittedMachine(("overall", "quality", *EDIT_TASKS), settings.picture, head)


def fit_quality(material: Material, rows: Rows, settings: HeadSettings, seed: int) -> FittedMachine:
    """Technical quality, without what the picture machine takes from it."""
    ratings, small, kept = material.photos["biq2021"].ratings[:, 0], material.small, rows["biq2021"]
    among = kept[small.rows]
    x, smaller = (
        weighted(_stacked(views, keep), settings.quality)
        for views, keep in ((material.views["biq2021"], kept), (small, among))
    )
    targets = np.concatenate([ratings[kept], ratings[small.rows][among]])[:, None]
    noise = np.repeat([settings.quality_noise, 3 * settings.quality_noise], [len(x), len(smaller)])
    support = _some(x, settings.quality_support, seed)
    head = kernel_ridge.fit_reduced(support, torch.cat([x, smaller]), targets, noise)
    return FittedMachine(("quality",), settings.quality, head)


def _oasis(material: Material, rows: Rows, settings: HeadSettings) -> tuple[Parts, np.ndarray, np.ndarray]:
    """Blocks of the kept photographs, mirrored and small too; their ratings and noise."""
    kept = rows["oasis"]
    views = material.views["oasis"]
    ratings = np.tile(material.photos["oasis"].ratings[kept], (len(views.parts), 1))
    noise = np.repeat([settings.noise, settings.noise, settings.small_noise], int(kept.sum()))
    return _stacked(views, kept), ratings, noise


def _appeal(material: Material, rows: Rows) -> tuple[Parts, np.ndarray] | None:
    """Blocks and votes of the kept photographs of `appeal`, mirrored too; None where the data set is missing."""
    if "appeal" not in material.photos:
        return None
    kept = rows["appeal"]
    return _stacked(material.views["appeal"], kept), np.tile(material.photos["appeal"].ratings[kept, 0], 2)


def _stacked(views: Views, kept: np.ndarray, count: int | None = None) -> Parts:
    """Blocks of the kept photographs in the first ``count`` versions, version by version."""
    rows = torch.from_numpy(np.flatnonzero(kept))
    scene, detail, statistics = (
        torch.cat([version[block][rows] for version in views.parts[:count]]) for block in range(3)
    )
    return scene, detail, statistics


def _rescaled(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Values with mean and standard deviation of others."""
    found: np.ndarray = (values - values.mean()) / values.std() * like.std() + like.mean()
    return found


def _some(values: Tensor, count: int, seed: int) -> Tensor:
    """At most ``count`` rows, drawn at random."""
    rows = np.random.default_rng(seed).permutation(len(values))[: max(count, 1)]
    return values[torch.from_numpy(np.sort(rows))]
