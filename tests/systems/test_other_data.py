"""Scores of a network for another data set: which photographs, and when kept scores are taken."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import SPLITS, RatedPhotos
from beholder.systems.other_data import network_identity, rows_to_score, scores_of_other_data
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from helpers import tiny_backbones
from helpers.layouts import split_photos


@pytest.mark.parametrize(
    ("parts", "drawn", "count", "which"),
    [
        (["train", "test"] * 5, (), 5, "its test part, 5 (published split)"),
        (["train", "test"] * 5, SPLITS, 5, "its test part, 5 (split drawn with a seed)"),
        (None, (), 3, "3 of 10, drawn with seed 0; no split"),
    ],
)
def test_a_test_part_is_scored_whole(
    parts: list[str] | None, drawn: tuple[str, ...], count: int, which: str, tmp_path: Path
) -> None:
    """The limit is for data without one only."""
    photos = split_photos(tmp_path, list(range(10)), parts or ["test"] * 10)
    other = replace(photos, splits=None if parts is None else photos.splits, drawn=drawn)
    rows, words = rows_to_score(other, 3)
    assert (len(rows), words) == (count, which) and (parts is None or (rows % 2 == 1).all())
    everything, words = rows_to_score(replace(other, splits=None), 10)
    assert everything.tolist() == list(range(10)) and words == "all 10; no split"


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RatedPhotos:
    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    return split_photos(tmp_path / "own", list(range(6)), ["train", "test"] * 3)


def test_kept_scores_are_of_the_same_network(photos: RatedPhotos, tmp_path: Path) -> None:
    """A split by groups, another stage, other weights or settings: each is scored again."""
    other = split_photos(tmp_path / "other", list(range(4)), ["test"] * 4)
    network, recipe, asked = torch.nn.Linear(2, 1), SoydanerRecipe("tiny"), list[int]()

    def scores(photos: RatedPhotos, recipe: SoydanerRecipe = recipe, stage: int = 2) -> np.ndarray:
        def score(paths: Sequence[Path]) -> list[float]:
            asked.append(len(paths))
            return [float(path.stem) for path in paths]

        identity = network_identity(network, photos, recipe, stage)
        return scores_of_other_data(other, 2, score, tmp_path, identity, batch=4).predicted

    def counted(*args: object, **options: object) -> int:
        asked.clear()
        np.testing.assert_array_equal(scores(*args, **options), range(4))  # type: ignore[arg-type]
        return sum(asked)

    by_group = photos.with_splits(["train", "train", "test"] * 2)
    assert [counted(photos), counted(photos), counted(by_group), counted(photos)] == [4, 0, 4, 4]
    assert [counted(photos, stage=1), counted(photos), counted(photos, replace(recipe, seed=1))] == [4, 4, 4]
    assert counted(photos) == 4
    with torch.no_grad():
        network.bias += 1
    assert [counted(photos), counted(photos)] == [4, 0]
