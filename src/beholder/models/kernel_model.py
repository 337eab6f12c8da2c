"""The default model: features of a photograph under kernel machines (`beholder.training.kernel_ridge`).

Three groups of features are projected to blocks of one vector (`beholder.models.photo_features`). Each machine looks at
the blocks with weights of its own: *scene* at what is in the picture, *picture* at its light and colour too, *quality*
at all. A score is a weighted sum of similarities to the photographs of a machine's support, and of the standardised
features themselves.

**Evidence** is the first-order share of each patch: the gradient of the score by the mean patch token, times the
difference between this patch and the average patch of rated photographs, over the number of patches.

**Exact in any batch.** Products of matrices round differently in batches of different sizes, and large weights would
make that visible. So a photograph's blocks are split into multiples of 1/512, whose products with the support (rounded
to 1/512 too) single precision holds exactly, and a small rest; all that follows is in double precision.

**Familiarity** is the percentile, among photographs that were held out, of the mean similarity to rated photographs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from beholder.models.backbones.dinov2 import PATCH
from beholder.models.kernel_head import CLIP, STEP, KernelHead, LinearHead, Projection
from beholder.models.photo_features import SCENE, SCENE_LAYERS, PhotoFeatures


@dataclass(frozen=True)
class Blocks:
    """Projections of scene, detail and statistics, in this order."""

    scene: Projection
    detail: Projection
    statistics: Projection

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter((self.scene, self.detail, self.statistics))


class Projected(nn.Module):
    """``clip((x - mean) / scale)``, and its product with a matrix."""

    def __init__(self, projection: Projection) -> None:
        super().__init__()
        self.exact_mean: Tensor
        self.exact_scale: Tensor
        self.single_matrix: Tensor
        self.register_buffer("exact_mean", projection.mean)
        self.register_buffer("exact_scale", projection.scale)
        self.register_buffer("single_matrix", projection.matrix)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        standard = torch.clamp((features - self.exact_mean) / self.exact_scale, -CLIP, CLIP)
        return standard, standard @ self.single_matrix


class Machine(nn.Module):
    """Blocks (B, D) -> scores (B, K) in double precision, and their gradient by the first block.

    Args:
        head: fitted to weighted blocks.
        first: width of the first block.
        weight: of the first block in squared distances.
    """

    def __init__(self, head: KernelHead, first: int, weight: float) -> None:
        super().__init__()
        self.first, self.root = first, weight**0.5
        self.single_support: Tensor
        self.exact_lengths: Tensor
        self.exact_weight: Tensor
        self.exact_bias: Tensor
        support = head.support.double()
        self.register_buffer("single_support", head.support.T.contiguous())  # (D, M)
        self.register_buffer("exact_lengths", (support * support).sum(1))
        self.register_buffer("exact_weight", head.weight.double())
        self.register_buffer("exact_bias", head.bias.double())

    def similarities(self, x: Tensor) -> Tensor:
        """(B, D) -> (B, M) in double precision."""
        coarse = torch.round(x / STEP) * STEP
        products = torch.cat([coarse, x - coarse]) @ self.single_support  # the support is read once
        product = products[: x.shape[0]].double() + products[x.shape[0] :].double()
        exact = x.double()
        squared = (exact * exact).sum(1, keepdim=True) + self.exact_lengths - 2 * product
        return torch.exp(-torch.clamp(squared, min=0.0))

    def scores(self, similarities: Tensor) -> Tensor:
        return similarities @ self.exact_weight + self.exact_bias

    def gradient(self, x: Tensor, similarities: Tensor, tasks: int) -> Tensor:
        """(B, first, tasks), single precision: of the first scores by the first block, before it was weighted."""
        shares = similarities.float()[:, :, None] * self.exact_weight[:, :tasks].float()  # (B, M, tasks)
        count = x.shape[0]  # `len` would fix it when the model is exported
        columns = shares.transpose(0, 1).reshape(-1, count * tasks)  # of all photographs: the support is read once
        # sliced after the product: a slice of the support would be stored beside it
        pulled = (self.single_support @ columns)[: self.first].reshape(self.first, count, tasks).transpose(0, 1)
        return 2 * self.root * (pulled - x[:, : self.first, None] * shares.sum(1)[:, None])


@dataclass(frozen=True)
class MachineSpec:
    """A machine and what is said of it.

    Attributes:
        head: fitted to the blocks, each times the root of its weight.
        weights: of scene, detail and statistics in squared distances; a block of weight 0 is left out.
        tasks: positions in the model's outputs of the head's scores. Scores of several machines with the same position
            are added.
        ratings: how many of these, from the first, have evidence.
    """

    head: KernelHead
    weights: tuple[float, float, float]
    tasks: tuple[int, ...]
    ratings: int


@dataclass(frozen=True)
class Familiarity:
    """Mean of similarity ** sharpness to a support, and the percentiles of its logarithm: thresholds (101,), rising."""

    support: Tensor
    weights: tuple[float, float, float]
    sharpness: float
    thresholds: Tensor


class KernelModel(nn.Module):
    """Features, machines and familiarity, as they go into the model file.

    Args:
        photo: the network that computes features.
        blocks: their projections.
        machines: at least one; together they have all tasks but the last, which is familiarity.
        linear: of all standardised features (D, T - 1); what it predicts is added.
        familiarity: of the last task.
        typical: (3 * 384,) mean patch tokens of rated photographs, which evidence is relative to.
        low, high: (T,) ends of the scales; scores are clipped to them.
    """

    def __init__(
        self,
        photo: PhotoFeatures,
        blocks: Blocks,
        machines: Sequence[MachineSpec],
        linear: LinearHead,
        familiarity: Familiarity,
        typical: Tensor,
        low: Tensor,
        high: Tensor,
    ) -> None:
        super().__init__()
        self.photo = photo
        self.specs = tuple(machines)
        self.scene, self.detail, self.statistics = (Projected(each) for each in blocks)
        width = blocks.scene.matrix.shape[1]
        self.machines = nn.ModuleList(Machine(each.head, width, each.weights[0]) for each in machines)
        self.familiar = Machine(_nothing(familiarity.support), width, familiarity.weights[0])
        self.familiarity_weights, self.sharpness = familiarity.weights, familiarity.sharpness
        places = torch.tensor([task for each in machines for task in each.tasks])
        self.exact_places: Tensor
        self.single_linear: Tensor
        self.exact_bias: Tensor
        self.exact_thresholds: Tensor
        self.exact_typical: Tensor
        self.exact_low: Tensor
        self.exact_high: Tensor
        self.register_buffer("exact_places", F.one_hot(places).double())  # (columns of all machines, T - 1)
        self.register_buffer("single_linear", linear.weight)
        self.register_buffer("exact_bias", linear.bias.double())
        self.register_buffer("exact_thresholds", familiarity.thresholds.double())
        self.register_buffer("exact_typical", typical)
        self.register_buffer("exact_low", low)
        self.register_buffer("exact_high", high)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.photo.parts(pixels)
        standard, blocks = zip(
            self.scene(parts.scene), self.detail(parts.detail), self.statistics(parts.statistics), strict=True
        )
        found, gradients = [], []
        for spec, machine in zip(self.specs, self.machines, strict=True):
            x = weighted(blocks, spec.weights)
            near = machine.similarities(x)  # type: ignore[operator]
            found.append(machine.scores(near))  # type: ignore[operator]
            gradient = machine.gradient(x, near, spec.ratings)  # type: ignore[operator]
            rest = len(spec.tasks) - spec.ratings
            gradients += [gradient, gradient[:, :, :1].expand(-1, -1, rest) * 0]
        scores = torch.cat(found, dim=1) @ self.exact_places + self.exact_bias
        scores = scores + (torch.cat(standard, dim=1) @ self.single_linear).double()
        scores = torch.cat([scores, self._familiarity(blocks)], dim=1).float()
        scores = torch.minimum(torch.maximum(scores, self.exact_low), self.exact_high)
        gradient = torch.cat(gradients, dim=2) @ self.exact_places.float()  # (B, block, T - 1)
        return scores, parts.scene, self._evidence(parts.patches, gradient, pixels)

    def _familiarity(self, blocks: Sequence[Tensor]) -> Tensor:
        near = self.familiar.similarities(weighted(blocks, self.familiarity_weights))
        level = torch.log((near**self.sharpness).mean(1, keepdim=True) + 1e-30)
        steps = self.exact_thresholds
        return torch.clamp((level - steps[:-1]) / (steps[1:] - steps[:-1]), 0, 1).sum(1, keepdim=True)

    def _evidence(self, patches: Tensor, gradient: Tensor, pixels: Tensor) -> Tensor:
        by_feature = torch.matmul(self.scene.single_matrix, gradient) + self.single_linear[:SCENE]
        by_feature = by_feature / self.scene.exact_scale[:, None]  # (B, 2304, T - 1)
        by_feature = torch.cat([by_feature, by_feature[:, :, :1] * 0], dim=2)  # familiarity has no place
        tasks = by_feature.shape[2]
        means = by_feature.reshape(-1, len(SCENE_LAYERS), 2, patches.shape[2] // len(SCENE_LAYERS), tasks)[:, :, 1]
        means = means.flatten(1, 2)  # (B, 3 * 384, T)
        shares = patches @ means - (self.exact_typical @ means)[:, None]
        rows, columns = pixels.shape[2] // PATCH, pixels.shape[3] // PATCH
        return (shares / patches.shape[1]).transpose(1, 2).reshape(-1, tasks, rows, columns)


def weighted(blocks: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Blocks (B, ...) times the roots of their weights, side by side; a block of weight 0 is left out."""
    return torch.cat([block * weight**0.5 for block, weight in zip(blocks, weights, strict=True) if weight], dim=1)


def _nothing(support: Tensor) -> KernelHead:
    return KernelHead(support, torch.zeros(len(support), 1), torch.zeros(1))
