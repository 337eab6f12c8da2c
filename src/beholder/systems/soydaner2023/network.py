"""The multi-task network of Soydaner & Wagemans (2023, Section 3 and Figure 1), on any backbone.

Feature map, global average pooling, FC128, FC64, dropout, one sigmoid output a task. With VGG16: 14,714,688 parameters
in the convolutions, 73,920 in the two hidden layers, 780 in an output layer of 12 units (AADB), 325 in one of 5 (EVA).

Outputs are in the unit interval. The paper does not say how ratings of -1 to 1, or of 1 to 4, meet a sigmoid: here
`Task` maps the ends of each rating scale to 0 and 1, and back.
"""

import torch
from torch import Tensor, nn

from beholder.models.backbones.base import Backbone
from beholder.models.head import evidence, head_outputs, init_glorot
from beholder.systems.two_stages import TwoStageNetwork


class MultiTask(TwoStageNetwork):
    """uint8 RGB pixels (B, 3, H, W) -> (B, T) in the unit interval, the overall score first.

    Args:
        backbone: pretrained.
        outputs: T tasks; with 1 it is the single-task network (Tables 6 and 8).
        hidden: units of the two fully connected layers.
        dropout: rate before the output layer: 0.35 for AADB, 0.25 for EVA.
        separate: an output layer of its own for each task (Section 3). All of them read the same 64 units, so the
            family of functions is the same; what differs is Glorot's initial range, which depends on a layer's width.
    """

    def __init__(
        self,
        backbone: Backbone,
        outputs: int,
        hidden: tuple[int, int] = (128, 64),
        dropout: float = 0.35,
        *,
        separate: bool = False,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.fc1 = nn.Linear(backbone.channels, hidden[0])
        self.fc2 = nn.Linear(hidden[0], hidden[1])
        self.dropout = nn.Dropout(dropout)
        layers = [nn.Linear(hidden[1], width) for width in ([1] * outputs if separate else [outputs])]
        self.out = nn.ModuleList(layers)
        init_glorot((self.fc1, self.fc2, *layers))

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Feature map (B, C, rows, columns)."""
        return self.backbone.forward_features(pixels)

    def forward_head(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, C) -> (B, T) in the unit interval."""
        hidden = self.dropout(torch.relu(self.fc2(torch.relu(self.fc1(pooled)))))
        return torch.sigmoid(torch.cat([layer(hidden) for layer in self.out], dim=1))

    def forward_tail(self, middle: Tensor) -> Tensor:
        """What the backbone's stem gave -> (B, T) in the unit interval."""
        return self.forward_head(self.pool_middle(middle))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(pixels).mean(dim=(2, 3)))


class ScoringMultiTask(nn.Module):
    """The trained network as it goes into a model file: native units, and Grad-CAM in the graph.

    Grad-CAM at the last feature map (Selvaraju et al. 2017), with its sign and in points of score: the gradient of a
    score by the pooled features, times what a place holds more of than the average place of the training photographs.

    Args:
        network: trained; its dropout is off here.
        low, high: (T,) ends of the scales.
        typical: (C,) mean pooled features of the training photographs.
    """

    out_weight: Tensor
    out_bias: Tensor
    low: Tensor
    high: Tensor
    typical: Tensor

    def __init__(self, network: MultiTask, low: Tensor, high: Tensor, typical: Tensor) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.fc1, self.fc2 = network.fc1, network.fc2
        state = network.state_dict()
        layers = range(len(network.out))
        self.register_buffer("out_weight", torch.cat([state[f"out.{layer}.weight"] for layer in layers]))
        self.register_buffer("out_bias", torch.cat([state[f"out.{layer}.bias"] for layer in layers]))
        self.register_buffer("low", low)
        self.register_buffer("high", high)
        self.register_buffer("typical", typical)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T) scores in native units, (B, C) pooled features, (B, T, rows, columns) evidence in native units."""
        features = self.backbone.forward_features(pixels)
        pooled = features.mean(dim=(2, 3))
        outputs, slope = head_outputs(pooled, self.fc1, self.fc2, self.out_weight, self.out_bias)
        unit, span = torch.sigmoid(outputs), self.high - self.low
        slope = (unit * (1 - unit) * span)[:, :, None] * slope
        return self.low + unit * span, pooled, evidence(slope, features, self.typical)
