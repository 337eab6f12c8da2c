"""The commands of the documentation that train: as they are written, but for a tiny network and few steps."""

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from beholder.embedded import default
from beholder.metrics import resampled
from beholder.scoring.model_file import embedded_path
from beholder.systems import study
from beholder.systems.compared.recipes import ComparedRecipe
from beholder.systems.registry import COMPARED, SYSTEMS, find_system
from beholder.training.features import Extractor
from helpers import tiny_backbones
from helpers.shell_examples import SHELL, Block, Words, is_long, named, pipelines, run

pytestmark = pytest.mark.slow

TINY: dict[str, dict[str, Any]] = {
    "soydaner2023": {"side": 32, "hidden": (16, 8), "batch": 8, "epochs1": 1, "steps1": 0, "epochs2": 1},
    "li2019": {"resize": 24, "side": 16, "hidden": (16, 8), "batch": 8, "epochs1": 1, "epochs2": 1},
    "song2023": {"side": 32, "maps": 2, "batch": 8, "epochs1": 1},
    **{name: {"batch": 8, "epochs1": 1, "steps1": 0} for name in COMPARED},
}
TRAINING = [block for block in SHELL if not block.reason and any(map(is_long, pipelines(block.text)))]
COLOURS = Extractor("colours", (16, 16), 1, (3,), lambda pixels: pixels.mean((1, 2), dtype=np.float32))


class Colours(nn.Module):
    """Mean colours, in place of the default model's features."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float().mean((2, 3))


@pytest.fixture
def tiny(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tiny networks, in trainings and in the papers' experiments; and a model file that can be made 8 bits."""
    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    monkeypatch.setattr(tiny_backbones.Tiny, "multiple", 1)  # an aspect ratio is kept
    monkeypatch.setattr(study, "resampled", functools.partial(resampled, resamples=50))
    monkeypatch.setattr("beholder.systems.soydaner2023.analysis.ACROSS_COUNT", 10)
    monkeypatch.setattr("beholder.systems.soydaner2023.analysis.DELETION_PHOTOS", 6)
    monkeypatch.setattr("beholder.systems.comparison.TIMED_TURNS", 1)
    for name in SYSTEMS:
        settings = TINY[name]
        functions = find_system(name).functions()
        recipe = replace(functions.recipe_for("oasis"), backbone="tiny", **settings)
        monkeypatch.setattr(functions, "recipe_for", lambda data, recipe=recipe: recipe)
    compared = ComparedRecipe("tiny", **TINY["pan2019"])
    monkeypatch.setattr("beholder.systems.compared.report.recipe_for", lambda data: compared)
    Path("mine.onnx").unlink()
    run([quickened(["beholder", "train", "soydaner2023", "--data", "ratings.csv", "--out", "mine.onnx"])])
    yield


def quickened(words: Words) -> Words:
    """A training with options that make it quick: the last one of a name counts."""
    if words[:2] == ["beholder", "reproduce"]:
        quick = {"--backbone": "tiny", "--epochs1": "1"}
        changed = [each for name, value in quick.items() if name in words for each in (name, value)]
        return [*words, "--folds", "1", *(["--seeds", "1"] if words[2] != "all" else []), *changed]
    settings = TINY.get(words[2], {}) if words[:2] == ["beholder", "train"] else {}
    if not settings:
        return words
    added = ["--backbone", "tiny"]
    for name, value in settings.items():
        added += [f"--{name}", *map(str, value if isinstance(value, tuple) else [value])]
    return [*words, *added]


@named(TRAINING)
def test_block_runs(block: Block, tiny: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for pipeline in pipelines(block.text):
        with monkeypatch.context() as patch:
            if pipeline[0][:2] == ["beholder", "reproduce"]:
                patch.setattr(default, "extractor", lambda recipe: COLOURS)
                patch.setattr(default, "frozen_features", lambda recipe: Colours())
            if pipeline[0][:3] == ["beholder", "train", "probe"]:  # the file that it extends has features
                patch.setattr("beholder.scoring.model_file.embedded_path", embedded_path)
            run([quickened(words) for words in pipeline])
