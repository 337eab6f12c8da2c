"""The cost of a network: parameters, and operations for a photograph, counted on shapes without computing anything."""

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_parameters(network: nn.Module) -> int:
    """Number of trainable values; running statistics are not among them."""
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
