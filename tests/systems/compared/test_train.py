"""Trainings of all compared systems: they learn, resume bit for bit, and export what they predict."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.data.vote_distributions import distribution
from beholder.errors import BeholderError
from beholder.metrics import srcc
from beholder.photos.read import read_photo
from beholder.scoring.scorer import Scorer
from beholder.systems.compared.export import export, title
from beholder.systems.compared.network import ScoringCompared
from beholder.systems.compared.recipes import (
    ComparedRecipe,
    HouRecipe,
    KongRecipe,
    NimaRecipe,
    PanRecipe,
)
from beholder.systems.compared.train import check, fit, learned_tasks, make_network, score_levels, targets_of
from beholder.systems.registry import COMPARED
from beholder.training.inputs import FeatureInputs
from helpers import tiny_backbones
from helpers.compared import CPU, QUICK, RECIPES
from helpers.trainings import Stop, story


@pytest.fixture(scope="module")
def colours(photos: RatedPhotos) -> FeatureInputs:
    """Mean colours in the place of pooled features: what the ratings are made of."""
    seen = np.zeros((len(photos), tiny_backbones.Tiny.channels), np.float32)
    seen[:, :3] = [read_photo(path).pixels.mean((0, 1)) / 64 for path in photos.paths]
    pooled = torch.from_numpy(seen)
    return FeatureInputs(lambda rows, views: pooled[rows], lambda rows, views: pooled[rows])


@pytest.mark.parametrize("name", RECIPES)
def test_it_learns_what_the_ratings_are_made_of(name: str, photos: RatedPhotos, colours: FeatureInputs) -> None:
    recipe = replace(RECIPES[name], steps1=60, epochs2=0)
    done = fit(photos, recipe, source=colours, device=CPU)
    test = np.array(photos.splits) == "test"
    predicted = done.final[test]
    assert predicted.shape[1] == len(learned_tasks(photos, recipe))
    assert srcc(photos.ratings[test, 0], predicted[:, 0]) > 0.8
    assert np.isnan(done.final[np.array(photos.splits) == "train"]).all()
    assert done.history[-1]["loss"] < done.history[0]["loss"]
    for column, task in zip(predicted.T, photos.tasks, strict=False):
        assert column.min() >= task.low and column.max() <= task.high


@pytest.mark.parametrize("name", RECIPES)
def test_a_stopped_training_ends_with_the_same_result(
    name: str, photos: RatedPhotos, source: FeatureInputs, tmp_path: Path
) -> None:
    recipe = RECIPES[name]
    whole = fit(photos, recipe, source=source, device=CPU)
    with pytest.raises(KeyboardInterrupt):
        fit(photos, recipe, source=Stop(source, 6).source, checkpoint=tmp_path / "c", device=CPU)
    with pytest.raises(KeyboardInterrupt):
        fit(photos, recipe, source=Stop(source, 14).source, checkpoint=tmp_path / "c", device=CPU)
    again = fit(photos, recipe, source=source, checkpoint=tmp_path / "c", device=CPU)
    assert str(story(again.history)) == str(story(whole.history)) and again.best == whole.best
    assert {row["stage"] for row in whole.history} == {1, 2}
    np.testing.assert_array_equal(again.final, whole.final)
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[key]), key


def test_stage_2_has_a_rate_for_the_backbone_and_one_for_new_layers(photos: RatedPhotos, source: FeatureInputs) -> None:
    recipe = replace(RECIPES["nima2018"], epochs1=1, epochs2=1, lr_backbone=1e-12)
    still = fit(photos, recipe, source=source, device=CPU)
    moved = fit(photos, replace(recipe, lr_backbone=0.05), source=source, device=CPU)
    assert still.history[0]["loss"] == moved.history[0]["loss"]
    assert still.stage2 is not None and moved.stage2 is not None
    assert np.nanmax(np.abs(still.stage2 - moved.stage2)) > 1e-3


def test_bins_are_the_votes_or_the_mean_between_two_values(photos: RatedPhotos) -> None:
    assert photos.histogram is not None
    recipe = HouRecipe(bins=4)
    np.testing.assert_array_equal(targets_of(photos, recipe), distribution(photos.histogram))
    alone = replace(photos, histogram=None, votes=None)
    assert score_levels(alone, recipe).tolist() == [1, 3, 5, 7]
    np.testing.assert_allclose(targets_of(alone, recipe) @ [1, 3, 5, 7], photos.ratings[:, 0])


@pytest.mark.parametrize("name", RECIPES)
def test_what_scores_is_what_was_trained(name: str, photos: RatedPhotos) -> None:
    """Native units; evidence adds up to what a photograph is above a typical one, to first order."""
    network = make_network(photos, RECIPES[name]).eval()
    tasks = learned_tasks(photos, RECIPES[name])
    low, high = torch.tensor([[task.low, task.high] for task in tasks], dtype=torch.float32).T
    typical = torch.rand(network.backbone.channels)
    pixels = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8)
    with torch.inference_mode():
        scores, pooled, evidence, *shares = ScoringCompared(network, low, high, typical)(pixels)
        expected = (low + network(pixels) * (high - low)).clamp(low, high)
        slope = network.head.with_slope(pooled)[1] * (high - low)[:, None]
    torch.testing.assert_close(scores, expected)
    torch.testing.assert_close(evidence.sum(dim=(2, 3)), (slope * (pooled - typical)[:, None]).sum(dim=2))
    assert len(shares) == (name in ("nima2018", "hou2017"))


SLOW = pytest.mark.slow
EXPORTED = ["nima2018", *(pytest.param(name, marks=SLOW) for name in ("hou2017", "kong2016 whole", "pan2019"))]


@pytest.mark.parametrize("name", EXPORTED)
def test_the_model_file_gives_what_the_network_predicts(
    name: str, photos: RatedPhotos, source: FeatureInputs, tmp_path: Path
) -> None:
    recipe = RECIPES[name]
    done = fit(photos, recipe, source=source, device=CPU)
    info = export(photos, done, recipe, source, tmp_path / "m.onnx")
    assert info.name == f"{name.split(maxsplit=1)[0]}-oasis" and title(recipe)[0] in COMPARED
    scorer = Scorer(tmp_path / "m.onnx")
    rows = np.flatnonzero(np.array(photos.splits) == "test")
    found = scorer.score([read_photo(photos.paths[row]) for row in rows])
    np.testing.assert_allclose(found.values, done.final[rows], atol=0.02)
    assert bool(info.score_levels) == (name in ("nima2018", "hou2017"))


def without(photos: RatedPhotos, **changes: object) -> RatedPhotos:
    return replace(photos, **changes)  # type: ignore[arg-type]


CASES: dict[str, tuple[ComparedRecipe, dict[str, object], str]] = {
    "no votes": (NimaRecipe(**QUICK), {"histogram": None}, "oasis: no numbers of votes, which NIMA learns from; a CSV"),
    "no raters": (KongRecipe(rank="within", **QUICK), {"votes": None}, "oasis: no single votes with their raters"),
    "no attributes": (
        KongRecipe(attributes=True, **QUICK),
        {"tasks": 1},
        "oasis: no attributes: beauty is the only task; give a column of ratings for each attribute",
    ),
    "too many classes": (
        KongRecipe(classes=50, **QUICK),
        {},
        "oasis: 50 classes of content for 24 photographs in the train part; give fewer",
    ),
    "nothing to learn from": (
        PanRecipe(**QUICK),
        {"splits": "test"},
        "oasis: 0 photographs in the train part; at least 2 are needed",
    ),
    "no pair": (KongRecipe(rank="across", gap=5, **QUICK), {}, "oasis: no two photographs of the train part differ"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_recipe_needs_is_told_in_a_line(name: str, photos: RatedPhotos) -> None:
    recipe, changes, message = CASES[name]
    if changes.get("tasks"):
        changes = {"tasks": photos.tasks[:1], "ratings": photos.ratings[:, :1], "sd": None, "n": None}
    if changes.get("splits"):
        changes = {"splits": ("test",) * len(photos)}
    with pytest.raises(BeholderError) as caught:
        check(without(photos, **changes), recipe)
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (NimaRecipe, {"dropout": 1.0}),
        (HouRecipe, {"bins": 1}),
        (KongRecipe, {"rank": "some"}),
        (KongRecipe, {"margin": 0.0}),
        (KongRecipe, {"classes": 1}),
        (KongRecipe, {"weight_rank": -1.0}),
        (PanRecipe, {"adversarial": float("nan")}),
        (PanRecipe, {"hidden": (0, 4)}),
        (ComparedRecipe, {"batch": 1}),
        (ComparedRecipe, {"lr_backbone": 0.0}),
    ],
)
def test_settings_outside_their_range_are_refused(kind: type[ComparedRecipe], wrong: dict[str, object]) -> None:
    with pytest.raises(BeholderError, match=next(iter(wrong)) if "rank" not in wrong else "some"):
        kind(**wrong)  # type: ignore[arg-type]


def test_a_checkpoint_of_other_votes_is_refused(photos: RatedPhotos, source: FeatureInputs, tmp_path: Path) -> None:
    recipe = replace(RECIPES["kong2016"], rank="within", epochs2=0)  # type: ignore[call-arg]
    with pytest.raises(KeyboardInterrupt):
        fit(photos, recipe, source=Stop(source, 8).source, checkpoint=tmp_path / "c", device=CPU)
    votes = photos.votes
    assert votes is not None
    other = without(photos, votes=replace(votes, value=votes.value[::-1].copy()))
    with pytest.raises(BeholderError, match="checkpoint of another training, with votes"):
        check(other, recipe, tmp_path / "c")
