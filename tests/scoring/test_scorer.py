"""Scores of real photographs by the embedded model are the same however the photographs are given."""

import copy
import io
import json
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import beholder
from beholder import Scorer
from beholder.cli.app import app
from beholder.errors import ModelError, PhotoError
from beholder.photos.read import read_photo
from helpers.factories import save_model, save_photos

# The second is a share of the value. Processors without AVX-512 compute a batch of one differently in the sixth digit.
TOLERANCE, RESOLUTION = 1e-5, 2e-6


@pytest.fixture(scope="module")
def alone(scorer: Scorer, photos: list[Path]) -> np.ndarray:
    """(N, T) scores of each photograph by itself."""
    return np.concatenate([scorer.score(path).values for path in photos])


@pytest.mark.parametrize("size", [2, 3, 8, 32])
def test_same_score_in_any_batch_and_place(scorer: Scorer, photos: list[Path], alone: np.ndarray, size: int) -> None:
    order = np.random.default_rng(size).permutation(np.repeat(np.arange(len(photos)), 5))
    sizes = np.array([(100, 100)] * size)
    pixels = np.stack(
        [scorer.pixels(beholder.photos.read.read_photo(photos[index], scorer.min_size)) for index in order[:32]]
    )
    for start in range(0, 32 - size + 1, size):
        values = scorer.run(pixels[start : start + size], sizes).values
        np.testing.assert_allclose(values, alone[order[start : start + size]], atol=TOLERANCE, rtol=RESOLUTION)


@pytest.mark.parametrize("threads", [1, 2])
def test_same_score_with_any_threads(photos: list[Path], alone: np.ndarray, threads: int) -> None:
    values = beholder.load(threads=threads).score(photos).values
    np.testing.assert_allclose(values, alone, atol=TOLERANCE, rtol=RESOLUTION)


def test_same_score_in_another_process(photos: list[Path], alone: np.ndarray) -> None:
    code = "import sys, json, beholder; print(json.dumps(beholder.load().score(sys.argv[1:]).values.tolist()))"
    done = subprocess.run([sys.executable, "-c", code, *map(str, photos)], capture_output=True, text=True, check=True)
    np.testing.assert_allclose(json.loads(done.stdout), alone, atol=TOLERANCE, rtol=RESOLUTION)


def test_sources_agree(scorer: Scorer, photos: list[Path], alone: np.ndarray) -> None:
    path = next(path for path in photos if path.name == "chelsea.jpg")  # too small for a reduced decode
    with Image.open(path) as image:
        image.load()
    array = np.asarray(image)
    sources = [path, str(path), path.read_bytes(), image, array]
    for source in sources:
        values = scorer.score(source).values[0]
        np.testing.assert_allclose(values, alone[photos.index(path)], atol=TOLERANCE, rtol=RESOLUTION)
    assert len(scorer.score(sources)) == len(sources)
    np.testing.assert_allclose(
        scorer.score(np.stack([array, array])).values,
        alone[[photos.index(path)] * 2],
        atol=TOLERANCE,
        rtol=RESOLUTION,
    )


@pytest.mark.parametrize("name", ["flower.jpg", "rocket.jpg", "coffee.jpg"])
def test_reduced_decode_keeps_the_score(scorer: Scorer, photos: list[Path], name: str) -> None:
    """A large JPEG is decoded at a fraction of its size: every score stays within 2% of its scale."""
    with Image.open(next(path for path in photos if path.name == name)) as image:
        content = io.BytesIO()
        image.resize((3000, 2000), Image.Resampling.BICUBIC).save(content, "JPEG", quality=92)
    reduced, whole = (beholder.photos.read.read_photo(content.getvalue(), least) for least in (scorer.min_size, None))
    assert reduced.pixels.shape[0] < whole.pixels.shape[0] // 3
    values = scorer.run(np.stack([scorer.pixels(found) for found in (reduced, whole)]), np.ones((2, 2), int)).values
    spans = np.array([task.high - task.low for task in scorer.info.tasks])
    np.testing.assert_array_less(np.abs(values[0] - values[1]) / spans, 0.02)


def test_resizing_inside_the_model_agrees(scorer: Scorer, photos: list[Path]) -> None:
    """Somebody else's runtime gives the graph whole pictures; the resize in it must be ours."""
    for path in photos:
        whole = beholder.photos.read.read_photo(path)
        found, expected = (
            scorer.run(pixels[None], np.array([(1, 1)])).values[0] for pixels in (whole.pixels, scorer.pixels(whole))
        )
        spans = np.array([task.high - task.low for task in scorer.info.tasks])
        np.testing.assert_allclose(found / spans, expected / spans, atol=0.02)


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
        (np.full((4, 4), 2.0), "uint8"),
        (None, "None, where a path"),
        (3, "a number, 3, where a path"),
        (["/nowhere.jpg"], "no such file"),
    ],
)
def test_bad_sources_are_one_line(scorer: Scorer, bad: object, message: str) -> None:
    with pytest.raises(PhotoError, match=message) as caught:
        scorer.score(bad)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


MIXED = [b"", np.zeros((9, 9, 3), np.uint8), "/nowhere.jpg", Image.new("RGB", (12, 8), "red"), np.full((4, 4), 2.0)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (MIXED[1:], r"^photograph at index 1: /nowhere\.jpg: no such file$"),
        ([MIXED[1]] * 20 + [b"Dear diary,"], "^photograph at index 20: <bytes>: is not a photograph"),
        (iter([MIXED[1], MIXED[4]]), "^photograph at index 1: <array>: float64"),
        ("/nowhere.jpg", r"^/nowhere\.jpg: no such file$"),
    ],
)
def test_an_error_says_which_photograph_failed(colour_model: Path, given: Any, message: str) -> None:
    with pytest.raises(PhotoError, match=message):
        beholder.load(colour_model).score(given)


def test_skipped_photographs_keep_their_rows(colour_model: Path) -> None:
    scorer = beholder.load(colour_model)
    scores, good = scorer.score(MIXED, on_error="skip"), scorer.score([MIXED[1], MIXED[3]])
    assert len(scores) == len(MIXED)
    np.testing.assert_array_equal(np.isnan(scores.overall), [True, False, True, False, True])
    np.testing.assert_array_equal(scores.sizes, [(0, 0), (9, 9), (0, 0), (12, 8), (0, 0)])
    for name in ("values", "low", "high", "percentiles", "embedding", "evidence"):
        array = getattr(scores, name)
        np.testing.assert_array_equal(array[[1, 3]], getattr(good, name))
        assert np.isnan(array[[0, 2, 4]]).all()
    assert np.isnan(scores.to_pandas()["overall"]).tolist() == [True, False, True, False, True]


@pytest.mark.parametrize("given", ["/nowhere.jpg", ["/nowhere.jpg"] * 9])
def test_all_photographs_may_be_skipped(colour_model: Path, given: Any) -> None:
    scores = beholder.load(colour_model).score(given, on_error="skip")
    assert len(scores) == (9 if isinstance(given, list) else 1) and np.isnan(scores.values).all()


def test_skipping_does_not_change_other_scores(scorer: Scorer, photos: list[Path], alone: np.ndarray) -> None:
    mixed = [each for path in photos for each in (path, "/nowhere.jpg")]
    np.testing.assert_array_equal(scorer.score(mixed, on_error="skip").values[::2], scorer.score(photos).values)


def test_threads_are_one_or_more(colour_model: Path) -> None:
    with pytest.raises(ValueError, match="threads is -1; give 1 or more"):
        beholder.load(colour_model, threads=-1)


def test_on_error_is_one_of_two_words(colour_model: Path) -> None:
    with pytest.raises(ValueError, match="ignore"):
        beholder.load(colour_model).score(MIXED, on_error="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(1, 1), (3000, 40), (40, 3000), (15, 700)])
def test_odd_shapes_are_scored_and_drawn(scorer: Scorer, size: tuple[int, int]) -> None:
    image = Image.effect_noise(size, 60).convert("RGB")
    assert np.isfinite(scorer.score(image).values).all()
    assert scorer.explain(image, grid=2).draw().size[0] >= 640


def test_first_task_of_any_model_is_the_overall_score(photos: list[Path], tmp_path: Path) -> None:
    model = str(save_model(tmp_path / "model.onnx", first="beauty"))
    explained = [beholder.load(model).explain(photos[0], task) for task in ("overall", "beauty", "warmth")]
    assert explained[0].score == explained[1].score != explained[2].score
    done = CliRunner().invoke(app, ["score", *map(str, photos), "--model", model, "--sort", "beauty", "--json"])
    values = [row["overall"] for row in json.loads(done.stdout)]
    assert values == sorted(values, reverse=True) and len(values) == len(photos)


def test_a_scorer_travels_to_another_process(
    colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(colour_model.parent)
    scorer = beholder.load(colour_model.name, threads=1)
    expected = scorer.score(MIXED[1])
    monkeypatch.chdir(tmp_path)  # another folder, as another process may have
    for other in (pickle.loads(pickle.dumps(scorer)), copy.copy(scorer), copy.deepcopy([scorer])[0]):
        assert other.score(MIXED[1]) == expected and (other.id, other.threads) == (scorer.id, 1)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(scorer.score, MIXED[1]).result(60) == expected
    named = pickle.loads(pickle.dumps(beholder.load("fast")))
    assert named.id.startswith("fast@") and named.info == beholder.load("fast").info


def test_a_model_file_that_was_replaced_is_not_taken_for_the_same(colour_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(colour_model.read_bytes())
    packed = pickle.dumps(beholder.load(path))
    save_model(path, shift=0.5)
    with pytest.raises(ModelError, match=r"model\.onnx: is colour@\w+, where colour@\w+ is expected; it was replaced"):
        pickle.loads(packed)
    path.unlink()
    with pytest.raises(ModelError, match=r"model\.onnx: no such file"):
        pickle.loads(packed)


def in_child(code: str, *arguments: object) -> str:
    """What a program prints that forks; it ends by itself, children and all."""
    before = """
import os, sys, time
import numpy as np
import beholder
def child(work):
    pid = os.fork()
    if not pid:
        assert work() is not False
        sys.exit(0)
    until, done = time.monotonic() + 60, 0
    while not done and time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)
    if not done:
        os.kill(pid, 9)
    print(status if done else "hangs", flush=True)
one = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
"""
    # From Python 3.12 on a fork beside threads is warned of.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", before + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    return done.stdout + done.stderr


def test_forked_children_score_and_end(colour_model: Path) -> None:
    code = """
scorer = beholder.load("fast", threads=2)
unused = beholder.load(sys.argv[1], threads=3)
before = scorer.score([one, one])
child(lambda: scorer.score([one, one]) == before)
child(lambda: None)
child(lambda: child(lambda: scorer.score([one, one]) == before))  # a child of a child
assert scorer.score([one, one]) == before
"""
    assert in_child(code, colour_model).split() == ["0"] * 4


def test_a_fork_in_the_middle_of_a_run(colour_model: Path, tmp_path: Path) -> None:
    """Threads of the parent hold batches, photographs and pixels; none of them is in the child."""
    photos = save_photos(tmp_path / "photos", 40)
    code = """
import beholder.photos.memory as memory
from contextlib import ExitStack
scorer = beholder.load(sys.argv[1], threads=2)
expected = [result.scores for result in beholder.score_photos(scorer, sys.argv[2:])]
results = beholder.score_photos(scorer, sys.argv[2:])
next(results)
def again():
    with ExitStack() as mine:
        memory.reserve_pixels(mine, memory.MAX_PIXELS)
    return [result.scores for result in beholder.score_photos(scorer, sys.argv[2:])] == expected
with ExitStack() as held:
    memory.reserve_pixels(held, memory.MAX_PIXELS)
    child(again)
    child(lambda: results.close())
assert len(list(results)) == 39
"""
    assert in_child(code, colour_model, *photos).split() == ["0"] * 2


def test_everything_is_shown_in_one_line(colour_model: Path) -> None:
    scorer = beholder.load(colour_model, threads=2)
    shown = {
        repr(scorer): f"Scorer({scorer.id}: overall, warmth, quality; 2 threads)",
        repr(
            scorer.info
        ): "ModelInfo(colour: overall 1 to 7, warmth 1 to 7, quality 0 to 1; none at 16 x 16, trained on "
        "9 photographs of mine)",
        repr(read_photo(MIXED[3])): "Photo(12 x 8 pixels, read as 12 x 8)",
    }
    assert list(shown) == list(shown.values())
    explanation = scorer.explain(MIXED[3], grid=2)
    assert repr(explanation).startswith("Explanation(overall ") and len(repr(explanation)) < 200
    assert explanation == scorer.explain(MIXED[3], grid=2) != scorer.explain(MIXED[3], "quality", grid=2)
    scored, failed = beholder.score_photos(scorer, [MIXED[3], "gone.jpg"])
    assert repr(failed) == "Result(gone.jpg: no such file)"
    assert repr(scored).startswith("Result(<photograph>: Scores(1 photograph by ")
