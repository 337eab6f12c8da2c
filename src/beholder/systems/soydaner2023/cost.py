"""Parameters and operations of the network on every backbone."""

from dataclasses import dataclass

import torch

from beholder.models.backbones.base import create_backbone
from beholder.models.cost import count_parameters, gflop
from beholder.models.registry import backbone_names
from beholder.systems.soydaner2023.network import MultiTask


@dataclass(frozen=True)
class Cost:
    """A backbone under the multi-task head.

    Attributes:
        name: of the backbone.
        backbone: its parameters.
        outputs_12, outputs_5: parameters with the head, for the outputs of AADB and of EVA.
        stage_1, stage_2: how many of the 12-output network's each stage trains.
        gflop: a photograph, at `side`.
        side: pixels a side of the input.
        weights: name in `beholder.models.weights`.
    """

    name: str
    backbone: int
    outputs_12: int
    outputs_5: int
    stage_1: int
    stage_2: int
    gflop: float
    side: int
    weights: str


def cost(name: str) -> Cost:
    """Of one backbone by name."""
    with torch.device("meta"):
        backbone = create_backbone(name, pretrained=False)
        aadb, eva = (MultiTask(backbone, outputs=outputs).eval() for outputs in (12, 5))
    own = count_parameters(backbone)
    trained = [sum(value.numel() for value in aadb.trainable_parameters(stage).values()) for stage in (1, 2)]
    return Cost(
        name=name,
        backbone=own,
        outputs_12=count_parameters(aadb),
        outputs_5=count_parameters(eva),
        stage_1=trained[0],
        stage_2=trained[1],
        gflop=gflop(aadb, (backbone.side, backbone.side)),
        side=backbone.side,
        weights=name,
    )


def all_costs() -> list[Cost]:
    """Of every backbone."""
    return [cost(name) for name in backbone_names()]
