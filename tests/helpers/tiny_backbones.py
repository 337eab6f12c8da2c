"""Backbones of a few hundred parameters, known by name as the real ones are: a training takes a tenth of a second."""

import operator
from collections.abc import Callable, MutableMapping
from typing import Any

from torch import Tensor, nn

import beholder.models.weights
from beholder.models.backbones import base
from beholder.models.backbones.base import Backbone
from beholder.models.registry import BACKBONES, Entry
from beholder.training.seeding import seeded


class Tiny(Backbone):
    """Three convolutions: one in the stem, one that stage 2 trains, one after it that nothing trains."""

    channels = 6
    side = 16
    multiple = 2
    tuned = ("late.0",)

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU())
        self.late = nn.Sequential(nn.Conv2d(4, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 6, 3, padding=1), nn.ReLU())

    def stem(self, pixels: Tensor) -> Tensor:
        return self.early(self.normalise(pixels))

    def tail(self, middle: Tensor) -> Tensor:
        return self.late(middle)


class Tokens(Backbone):
    """As transformers: what comes after the stem is no map but a row of tokens."""

    channels = 6
    side = 16
    tuned = ("late.0",)

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Conv2d(3, 4, 4, stride=4)
        self.late = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 6), nn.ReLU())

    def stem(self, pixels: Tensor) -> Tensor:
        return self.early(self.normalise(pixels)).flatten(2).transpose(1, 2)

    def tail(self, middle: Tensor) -> Tensor:
        return self.late(middle).transpose(1, 2).unflatten(2, (4, 4))


class Cells(Backbone):
    """Sees the mean brightness of each of 2 x 3 cells, and nothing else; only its first layer has values."""

    channels = 6
    side = 16
    tuned = ("early",)

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Conv2d(3, 1, 1)

    def stem(self, pixels: Tensor) -> Tensor:
        return self.normalise(pixels)

    def tail(self, middle: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(self.early(middle), (2, 3)).flatten(1)[:, :, None, None]


NETWORKS = {"tiny": Tiny, "tokens": Tokens, "cells": Cells}


def load(name: str) -> dict[str, Any]:
    """Their pretrained weights: drawn, but always the same; biases above 0, so that no unit is silent for all."""
    with seeded(7):
        state = NETWORKS[name]().state_dict()
    return {key: (value.abs() if key.endswith("bias") else 2 * value).numpy() for key, value in state.items()}


def register(
    setitem: Callable[[MutableMapping, str, Any], None] = operator.setitem,
    setattribute: Callable[[Any, str, Any], None] = setattr,
) -> None:
    real = beholder.models.weights.load_weights
    for number, (name, network) in enumerate(NETWORKS.items()):
        entry = beholder.models.registry.Weights(f"{name} drawn weights", "CC0", str(number) * 64)
        setitem(beholder.models.registry.REGISTRY, name, entry)
        setitem(BACKBONES, name, Entry(__name__, network.__name__, name))
    setattribute(base, "load_weights", lambda name: load(name) if name in NETWORKS else real(name))
