"""What a network costs: parameters, and arithmetic for a photograph. Computes nothing: the meta device holds shapes."""

import copy
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from beholder.models.backbone import BACKBONES, create
from beholder.models.multitask import MultiTask


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
        weights: name in `beholder.weights`.
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


def parameters(network: nn.Module) -> int:
    """How many values training could change; running statistics are not among them."""
    return sum(parameter.numel() for parameter in network.parameters())


def gflop(network: nn.Module, size: tuple[int, int]) -> float:
    """Billions of operations for one photograph, a multiply-add counted as two; convolutions and matrix products only.

    Args:
        network: reads uint8 pixels (B, 3, H, W). Nothing is computed with it.
        size: (H, W).
    """
    # The meta device takes attention apart into the matrix products that the counter knows; the CPU's kernel is not.
    shapes = copy.deepcopy(network).to("meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shapes(torch.zeros(1, 3, *size, dtype=torch.uint8, device="meta"))
    return counter.get_total_flops() / 1e9


def cost(name: str) -> Cost:
    """Of one backbone by name."""
    with torch.device("meta"):
        backbone = create(name, pretrained=False)
        aadb, eva = (MultiTask(backbone, outputs=outputs).eval() for outputs in (12, 5))
    own = parameters(backbone)
    trained = [sum(value.numel() for value in aadb.trained(stage).values()) for stage in (1, 2)]
    return Cost(
        name=name,
        backbone=own,
        outputs_12=parameters(aadb),
        outputs_5=parameters(eva),
        stage_1=trained[0],
        stage_2=trained[1],
        gflop=gflop(aadb, (backbone.side, backbone.side)),
        side=backbone.side,
        weights=BACKBONES[name].weights,
    )


def all_costs() -> list[Cost]:
    """Of every backbone."""
    return [cost(name) for name in BACKBONES]
