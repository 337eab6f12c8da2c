"""The personality-driven network of Li et al. (2019, Section 3 and Figure 3), on any backbone.

Average-pooled features of one backbone go to two branches: an aesthetic one (FC1024, FC512, one sigmoid output, eq. 1)
and a personality one (FC1024, FC512, K tanh outputs, eq. 3; K = 5: openness, conscientiousness, extraversion,
agreeableness, neuroticism). The inter-task layer adds the traits, each with a weight, to the aesthetic score (eq. 5).
With DenseNet-121: 6,953,856 parameters in the backbone, 1,574,913 and 1,576,965 in the branches, 5 between them.

Nothing but the numbers of units is said of the branches: here a ReLU follows each hidden layer, and layers have biases.
The traits may be any rated quantities of a second domain, brought to -1 to 1 by the ends of their scales.
"""

import torch
from torch import Tensor, nn

from beholder.models.backbones.base import Backbone
from beholder.models.head import evidence, head_outputs, init_glorot
from beholder.systems.li2019.recipe import HIDDEN


class Branch(nn.Module):
    """Pooled features (B, C) -> outputs before their activation (B, T)."""

    def __init__(self, channels: int, outputs: int, hidden: tuple[int, int] = HIDDEN) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden[0])
        self.fc2 = nn.Linear(hidden[0], hidden[1])
        self.out = nn.Linear(hidden[1], outputs)
        init_glorot((self.fc1, self.fc2, self.out))

    def forward(self, pooled: Tensor) -> Tensor:
        return self.out(torch.relu(self.fc2(torch.relu(self.fc1(pooled)))))


class Personality(nn.Module):
    """uint8 RGB pixels (B, 3, H, W) -> (B, 1 + K): the final score, mostly in 0 to 1, and traits in -1 to 1.

    Args:
        backbone: the shared layers.
        traits: K.
        hidden: units of the two fully connected layers of each branch.
    """

    def __init__(self, backbone: Backbone, traits: int = 5, hidden: tuple[int, int] = HIDDEN) -> None:
        super().__init__()
        self.backbone = backbone
        self.aesthetic = Branch(backbone.channels, 1, hidden)
        self.personality = Branch(backbone.channels, traits, hidden)
        self.inter_task = nn.Parameter(torch.zeros(traits))  # w of eq. 5

    def forward_aesthetic(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, C) -> aesthetic score (B, 1) in 0 to 1 (eq. 1)."""
        return torch.sigmoid(self.aesthetic(pooled))

    def forward_traits(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, C) -> traits (B, K) in -1 to 1 (eq. 3)."""
        return torch.tanh(self.personality(pooled))

    def forward_inter_task(self, branches: Tensor) -> Tensor:
        """Aesthetic score and traits (B, 1 + K) -> final score (B, 1) (eq. 5)."""
        return branches[:, :1] + (branches[:, 1:] * self.inter_task).sum(dim=1, keepdim=True)

    def forward_branches(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, C) -> aesthetic score and traits (B, 1 + K)."""
        return torch.cat([self.forward_aesthetic(pooled), self.forward_traits(pooled)], dim=1)

    def forward_head(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, C) -> final score and traits (B, 1 + K)."""
        branches = self.forward_branches(pooled)
        return torch.cat([self.forward_inter_task(branches), branches[:, 1:]], dim=1)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.forward_head(self.backbone(pixels))


class ScoringPersonality(nn.Module):
    """The trained network as it goes into a model file: native units, and signed Grad-CAM as in the multi-task network.

    Args:
        network: trained.
        low, high: (T,) ends of the scales: of the score, and unless it was trained alone of the K traits.
        typical: (C,) mean pooled features of the training photographs.
    """

    low: Tensor
    high: Tensor
    typical: Tensor

    def __init__(self, network: Personality, low: Tensor, high: Tensor, typical: Tensor) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.aesthetic = network.aesthetic
        self.personality = network.personality if len(low) > 1 else None
        self.inter_task = network.inter_task
        self.register_buffer("low", low)
        self.register_buffer("high", high)
        self.register_buffer("typical", typical)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T) scores in native units, (B, C) pooled features, (B, T, rows, columns) evidence in native units.

        The final score is cut at the ends of its scale; its evidence is not.
        """
        features = self.backbone.forward_features(pixels)
        pooled = features.mean(dim=(2, 3))
        outputs, slope = _through(self.aesthetic, pooled)
        unit = torch.sigmoid(outputs)
        slope = (unit * (1 - unit))[:, :, None] * slope
        if self.personality is not None:
            outputs, traits_slope = _through(self.personality, pooled)
            traits = torch.tanh(outputs)
            traits_slope = (1 - traits**2)[:, :, None] * traits_slope
            unit = unit + (traits * self.inter_task).sum(dim=1, keepdim=True)
            slope = slope + (traits_slope * self.inter_task[:, None]).sum(dim=1, keepdim=True)
            unit = torch.cat([unit, (traits + 1) / 2], dim=1)
            slope = torch.cat([slope, traits_slope / 2], dim=1)
        span = self.high - self.low
        maps = evidence(slope * span[:, None], features, self.typical)
        return self.low + unit.clamp(0, 1) * span, pooled, maps


class Centred(nn.Module):
    """A scoring network on the centre of larger pixels, as it was trained; its evidence is laid over the whole of them.

    Args:
        scoring: as :class:`ScoringPersonality`.
        size: pixels a side of what comes.
        side: pixels a side of what the network sees.
    """

    spread: Tensor

    def __init__(self, scoring: nn.Module, size: int, side: int, cells: int) -> None:
        super().__init__()
        self.scoring = scoring
        self.start, self.side = (size - side) // 2, side
        self.register_buffer("spread", laid_over(size, side, cells))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        stop = self.start + self.side
        scores, pooled, maps = self.scoring(pixels[:, :, self.start : stop, self.start : stop])
        return scores, pooled, self.spread @ maps @ self.spread.T


def laid_over(size: int, side: int, cells: int) -> Tensor:
    """(R, cells) share of each cell of the centre that lies in each of R cells of the whole; columns sum to 1.

    The R cells are as many as cells of the centre's size fit into the whole, rounded up.

    >>> laid_over(8, 4, 2)
    tensor([[0., 0.],
            [1., 0.],
            [0., 1.],
            [0., 0.]])
    """
    count = -(-size * cells // side)
    start = (size - side) // 2
    centre = start + torch.linspace(0, side, cells + 1, dtype=torch.float64)
    whole = torch.linspace(0, size, count + 1, dtype=torch.float64)
    first = torch.maximum(whole[:-1, None], centre[:-1])
    last = torch.minimum(whole[1:, None], centre[1:])
    return ((last - first).clamp(min=0) * cells / side).float()


def _through(branch: Branch, pooled: Tensor) -> tuple[Tensor, Tensor]:
    return head_outputs(pooled, branch.fc1, branch.fc2, branch.out.weight, branch.out.bias)
