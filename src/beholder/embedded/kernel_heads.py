"""Fit the machines of the default model, on all photographs or on those of some folds.

- **scene** (what is in the picture): beauty, valence, arousal, appeal, disagreement, and overall: beauty and appeal,
  each in standard deviations. Ratings of beauty and appeal are related, so each helps the other, as far as they are
  correlated. Simplicity has a support of its own.
- **picture** (detail, light and colour too): the amounts of edits, and what overall and quality lose by them, learned
  from edited copies (:func:`beholder.embedded.copies.cost`).
- **quality** (all): technical quality of BIQ2021.

Scene and quality are averaged with planes, ridge regression on all features: these know less of what was rated, and
more of subjects that are new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from beholder.embedded.copies import UNEDITED
from beholder.embedded.material import Material, Parts
from beholder.models.kernel_head import KernelHead, LinearHead, on_grid, similarities
from beholder.models.kernel_model import Blocks, weighted
from beholder.photos.edits import EDITS
from beholder.training import kernel_ridge

Rows = Mapping[str, np.ndarray]  # data set -> (N,) booleans: the photographs that are learned from
Weights = tuple[float, float, float]  # of scene, detail and statistics in squared distances
Solved = tuple[Tensor, Tensor]  # (N, K) weights of photographs, and (K,) what is predicted without them
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
        scene_plane, quality_plane: weights of the same in planes.
        plane_part: share of the planes.
        plane_noise: noise of the planes, in that of the machine.
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
    scene_plane: Weights = (0.7, 0.3, 0.0)
    quality_plane: Weights = (0.43, 0.43, 0.14)
    plane_part: float = 0.3
    plane_noise: float = 6.0
    noise: float = 0.25
    small_noise: float = 0.5
    appeal_noise: float = 0.45
    simplicity_noise: float = 0.3
    disagreement_noise: float = 0.4
    quality_noise: float = 0.1
    copy_noise: float = 0.3
    plain_noise: float = 0.1
    amount_noise: float = 0.05
    related: tuple[float, float, float] = (0.5, 0.5, 0.6)
    appeal_part: float = 0.2
    harm: float = 0.4
    quality_harm: float = 0.4
    support: int = 3400
    plain_support: int = 600
    quality_support: int = 3400


@dataclass(frozen=True)
class FittedMachine:
    """A head and the names of its tasks, in order; ``weights`` are those of the blocks."""

    tasks: tuple[str, ...]
    weights: Weights
    head: KernelHead


@dataclass(frozen=True)
class FittedPlane:
    """A plane of all standardised features, and the names of its tasks, in order."""

    tasks: tuple[str, ...]
    head: LinearHead


@dataclass(frozen=True)
class Heads:
    """Fitted machines and planes; what several predict of one task is added."""

    machines: tuple[FittedMachine, ...]
    planes: tuple[FittedPlane, ...] = ()

    def predict(self, parts: Parts) -> dict[str, np.ndarray]:
        """Task -> (N,) predictions in native units, not clipped to its scale."""
        found: dict[str, np.ndarray] = {}
        columns = [(each.tasks, each.head(weighted(parts.blocks, each.weights))) for each in self.machines]
        columns += [(each.tasks, each.head(parts.standard)) for each in self.planes]
        for tasks, predicted in columns:
            for task, column in zip(tasks, predicted.T, strict=True):
                found[task] = found[task] + column if task in found else column
        return found


def fit_heads(material: Material, rows: Rows, settings: HeadSettings, seed: int = 0) -> Heads:
    """Fit all machines and planes to the photographs of ``rows`` and their copies."""
    scene, scene_plane = fit_scene(material, rows, settings)
    machines = [scene]
    if "composition" in material.photos:
        machines.append(fit_simplicity(material, rows, settings))
    machines.append(fit_picture(material, rows, settings, seed))
    quality, quality_plane = fit_quality(material, rows, settings, seed)
    return Heads((*machines, quality), (scene_plane, quality_plane))


def fit_scene(material: Material, rows: Rows, settings: HeadSettings) -> tuple[FittedMachine, FittedPlane]:
    """Beauty, valence, arousal, appeal, disagreement and overall."""
    oasis, kept = material.photos["oasis"], rows["oasis"]
    scale = plane_scale(material.blocks, settings.scene_plane)
    whole, mirrored, small = material.views["oasis"].parts
    copies = material.copies["oasis"]
    moved = copies.parts[int(np.flatnonzero((copies.kinds == UNEDITED).all(axis=1))[0])]
    versions = (whole, mirrored, moved, small)
    support, x = _blocks(versions, kept, settings.scene), _features(versions, kept, scale)
    ratings = np.tile(oasis.ratings[kept], (len(versions), 1))
    noise = np.repeat([settings.noise] * 3 + [settings.small_noise], int(kept.sum()))
    spread = None if oasis.sd is None else np.tile(oasis.sd[kept, 0], len(versions))
    votes = None
    if "appeal" in material.photos:
        around, kept = material.views["appeal"].parts, rows["appeal"]
        support = torch.cat([support, _blocks(around, kept, settings.scene)])
        x = torch.cat([x, _features(around, kept, scale)])
        votes = np.tile(material.photos["appeal"].ratings[kept, 0], len(around))
    support = on_grid(support)
    near = _solve_scene(similarities(support, support), ratings, votes, spread, noise, settings)
    plane = _solve_scene(x @ x.T, ratings, votes, spread, noise, settings, settings.plane_noise)
    tasks = tuple(sorted(near, key=lambda task: task == "disagreement"))  # what has evidence comes first
    head = KernelHead(support, *_side_by_side([near[task] for task in tasks]))
    weight, bias = _side_by_side([plane[task] for task in tasks])
    return with_plane(
        FittedMachine(tasks, settings.scene, head), LinearHead(x.T @ weight, bias), scale, settings.plane_part
    )


def _solve_scene(
    covariance: Tensor,
    ratings: np.ndarray,
    votes: np.ndarray | None,
    spread: np.ndarray | None,
    noise: np.ndarray,
    settings: HeadSettings,
    times: float = 1.0,
) -> dict[str, Solved]:
    """Task -> weights of the photographs of OASIS, and then of those of `appeal`, if these have votes.

    Args:
        covariance: of all these photographs.
        ratings: (N, 3) of OASIS.
        votes: of `appeal`, or None.
        spread: (N,) standard deviations of the votes of OASIS, or None.
        noise: (N,) of the ratings.
        times: what each noise is multiplied with.
    """
    own = covariance[: len(ratings), : len(ratings)]
    found: dict[str, Solved] = {}
    if votes is not None:
        other = np.repeat([False, True], [len(ratings), len(votes)])
        both = np.concatenate([noise, np.full(len(votes), settings.appeal_noise)]) * times
        for task, correlation in zip(RATED[:2], settings.related[:2], strict=True):
            rated = ratings[:, RATED.index(task)]
            targets = np.concatenate([rated, _rescaled(votes, rated)])[:, None]
            found[task] = kernel_ridge.solve(covariance, targets, both, (other, correlation))
        targets = np.concatenate([_rescaled(ratings[:, 0], votes), votes])[:, None]
        found["appeal"] = kernel_ridge.solve(covariance, targets, both, (~other, settings.related[2]))
    for place, task in enumerate(RATED):
        if task not in found:
            found[task] = kernel_ridge.solve(own, ratings[:, place : place + 1], noise * times)
    if spread is not None:
        more = settings.disagreement_noise / settings.noise
        found["disagreement"] = kernel_ridge.solve(own, spread[:, None], noise * more * times)
    found = {
        task: (F.pad(weight, (0, 0, 0, len(covariance) - len(weight))), bias) for task, (weight, bias) in found.items()
    }
    found["overall"] = _overall(found, ratings[:, 0], votes, settings.appeal_part)
    return found


def _overall(found: Mapping[str, Solved], beauty: np.ndarray, votes: np.ndarray | None, part: float) -> Solved:
    """Beauty and appeal, in standard deviations, on the scale of beauty."""
    if votes is None:
        return found["beauty"]
    (weight, bias), (other_weight, other_bias) = found["beauty"], found["appeal"]
    scale = float(beauty.std() / votes.std())
    shifted = scale * (other_bias - float(votes.mean())) + float(beauty.mean())
    return (1 - part) * weight + part * scale * other_weight, (1 - part) * bias + part * shifted


def _side_by_side(columns: Sequence[Solved]) -> Solved:
    weights, biases = zip(*columns, strict=True)
    return torch.cat(weights, dim=1), torch.cat(biases)


def fit_simplicity(material: Material, rows: Rows, settings: HeadSettings) -> FittedMachine:
    """Simplicity, from what is in the picture."""
    marks = material.photos["composition"].ratings[:, 0]
    kept = rows["composition"] & np.isfinite(marks)
    x = _blocks(material.views["composition"].parts, kept, settings.scene)
    head = kernel_ridge.fit(x, np.tile(marks[kept], 2)[:, None], settings.simplicity_noise)
    return FittedMachine(("simplicity",), settings.scene, head)


def fit_picture(material: Material, rows: Rows, settings: HeadSettings, seed: int) -> FittedMachine:
    """What overall and quality lose by the harm that is seen, and the amount of each of :data:`EDIT_TASKS`."""
    oasis, biq = material.copies["oasis"], material.copies["biq2021"]
    kept, among = rows["oasis"], rows["biq2021"][biq.rows]
    plain = _blocks(material.views["oasis"].parts[:2], kept, settings.picture)  # mirrored too; nothing was done
    edited = torch.cat([_blocks(views.parts, keep, settings.picture) for views, keep in ((oasis, kept), (biq, among))])
    support = torch.cat(
        [some(plain, settings.plain_support, seed), some(edited, settings.support - settings.plain_support, seed)]
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
        cost.support,
        torch.cat([cost.weight * scales, amount.weight], dim=1),
        torch.cat([cost.bias * scales, amount.bias]),
    )
    return FittedMachine(("overall", "quality", *EDIT_TASKS), settings.picture, head)


def fit_quality(material: Material, rows: Rows, settings: HeadSettings, seed: int) -> tuple[FittedMachine, FittedPlane]:
    """Technical quality, without what the picture machine takes from it."""
    ratings, small, kept = material.photos["biq2021"].ratings[:, 0], material.small, rows["biq2021"]
    given = ((material.views["biq2021"], kept), (small, kept[small.rows]))
    x, smaller = (_blocks(views.parts, keep, settings.quality) for views, keep in given)
    targets = np.concatenate([ratings[kept], ratings[small.rows][kept[small.rows]]])[:, None]
    noise = np.repeat([settings.quality_noise, 3 * settings.quality_noise], [len(x), len(smaller)])
    support = some(x, settings.quality_support, seed)
    head = kernel_ridge.fit_reduced(support, torch.cat([x, smaller]), targets, noise)
    scale = plane_scale(material.blocks, settings.quality_plane)
    features = torch.cat([_features(views.parts, keep, scale) for views, keep in given])
    plane = kernel_ridge.fit_linear(features, targets, noise * settings.plane_noise)
    return with_plane(FittedMachine(("quality",), settings.quality, head), plane, scale, settings.plane_part)


def with_plane(
    machine: FittedMachine, plane: LinearHead, scale: Tensor, part: float
) -> tuple[FittedMachine, FittedPlane]:
    """A machine and a plane of the same tasks whose predictions are averaged.

    Args:
        plane: fitted to standardised features times ``scale``, (D,).
        part: share of the plane.
    """
    of_standard = LinearHead(scale[:, None] * plane.weight, plane.bias)
    return replace(machine, head=machine.head.times(1 - part)), FittedPlane(machine.tasks, of_standard.times(part))


def plane_scale(blocks: Blocks, weights: Weights) -> Tensor:
    """(D,) what standardised features are multiplied with, so that squares of a block add up to about its weight."""
    widths = [len(block.mean) for block in blocks]
    scales = [(weight / width) ** 0.5 for weight, width in zip(weights, widths, strict=True)]
    return torch.repeat_interleave(torch.tensor(scales), torch.tensor(widths))


def _blocks(versions: Sequence[Parts], kept: np.ndarray, weights: Weights) -> Tensor:
    """Weighted blocks of the kept photographs, version by version."""
    rows = torch.from_numpy(np.flatnonzero(kept))
    return torch.cat([weighted([block[rows] for block in version.blocks], weights) for version in versions])


def _features(versions: Sequence[Parts], kept: np.ndarray, scale: Tensor) -> Tensor:
    """Scaled features of the kept photographs, version by version."""
    rows = torch.from_numpy(np.flatnonzero(kept))
    return torch.cat([version.standard[rows].float() * scale for version in versions])


def _rescaled(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Values with mean and standard deviation of others."""
    found: np.ndarray = (values - values.mean()) / values.std() * like.std() + like.mean()
    return found


def some(values: Tensor, count: int, seed: int) -> Tensor:
    """At most ``count`` rows, drawn at random."""
    rows = np.random.default_rng(seed).permutation(len(values))[: max(count, 1)]
    return values[torch.from_numpy(np.sort(rows))]
