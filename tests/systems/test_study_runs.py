"""The trainings of a study: each once, in order, kept when it ends, and counted before they start."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.errors import BeholderError
from beholder.systems.study_runs import Outcome, count_trainings, split_into_folds, train_all
from helpers.coloured_data import make_oasis


@dataclass(frozen=True)
class Rate:
    rate: float
    batch: int = 8
    seed: int = 0


SETTINGS = {"fast": Rate(0.1), "slow": Rate(0.01)}
Train = Callable[[RatedPhotos, Rate, Path], Outcome]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    return load_data("oasis", make_oasis(tmp_path_factory.mktemp("data"), 24))


@pytest.fixture(scope="module")
def folds(photos: RatedPhotos) -> list[RatedPhotos]:
    return split_into_folds(photos, 2)


def until(trained: list[Rate], last: int) -> Train:
    """Stands for a training; the one after the last is interrupted when it has a checkpoint."""

    def train(photos: RatedPhotos, recipe: Rate, checkpoint: Path) -> Outcome:
        checkpoint.touch()
        if len(trained) == last:
            raise KeyboardInterrupt
        trained.append(recipe)
        return Outcome([{"epoch": 1}], {"training": np.full((2, 3), recipe.rate)})

    return train


def test_a_stopped_study_goes_on(folds: list[RatedPhotos], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert count_trainings(folds, SETTINGS, 2, tmp_path) == (8, 0)
    first: list[Rate] = []
    with pytest.raises(KeyboardInterrupt):
        train_all(folds, SETTINGS, 2, tmp_path, until(first, 3))
    assert count_trainings(folds, SETTINGS, 2, tmp_path) == (8, 3)
    capsys.readouterr()
    rest: list[Rate] = []
    results = train_all(folds, SETTINGS, 2, tmp_path, until(rest, 8))
    assert first + rest == [
        replace(recipe, seed=seed) for _ in folds for seed in range(2) for recipe in SETTINGS.values()
    ]
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == [
        "training 4 of 8: slow, seed 1, fold 0, goes on with the epoch that it was in",
        "training 5 of 8: fast, seed 0, fold 1",
    ]
    assert len(said) == 5 and count_trainings(folds, SETTINGS, 2, tmp_path) == (8, 8)
    assert [(each.setting, each.seed, each.fold) for each in results] == [
        (name, seed, fold) for fold in range(2) for seed in range(2) for name in SETTINGS
    ]
    assert all((each.outcome.predicted["training"] == SETTINGS[each.setting].rate).all() for each in results)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["fast-seed0-fold0.safetensors"]


def test_trainings_of_another_recipe_do_not_count(folds: list[RatedPhotos], tmp_path: Path) -> None:
    train_all(folds, SETTINGS, 1, tmp_path, until([], 4))
    other = {name: replace(recipe, rate=1.0) for name, recipe in SETTINGS.items()}
    assert count_trainings(folds, other, 1, tmp_path) == (4, 0)
    assert count_trainings(folds, other, 1, tmp_path, chosen=("rate",)) == (4, 4)
    assert count_trainings(folds, {"fast": Rate(1.0, batch=4)}, 1, tmp_path, chosen=("rate",)) == (2, 0)
    assert count_trainings(folds, SETTINGS, 1, tmp_path, {"second": "other data"}) == (4, 0)
    again: list[Rate] = []
    train_all(folds, other, 1, tmp_path, until(again, 4))
    assert len(again) == 4 and count_trainings(folds, other, 1, tmp_path) == (4, 4)


@pytest.mark.parametrize(("part", "empty"), [("test", "train"), ("train", "test")])
def test_a_split_that_leaves_nothing_is_refused(part: str, empty: str, photos: RatedPhotos) -> None:
    with pytest.raises(BeholderError) as caught:
        split_into_folds(photos.with_splits([part] * len(photos)), 1)
    assert f"oasis: 0 photographs in the {empty} part, at least 2 are needed" in str(caught.value)
