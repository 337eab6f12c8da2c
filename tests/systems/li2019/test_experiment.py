"""The experiment of Li et al. (2019): which photographs and which trainings there are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.systems.li2019 import experiment
from beholder.systems.li2019.experiment import OWN_RATES, TWO_DOMAINS, LiConfig, recipe_for, second_photos, train_chosen
from beholder.systems.li2019.recipe import PAPER, LiRecipe
from beholder.systems.study_runs import Outcome, Result
from helpers.li2019 import RECIPE
from helpers.trainings import save_csv


def config(second: RatedPhotos, folder: Path, shared: str, count: int | None = None, splits: bool = False) -> LiConfig:
    """Of a second domain in a CSV file."""
    rows = [
        {"image": str(path), "warm": value} | ({"split": part} if splits else {})
        for path, value, part in zip(second.paths, second.ratings[:, 1], second.splits or (), strict=True)
    ]
    table = str(save_csv(folder / "second.csv", rows))
    recipe = replace(RECIPE, shared=shared)
    return LiConfig("oasis", None, 1, 1, False, recipe, False, folder, None, table, second_count=count)


@pytest.mark.parametrize(
    ("shared", "count", "splits", "parts"),
    [
        ("whole", None, False, {"train": 20}),  # all, and nothing held out
        ("whole", 12, False, {"train": 12}),
        ("whole", None, True, {"train": 12, "validation": 4, "test": 4}),  # parts that are given stay
        ("last", None, False, {"train": 10, "validation": 2, "test": 3}),
        ("none", None, False, {"train": 10, "validation": 2, "test": 3}),
        ("last", 10, False, {"train": 7, "validation": 1, "test": 2}),
        ("last", 20, False, {"train": 14, "validation": 2, "test": 4}),
    ],
)
def test_second_domain_is_whole_where_the_network_is(
    shared: str,
    count: int | None,
    splits: bool,
    parts: dict[str, int],
    second: RatedPhotos,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(experiment, "KEPT_SECOND_COUNT", 15)
    found = second_photos(config(second, tmp_path, shared, count, splits))
    assert {part: (found.splits or ()).count(part) for part in set(found.splits or ())} == parts


@pytest.mark.parametrize("data", ["ava", "aadb"])
def test_papers_data_have_its_settings(data: str) -> None:
    """Section 4.1; weights of its backbone are on no package index, so that it is asked for by name."""
    assert replace(recipe_for(data), backbone="densenet121") == PAPER
    assert (PAPER.shared, PAPER.resize, PAPER.side, PAPER.hidden) == ("whole", 256, 224, (1024, 512))
    assert (PAPER.lr_shared, PAPER.lr_branches, PAPER.lr_inter_task) == (1e-5, 1e-4, 1e-4)
    assert (PAPER.decay, PAPER.weight_decay, PAPER.momentum, PAPER.epochs1) == (0.9, 1e-5, 0.9, 20)
    assert recipe_for("oasis") == LiRecipe() and LiRecipe().backbone == recipe_for(data).backbone == "mobilenet_v2"


def test_what_was_tried_is_not_trained_again(photos: RatedPhotos, tmp_path: Path) -> None:
    trained = []

    def train(part: RatedPhotos, recipe: LiRecipe, checkpoint: Path) -> Outcome:
        trained.append((part is folds[0], recipe.single, recipe.lr_branches, recipe.seed))
        return outcome

    folds = [photos, photos.with_splits((photos.splits or ())[1:] + (photos.splits or ())[:1])]
    rows = np.flatnonzero(np.array(photos.splits) == "test")
    outcome = Outcome([], {"alone": np.zeros((len(rows), 1))})
    tried = {(name, rate): Result(name, 0, 0, rows, outcome) for name, rate in ((TWO_DOMAINS, 0.01), (OWN_RATES, 0.03))}
    both = replace(RECIPE, lr_branches=0.01, lr_shared=0.001)
    chosen = {TWO_DOMAINS: both, "alone": replace(both, single=True)}
    wanted = replace(config(photos, tmp_path, "last"), seeds=2)
    train_chosen(wanted, folds, 2, chosen, tried, train, {})
    everything = [(first, single, 0.01, seed) for first in (True, False) for seed in (0, 1) for single in (False, True)]
    assert trained == [each for each in everything if each != (True, False, 0.01, 0)]
