"""Fit the machines of the default model, on all photographs or on those of some folds.

- **scene** (what is in the picture): beauty, valence, arousal, appeal, simplicity, disagreement, and two thirds of overall.
  Ratings of beauty and appeal are related, so each helps the other, as far as they are correlated.
- **picture** (detail, light and colour too): the rest of overall, and the amounts of edits. It learns from beauty
  ratings of OASIS, appeal ratings of photographers' pictures, both in standard deviations, and from edited copies, which
  lose what :func:`beholder.embedded.copies.cost` says. So overall falls when a picture is harmed.
- **quality** (all): technical quality of BIQ2021, and edited copies of its best photographs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from beholder.embedded.copies import COMBINATION
from beholder.embedded.material import REFERENCES, Material, Parts, Views
from beholder.models.kernel_head import KernelHead
from beholder.models.kernel_model import weighted
from beholder.photos.edits import EDITS
from beholder.training import kernel_ridge

Rows = Mapping[str, np.ndarray]  # data set -> (N,) booleans: the photographs that are learned from
Weights = tuple[float, float, float]  # of scene, detail and statistics in squared distances
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
        appeal_noise, simplicity_noise, disagreement_noise, quality_noise, copy_noise, amount_noise: of the others.
        related: correlation of beauty with appeal, of valence with appeal, of appeal with beauty.
        scene_share: share of the scene in overall; the rest is of the picture, which falls when it is harmed.
        appeal_part: share of appeal in what the scene adds to overall; the rest is beauty.
        appeal_share: standard deviations of what the picture adds to overall to one of appeal.
        harm, quality_harm: what a copy loses, in standard deviations to one of :func:`cost`.
        support, quality_support: number of photographs and copies in the support of picture and quality.
    """

    scene: Weights = (1.0, 0.0, 0.0)
    picture: Weights = (0.45, 0.35, 0.2)
    quality: Weights = (0.8, 1.0, 0.2)
    noise: float = 0.15
    small_noise: float = 0.4
    appeal_noise: float = 0.3
    simplicity_noise: float = 0.3
    disagreement_noise: float = 0.4
    quality_noise: float = 0.1
    copy_noise: float = 0.3
    amount_noise: float = 0.03
    related: tuple[float, float, float] = (0.5, 0.5, 0.6)
    scene_share: float = 0.65
    appeal_part: float = 0.35
    appeal_share: float = 0.8
    harm: float = 1.4
    quality_harm: float = 0.7
    support: int = 4000
    quality_support: int = 3000


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
    heads["overall"] = _scene_share(heads, ratings[:, 0], None if appeal is None else appeal[1], settings)
    tasks = sorted(heads, key=lambda task: task == "disagreement")  # what has evidence comes first
    weights = [F.pad(heads[task].weight, (0, 0, 0, len(support) - len(heads[task].weight))) for task in tasks]
    head = KernelHead(support, torch.cat(weights, dim=1), torch.cat([heads[task].bias for task in tasks]))
    return FittedMachine(tuple(tasks), settings.scene, head)


def _scene_share(
    heads: Mapping[str, KernelHead], beauty: np.ndarray, votes: np.ndarray | None, settings: HeadSettings
) -> KernelHead:
    """What the scene adds to overall: beauty and appeal, in standard deviations, on the scale of beauty."""
    share = settings.scene_share
    found = heads["beauty"]
    if votes is None:
        return KernelHead(found.support, share * found.weight, share * found.bias)
    other, part = heads["appeal"], settings.appeal_part
    scale = float(beauty.std() / votes.std())
    bias = (1 - part) * found.bias + part * (scale * (other.bias - float(votes.mean())) + float(beauty.mean()))
    weight = (1 - part) * found.weight + part * scale * other.weight
    return KernelHead(found.support, share * weight, share * bias)


def fit_simplicity(material: Material, rows: Rows, settings: HeadSettings) -> FittedMachine:
    """Simplicity, from what is in the picture."""
    marks = material.photos["composition"].ratings[:, 0]
    kept = rows["composition"] & np.isfinite(marks)
    x = weighted(_stacked(material.views["composition"], kept), settings.scene)
    head = kernel_ridge.fit(x, np.tile(marks[kept], 2)[:, None], settings.simplicity_noise)
    return FittedMachine(("simplicity",), settings.scene, head)


def fit_picture(material: Material, rows: Rows, settings: HeadSettings, seed: int) -> FittedMachine:
    """Overall, then the amount of each of :data:`EDIT_TASKS`."""
    sides, ratings, noise = _oasis(material, rows, settings)
    beauty = ratings[:, 0]
    centre, scale = beauty.mean(), beauty.std()
    x = [weighted(sides, settings.picture)]
    targets, noises = [(beauty - centre) / scale], [noise]
    first = [weighted(_stacked(material.views["oasis"], rows["oasis"], 1), settings.picture)]
    appeal = _appeal(material, rows)
    if appeal is not None:
        around, votes = appeal
        x.append(weighted(around, settings.picture))
        targets.append((votes - votes.mean()) / votes.std() * settings.appeal_share)
        noises.append(np.full(len(votes), settings.appeal_noise))
        first.append(weighted(_stacked(material.views["appeal"], rows["appeal"], 1), settings.picture))
    copies = material.copies["oasis"]
    kept = rows["oasis"]
    edited = weighted(_stacked(copies, kept), settings.picture)
    rated = (material.photos["oasis"].ratings[kept, 0] - centre) / scale
    targets.append((rated - settings.harm * copies.costs[:, kept]).reshape(-1))
    noises.append(np.full(len(edited), settings.copy_noise))
    of_biq = material.copies["biq2021"]
    among = rows["biq2021"][of_biq.rows]
    more = weighted(_stacked(of_biq, among), settings.picture)
    amounts = np.concatenate(
        [each.amounts[:, keep].reshape(-1, len(EDITS)) for each, keep in ((copies, kept), (of_biq, among))]
    )
    both = torch.cat([edited, more])
    known = np.isfinite(amounts).all(axis=1)
    support = torch.cat([*first, _some(both, settings.support - sum(map(len, first)), seed)])
    overall = kernel_ridge.fit_reduced(
        support, torch.cat([*x, edited]), np.concatenate(targets)[:, None], np.concatenate(noises)
    )
    order = [list(EDITS).index(task) for task in EDIT_TASKS]
    amount = kernel_ridge.fit_reduced(support, both[known], amounts[known][:, order], settings.amount_noise)
    share = 1 - settings.scene_share
    head = KernelHead(
        support,
        torch.cat([overall.weight * float(share * scale), amount.weight], dim=1),
        torch.cat([(overall.bias * float(scale) + float(centre)) * share, amount.bias]),
    )
    return FittedMachine(("overall", *EDIT_TASKS), settings.picture, head)


def fit_quality(material: Material, rows: Rows, settings: HeadSettings, seed: int) -> FittedMachine:
    """Technical quality."""
    biq, small, copies = material.photos["biq2021"].ratings[:, 0], material.small, material.copies["biq2021"]
    kept = rows["biq2021"]
    among, edited = kept[small.rows], kept[copies.rows]
    x = [
        weighted(_stacked(each, keep), settings.quality)
        for each, keep in ((material.views["biq2021"], kept), (small, among), (copies, edited))
    ]
    scale = biq[kept].std()
    harmed = biq[copies.rows][edited] - settings.quality_harm * scale * copies.costs[:, edited]
    targets = np.concatenate([biq[kept], biq[small.rows][among], harmed.reshape(-1)])
    noise = np.repeat(
        [settings.quality_noise, 3 * settings.quality_noise, settings.copy_noise], [len(each) for each in x]
    )
    share = len(x[0]) / (len(x[0]) + len(x[2]))
    of_rated = round(settings.quality_support * share)
    support = torch.cat([_some(x[0], of_rated, seed), _some(x[2], settings.quality_support - of_rated, seed)])
    head = kernel_ridge.fit_reduced(support, torch.cat(x), targets[:, None], noise)
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


def is_reference(kinds: np.ndarray) -> np.ndarray:
    """Whether copies of these kinds are as good as the photograph."""
    return np.isin(kinds, REFERENCES)


def singles(kinds: np.ndarray) -> np.ndarray:
    """Whether copies of these kinds have one edit alone."""
    return np.isin(kinds, list(EDITS)) & (kinds != COMBINATION)
