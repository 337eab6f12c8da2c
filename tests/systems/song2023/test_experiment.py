"""The settings of the study of Song et al. (2023)."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.systems.song2023 import experiment
from beholder.systems.song2023.recipe import CONNECTED, LAST, WHOLE, SongRecipe
from beholder.systems.study_runs import Outcome
from helpers.song2023 import RECIPE


def test_the_encoder_is_trained_whole_on_ava() -> None:
    assert experiment.recipe_for("ava").shared == WHOLE and experiment.recipe_for("oasis").shared == LAST


@pytest.mark.parametrize("shared", [WHOLE, LAST])
def test_ablations_differ_from_the_complete_model_in_one_thing(shared: str) -> None:
    recipe = replace(RECIPE, shared=shared)
    complete = experiment.stage1(recipe)
    for name, ablation in experiment.ablations_of(recipe).items():
        changed = asdict(ablation).items() - asdict(complete).items()
        assert len(changed) == (2 if name == experiment.WITHOUT_BOTH else 1), name
        assert ablation.lr_encoder == (RECIPE.lr_encoder if shared == WHOLE else SongRecipe.lr_encoder)
    assert experiment.ablations_of(recipe)[experiment.CONNECTED_LAYER].pooling == CONNECTED


@pytest.mark.parametrize("most", [1000, 10])
def test_rates_of_the_whole_encoder_are_those_of_least_validation_loss(
    most: int, photos: RatedPhotos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "MOST_TRIED", most)
    recipe = replace(RECIPE, shared=WHOLE)
    config: Any = experiment.SongConfig("toy", None, 1, 1, False, recipe, False, tmp_path, None)
    best = {"lr_encoder": 3e-3, "lr_head": 0.01}

    def train(part: RatedPhotos, tried: SongRecipe, checkpoint: Path) -> Outcome:
        loss = 0.1 if {name: getattr(tried, name) for name in best} == best else 0.2
        return Outcome([{"stage": 1, "epoch": 1, "validation_loss": loss}], {"training": np.zeros((8, 3))})

    chosen, tried = experiment.chosen_recipe(config, [photos], train)
    assert len(tried) == (len(experiment.RATES_TRIED) if most == 1000 else 0)
    assert chosen == replace(experiment.stage1(recipe), **(best if tried else {}))
