"""The training of Li et al. (2019), on tiny networks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import beholder
from beholder.cli.train.session import epoch_reporter
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data, split_of
from beholder.data.sets import psychoflickr
from beholder.models.backbones.base import Backbone, create_backbone
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.systems.li2019.domains import domain_inputs
from beholder.systems.li2019.recipe import LiRecipe
from beholder.systems.li2019.stages import inter_task_of
from beholder.systems.li2019.train import LiResult, fit, make_network
from beholder.training.inputs import FeatureInputs
from beholder.training.seeding import seeded
from helpers.li2019 import CPU, LEARNS, PLANTED, RECIPE, SCORE, TRAITS, trained_again
from helpers.trainings import Stop, story


def test_single_leaves_the_other_branch_untouched(
    photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs], whole: LiResult
) -> None:
    trained, seen = trained_again(photos, second, sources, single=True)
    both = trained_again(photos, second, sources)[1]
    mine = [each for each in both if each[0] == "a"]
    assert {domain for domain, *_ in seen} == {"a"} and len(seen) == len(mine)
    for (_, *ours), (_, *theirs) in zip(seen, mine, strict=True):  # the very same batches
        np.testing.assert_array_equal(ours, theirs)
    before, after = make_network(RECIPE, 2).state_dict(), trained.network.state_dict()
    moved = {name.split(".")[0] for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved == {"backbone", "aesthetic"}
    assert trained.stage2 is None and trained.second is None and trained.best == 1
    alone = fit(photos, replace(RECIPE, single=True), source=sources[:1], device=CPU)
    np.testing.assert_array_equal(alone.stage1, trained.stage1)
    assert not np.array_equal(alone.stage1, whole.stage1, equal_nan=True)


@pytest.mark.parametrize("shared", ["whole", "last", "none"])
def test_what_is_trained(shared: str, photos: RatedPhotos, second: RatedPhotos, tmp_path: Path) -> None:
    recipe = replace(RECIPE, shared=shared)
    made = [domain_inputs(each, recipe, CPU, cache=tmp_path) for each in (photos, second)]
    trained = fit(photos, recipe, second=second, source=made, device=CPU)
    before = make_network(recipe, 2).state_dict()
    moved = {
        name.rsplit(".", 1)[0]
        for name, value in trained.network.state_dict().items()
        if not torch.equal(value, before[name]) and name.startswith("backbone")
    }
    every = {"backbone.early.0", "backbone.late.0", "backbone.late.2"}
    assert moved == {"whole": every, "last": {"backbone.late.0"}, "none": set()}[shared]
    assert len(list(tmp_path.glob("features/*.npy"))) == (0 if shared == "whole" else 2)
    pixels = np.stack([resize_exact(read_photo(path), (24, 24))[4:20, 4:20] for path in photos.paths])
    with torch.inference_mode():
        found = trained.network(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    held_out = np.isfinite(trained.final[:, 0])
    assert held_out.tolist() == [part != "train" for part in photos.splits or ()]
    final = SCORE.from_unit(found[:, 0].numpy().clip(0, 1))
    np.testing.assert_allclose(final[held_out], trained.final[held_out, 0], atol=0.03)
    assert trained.traits is not None
    for place, task in enumerate(TRAITS):
        values = task.from_unit((found[:, 1 + place].numpy() + 1) / 2)
        np.testing.assert_allclose(
            values[held_out], trained.traits[held_out, place], atol=0.01 * (task.high - task.low)
        )


@pytest.mark.parametrize("stage", [1, 2])
def test_loss_that_is_no_number_is_told(
    stage: int, photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs]
) -> None:
    changes: dict[str, Any] = {"lr_branches": 1e30} if stage == 1 else {"lr_inter_task": 1e30}
    with pytest.raises(beholder.BeholderError, match=rf"stage {stage}, epoch .: .*no longer a number; give .*smaller"):
        fit(photos, replace(RECIPE, **changes), second=second, source=sources, device=CPU)


# An epoch of stage 1 asks for 10 batches and one of validation of each domain, then comes one of all photographs.
@pytest.mark.parametrize("at", [1, 8, 12, 13, 20, 25, 36, 37, 38])
def test_stopped_goes_on_to_the_same(
    at: int, photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs], whole: LiResult, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    stop = Stop(sources[0], at)
    counted = [stop.source, replace(sources[1], middle=stop._counted(sources[1].middle))]
    stopped = [replace(each, views=10) for each in counted]
    with pytest.raises(KeyboardInterrupt):
        fit(photos, RECIPE, second=second, source=stopped, device=CPU, checkpoint=checkpoint)
    again = fit(photos, RECIPE, second=second, source=sources, device=CPU, checkpoint=checkpoint)
    assert story(again.history) == story(whole.history) and again.best == whole.best
    for ours, theirs in zip(again.network.state_dict().values(), whole.network.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    for name in ("stage1", "stage2", "traits", "second"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


@pytest.mark.parametrize("change", ["second", "recipe"])
def test_checkpoint_of_another_training_is_refused(
    change: str, photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs], tmp_path: Path
) -> None:
    checkpoint = tmp_path / "c.safetensors"
    fit(photos, RECIPE, second=second, source=sources, device=CPU, checkpoint=checkpoint)
    other = replace(second, splits=(second.splits or ())[::-1]) if change == "second" else second
    recipe = replace(RECIPE, momentum=0.5) if change == "recipe" else RECIPE
    told = "second split" if change == "second" else "momentum"
    with pytest.raises(beholder.BeholderError, match=f"another training, with {told} "):
        fit(photos, recipe, second=other, source=sources, device=CPU, checkpoint=checkpoint)


def test_densenet_from_random_weights(
    photos: RatedPhotos, second: RatedPhotos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper's own network and training, all of it trained on pixels."""
    real = create_backbone

    def drawn(name: str, pretrained: bool = True) -> Backbone:
        with seeded(3):
            return real(name, pretrained=False)

    for module in ("systems.li2019.train", "training.inputs"):
        monkeypatch.setattr(f"beholder.{module}.create_backbone", drawn)
    for module in ("training.supervised", "training.inputs"):
        monkeypatch.setattr(f"beholder.{module}.backbone_identity", lambda name: "drawn")
    few = [each.subset(np.arange(10)) for each in (photos, second)]
    recipe = LiRecipe("densenet121", resize=40, side=32, shared="whole", batch=4, epochs1=2, epochs2=2)
    trained = fit(few[0], recipe, second=few[1], device=CPU)
    before = make_network(recipe, 2).state_dict()
    after = trained.network.state_dict()
    still = [name for name, value in after.items() if torch.equal(value, before[name])]
    assert not [name for name in still if name.endswith("weight") and ".norm" not in name]
    assert [row["stage"] for row in trained.history] == [1, 1, 2, 2]
    assert np.isfinite(trained.final[[1, 3, 6, 8]]).all()


@pytest.mark.parametrize("saturated", [False, True])
def test_branch_that_says_the_same_of_all_is_told(
    saturated: bool,
    photos: RatedPhotos,
    second: RatedPhotos,
    sources: list[FeatureInputs],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A tanh whose first steps are too large stays at one end of its range."""
    recipe = replace(RECIPE, lr_branches=300.0 if saturated else 0.01, epochs1=1, epochs2=0)
    with epoch_reporter(None) as tell:
        fit(photos, recipe, second=second, source=sources, device=CPU, on_epoch=tell)
    assert ("says the same of all photographs: give smaller rates" in capsys.readouterr().err) == saturated


@pytest.mark.parametrize("name", ["ava", "aadb"])
def test_coefficients_have_the_planted_signs(name: str, planted_root: Path) -> None:
    """Figure 4: against what was planted, and against the solution of least squares."""
    photos, second = (split_of(load_data(each, planted_root)) for each in (name, "psychoflickr"))
    sources = [domain_inputs(each, LEARNS, CPU, cache=planted_root / "cache") for each in (photos, second)]
    trained = fit(photos, LEARNS, second=second, source=sources, device=CPU)
    found = inter_task_of(trained.history, psychoflickr.TRAITS)
    assert found is not None and found.helped and found.epochs == 60
    learned, solved = (np.array(list(each.values())) for each in (found.weights, found.least_squares))
    assert np.sign(learned).tolist() == np.sign(PLANTED).tolist(), found
    np.testing.assert_allclose(learned, solved, atol=0.01)
    losses = {
        stage: min(row["validation_loss"] for row in trained.history if row["stage"] == stage) for stage in (1, 2)
    }
    assert losses[2] < losses[1] and trained.best == 2
    torch.testing.assert_close(trained.network.inter_task, torch.tensor(learned).float(), atol=1e-6, rtol=0)
