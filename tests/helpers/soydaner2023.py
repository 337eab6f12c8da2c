"""What the tests of Soydaner & Wagemans (2023) share: settings, photographs, comparisons."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from beholder.photos.read import read_photo
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import SoydanerResult
from beholder.tasks import Task
from helpers.factories import save_photo
from helpers.trainings import Done, run, story

CPU = torch.device("cpu")


TASKS = (Task("look", 1, 10), Task("warm_light", -1, 1), Task("detail", 0, 1))


RECIPE = SoydanerRecipe(
    "tiny",
    hidden=(16, 8),
    dropout=0.2,
    batch=4,
    epochs1=3,
    steps1=0,
    epochs2=3,
    lr_head=0.005,
    lr_finetune=0.05,
    decay_steps=7,
)


def save_rated(folder: Path, count: int = 30) -> np.ndarray:
    """Photographs 0.jpg, ... of one colour each; (N, 3) ratings that follow from it, one of them missing in places."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        save_photo(folder / f"{number}.jpg", number)
    colours = np.array([read_photo(folder / f"{number}.jpg").pixels.mean((0, 1)) for number in range(count)]) / 128
    ratings = np.stack([1 + 9 * colours[:, 0], colours[:, 1] * 2 - 1, colours[:, 2]], axis=1)
    ratings = ratings.clip([1, -1, 0], [10, 1, 1]).round(3)
    ratings[::7, 1] = np.nan
    return ratings


def assert_same(first: SoydanerResult, second: SoydanerResult) -> None:
    """Bit for bit."""
    assert story(first.history) == story(second.history) and first.best == second.best
    np.testing.assert_array_equal(first.stage1, second.stage1)
    np.testing.assert_array_equal(first.stage2, second.stage2)
    for name, value in first.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


def train(*args: Any) -> Done:
    return run("train", "soydaner2023", "--device", "cpu", *args)
