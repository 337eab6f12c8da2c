"""What the tests of Song et al. (2023) share: settings, photographs, comparisons."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from beholder.data.rated_photos import RatedPhotos
from beholder.data.vote_distributions import summary
from beholder.data.votes import Histogram
from beholder.systems.song2023.recipe import SongRecipe
from beholder.tasks import Task
from helpers import tiny_backbones

CPU = torch.device("cpu")


RECIPE = SongRecipe(
    "tiny", side=16, maps=2, batch=8, epochs1=3, epochs2=2, lr_head=0.1, lr_finetune=0.05, lr_encoder=0.05
)


SHAPES = ((24, 24), (24, 36), (40, 20))  # height and width


class Strided(tiny_backbones.Tiny):
    """Takes any shape."""

    multiple = 1


class Normed(Strided):
    """With batch normalisation, whose statistics are far from those of any photograph."""

    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4), nn.ReLU())


def save_voted(folder: Path, count: int = 40) -> np.ndarray:
    """Photographs 0.png, ... of three shapes; (N, 3) votes, the higher the redder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    counts = []
    for number in range(count):
        red, other = rng.random(), (0.5, 0.4)
        noise = rng.random((*SHAPES[number % 3], 3)) * [red, *other]
        Image.fromarray((255 * noise).astype(np.uint8)).save(folder / f"{number}.png")
        counts.append(1 + np.round(60 * np.array([(1 - red) ** 2, 2 * red * (1 - red), red**2])).astype(int))
    return np.array(counts)


def voted(folder: Path, count: int = 40) -> RatedPhotos:
    histogram = Histogram(np.arange(1, 4), save_voted(folder, count))
    mean, sd, n = (column[:, None] for column in summary(histogram))
    parts = ("train", "train", "validation", "train", "test")
    splits = tuple(parts[number % 5] for number in range(count))
    files = tuple(f"{number}.png" for number in range(count))
    return RatedPhotos("toy", folder, files, (Task("look", 1, 3),), mean, None, splits, sd, n, None, histogram)


# Losses


def shares(seed: int, count: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    first, second = (torch.from_numpy(rng.dirichlet(np.ones(7), count)) for _ in range(2))
    return first, second
