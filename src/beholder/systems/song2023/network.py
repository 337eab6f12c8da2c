"""Pre-activated semantics, after Song et al. (2023): an auto-encoder whose features predict the votes.

A reconstruction. The text of the paper that this follows lost its equations and the tables of its layers; what is said
in words is built so, and what is not is marked *ours*:

- an encoder, any convolutional backbone, and a projection to M groups of P feature maps, a group for each of the M
  rating levels ("features F is separated into M groups with P feature maps in each group"); its 1 x 1
  convolution without an activation is ours;
- a decoder back to RGB with batch normalisation; its four 3 x 3 convolutions, each before a doubling of the sides, and
  their widths are ours, slim enough for a CPU;
- group average pooling, a mean over a group's maps and places (or, the alternative that the text names, a fully
  connected layer, which here reads the mean of every map), and a *softmax* over groups, whose distance to the votes is
  the activation loss. That it is a softmax is ours: it is defined whatever the features' signs, where a share of
  the sum would need a ReLU before it, and a group that this silences has no gradient to come back by;
- spatial pyramid pooling with 1, 4 and 16 bins, 21 values a map; here by exact means over bins whose edges may lie
  inside a place, so that any number of rows and columns works, fewer than four too;
- a *split* regressor, where each group's 21 P values make its own logit, or a *joint* one, where all make every logit;
  a softmax over the M logits is the predicted distribution.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from beholder.models.backbones.base import Backbone
from beholder.systems.two_stages import TwoStageNetwork

PYRAMID_BINS = (1, 2, 4)  # a side
PYRAMID_VALUES = sum(bins * bins for bins in PYRAMID_BINS)  # values a map
DECODER_WIDTHS = (64, 32, 16, 8)  # of the decoder
EVIDENCE_CELLS = 16  # a side of the evidence


@dataclass(frozen=True)
class Answer:
    """Output of the network for B photographs.

    Attributes:
        distribution: (B, M) predicted, each row sums to 1.
        activated: (B, M) distribution predicted by group average pooling.
        rebuilt: (B, 3, H, W) reconstructed photographs, 0 to 1; None if no size was given.
    """

    distribution: Tensor
    activated: Tensor
    rebuilt: Tensor | None


class Decoder(nn.Module):
    """(B, C, rows, columns) -> RGB (B, 3, H, W), 0 to 1."""

    def __init__(self, channels: int, widths: tuple[int, ...] = DECODER_WIDTHS) -> None:
        super().__init__()
        before = (channels, *widths)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(wide, slim, 3, padding=1, bias=False), nn.BatchNorm2d(slim), nn.ReLU())
            for wide, slim in zip(before, widths, strict=False)
        )
        self.out = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, features: Tensor, size: tuple[int, int]) -> Tensor:
        for block in self.blocks:
            features = F.interpolate(block(features), scale_factor=2, mode="bilinear")
        return torch.sigmoid(F.interpolate(self.out(features), size, mode="bilinear"))


class Semantic(TwoStageNetwork):
    """uint8 RGB pixels (B, 3, H, W) of any shape that the backbone takes -> an `Answer`.

    Args:
        backbone: the encoder.
        score_levels: M rating levels.
        maps: P feature maps for each.
        split: a regressor of its own for each group; else one that reads all.
        connected: what the activation loss compares with the votes comes from a fully connected layer on the mean of
            every map; else it is the mean of each group.
    """

    def __init__(
        self, backbone: Backbone, score_levels: int, maps: int, *, split: bool = True, connected: bool = False
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.score_levels, self.split = score_levels, split
        self.project = nn.Conv2d(backbone.channels, score_levels * maps, 1)
        self.decoder = Decoder(score_levels * maps)
        self.out = nn.Linear(maps * PYRAMID_VALUES * (1 if split else score_levels), score_levels)
        self.connected = nn.Linear(score_levels * maps, score_levels) if connected else None

    def forward_tail(self, features: Tensor, size: tuple[int, int] | None = None) -> Answer:
        """The backbone's feature map -> an `Answer`, rebuilt at ``size`` (height, width) where one is given."""
        found = self.project(features)
        pooled = pyramid(found)
        if self.split:
            logits = (pooled.flatten(1).reshape(len(pooled), self.score_levels, -1) * self.out.weight).sum(
                dim=2
            ) + self.out.bias
        else:
            logits = self.out(pooled.flatten(1))
        means = found.mean(dim=(2, 3))
        activated = (
            means.unflatten(1, (self.score_levels, -1)).mean(dim=2)
            if self.connected is None
            else (self.connected(means))
        )
        rebuilt = None if size is None else self.decoder(found, size)
        return Answer(logits.softmax(dim=1), activated.softmax(dim=1), rebuilt)

    def forward(self, pixels: Tensor) -> Answer:
        return self.forward_tail(self.backbone.forward_features(pixels), (pixels.shape[2], pixels.shape[3]))


class WithoutDecoder(nn.Module):
    """The network as it scores, pixels (B, 3, H, W) uint8 -> (B, M) distributions; ``network`` loses its decoder."""

    def __init__(self, network: Semantic) -> None:
        super().__init__()
        del network.decoder
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        return self.network.forward_tail(self.network.backbone.forward_features(pixels)).distribution


class ScoringSemantic(nn.Module):
    """The trained network as it goes into a model file: the mean in native units, its evidence, the distribution.

    The logits are linear in the projected features, so what each place adds to the mean is written out, to first order
    and without a backward pass: with probabilities p and values v, d mean / d logit k = p_k (v_k - mean). Places are
    compared with what the training photographs hold on average in the same bins. `CELLS` a side, whatever the shape of
    the photograph, each with its share of the places it covers; the sum over cells is that over places.

    Args:
        network: trained; its decoder is left out.
        values: (M,) that can be voted, native units.
        typical: (M * P, 21) mean pooled features of the training photographs.
    """

    weight: Tensor
    bias: Tensor
    values: Tensor
    typical: Tensor

    def __init__(self, network: Semantic, values: Tensor, typical: Tensor) -> None:
        super().__init__()
        self.backbone, self.project = network.backbone, network.project
        weight, score_levels = network.out.weight.detach(), network.score_levels
        if network.split:  # as the joint one that it is, with zeros for the other groups
            groups = weight.new_zeros(score_levels, score_levels, weight.shape[1])
            groups[range(score_levels), range(score_levels)] = weight
            weight = groups.flatten(1)
        self.register_buffer("weight", weight.reshape(score_levels, -1, PYRAMID_VALUES).clone())  # (M, M * P, 21)
        self.register_buffer("bias", network.out.bias.detach().clone())
        self.register_buffer("values", values)
        self.register_buffer("typical", typical)

    def places(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, M) distribution, (B, M * P, 21) pooled features, (B, rows, columns) points that each place adds."""
        found = self.project(self.backbone.forward_features(pixels))
        bins = pyramid_bins(found)
        pooled = found.flatten(2) @ bins.flatten(1).T
        shares = (pooled.flatten(1) @ self.weight.flatten(1).T + self.bias).softmax(dim=1)
        mean = shares @ self.values
        by_logit = shares * (self.values - mean[:, None])
        slope = (by_logit @ self.weight.flatten(1)).unflatten(1, (-1, PYRAMID_VALUES))  # (B, M * P, 21), of the mean
        here = ((slope @ bins.flatten(1)) * found.flatten(2)).sum(dim=1)
        usual = (slope * self.typical).sum(dim=1) @ bins.flatten(1)
        return shares, pooled, (here - usual).unflatten(1, (found.shape[2], found.shape[3]))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 1) mean, (B, M * P * 21) pooled features, (B, 1, CELLS, CELLS) evidence, (B, M) distribution."""
        shares, pooled, places = self.places(pixels)
        down, across = overlaps(places[0, :, 0], EVIDENCE_CELLS), overlaps(places[0, 0], EVIDENCE_CELLS)
        return (shares @ self.values)[:, None], pooled.flatten(1), (down @ places @ across.T)[:, None], shares


def pyramid(features: Tensor) -> Tensor:
    """Spatial pyramid pooling: (B, C, rows, columns) -> (B, C, 21) means over 1, 4 and 16 bins, row by row."""
    return features.flatten(2) @ pyramid_bins(features).flatten(1).T


def pyramid_bins(features: Tensor) -> Tensor:
    """(21, rows, columns) weight of each place in each bin; those of a bin sum to 1."""
    parts = []
    for bins in PYRAMID_BINS:
        down, across = (
            side / side.sum(dim=1, keepdim=True)
            for side in (overlaps(features[0, 0, :, 0], bins), overlaps(features[0, 0, 0], bins))
        )
        parts.append((down[:, None, :, None] * across[None, :, None, :]).flatten(0, 1))
    return torch.cat(parts)


def overlaps(along: Tensor, bins: int) -> Tensor:
    """(bins, length) how much of each place lies in each of ``bins`` equal parts of the length; a place's sum to 1.

    Args:
        along: (length,) any values; its length counts. Of arithmetic on tensors only, so that a model file has it for
            every length.
    """
    place = torch.arange(along.shape[0], device=along.device, dtype=torch.float32)
    part = (place[-1] + 1) / bins
    start = torch.arange(bins, device=along.device, dtype=torch.float32)[:, None] * part
    return (torch.minimum(place + 1, start + part) - torch.maximum(place, start)).clamp(min=0)
