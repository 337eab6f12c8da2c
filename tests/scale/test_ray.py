"""The actor class that adds scores to batches, without Ray around it."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beholder
from beholder.errors import BeholderError, ModelError
from beholder.output.score_columns import score_columns
from beholder.scale.ray import Score
from helpers.factories import save_model, save_photos

FIXED = {"width", "height", "model", "sha256", "error"}


def column(values: list[Any]) -> np.ndarray:
    """A column of a batch as Ray gives it."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def test_a_batch_keeps_its_columns_and_gets_scores(colour_model: Path, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 4)
    contents = [Path(path).read_bytes() for path in paths]
    batch = {"image": column([*contents[:3], b"no picture", None]), "caption": column(list("abcde"))}
    found = Score(colour_model)(batch)
    expected = score_columns(beholder.load(colour_model), [*contents[:3], b"no picture", None])
    assert list(found) == ["image", "caption", *expected]
    assert found["caption"] is batch["caption"]
    assert found["overall"][:3].tolist() == expected["overall"][:3] and np.isnan(found["overall"][3:]).all()
    assert found["width"].tolist() == [24, 24, 24, 0, 0]
    assert [error == "" for error in found["error"]] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("pictures", [["photo"], ["bad"], ["photo", "bad"], []], ids=str)
def test_types_of_columns_do_not_depend_on_the_batch(pictures: list[str], colour_model: Path, tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    given = column([Path(path).read_bytes() if each == "photo" else b"" for each in pictures])
    found = Score(colour_model, fields=["overall"], embeddings=True)({"image": given})
    assert set(found) == {"image", "overall", "embedding", *FIXED}
    types = {name: values.dtype for name, values in found.items()}
    assert types["overall"] == np.float64 and types["width"] == types["height"] == np.int64
    assert types["error"] == types["sha256"] == np.dtype(object) and types["embedding"] == np.float16
    assert found["embedding"].shape[0] == len(pictures) and found["embedding"].ndim == 2


@pytest.mark.parametrize("kind", ["bytes", "path", "cell", "pixels", "stacked pixels"])
def test_a_column_of_any_kind_of_picture(kind: str, colour_model: Path, tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    content, pixels = Path(path).read_bytes(), beholder.read_photo(path, (24, 24)).pixels
    given = {
        "bytes": column([content]),
        "path": np.array([path]),
        "cell": column([{"bytes": content, "path": None}]),
        "pixels": column([pixels]),
        "stacked pixels": pixels[None],
    }[kind]
    found = Score(colour_model, column="picture")({"picture": given})
    assert found["overall"].tolist() == score_columns(beholder.load(colour_model), [path])["overall"]


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ({"picture": column([b""])}, "no column is called 'image': give Score one of picture"),
        ({"image": column([b""]), "width": column([1])}, "would replace width of the batch"),
    ],
)
def test_a_batch_that_does_not_fit_is_one_line(batch: dict[str, Any], said: str, colour_model: Path) -> None:
    with pytest.raises(BeholderError, match=said):
        Score(colour_model)(batch)


def test_an_unknown_field_is_one_line(colour_model: Path) -> None:
    with pytest.raises(BeholderError, match="beuty"):
        Score(colour_model, fields=["beuty"])({"image": column([b""])})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda score: pickle.loads(pickle.dumps(score))])
def test_copies_score_the_same(copied: Any, colour_model: Path, tmp_path: Path) -> None:
    batch = {"image": np.array(save_photos(tmp_path / "photos", 3))}
    score = Score(colour_model, 1, fields=["overall"])
    assert copied(score)(batch)["overall"].tolist() == score(batch)["overall"].tolist()
    assert len(pickle.dumps(score)) < 1000


def test_a_model_that_was_replaced_is_refused(tmp_path: Path) -> None:
    model = save_model(tmp_path / "colour.onnx")
    sent = pickle.dumps(Score(model))
    save_model(model, shift=0.5)
    with pytest.raises(ModelError, match="is expected"):
        pickle.loads(sent)({"image": column([b""])})
