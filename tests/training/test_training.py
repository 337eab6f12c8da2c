"""Training: feature cache, blend, export and the whole recipe on generated and on real photographs."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

import beholder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.embedded import default, heads
from beholder.errors import BeholderError
from beholder.metrics import srcc
from beholder.models.backbones.dinov2 import DinoV2
from beholder.models.dinov2_linear import DefaultModel, TokenFeatures
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.scoring.model_file import ModelInfo, TrainingData, parse
from beholder.splits import grouped_folds, random_folds
from beholder.tasks import Task
from beholder.training import ridge
from beholder.training.export import export
from beholder.training.features import Extractor, features
from beholder.training.seeding import seeded
from helpers.factories import COMMAND


def rated(folder: Path, count: int = 20) -> RatedPhotos:
    rng = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    names = tuple(f"{number}.png" for number in range(count))
    return RatedPhotos("toy", folder, names, (Task("beauty", 1, 7),), rng.uniform(1, 7, (count, 1)))


class Means:
    """Mean colour as features, counting how many photographs it was shown, stopping where told to."""

    def __init__(self, stop: int | None = None) -> None:
        self.shown, self.stop = 0, stop

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        if self.stop is not None and self.shown >= self.stop:
            raise KeyboardInterrupt
        self.shown += len(pixels)
        return pixels[:, :, : pixels.shape[2] // 2].mean((1, 2), dtype=np.float32)


def look(compute: Means, key: str = "means") -> Extractor:
    return Extractor(key, (16, 12), 2, (3,), compute)


def test_features_are_kept_and_both_views_differ(tmp_path: Path) -> None:
    photos, compute = rated(tmp_path), Means()
    first = features(photos, look(compute), tmp_path / "cache")
    assert [view.shape for view in first] == [(20, 3), (20, 3)] and compute.shown == 40
    pixels = resize_exact(read_photo(photos.paths[7]), (16, 12))
    np.testing.assert_allclose(first[0][7], pixels[:, :8].mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(first[1][7], pixels[:, 8:].mean((0, 1)), rtol=1e-5)
    again = features(photos, look(compute), tmp_path / "cache")
    assert compute.shown == 40
    np.testing.assert_array_equal(again, first)


def test_stopped_features_go_on_where_they_were(tmp_path: Path) -> None:
    photos, whole = rated(tmp_path), Means()
    expected = features(photos, look(whole), tmp_path / "other")
    with pytest.raises(KeyboardInterrupt):
        features(photos, look(Means(stop=16)), tmp_path / "cache")
    rest = Means()
    np.testing.assert_array_equal(features(photos, look(rest), tmp_path / "cache"), expected)
    assert rest.shown == 24


@pytest.mark.parametrize("change", ["key", "photograph"])
def test_other_features_are_other_files(change: str, tmp_path: Path) -> None:
    photos, compute = rated(tmp_path), Means()
    features(photos, look(compute), tmp_path / "cache")
    if change == "photograph":
        Image.new("RGB", (9, 9)).save(tmp_path / "3.png")
        photos = replace(photos)
    features(photos, look(compute, "other" if change == "key" else "means"), tmp_path / "cache")
    assert compute.shown == 80


def test_unwritable_cache_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BeholderError, match="BEHOLDER_CACHE"):
        features(rated(tmp_path), look(Means()), tmp_path / "file")


@pytest.mark.parametrize("allowed", [0.0, 0.01, 0.05])
def test_blend_gives_up_no_more_than_allowed(allowed: float) -> None:
    rng = np.random.default_rng(0)
    rated_beauty = rng.uniform(1, 7, 400)
    beauty = [4 + 0.6 * (rated_beauty - 4) + rng.normal(0, 0.6, 400) for _ in range(2)]
    quality = rng.uniform(0, 1, 400)
    blend = heads.choose_blend(rated_beauty, beauty, quality, allowed)
    for part in beauty:
        fall = srcc(rated_beauty, part) - srcc(rated_beauty, blend(part, quality))
        assert fall <= allowed + 2e-3  # the second split is mixed on the scale of the first
    assert (blend.share > 0) == (allowed > 0)
    assert abs((blend(beauty[0], quality) - rated_beauty).mean()) < 1e-6  # on the scale of beauty


def small_info(size: tuple[int, int] = (56, 42)) -> ModelInfo:
    tasks = (Task("overall", 1, 7), Task("beauty", 1, 7), Task("quality", 0, 1))
    return ModelInfo(
        name="small",
        description="for a test",
        backbone="dinov2",
        size=size,
        resize="squash",
        tasks=tasks,
        half_width=(0.5, 0.6, 0.1),
        reference=tuple(tuple(np.linspace(task.low, task.high, 101).tolist()) for task in tasks),
        data=(TrainingData("toy", 3, "0" * 64, ("beauty",)),),
        metrics=(),
        recipe={"seed": 0},
        licence="CC0",
        attribution="",
    )


@seeded(0)
def small_network(tasks: int = 3) -> DefaultModel:
    tokens = TokenFeatures(DinoV2(dim=48, depth=2, heads=2), layers=(0, 1))
    for parameter in tokens.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    ends = torch.tensor([[1.0, 7.0], [1.0, 7.0], [0.0, 1.0]])
    weight = torch.randn(tasks, 192) * 0.1
    return DefaultModel(tokens, weight, ends.mean(1), torch.zeros(tasks, 192), ends[:, 0], ends[:, 1]).eval()


def test_model_file_is_the_network(tmp_path: Path) -> None:
    network, info, path = small_network(), small_info(), tmp_path / "small.onnx"
    export(network, info, path)
    scorer = beholder.load(path)
    assert scorer.info == info and parse(info.to_json()) == info
    pixels = np.random.default_rng(0).integers(0, 256, (5, 42, 56, 3), dtype=np.uint8)
    found = scorer.run(pixels, np.array([(56, 42)] * 5))
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    for mine, theirs in zip((found.values, found.embedding, found.evidence), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=5e-3)  # large matrices are stored in half precision
    assert found.evidence.shape == (5, 3, 3, 4)
    np.testing.assert_allclose(found.percentiles[:, 0], (found.values[:, 0] - 1) / 6 * 100, atol=1e-3)


def test_model_file_resizes_as_the_scorer(tmp_path: Path, photos: list[Path]) -> None:
    export(small_network(), small_info(), tmp_path / "small.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "small.onnx"), providers=["CPUExecutionProvider"])
    scorer = beholder.load(tmp_path / "small.onnx")
    for path in photos:
        whole = read_photo(path)
        theirs = session.run(["embedding"], {"image": whole.pixels[None]})[0]
        ours = scorer.run(scorer.pixels(whole)[None], np.array([(1, 1)])).embedding
        np.testing.assert_allclose(theirs, ours, atol=0.02)


def test_export_is_repeatable_and_atomic(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(small_network(), small_info(), tmp_path / f"{name}.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(BeholderError, match="cannot write the model file"):
        export(small_network(), small_info(), tmp_path / "folder.onnx")
    assert {path.suffix for path in tmp_path.iterdir()} == {".onnx"}


@pytest.mark.parametrize("model", ["default", "fast", "student"])
@pytest.mark.parametrize(("out", "says"), [("nowhere/m.onnx", "folder does not exist"), ("m.bin", "ends in .onnx")])
def test_an_embedded_model_has_a_place_before_it_is_trained(model: str, out: str, says: str, tmp_path: Path) -> None:
    command = [*COMMAND, "train", model, "--data", "nothing", "--out", out]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and says in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_out_of_fold_accuracy_on_oasis(data_root: Path) -> None:
    """The bar of the default model, computed from photographs and ratings, not read from its file."""
    oasis = load_data("oasis", data_root)
    views = features(oasis, default.extractor(default.DefaultRecipe()))
    assert oasis.groups is not None
    for folds, groups, bar in (
        (random_folds(len(oasis)), None, (0.86, 0.78, 0.77)),
        (grouped_folds(oasis.groups), oasis.groups, (0.83, 0.68, 0.72)),
    ):
        predicted = ridge.out_of_fold(views, oasis.ratings, folds, groups)
        found = [srcc(oasis.ratings[:, task], predicted[:, task]) for task in range(3)]
        assert (np.array(found) >= bar).all(), found


@pytest.mark.slow
def test_recipe_runs_whole_after_a_kill(data_root: Path, tmp_path: Path) -> None:
    """The command on 60 photographs of each data set, killed in the middle and run again."""
    small = tmp_path / "data"
    for name, labels in (("oasis", "labels.csv"), ("biq2021", "labels.csv")):
        (small / name).mkdir(parents=True)
        (small / name / "images").symlink_to(data_root / name / "images")
        lines = (data_root / name / labels).read_text().splitlines()
        (small / name / labels).write_text("\n".join(lines[:61]) + "\n")
    out = tmp_path / "made.onnx"
    command = [*COMMAND, "train", "default", "--data", str(small)]
    command += ["--out", str(out), "--cache", str(tmp_path / "cache")]
    environment = {**os.environ, "BEHOLDER_CACHE": str(beholder.files.cache_folder())}
    process = subprocess.Popen(command, env=environment)
    counters: list[Path] = []
    while process.poll() is None and not counters:
        counters = [
            path for path in tmp_path.glob("cache/features/*.json") if json.loads(path.read_text())["done"] >= 16
        ]
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert counters and not out.exists()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "srcc" in done.stdout
    scorer = beholder.load(out)
    assert [item.n for item in scorer.info.data] == [60, 60]
    scores = scorer.score(list((small / "oasis" / "images").iterdir())[:3])
    assert np.isfinite(scores.values).all()
