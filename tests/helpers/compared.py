"""What the tests of the compared systems share: a quick recipe of each kind."""

from typing import Any

import torch

from beholder.systems.compared.recipes import ComparedRecipe, HouRecipe, KongRecipe, NimaRecipe, PanRecipe

CPU = torch.device("cpu")
QUICK: dict[str, Any] = {
    "backbone": "tiny",
    "batch": 8,
    "epochs1": 3,
    "steps1": 0,
    "lr_head": 0.02,
    "epochs2": 2,
    "lr_finetune": 0.01,
    "lr_backbone": 0.01,
}
NARROW: dict[str, Any] = {"hidden": (12, 6), **QUICK}
RECIPES: dict[str, ComparedRecipe] = {
    "nima2018": NimaRecipe(dropout=0.2, **QUICK),
    "hou2017": HouRecipe(**QUICK),
    "kong2016": KongRecipe(**NARROW),
    "kong2016 whole": KongRecipe(rank="both", attributes=True, attribute_units=4, classes=3, **NARROW),
    "pan2019": PanRecipe(**NARROW),
    "pan2019 adversarial": PanRecipe(adversarial=0.1, **NARROW),
}
