"""What holds of every model inside the package: scores of the photograph alone, and a file that tells all."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

import beholder
from beholder import Scorer
from beholder.cli.app import app
from beholder.metrics import srcc
from beholder.photos.edits import EDITS
from beholder.scoring.batch import score_photos
from beholder.scoring.model_file import EMBEDDED, embedded_path

TOLERANCE = 1e-5
RESOLUTION = 2e-6  # as a share of the value: processors differ in a cast of 10 mired by 1.4e-5


@pytest.fixture(scope="module", params=EMBEDDED)
def model(request: pytest.FixtureRequest) -> Scorer:
    return beholder.load(request.param)


@pytest.fixture(scope="module")
def alone(model: Scorer, photos: list[Path]) -> np.ndarray:
    """(N, T) scores of each photograph by itself."""
    return np.concatenate([model.score(path).values for path in photos])


@pytest.mark.parametrize("batch", [2, 3, 8])
def test_a_score_knows_no_batch_order_or_workers(
    model: Scorer, photos: list[Path], alone: np.ndarray, batch: int
) -> None:
    order = np.random.default_rng(batch).permutation(np.repeat(np.arange(len(photos)), 2))
    results = score_photos(model, [photos[index] for index in order], batch=batch, workers=batch)
    for index, result in zip(order, results, strict=True):
        assert result.scores is not None
        np.testing.assert_allclose(result.scores.values[0], alone[index], atol=TOLERANCE, rtol=RESOLUTION)


RATINGS = ["overall", "beauty", "appeal", "valence", "arousal", "quality", "simplicity"]
MEASURED_ON = {"appeal": "appeal", "quality": "biq2021", "simplicity": "composition"}  # others on OASIS


def test_the_file_tells_all(model: Scorer) -> None:
    info = model.info
    names = [task.name for task in info.tasks]
    assert names[: len(RATINGS)] == RATINGS and names[-2:] == ["disagreement", "familiarity"]
    assert set(names[len(RATINGS) : -2]) == set(EDITS) and len(names) == len(set(names))
    assert [task.name for task in info.tasks if task.kind == "rating"] == RATINGS
    assert {data.name: data.n for data in info.data} == {
        "oasis": 649,
        "biq2021": 5000,
        "appeal": 613,
        "composition": 794,
    }
    assert all(len(data.sha256) == 64 for data in info.data)
    splits = ("5-fold, seed 0", "5-fold by theme, seed 0")
    measured = {(each.task, each.data, each.split) for each in info.metrics if each.metric == "coverage90"}
    for task in (*RATINGS, "disagreement"):
        assert (task, MEASURED_ON.get(task, "oasis"), splits[0]) in measured
        assert ((task, "oasis", splits[1]) in measured) == (task not in MEASURED_ON)  # the others have no themes
    assert {each.task for each in info.metrics if each.metric == "mae"} == set(EDITS)
    assert all(each.low <= each.value <= each.high for each in info.metrics)
    assert info.recipe["heads"] and info.licence == "Apache-2.0" and "DINOv2" in info.attribution
    assert info.unlike and len(info.widening) == 5


def test_outputs_are_those_of_the_contract(model: Scorer, photos: list[Path]) -> None:
    scores = model.score(photos)
    rows, columns = (side // 14 for side in reversed(model.info.size))
    assert scores.evidence.shape == (len(photos), len(model.info.tasks), rows, columns)
    assert scores.embedding.shape == (len(photos), 3 * 2 * 384)  # class token and mean patch token of three layers
    assert np.isfinite(scores.embedding).all() and np.isfinite(scores.evidence).all()


def test_files_are_small_and_tell_no_paths() -> None:
    for name, most in (("default", 50_000_000), ("fast", 34_000_000)):
        content = embedded_path(name).read_bytes()
        assert len(content) <= most
        nodes = onnx.load_model_from_string(content).graph.node
        assert not any(node.metadata_props or node.doc_string for node in nodes)
        assert b"/src/" not in content and b"site-packages" not in content


def test_fast_ranks_as_default(photos: list[Path]) -> None:
    default, fast = (beholder.load(name).score(photos) for name in EMBEDDED)
    assert default.model != fast.model
    assert srcc(default.overall, fast.overall) > 0.85
    assert np.abs(default.overall - fast.overall).max() < 0.89  # the half-width of the default's intervals


def test_fast_by_option_and_by_name(photos: list[Path]) -> None:
    run = CliRunner().invoke
    by_option = run(app, ["score", str(photos[0]), "--fast", "--json"])
    by_name = run(app, ["score", str(photos[0]), "--model", "fast", "--json"])
    assert by_option.exit_code == 0 and by_option.stdout == by_name.stdout and "fast@" in by_option.stdout
    both = run(app, ["score", str(photos[0]), "--fast", "--model", "fast"])
    assert both.exit_code == 1 and "one of the two" in both.stderr
