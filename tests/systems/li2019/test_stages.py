"""The two stages of Li et al. (2019)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.systems.li2019.export import export
from beholder.systems.li2019.stages import least_squares
from beholder.systems.li2019.train import LiResult, fit
from beholder.training.inputs import FeatureInputs
from helpers.li2019 import CPU, PLANTED, RECIPE, trained_again
from helpers.trainings import story

# Training


def test_domains_alternate(
    photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs], whole: LiResult
) -> None:
    trained, seen = trained_again(photos, second, sources)
    assert story(trained.history) == story(whole.history)
    steps = 5  # 18 photographs of the first domain, 4 at a time
    assert "".join(domain for domain, *_ in seen) == "ab" * steps * RECIPE.epochs1
    train = [np.flatnonzero(np.array(each.splits) == "train") for each in (photos, second)]
    for epoch in range(RECIPE.epochs1):
        part = seen[2 * steps * epoch : 2 * steps * (epoch + 1)]
        mine, theirs = (np.concatenate([rows for domain, rows, _ in part if domain == name]) for name in "ab")
        assert sorted(mine) == train[0].tolist()
        assert len(theirs) == 4 * steps and set(theirs) == set(train[1])  # 12, repeated
    views = np.concatenate([views for *_, views in seen])
    assert set(views) == set(range(10))


def test_rates_fall_every_epoch(
    photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[list[float]] = []

    class Watched(torch.optim.SGD):
        def step(self, closure: Any = None) -> Any:
            assert all(group["momentum"] == 0.9 and group["weight_decay"] == 1e-5 for group in self.param_groups)
            rates.append([group["lr"] for group in self.param_groups])
            return super().step(closure)

    monkeypatch.setattr(torch.optim, "SGD", Watched)
    fit(photos, replace(RECIPE, epochs1=2, epochs2=2), second=second, source=sources, device=CPU)
    expected = [[0.01, 0.05]] * 10 + [[0.009, 0.045]] * 10 + [[0.05]] * 5 + [[0.045]] * 5
    np.testing.assert_allclose(np.concatenate(rates), np.concatenate(expected))


def test_inter_task_layer_sees_crops_as_the_branches_did(
    photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs]
) -> None:
    seen: list[tuple[list[int], list[int]]] = []

    def middle(rows: np.ndarray, views: np.ndarray) -> torch.Tensor:
        if not torch.is_grad_enabled() and not torch.is_inference_mode_enabled():
            seen.append((rows.tolist(), views.tolist()))
        return sources[0].middle(rows, views)

    watched = [replace(sources[0], middle=middle), sources[1]]
    recipe = replace(RECIPE, epochs1=1, epochs2=4)
    trained = fit(photos, recipe, second=second, source=watched, device=CPU)
    train = np.flatnonzero(np.array(photos.splits) == "train").tolist()
    steps = -(-len(train) // recipe.batch)
    epochs = [seen[start : start + steps] for start in range(0, len(seen), steps)]
    assert [sorted(row for rows, _ in epoch for row in rows) for epoch in epochs] == [train] * 4
    assert {view for _, views in seen for view in views} == set(range(10))
    assert [row["stage"] for row in trained.history] == [1, 2, 2, 2, 2]


def test_second_domain_may_be_learned_from_whole(
    photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs], tmp_path: Path
) -> None:
    """Nothing is measured on it then, so that there is no model file."""
    every = second.with_splits(["train"] * len(second))
    trained = fit(photos, RECIPE, second=every, source=sources, device=CPU)
    assert trained.second is None and trained.traits is not None
    assert all("second_loss" not in row for row in trained.history)
    with pytest.raises(BeholderError, match="second: all photographs were learned from"):
        export(photos, trained, RECIPE, sources, tmp_path / "m.onnx", second=every)


def test_inter_task_layer_finds_what_was_planted() -> None:
    """On branches that are given, so that nothing but equation 6 is asked."""
    rng = np.random.default_rng(0)
    branches = np.concatenate([rng.uniform(0.3, 0.7, (300, 1)), rng.uniform(-1, 1, (300, 5))], axis=1)
    score = branches[:, 0] + branches[:, 1:] @ PLANTED + rng.normal(0, 0.02, 300)
    score[::10] = np.nan
    np.testing.assert_allclose(least_squares(branches, score), PLANTED, atol=0.01)
