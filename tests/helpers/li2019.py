"""What the tests of Li et al. (2019) share: settings, photographs, comparisons."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from beholder.data.rated_photos import RatedPhotos
from beholder.data.sets import aadb
from beholder.photos.read import read_photo
from beholder.systems.li2019.recipe import LiRecipe
from beholder.systems.li2019.train import LiResult, fit
from beholder.tasks import Task
from beholder.training.inputs import FeatureInputs
from helpers.factories import save_photo

CPU = torch.device("cpu")


RECIPE = LiRecipe(
    "tiny",
    resize=24,
    side=16,
    hidden=(16, 8),
    shared="last",
    mirror=True,
    batch=4,
    epochs1=3,
    epochs2=3,
    lr_shared=0.01,
    lr_branches=0.05,
    lr_inter_task=0.05,
)


SCORE, TRAITS = Task("look", 1, 10), (Task("warm", -1, 1), Task("detail", 0, 5))


PARTS = ("train", "validation", "train", "test", "train")


PLANTED = (-0.10, 0.07, 0.06, 0.10, -0.13)  # Section 4.4: signs of the five traits, the last two the largest


# So few steps that the traits are learned and the score is not yet: what is planted is left for the inter-task layer.
LEARNS = LiRecipe(
    "cells",
    resize=24,
    side=24,
    hidden=(24, 12),
    shared="none",
    mirror=False,
    batch=16,
    epochs1=30,
    epochs2=60,
    lr_shared=1e-5,
    lr_branches=0.01,
    lr_inter_task=0.3,
    decay=0.97,
)


def rated(folder: Path, name: str, tasks: tuple[Task, ...], numbers: range) -> RatedPhotos:
    """Photographs of one colour each, and ratings that follow from it."""
    folder.mkdir(parents=True)
    files = tuple(f"{number}.jpg" for number in numbers)
    for number, file in zip(numbers, files, strict=True):
        save_photo(folder / file, number)
    colours = np.array([read_photo(folder / file).pixels.mean((0, 1)) for file in files]) / 128
    columns = [task.from_unit(colours[:, place].clip(0, 1)) for place, task in enumerate(tasks)]
    splits = tuple(PARTS[number % 5] for number in range(len(files)))
    return RatedPhotos(name, folder, files, tasks, np.stack(columns, axis=1), splits=splits)


def trained_again(
    photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs], **changes: Any
) -> tuple[LiResult, list[tuple[str, np.ndarray, np.ndarray]]]:
    """A training, and its batches: domain, rows, views."""
    seen: list[tuple[str, np.ndarray, np.ndarray]] = []

    def watched(domain: str, made: FeatureInputs) -> FeatureInputs:
        def middle(rows: np.ndarray, views: np.ndarray) -> torch.Tensor:
            if torch.is_grad_enabled():
                seen.append((domain, rows, views))
            return made.middle(rows, views)

        return replace(made, middle=middle)

    made = [watched(domain, each) for domain, each in zip("ab", sources, strict=True)]
    return fit(photos, replace(RECIPE, **changes), second=second, source=made, device=CPU), seen


# Planted traits, in the published layouts


def brightness(path: Path, cells: np.ndarray, rng: np.random.Generator) -> None:
    """A photograph of 2 x 3 cells whose brightness says -1 to 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.repeat(np.repeat((128 + 90 * cells).reshape(2, 3), 12, axis=0), 8, axis=1)
    noise = rng.normal(0, 6, (24, 24, 3))
    Image.fromarray((grey[..., None] + noise).clip(0, 255).astype(np.uint8)).save(path, "JPEG", quality=95)


def make_psychoflickr(root: Path, users: int = 40) -> None:
    """Users' traits, and in each of their photographs a cell for each trait."""
    rng = np.random.default_rng(1)
    folder = root / "psychoflickr"
    lines = ["user,O,C,E,A,N"]
    for user in range(users):
        traits = rng.uniform(-1, 1, 5).round(3)
        lines.append(",".join([f"u{user}", *map(str, traits)]))
        for number in range(4):
            cells = np.append(traits + rng.normal(0, 0.05, 5), rng.uniform(-1, 1))
            brightness(folder / "images" / f"u{user}" / f"{user}-{number}.jpg", cells, rng)
    (folder / "users.csv").write_text("\n".join(lines) + "\n")


def planted(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """What is in a photograph, and its score in 0 to 1."""
    cells = rng.uniform(-1, 1, 6)
    return cells, float(np.clip(0.5 + cells[:5] @ PLANTED + rng.normal(0, 0.02), 0, 1))


def make_ava(root: Path, count: int = 150) -> None:
    rng = np.random.default_rng(2)
    lines = []
    for number in range(count):
        cells, score = planted(rng)
        brightness(root / "ava" / "images" / f"{1000 + number}.jpg", cells, rng)
        votes = np.bincount(rng.binomial(9, score, 150), minlength=10)
        lines.append(" ".join(map(str, [number + 1, 1000 + number, *votes, 0, 0, 1])))
    (root / "ava" / "AVA.txt").write_text("\n".join(lines) + "\n")


def make_aadb(root: Path) -> None:
    rng = np.random.default_rng(2)
    labels = root / "aadb" / "imgListFiles_label"
    labels.mkdir(parents=True)
    for split, count in (("Train", 100), ("Validation", 20), ("TestNew", 30)):
        scores = []
        for number in range(count):
            cells, score = planted(rng)
            brightness(root / "aadb" / "datasetImages_warp256" / f"{split}{number}.jpg", cells, rng)
            scores.append(score)
        for column in aadb.COLUMNS:
            lines = [f"{split}{number}.jpg {score:.4f}" for number, score in enumerate(scores)]
            (labels / f"imgList{split}Regression_{column}.txt").write_text("\n".join(lines) + "\n")
