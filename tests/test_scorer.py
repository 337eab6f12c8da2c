"""Scores of real photographs by the embedded model: the same however they are asked for, and bad models refused."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from made import save_model
from PIL import Image
from typer.testing import CliRunner

import beholder
from beholder import Scorer, Scores
from beholder.cli import app
from beholder.errors import BeholderError, ModelError, PhotoError
from beholder.explain import RAISES, Explanation, occlude
from beholder.model_file import default_path
from beholder.tasks import Task

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def alone(scorer: Scorer, photos: list[Path]) -> np.ndarray:
    """(N, T) scores of each photograph by itself."""
    return np.concatenate([scorer.score(path).values for path in photos])


@pytest.mark.parametrize("size", [2, 3, 8, 32])
def test_same_score_in_any_batch_and_place(scorer: Scorer, photos: list[Path], alone: np.ndarray, size: int) -> None:
    order = np.random.default_rng(size).permutation(np.repeat(np.arange(len(photos)), 5))
    sizes = np.array([(100, 100)] * size)
    pixels = np.stack([scorer.pixels(beholder.photo.read(photos[index], scorer.at_least)) for index in order[:32]])
    for start in range(0, 32 - size + 1, size):
        values = scorer.run(pixels[start : start + size], sizes).values
        np.testing.assert_allclose(values, alone[order[start : start + size]], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("threads", [1, 2])
def test_same_score_with_any_threads(photos: list[Path], alone: np.ndarray, threads: int) -> None:
    values = beholder.load(threads=threads).score(photos).values
    np.testing.assert_allclose(values, alone, atol=TOLERANCE, rtol=0)


def test_same_score_in_another_process(photos: list[Path], alone: np.ndarray) -> None:
    code = "import sys, json, beholder; print(json.dumps(beholder.load().score(sys.argv[1:]).values.tolist()))"
    done = subprocess.run([sys.executable, "-c", code, *map(str, photos)], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(json.loads(done.stdout), alone, atol=TOLERANCE, rtol=0)


def test_nothing_is_told_to_anybody(photos: list[Path], tmp_path: Path) -> None:
    """The runtime's telemetry keeps its queue in the user's cache folder, and is off in CI: so not in this process."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "import sys, beholder; beholder.load().score(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(photos[0])], env=environment, check=True)
    assert not list(tmp_path.rglob("*"))


def test_sources_agree(scorer: Scorer, photos: list[Path], alone: np.ndarray) -> None:
    path = next(path for path in photos if path.name == "chelsea.jpg")  # too small for a reduced decode
    with Image.open(path) as image:
        image.load()
    array = np.asarray(image)
    sources = [path, str(path), path.read_bytes(), image, array]
    for source in sources:
        np.testing.assert_allclose(scorer.score(source).values[0], alone[photos.index(path)], atol=TOLERANCE)
    assert len(scorer.score(sources)) == len(sources)
    np.testing.assert_allclose(
        scorer.score(np.stack([array, array])).values, alone[[photos.index(path)] * 2], atol=1e-5
    )


def test_resizing_inside_the_model_agrees(scorer: Scorer, photos: list[Path], alone: np.ndarray) -> None:
    """Somebody else's runtime gives the graph whole pictures; the resize in it must be ours."""
    for path, expected in zip(photos, alone, strict=True):
        whole = np.asarray(Image.open(path).convert("RGB"))[None]
        found = scorer.run(whole, np.array([(1, 1)])).values[0]
        np.testing.assert_allclose(found, expected, atol=0.05)  # the decode may be reduced in one and not the other


def test_scores_hold_together(scorer: Scorer, photos: list[Path]) -> None:
    scores = scorer.score(photos)
    names = [task.name for task in scores.tasks]
    assert names == ["overall", "beauty", "valence", "arousal", "quality"]
    assert list(scores.attributes) == names[1:]
    low, high = scores.interval.T
    assert (low <= scores.overall).all() and (scores.overall <= high).all() and (low < high).all()
    for index, task in enumerate(scores.tasks):
        for values in (scores.values, scores.low, scores.high):
            assert (values[:, index] >= task.low).all() and (values[:, index] <= task.high).all()
    assert ((scores.percentile >= 0) & (scores.percentile <= 100)).all()
    assert (np.argsort(scores.percentile, kind="stable") == np.argsort(scores.overall, kind="stable")).all()
    assert scores.embedding.shape[0] == len(photos) and scores.evidence.shape == (len(photos), 5, 16, 16)
    with Image.open(photos[0]) as image:
        assert tuple(scores.sizes[0]) == image.size
    assert [len(one) for one in scores] == [1] * len(photos)
    np.testing.assert_array_equal(scores[-1].values, scores.values[-1:])
    np.testing.assert_array_equal(Scores.concatenate([scores[:3], scores[3:]]).values, scores.values)
    frame = scores.to_pandas()
    assert list(frame.columns)[:5] == names and len(frame) == len(photos)
    with pytest.raises(IndexError):
        scores[len(photos)]
    with pytest.raises(BeholderError, match="overall, beauty"):
        scores.column("lightness")


def test_scores_are_sane(scorer: Scorer, photos: list[Path], alone: np.ndarray) -> None:
    flower = next(path for path in photos if path.name == "flower.jpg")
    with Image.open(flower) as image:
        small = image.resize((40, 30)).resize(image.size)
        grey = Image.new("RGB", image.size, (120, 120, 120))
    spoiled = scorer.score([small, grey])
    good = alone[photos.index(flower)]
    quality = scorer.info.tasks.index(next(task for task in scorer.info.tasks if task.name == "quality"))
    assert (spoiled.values[:, quality] < good[quality] - 0.1).all()
    assert (spoiled.overall < good[0] - 0.3).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "empty"),
        ("/nowhere.jpg", "no such file"),
        (b"", "bytes"),
        (np.zeros((4, 4)), "uint8"),
        (["/nowhere.jpg"], "no such file"),
    ],
)
def test_bad_sources_are_one_line(scorer: Scorer, bad: object, message: str) -> None:
    with pytest.raises(PhotoError, match=message) as caught:
        scorer.score(bad)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def _changed(change) -> bytes:  # type: ignore[no-untyped-def]
    model = onnx.load_model_from_string(default_path().read_bytes())
    change(model)
    return model.SerializeToString()


def _metadata(model: onnx.ModelProto, edit) -> None:  # type: ignore[no-untyped-def]
    entry = next(entry for entry in model.metadata_props if entry.key == "beholder")
    document = json.loads(entry.value)
    edit(document)
    entry.value = json.dumps(document)


BAD_MODELS = {
    "empty": lambda: b"",
    "text": lambda: b"this is no model\n" * 100,
    "cut short": lambda: default_path().read_bytes()[:1_000_000],
    "not ours": lambda: _changed(lambda model: model.metadata_props.pop()),
    "later format": lambda: _changed(lambda model: _metadata(model, lambda d: d.update(format=99))),
    "no tasks": lambda: _changed(lambda model: _metadata(model, lambda d: d.update(tasks=[]))),
    "lost a field": lambda: _changed(lambda model: _metadata(model, lambda d: d.pop("half_width"))),
    "one task too many": lambda: _changed(
        lambda model: _metadata(
            model,
            lambda d: d.update({key: d[key] + d[key][-1:] for key in ("tasks", "half_width", "reference")}),
        )
    ),
}


@pytest.mark.parametrize("kind", BAD_MODELS)
def test_bad_model_is_one_line(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(BAD_MODELS[kind]())
    with pytest.raises(ModelError) as caught:
        beholder.load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_missing_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot open"):
        beholder.load(tmp_path / "none.onnx")


def test_embedded_model_tells_no_paths() -> None:
    content = default_path().read_bytes()
    assert len(content) <= 50_000_000
    model = onnx.load_model_from_string(content)
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert b"/src/" not in content and b"site-packages" not in content


def test_explanation(scorer: Scorer, photos: list[Path], tmp_path: Path) -> None:
    for task in scorer.info.tasks:
        explanation = scorer.explain(photos[0], task.name, grid=4)
        assert explanation.score == pytest.approx(scorer.score(photos[0]).values[0, explanation.index], abs=0.02)
        assert explanation.evidence.shape == (4, 4)
        assert np.abs(explanation.evidence).max() <= explanation.scale
        sheet = explanation.draw()
        content = io.BytesIO()
        sheet.save(content, "PNG")
        assert len(content.getvalue()) > 10_000
    with pytest.raises(BeholderError, match="no task"):
        scorer.explain(photos[0], "sharpness")


def test_heat_map_has_the_colour_of_the_sign(scorer: Scorer, photos: list[Path]) -> None:
    explanation = scorer.explain(photos[0], grid=4)
    rows, columns = explanation.evidence.shape
    plain = np.full((rows * 21, columns * 21, 3), 128, dtype=np.uint8)
    picture = np.asarray(replace(explanation, pixels=plain).overlay()).astype(int)
    redder = picture[10::21, 10::21, 0] - picture[10::21, 10::21, 2]
    strong = np.abs(explanation.evidence) > 0.5 * np.abs(explanation.evidence).max()
    assert strong.any()
    assert (np.sign(redder[strong]) == np.sign(explanation.evidence[strong])).all()


def test_bars_of_a_scale_with_two_sides_begin_between_them() -> None:
    def orange(value: float) -> np.ndarray:
        """Columns of the sheet that the bar covers."""
        one = np.full((1, 1), value)
        tasks, cell = (Task("conscientiousness", -1, 1),), np.zeros((1, 1, 2, 2))
        scores = Scores(tasks, one, one, one, np.full((1, 1), 50), one, cell, np.array([[80, 60]]), "made")
        sheet = np.asarray(Explanation(scores, 0, np.zeros((60, 80, 3), np.uint8), cell[0, 0]).draw())
        return np.flatnonzero((sheet == RAISES).all(axis=2).any(axis=0))

    above, below = orange(0.5), orange(-0.5)
    assert abs(int(above.min()) - int(below.max())) <= 2 and abs(len(above) - len(below)) <= 2
    assert below.min() > 24 + 110  # right of a name that is longer than most


@pytest.mark.parametrize("size", [(1, 1), (3000, 40), (40, 3000), (15, 700)])
def test_odd_shapes_are_scored_and_drawn(scorer: Scorer, size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 60).convert("RGB")
    assert np.isfinite(scorer.score(image).values).all()
    assert scorer.explain(image, grid=2).draw().size[0] >= 640


def test_hiding_what_raises_the_score_lowers_it(scorer: Scorer, photos: list[Path]) -> None:
    """A planted truth: only the left half counts, the upper part for it and the lower part against it."""

    def score(pixels: np.ndarray) -> np.ndarray:
        detail = np.abs(np.diff(pixels[:, :, :40, 0].astype(float), axis=2))
        return np.stack([detail[:, :40].mean((1, 2)) - detail[:, 40:].mean((1, 2))] * 2, axis=1)

    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    losses = occlude(score, noise, grid=4)
    assert losses.shape == (2, 4, 4)
    assert (losses[:, :2, :2] > 1).all() and (losses[:, 2:, :2] < -1).all()
    assert (np.abs(losses[:, :, 2:]) < 1e-9).all()


def test_first_task_of_any_model_is_the_overall_score(photos: list[Path], tmp_path: Path) -> None:
    model = str(save_model(tmp_path / "model.onnx", first="beauty"))
    explained = [beholder.load(model).explain(photos[0], task) for task in ("overall", "beauty", "warmth")]
    assert explained[0].score == explained[1].score != explained[2].score
    done = CliRunner().invoke(app, ["score", *map(str, photos), "--model", model, "--sort", "beauty", "--json"])
    values = [row["overall"] for row in json.loads(done.stdout)]
    assert values == sorted(values, reverse=True) and len(values) == len(photos)
