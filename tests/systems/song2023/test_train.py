"""The network of Song et al. (2023): layers, losses, training, model file, command and report, on a tiny network."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance
from typer.testing import CliRunner

import beholder
from beholder.cli.app import app
from beholder.data.rated_photos import RatedPhotos
from beholder.data.vote_distributions import distribution, summary
from beholder.data.votes import Histogram
from beholder.embedded import default
from beholder.errors import BeholderError, ModelError, PhotoError
from beholder.metrics import Estimate, means, resampled
from beholder.models import registry
from beholder.models.backbones.base import create_backbone
from beholder.photos.read import read_photo
from beholder.photos.resize import short_edge
from beholder.reporting import write
from beholder.reporting.document import Missing, Table, without_photographs
from beholder.scoring.batch import score_photos
from beholder.systems.song2023 import distribution_metrics as song_distribution_metrics
from beholder.systems.song2023 import experiment as song_experiment
from beholder.systems.song2023 import losses
from beholder.systems.song2023 import report as song_report
from beholder.systems.song2023 import report_across as song_report_across
from beholder.systems.song2023.export import export
from beholder.systems.song2023.inputs import VariableSizeInputs, by_shape, shapes_of
from beholder.systems.song2023.network import (
    EVIDENCE_CELLS,
    PYRAMID_VALUES,
    ScoringSemantic,
    Semantic,
    overlaps,
    pyramid,
)
from beholder.systems.song2023.recipe import SongRecipe
from beholder.systems.song2023.train import (
    SongResult,
    batch_answers,
    fit,
    inputs,
    make_network,
    predict,
    reconstruction_error,
    total_loss,
)
from beholder.tasks import Task
from beholder.training.checkpoint import Checkpoint
from beholder.training.features import Extractor
from helpers import tiny_backbones
from helpers.coloured_data import make_oasis

CPU = torch.device("cpu")
RECIPE = SongRecipe(
    "tiny", side=16, maps=2, batch=8, epochs1=3, epochs2=2, lr_head=0.1, lr_finetune=0.05, lr_encoder=0.05
)
SHAPES = ((24, 24), (24, 36), (40, 20))  # height and width


class Strided(tiny_backbones.Tiny):
    """Takes any shape."""

    multiple = 1


@pytest.fixture(autouse=True, scope="module")
def networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        tiny_backbones.register(patch.setitem, patch.setattr)
        patch.setattr(tiny_backbones, "Strided", Strided, raising=False)
        patch.setitem(registry.BACKBONES, "tiny", registry.Entry(tiny_backbones.__name__, "Strided", "tiny"))
        yield


def save_voted(folder: Path, count: int = 40) -> np.ndarray:
    """Photographs 0.png, ... of three shapes; (N, 3) votes, the higher the redder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    counts = []
    for number in range(count):
        red, other = rng.random(), (0.5, 0.4)
        noise = rng.random((*SHAPES[number % 3], 3)) * [red, *other]
        Image.fromarray((255 * noise).astype(np.uint8)).save(folder / f"{number}.png")
        counts.append(1 + np.round(60 * np.array([(1 - red) ** 2, 2 * red * (1 - red), red**2])).astype(int))
    return np.array(counts)


def voted(folder: Path, count: int = 40) -> RatedPhotos:
    histogram = Histogram(np.arange(1, 4), save_voted(folder, count))
    mean, sd, n = (column[:, None] for column in summary(histogram))
    parts = ("train", "train", "validation", "train", "test")
    splits = tuple(parts[number % 5] for number in range(count))
    files = tuple(f"{number}.png" for number in range(count))
    return RatedPhotos("toy", folder, files, (Task("look", 1, 3),), mean, None, splits, sd, n, None, histogram)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    return voted(tmp_path_factory.mktemp("voted"))


@pytest.fixture(scope="module")
def source(photos: RatedPhotos, tmp_path_factory: pytest.TempPathFactory) -> VariableSizeInputs:
    return inputs(photos, RECIPE, CPU, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def whole(photos: RatedPhotos, source: VariableSizeInputs) -> SongResult:
    """A training that nothing disturbed."""
    return fit(photos, RECIPE, source=source, device=CPU)


# Layers


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("shape", [(16, 16), (16, 160), (37, 18), (2, 6)])
def test_any_shape_gives_distributions(split: bool, shape: tuple[int, int]) -> None:
    network = Semantic(create_backbone("tiny"), 5, 3, split=split).eval()
    answer = network(torch.randint(0, 256, (2, 3, *shape), dtype=torch.uint8))
    for shares in (answer.distribution, answer.activated):
        assert shares.shape == (2, 5) and (shares > 0).all()
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(2))
    assert answer.rebuilt.shape == (2, 3, *shape) and 0 <= answer.rebuilt.min() <= answer.rebuilt.max() <= 1
    assert network.out.weight.shape == (5, 3 * PYRAMID_VALUES * (1 if split else 5))


def test_a_split_regressor_reads_its_own_group() -> None:
    network = Semantic(create_backbone("tiny"), 4, 2).eval()
    features = torch.rand(1, 6, 5, 7)
    before = network.forward_tail(features).distribution.log()
    with torch.no_grad():
        network.project.bias[2:4] += 1  # the maps of the second group
    ratios = network.forward_tail(features).distribution.log() - before
    torch.testing.assert_close(ratios[:, 0], ratios[:, 2])
    torch.testing.assert_close(ratios[:, 0], ratios[:, 3])
    assert not torch.isclose(ratios[0, 0], ratios[0, 1])


def brute(cells: np.ndarray, bins: int) -> np.ndarray:
    """Means over bins, by cutting every place into so many parts that bins have whole ones."""
    fine = cells.repeat(bins, axis=0).repeat(bins, axis=1)
    rows, columns = cells.shape
    return fine.reshape(bins, rows, bins, columns).mean(axis=(1, 3))


@pytest.mark.parametrize("shape", [(8, 8), (8, 10), (1, 1), (3, 17), (5, 2)])
def test_pyramid_is_exact(shape: tuple[int, int]) -> None:
    cells = np.random.default_rng(0).random(shape)
    found = pyramid(torch.from_numpy(cells).float()[None, None])[0, 0].numpy()
    expected = np.concatenate([brute(cells, bins).ravel() for bins in (1, 2, 4)])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    if shape == (8, 8):
        adaptive = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(cells)[None], 4).ravel()
        np.testing.assert_allclose(found[5:], adaptive, rtol=1e-5)


@pytest.mark.parametrize("length", [1, 3, 16, 23])
def test_overlaps_give_each_place_away_once(length: int) -> None:
    found = overlaps(torch.zeros(length), EVIDENCE_CELLS)
    torch.testing.assert_close(found.sum(dim=0), torch.ones(length))
    torch.testing.assert_close(found.sum(dim=1), torch.full((EVIDENCE_CELLS,), length / EVIDENCE_CELLS))


@pytest.mark.parametrize("split", [True, False])
def test_evidence_is_the_slope_of_the_mean(split: bool) -> None:
    """Closed form against autograd, place by place, and its sum against the pooled features'."""
    torch.manual_seed(1)
    network = Semantic(create_backbone("tiny"), 4, 3, split=split).eval()
    values, typical = torch.tensor([1.0, 2, 4, 7]), torch.randn(12, PYRAMID_VALUES)
    scoring = ScoringSemantic(network, values, typical).eval()
    pixels = torch.randint(0, 256, (3, 3, 20, 26), dtype=torch.uint8)
    shares, pooled, places = scoring.places(pixels)
    torch.testing.assert_close(shares, network(pixels).distribution)
    features = network.project(network.backbone.forward_features(pixels)).detach().requires_grad_()
    network.project = torch.nn.Identity()
    mean = network.forward_tail(features).distribution @ values
    (by_feature,) = torch.autograd.grad(mean.sum(), features, retain_graph=True)
    scoring.typical = torch.zeros(12, PYRAMID_VALUES)  # then a place counts its slope times what it holds
    scoring.project = torch.nn.Identity()
    scoring.backbone = type("Given", (torch.nn.Module,), {"forward_features": lambda self, _: features})()
    torch.testing.assert_close(scoring.places(pixels)[2], (by_feature * features).sum(dim=1), rtol=1e-4, atol=1e-5)
    leaf = pooled.detach().requires_grad_()
    logits = leaf.flatten(1) @ scoring.weight.flatten(1).T + scoring.bias
    (by_pooled,) = torch.autograd.grad((logits.softmax(dim=1) @ values).sum(), leaf)
    expected = (by_pooled * (pooled - typical)).sum(dim=(1, 2))
    torch.testing.assert_close(places.sum(dim=(1, 2)), expected, rtol=1e-4, atol=1e-4)


def test_evidence_keeps_its_sum_on_its_grid() -> None:
    scoring = ScoringSemantic(
        Semantic(create_backbone("tiny"), 3, 2), torch.arange(3.0), torch.zeros(6, PYRAMID_VALUES)
    ).eval()
    pixels = torch.randint(0, 256, (2, 3, 20, 46), dtype=torch.uint8)
    scores, embedding, evidence, shares = scoring(pixels)
    assert evidence.shape == (2, 1, EVIDENCE_CELLS, EVIDENCE_CELLS) and embedding.shape == (2, 6 * PYRAMID_VALUES)
    torch.testing.assert_close(evidence.sum(dim=(2, 3))[:, 0], scoring.places(pixels)[2].sum(dim=(1, 2)))
    torch.testing.assert_close(scores[:, 0], shares @ torch.arange(3.0))


# Losses


def shares(seed: int, count: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    first, second = (torch.from_numpy(rng.dirichlet(np.ones(7), count)) for _ in range(2))
    return first, second


def test_losses_are_what_scipy_computes() -> None:
    found, truth = shares(0)
    pairs = list(zip(found.numpy(), truth.numpy(), strict=True))
    values = np.arange(7)
    moved = np.mean([wasserstein_distance(values, values, one, two) for one, two in pairs]) / 7
    assert float(losses.emd(found, truth, 1)) == pytest.approx(moved)
    assert float(losses.kl(found, truth)) == pytest.approx(np.mean([entropy(two, one) for one, two in pairs]))
    assert float(losses.js(found, truth)) == pytest.approx(np.mean([jensenshannon(*pair) ** 2 for pair in pairs]))
    assert float(losses.l1(found, truth)) == pytest.approx(np.mean([np.abs(one - two).sum() for one, two in pairs]))
    squared = [np.sqrt(np.mean((one.cumsum() - two.cumsum()) ** 2)) for one, two in pairs]
    assert float(losses.emd(found, truth)) == pytest.approx(np.mean(squared))


@pytest.mark.parametrize("loss", [losses.emd, *losses.ACTIVATION_LOSS.values()])
def test_losses_have_slopes_everywhere(loss: Any) -> None:
    """Where prediction and truth agree, and where votes for a value are none."""
    logits = torch.zeros(1, 3, requires_grad=True)
    for truth in ([1 / 3, 1 / 3, 1 / 3], [0.0, 1.0, 0.0]):
        value = loss(logits.softmax(dim=1), torch.tensor([truth]))
        (slope,) = torch.autograd.grad(value, logits)
        assert slope.isfinite().all() and float(value.detach()) >= -1e-6
    assert float(loss(*[torch.eye(3)] * 2)) == pytest.approx(0, abs=1e-6)


def test_the_total_is_weighted() -> None:
    network = Semantic(create_backbone("tiny"), 7, 2)
    targets = shares(0)[0].float()
    pixels = torch.rand(5, 3, 16, 16)
    answer = network.forward_tail(network.backbone.forward_features((pixels * 255).byte()), (16, 16))
    recipe = replace(RECIPE, weight_emd=2, weight_act=3, weight_rebuilt=5, activation="kl")
    parts = [
        2 * losses.emd(answer.distribution, targets),
        3 * losses.kl(answer.activated, targets),
        5 * ((answer.rebuilt - pixels) ** 2).mean(),
    ]
    torch.testing.assert_close(total_loss(answer, targets, pixels, recipe), sum(parts))
    torch.testing.assert_close(total_loss(answer, targets, pixels, replace(recipe, act=False, weight_emd=0)), parts[2])
    torch.testing.assert_close(total_loss(answer, targets, None, replace(recipe, act=False)), parts[0])


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


def test_batches_hold_one_shape(photos: RatedPhotos, source: VariableSizeInputs) -> None:
    assert source.shapes.tolist() == shapes_of(photos, 16).tolist()
    assert {tuple(shape) for shape in source.shapes.tolist()} == {(16, 16), (24, 16), (16, 32)}
    rows = np.random.default_rng(0).permutation(len(photos))
    batches = list(by_shape(source.shapes, rows, 4))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(photos)))
    for batch in batches:
        assert len(batch) <= 4 and len(np.unique(source.shapes[batch], axis=0)) == 1
        width, height = source.shapes[batch[0]]
        mirrored = np.arange(len(batch)) % 2 == 0
        pixels = source.pixels(batch, mirrored)
        assert pixels.shape == (len(batch), 3, height, width)
        np.testing.assert_array_equal(pixels[0], source.pixels(batch[:1], np.zeros(1, bool))[0].flip(-1))


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
    found = predict(whole.network, source, whole.best, rows)
    np.testing.assert_allclose(found, whole.final[rows], rtol=1e-5)
    for row, expected in zip(rows, found, strict=True):
        pixels = source.pixels(np.array([row]), np.zeros(1, bool)).byte()
        with torch.inference_mode():
            np.testing.assert_allclose(whole.network(pixels).distribution[0], expected, atol=2e-3)


def test_kept_inputs_train_as_pixels(whole: SongResult, photos: RatedPhotos) -> None:
    direct = fit(photos, RECIPE, source=inputs(photos, RECIPE, CPU, keep=False), device=CPU)
    np.testing.assert_allclose(direct.stage2, whole.stage2, atol=5e-3)


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
    for part, answer in batch_answers(trained.network, source, 1, np.arange(len(photos))):
        for found in (answer.distribution.numpy(), answer.activated.numpy()):
            assert np.corrcoef(means(truth[part], values), means(found, values))[0, 1] > 0.8
        found = answer.distribution.numpy()
        assert np.abs(truth[part].cumsum(axis=1) - found.cumsum(axis=1)).mean() < 0.5 * usual


def test_an_auto_encoder_alone_is_judged_by_what_it_rebuilds(photos: RatedPhotos, source: VariableSizeInputs) -> None:
    recipe = replace(RECIPE, act=False, weight_emd=0, epochs1=3, epochs2=0)
    trained = fit(photos, recipe, source=source, device=CPU)
    rows = np.flatnonzero(np.array(photos.splits) == "validation")
    best = min(row["validation_loss"] for row in trained.history)
    assert reconstruction_error(trained.network, source, 1, rows) == pytest.approx(best, abs=1e-5)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"maps": 0}, "maps is 0"),
        ({"lr_head": float("nan")}, "lr_head is nan"),
        ({"momentum": 1.0}, "momentum is 1"),
        ({"weight_act": -1.0}, "weight_act is -1"),
        ({"activation": "l2"}, "'l2'; there are l1, kl, js"),
    ],
)
def test_recipes_that_cannot_be(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BeholderError, match=words):
        replace(RECIPE, **changes)


def test_without_votes_nothing_is_learned(photos: RatedPhotos) -> None:
    with pytest.raises(BeholderError, match=r"no numbers of votes.*votes_1"):
        fit(replace(photos, histogram=None), RECIPE, device=CPU)


def test_too_long_photographs_are_named(tmp_path: Path) -> None:
    photos = voted(tmp_path)
    Image.new("RGB", (221, 20)).save(tmp_path / "3.png")
    with pytest.raises(PhotoError, match=r"3\.png: 221 x 20 pixels, more than 10:1"):
        inputs(photos, RECIPE, CPU, keep=False)


def test_backbones_of_fixed_multiples_are_told(photos: RatedPhotos, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(BeholderError, match="multiples of 2"):
        patch.setattr(Strided, "multiple", 2)
        inputs(photos, RECIPE, CPU, cache=tmp_path)


# The model file


@pytest.fixture(scope="module")
def model(
    photos: RatedPhotos, whole: SongResult, source: VariableSizeInputs, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("model") / "song.onnx"
    export(photos, whole, RECIPE, source, path)
    return path


def test_model_file_scores_as_the_network(
    model: Path, whole: SongResult, photos: RatedPhotos, source: VariableSizeInputs
) -> None:
    scorer = beholder.load(model)
    assert scorer.info.buckets == (1, 2, 3) and scorer.info.resize == "short edge"
    held_out = [row for row, part in enumerate(photos.splits or ()) if part != "train"]
    found = scorer.score([photos.paths[row] for row in held_out])
    np.testing.assert_allclose(found.distribution, whole.final[held_out], atol=5e-3)
    np.testing.assert_allclose(found.distribution.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found.overall, found.distribution @ [1, 2, 3], rtol=1e-5)
    np.testing.assert_allclose(
        found.sd, np.sqrt(found.distribution @ [1, 4, 9] - found.overall.astype(float) ** 2), rtol=1e-3
    )
    for row in held_out[:3]:
        np.testing.assert_array_equal(scorer.pixels(read_photo(photos.paths[row])), _seen(source, row))
    columns = found.to_dict()
    assert list(columns) == ["overall", "low", "high", "percentile", "sd", "p_1", "p_2", "p_3", "width", "height"]
    np.testing.assert_array_equal(found[1:3].to_dict()["p_2"], columns["p_2"][1:3])


def _seen(source: VariableSizeInputs, row: int) -> np.ndarray:
    return source.pixels(np.array([row]), np.zeros(1, bool))[0].permute(1, 2, 0).byte().numpy()


@pytest.mark.parametrize("batch", [2, 3, 8])
def test_a_photograph_scores_the_same_in_any_batch(batch: int, model: Path, photos: RatedPhotos) -> None:
    scorer = beholder.load(model)
    expected = scorer.score(photos.paths)
    results = list(score_photos(scorer, photos.paths, batch=batch))
    for index, result in enumerate(results):
        assert result.scores is not None
        np.testing.assert_array_equal(result.scores.distribution[0], expected.distribution[index])
        np.testing.assert_array_equal(result.scores.evidence[0], expected.evidence[index])


def test_graph_resizes_by_its_own_rule(model: Path) -> None:
    """Pixels of any size, as another program would hand them over."""
    scorer = beholder.load(model)
    rng = np.random.default_rng(0)
    for height, width in ((40, 40), (90, 41), (33, 71)):
        smooth = Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)).resize((width, height))
        whole = scorer.run(np.asarray(smooth)[None], np.zeros((1, 2), int))
        prepared = scorer.score(smooth)
        np.testing.assert_allclose(whole.distribution, prepared.distribution, atol=5e-3)
        assert scorer.pixels(read_photo(smooth)).shape[:2] == short_edge(height, width, 16)


def test_too_long_a_photograph_is_a_row_with_a_reason(model: Path, photos: RatedPhotos, tmp_path: Path) -> None:
    Image.new("RGB", (10, 101)).save(tmp_path / "long.png")
    scorer = beholder.load(model)
    long, fine = score_photos(scorer, [tmp_path / "long.png", photos.paths[0]])
    assert (
        long.error == f"{tmp_path}/long.png: 10 x 101 pixels, more than 10:1, where the aspect ratio is kept; crop it"
    )
    assert fine.scores is not None
    with pytest.raises(PhotoError, match=r"long\.png: 10 x 101"):
        scorer.score(tmp_path / "long.png")


def test_command(tmp_path: Path) -> None:
    """From a CSV file of votes to a table, an explanation, a report and an evaluation."""
    counts = save_voted(tmp_path, 30)
    lines = [f"{number}.png,{','.join(map(str, row))},{sum(row)}" for number, row in enumerate(counts.tolist())]
    (tmp_path / "votes.csv").write_text("\n".join(["image,votes_1,votes_2,votes_3,n", *lines]) + "\n")
    model, table, page = tmp_path / "song.onnx", tmp_path / "scores.csv", tmp_path / "report.html"
    quick = ["--backbone", "tiny", "--side", "32", "--maps", "2", "--epochs1", "2", "--epochs2", "1"]
    runner = CliRunner()

    def run(*words: object) -> str:
        result = runner.invoke(app, list(map(str, words)))
        assert result.exit_code == 0, result.output
        return result.output

    said = run("train", "song2023", "--data", tmp_path / "votes.csv", "--out", model, "--cache", tmp_path / "c", *quick)
    assert "30 photographs" in said and "linear probe on tiny" in said
    assert not list(tmp_path.glob("*.training"))
    said = run("score", tmp_path / "1.png", tmp_path / "2.png", "--model", model, "--out", table, "--sort", "sd")
    header, first, _ = [line.split(",") for line in table.read_text().splitlines()]
    row = dict(zip(header, first, strict=True))
    assert sum(float(row[f"p_{value}"]) for value in (1, 2, 3)) == pytest.approx(1, abs=2e-4)
    assert " sd\n" in said and f"{float(row['sd']):.2f}" in said
    rows = json.loads(run("score", tmp_path / "1.png", "--model", model, "--json", "--quiet"))
    assert rows[0]["p_1"] == float(row["p_1"])
    run("explain", tmp_path / "2.png", "--model", model, "--out", tmp_path / "why.png", "--grid", 3)
    run("report", tmp_path / "1.png", tmp_path / "2.png", "--model", model, "--out", page)
    assert '"buckets":[1.0,2.0,3.0]' in page.read_text() and page.read_text().count('"votes":[0.') == 2
    assert "srcc" in run("evaluate", model, "--data", tmp_path / "votes.csv")
    assert "short edge to 32" in run("info", model)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--activation", "l2"), "no activation loss is called 'l2'; there are l1, kl, js"),
        (("--out", "song.pt"), "song.pt: a model file is an ONNX file"),
        (("--backbone", "tokens"), "multiples of"),
        ((), "no numbers of votes, which song2023 learns from"),
    ],
)
def test_mistakes_are_one_line(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    counts = save_voted(tmp_path, 20)
    header = "image,votes_1,votes_2,votes_3" if options else "image,score"
    lines = [f"{n}.png,{','.join(map(str, row)) if options else row[0] % 5}" for n, row in enumerate(counts.tolist())]
    (tmp_path / "votes.csv").write_text("\n".join([header, *lines]) + "\n")
    words_given = ["train", "song2023", "--data", str(tmp_path / "votes.csv"), "--backbone", "tiny", "--side", "32"]
    out = ["--out", str(tmp_path / "song.onnx")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny_backbones.Tokens, "multiple", 4)
        result = CliRunner().invoke(app, [*words_given, *out, *options])
    assert result.exit_code == 1 and words in result.output and result.output.strip().count("\n") <= 2


def test_votes_that_do_not_sum(tmp_path: Path) -> None:
    save_voted(tmp_path, 12)
    lines = [f"{number}.png,5,6,7,{18 + (number == 4)}" for number in range(12)]
    (tmp_path / "votes.csv").write_text("\n".join(["image,votes_1,votes_2,votes_3,n", *lines]) + "\n")
    result = CliRunner().invoke(app, ["train", "song2023", "--data", str(tmp_path / "votes.csv"), "--backbone", "tiny"])
    assert result.exit_code == 1 and "row 6, n is 19, its votes are 18" in result.output


def test_a_file_with_another_number_of_values_is_refused(model: Path, tmp_path: Path) -> None:
    found = onnx.load(model)
    entry, _ = found.metadata_props  # the other is the seal
    document = json.loads(entry.value)
    del found.metadata_props[1]
    entry = found.metadata_props[0]
    for values, words in (
        ([1, 2], "describes 2 values that can be voted and computes distribution of 3"),
        ([1, 1, 2], "do not rise"),
    ):
        entry.value = json.dumps(document | {"buckets": values})
        onnx.save(found, tmp_path / "other.onnx")
        with pytest.raises(ModelError, match=words):
            beholder.load(tmp_path / "other.onnx")


# The report on the paper


@pytest.fixture
def small_study(monkeypatch: pytest.MonkeyPatch) -> None:
    colours = Extractor("colours", (16, 16), 1, (3,), lambda pixels: pixels.mean((1, 2), dtype=np.float32))
    monkeypatch.setattr(default, "extractor", lambda recipe: colours)
    monkeypatch.setattr(song_report_across, "ACROSS_COUNT", 4)
    monkeypatch.setattr(song_experiment, "TRIAL_RECIPE", replace(RECIPE, epochs1=1, epochs2=0))
    monkeypatch.setattr(song_experiment, "CHANGES_TRIED", ({}, {"lr_head": 0.01}, {"epochs2": 1, "lr_encoder": 0.01}))
    monkeypatch.setattr(song_distribution_metrics, "resampled", partial(resampled, resamples=30))


def test_every_table_and_figure_is_there(small_study: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_oasis(tmp_path)
    recipe = replace(RECIPE, epochs1=1, epochs2=1)
    wanted = song_experiment.SongConfig(
        "oasis", root, 1, 2, False, recipe, False, tmp_path / "work", tmp_path / "cache"
    )
    found = song_report.report(wanted, CPU)
    parts = {getattr(part, "number", ""): part for section in found.parts for part in section.parts}
    assert set(parts) >= {f"Table {number}" for number in (2, 3, 4, 5)} | {f"Figure {number}" for number in (9, 10, 11)}
    assert isinstance(parts["Table 5"], Missing)
    for part in parts.values():
        if isinstance(part, Table):
            assert all(column.source != "published" for column in part.columns)  # none of its numbers is known
    complete, *_ = parts["Table 2"].rows
    assert [isinstance(cell, Estimate) for cell in complete] == [False] + [True] * len(
        song_distribution_metrics.DISTRIBUTION_METRICS
    )
    assert len(parts["Table 3"].rows) == 5 and len(parts["Table 4"].rows) == 3
    written = write.write_document(without_photographs(found), tmp_path / "song.html")
    assert all(path.stat().st_size for path in written)
    monkeypatch.setattr(song_experiment, "trainer", lambda source, device: None)  # nothing is trained twice
    again = song_report.report(wanted, CPU)
    assert again.summary == found.summary
