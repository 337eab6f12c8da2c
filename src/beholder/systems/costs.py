"""Parameters of the network of each system, on the backbone that its recipe names and with its paper's outputs."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from beholder.models.backbones.base import create_backbone
from beholder.models.cost import count_parameters
from beholder.systems.compared.network import Compared
from beholder.systems.compared.recipes import BOTH, ComparedRecipe, HouRecipe, KongRecipe, NimaRecipe, PanRecipe
from beholder.systems.compared.train import make_head
from beholder.systems.li2019.recipe import LiRecipe
from beholder.systems.li2019.train import make_network as make_li
from beholder.systems.registry import SOURCES
from beholder.systems.song2023.network import WithoutDecoder
from beholder.systems.song2023.recipe import SongRecipe
from beholder.systems.song2023.train import make_network as make_song
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import make_network as make_soydaner

AADB_TASKS, AVA_LEVELS, BIG_FIVE = 12, 10, 5


@dataclass(frozen=True)
class SystemCost:
    """The network of a system.

    Attributes:
        name: of the system.
        backbone: name of the recipe's own backbone.
        parameters: of scoring, backbone and new layers; None for the probe, which may be on any model.
        predicts: its outputs, in words.
        source: who published it.
    """

    name: str
    backbone: str
    parameters: int | None
    predicts: str
    source: str


def system_costs() -> list[SystemCost]:
    """Of every published system, and of the probe. Needs no weights."""
    kong = KongRecipe(rank=BOTH, attributes=True, classes=10)
    found: dict[str, tuple[str, str, Callable[[], nn.Module]]] = {
        "soydaner2023": (
            (soydaner := SoydanerRecipe()).backbone,
            "12 scores",
            lambda: make_soydaner(soydaner, AADB_TASKS, pretrained=False),
        ),
        "li2019": (
            (li := LiRecipe()).backbone,
            "score and 5 traits",
            lambda: make_li(li, BIG_FIVE, pretrained=False),
        ),
        "song2023": (
            (song := SongRecipe()).backbone,
            "shares of 10 votes",
            lambda: WithoutDecoder(make_song(song, AVA_LEVELS, pretrained=False)),
        ),
        "nima2018": _compared(NimaRecipe(), 1, "shares of 10 votes"),
        "hou2017": _compared(HouRecipe(), 1, "shares of 10 bins"),
        "kong2016": _compared(kong, AADB_TASKS, "score, 11 attributes, 10 classes"),
        "pan2019": _compared(PanRecipe(), AADB_TASKS, "12 scores"),
    }
    costs = []
    for name, (backbone, predicts, make) in found.items():
        with torch.device("meta"):
            costs.append(SystemCost(name, backbone, count_parameters(make()), predicts, SOURCES[name]))
    source = "no paper: a linear head on a model or a backbone"
    return [*costs, SystemCost("probe", "default", None, "any ratings", source)]


def _compared(recipe: ComparedRecipe, outputs: int, predicts: str) -> tuple[str, str, Callable[[], nn.Module]]:
    def make() -> nn.Module:
        backbone = create_backbone(recipe.backbone, pretrained=False)
        return Compared(backbone, make_head(recipe, backbone.channels, outputs, torch.linspace(0, 1, AVA_LEVELS)))

    return recipe.backbone, predicts, make
