"""The training of Song et al. (2023), on tiny networks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.vote_distributions import distribution
from beholder.errors import BeholderError
from beholder.metrics import means
from beholder.systems.song2023.inputs import VariableSizeInputs
from beholder.systems.song2023.recipe import NONE, WHOLE
from beholder.systems.song2023.train import (
    SongResult,
    batch_answers,
    fit,
    inputs,
    make_network,
    predict,
    reconstruction_error,
)
from beholder.training.checkpoint import Checkpoint
from helpers.song2023 import CPU, RECIPE

# Training


def story(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def assert_same(first: SongResult, second: SongResult) -> None:
    """Bit for bit."""
    assert story(first.history) == story(second.history) and first.best == second.best
    np.testing.assert_array_equal(first.stage1, second.stage1)
    np.testing.assert_array_equal(first.stage2, second.stage2)
    for name, value in first.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


def test_stages_train_what_they_are_to(whole: SongResult, photos: RatedPhotos) -> None:
    first = make_network(RECIPE, 3)
    changed = {
        name for name, value in whole.network.state_dict().items() if not torch.equal(value, first.state_dict()[name])
    }
    new, every = set(first.trainable_parameters(1)), set(first.trainable_parameters(2))
    tuned = {"backbone.late.0.weight", "backbone.late.0.bias"}
    assert not any(name.startswith("backbone.") for name in new) and every == new | tuned
    assert new <= changed and whole.best in (1, 2)
    assert {name for name in changed if name.startswith("backbone.")} <= tuned
    assert [row["stage"] for row in whole.history] == [1, 1, 1, 2, 2]
    held_out = np.array(photos.splits) != "train"
    for predicted in (whole.stage1, whole.stage2):
        assert predicted is not None and np.isnan(predicted[~held_out]).all()
        np.testing.assert_allclose(predicted[held_out].sum(axis=1), 1, rtol=1e-5)


def test_what_was_predicted_is_the_network(whole: SongResult, source: VariableSizeInputs, photos: RatedPhotos) -> None:
    rows = np.flatnonzero(np.array(photos.splits) == "test")[::-1]
    found = predict(whole.network, source, RECIPE.stages[whole.kept - 1], rows)
    np.testing.assert_allclose(found, whole.final[rows], rtol=1e-5)
    for row, expected in zip(rows, found, strict=True):
        pixels = source.pixels(np.array([row]), np.zeros(1, bool)).byte()
        with torch.inference_mode():
            np.testing.assert_allclose(whole.network(pixels).distribution[0], expected, atol=2e-3)


def test_kept_inputs_train_as_pixels(whole: SongResult, photos: RatedPhotos) -> None:
    direct = fit(photos, RECIPE, source=inputs(photos, RECIPE, CPU, keep=False), device=CPU)
    np.testing.assert_allclose(direct.stage2, whole.stage2, atol=5e-3)


@pytest.mark.parametrize("weights", [{"weight_emd": 1.0}, {"act": True}, {"weight_rebuilt": 1.0}])
def test_each_loss_reaches_an_encoder_that_is_trained_whole(
    weights: dict[str, Any], photos: RatedPhotos, source: VariableSizeInputs
) -> None:
    """One stage from pixels; batch normalisation keeps its statistics, and its factors and offsets learn."""
    alone = {"weight_emd": 0.0, "act": False, "weight_rebuilt": 0.0} | weights
    recipe = replace(RECIPE, backbone="normed", shared=WHOLE, epochs1=1, batch=16, weight_act=1.0, **alone)
    assert recipe.stages == (WHOLE,)
    trained = fit(photos, recipe, source=source, device=CPU)
    first, last = make_network(recipe, 3).state_dict(), trained.network.state_dict()
    encoder = {name for name in first if name.startswith("backbone.")}
    same = {name for name in encoder if torch.equal(first[name], last[name])}
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    assert same == {name for name in encoder if name.endswith(statistics)} and len(same) == 3 < len(encoder)
    assert [row["stage"] for row in trained.history] == [1] and trained.stage2 is None
    if "weight_emd" in weights:
        rows = np.flatnonzero(np.array(photos.splits) == "test")
        np.testing.assert_array_equal(predict(trained.network, source, WHOLE, rows), trained.final[rows])
        direct = fit(photos, recipe, source=inputs(photos, recipe, CPU, keep=False), device=CPU)
        np.testing.assert_array_equal(direct.final, trained.final)


def test_a_frozen_encoder_stays(photos: RatedPhotos, source: VariableSizeInputs) -> None:
    trained = fit(photos, replace(RECIPE, shared=NONE, epochs1=1), source=source, device=CPU)
    first = make_network(RECIPE, 3).backbone.state_dict()
    for name, value in trained.network.backbone.state_dict().items():
        assert torch.equal(value, first[name]), name


@pytest.mark.parametrize("epoch", [2, 4])
def test_stopped_goes_on(
    epoch: int,
    photos: RatedPhotos,
    source: VariableSizeInputs,
    whole: SongResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    save = Checkpoint.save

    def stop(self: Checkpoint, *given: Any) -> None:
        save(self, *given)
        if len(self.history) == epoch:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoint, "save", stop)
        fit(photos, RECIPE, source=source, checkpoint=path, device=CPU)
    assert_same(fit(photos, RECIPE, source=source, checkpoint=path, device=CPU), whole)
    with pytest.raises(BeholderError, match="another training, with weight_act"):
        fit(photos, replace(RECIPE, weight_act=0.5), source=source, checkpoint=path, device=CPU)


@pytest.mark.slow
def test_learns_what_was_planted(photos: RatedPhotos, source: VariableSizeInputs) -> None:
    """Votes that follow from the colour are learned nearly exactly, and group average pooling predicts them too."""
    everyone = photos.with_splits(["train" if split == "test" else split for split in photos.splits or ()])
    recipe = replace(
        RECIPE, epochs1=80, epochs2=0, lr_head=0.1, maps=16, decay=0.98, weight_act=0.3, weight_rebuilt=0.1
    )
    trained = fit(everyone, recipe, source=source, device=CPU)
    assert photos.histogram is not None
    truth, values = distribution(photos.histogram), photos.histogram.values
    usual = np.abs(truth.cumsum(axis=1) - truth.mean(axis=0).cumsum()).mean()
    for part, answer in batch_answers(trained.network, source, NONE, np.arange(len(photos))):
        for found in (answer.distribution.numpy(), answer.activated.numpy()):
            assert np.corrcoef(means(truth[part], values), means(found, values))[0, 1] > 0.8
        found = answer.distribution.numpy()
        assert np.abs(truth[part].cumsum(axis=1) - found.cumsum(axis=1)).mean() < 0.5 * usual


def test_an_auto_encoder_alone_is_judged_by_what_it_rebuilds(photos: RatedPhotos, source: VariableSizeInputs) -> None:
    recipe = replace(RECIPE, act=False, weight_emd=0, epochs1=3, epochs2=0)
    trained = fit(photos, recipe, source=source, device=CPU)
    rows = np.flatnonzero(np.array(photos.splits) == "validation")
    best = min(row["validation_loss"] for row in trained.history)
    assert reconstruction_error(trained.network, source, NONE, rows) == pytest.approx(best, abs=1e-5)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"maps": 0}, "maps is 0"),
        ({"lr_head": float("nan")}, "lr_head is nan"),
        ({"momentum": 1.0}, "momentum is 1"),
        ({"weight_act": -1.0}, "weight_act is -1"),
        ({"activation": "l2"}, "'l2'; there are l1, kl, js"),
        ({"pooling": "max"}, "pooling is 'max'; choose average or connected"),
        ({"shared": "all"}, "shared is 'all'; choose whole, last or none"),
    ],
)
def test_recipes_that_cannot_be(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BeholderError, match=words):
        replace(RECIPE, **changes)


def test_without_votes_nothing_is_learned(photos: RatedPhotos) -> None:
    with pytest.raises(BeholderError, match=r"no numbers of votes.*votes_1"):
        fit(replace(photos, histogram=None), RECIPE, device=CPU)
