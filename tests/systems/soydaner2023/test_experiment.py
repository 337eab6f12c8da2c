"""Studies of Soydaner & Wagemans (2023): trained once, every photograph tested once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.systems import study_runs
from beholder.systems.soydaner2023 import experiment as soydaner_experiment
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import SoydanerResult, fit
from beholder.training.inputs import FeatureInputs
from helpers.soydaner2023 import CPU, RECIPE
from helpers.trainings import story

# Studies


SETTINGS = {"multi task": RECIPE, "single": replace(RECIPE, single=True, epochs2=0)}


def test_study_is_trained_once(
    photos: RatedPhotos, source: FeatureInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[SoydanerRecipe] = []

    def counted(photos: RatedPhotos, recipe: SoydanerRecipe, **options: Any) -> SoydanerResult:
        trained.append(recipe)
        return fit(photos, recipe, **options)

    monkeypatch.setattr(soydaner_experiment, "fit", counted)
    train = soydaner_experiment.trainer({"tiny": source}, CPU)
    fold_splits = study_runs.split_into_folds(photos, 5)
    first = study_runs.train_all(fold_splits, SETTINGS, 2, tmp_path, train)
    assert [(each.setting, each.seed, each.fold) for each in first] == [
        ("multi task", 0, 0),
        ("single", 0, 0),
        ("multi task", 1, 0),
        ("single", 1, 0),
    ]
    assert len(trained) == 4 and len(list(tmp_path.glob("*.json"))) == 4
    assert {path.stem for path in tmp_path.glob("*.safetensors")} <= {"multi-task-seed0-fold0"}
    direct = fit(photos, RECIPE, source=source, device=CPU)
    assert direct.stage2 is not None
    np.testing.assert_array_equal(first[0].outcome.predicted["fine-tuning"], direct.stage2[first[0].test])
    assert list(first[0].outcome.predicted) == ["training", "fine-tuning"]
    assert list(first[1].outcome.predicted) == ["training"]
    assert first[1].outcome.predicted["training"].shape == (6, 1)

    def again(settings: dict[str, SoydanerRecipe]) -> tuple[int, list[study_runs.Result]]:
        trained.clear()
        found = study_runs.train_all(fold_splits, settings, 2, tmp_path, train)
        return len(trained), found

    count, found = again(SETTINGS)
    assert count == 0
    for ours, theirs in zip(found, first, strict=True):
        assert story(ours.outcome.history) == story(theirs.outcome.history)
        for stage, predicted in ours.outcome.predicted.items():
            np.testing.assert_array_equal(predicted, theirs.outcome.predicted[stage])
    for broken_text in ("", "[]", '{"made_by": 1}', (tmp_path / "single-seed1-fold0.json").read_text()[:-50]):
        (tmp_path / "single-seed1-fold0.json").write_text(broken_text)
        count, found = again(SETTINGS)
        assert count == 1
        np.testing.assert_array_equal(*(each[3].outcome.predicted["training"] for each in (found, first)))
    whole = json.loads((tmp_path / "single-seed0-fold0.json").read_text())
    del whole["predicted"]
    (tmp_path / "single-seed0-fold0.json").write_text(json.dumps(whole))
    assert again(SETTINGS)[0] == 1
    assert again({name: replace(recipe, lr_head=0.01) for name, recipe in SETTINGS.items()})[0] == 4


@pytest.mark.parametrize("by_group", [False, True])
def test_every_photograph_is_tested_once(by_group: bool, photos: RatedPhotos) -> None:
    groups = tuple(f"theme {number % 12}" for number in range(len(photos)))
    fold_splits = study_runs.split_into_folds(replace(photos, splits=None, groups=groups), 5, by_group)
    parts = np.array([each.splits for each in fold_splits])
    assert ((parts == "test").sum(axis=0) == 1).all() and len(fold_splits) == 5
    assert all({"train", "validation", "test"} == set(part) for part in parts)
    cut = [len({(group, part) for group, part in zip(groups, row, strict=True)}) > 12 for row in parts]
    assert any(cut) != by_group
    assert len(study_runs.split_into_folds(replace(photos, splits=None), 2)) == 2


def test_published_split_stays(photos: RatedPhotos) -> None:
    assert [each.splits for each in study_runs.split_into_folds(photos, 5)] == [photos.splits]
    without = tuple("train" if part == "validation" else part for part in photos.splits or ())
    (made,) = study_runs.split_into_folds(replace(photos, splits=without), 5)
    assert (made.splits or ()).count("validation") == 3
    assert [part == "test" for part in made.splits or ()] == [part == "test" for part in without]
