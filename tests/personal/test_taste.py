"""A taste file: written and read."""

import base64
import json
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.errors import BeholderError
from beholder.personal import fit
from beholder.personal.taste import read_taste, write
from beholder.scoring.model_file import ModelInfo
from helpers.damage import damaged
from helpers.tastes import SCALE, rated, seen


def test_the_same_ratings_give_the_same_file(info: ModelInfo) -> None:
    scores = seen(info, 40, 5)
    first, second = (fit.fit(scores, info, rated(scores, 1, 0.5, 5), SCALE, "ab") for _ in range(2))
    assert first.to_json() == second.to_json() and first.id == second.id


def test_what_is_written_is_read(info: ModelInfo, tmp_path: Path) -> None:
    scores = seen(info, 40, 5)
    made = fit.fit(scores, info, rated(scores, 1, 0.5, 5), SCALE, "ab")
    write(made, tmp_path / "taste.json")
    found = read_taste(tmp_path / "taste.json", made.model)
    assert found == made and found.id == made.id
    np.testing.assert_array_equal(found(scores), made(scores))


@pytest.fixture
def whole(info: ModelInfo, tmp_path: Path) -> Path:
    """A taste file that can be read."""
    scores = seen(info, 40, 5)
    write(fit.fit(scores, info, rated(scores, 1, 0.5, 5), SCALE, "ab"), tmp_path / "taste.json")
    return tmp_path / "taste.json"


def packed(value: float) -> str:
    return base64.b64encode(np.full(5, value, "<f4").tobytes()).decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((name, value) for name in ("model", "ratings_sha256") for value in (3, None, ["a"])),
        *(("n", value) for value in (True, 0, -3, 2.5, "40", None, 10**30)),
        *((name, value) for name in ("personal", "intercept") for value in (True, "1", None, 1e300, [1], 10**400)),
        *((name, value) for name in ("srcc", "srcc_generic") for value in (True, "1", 1.5, -2)),
        *(("on_tasks", value) for value in (3, "12", ["1"], [True], [None], [[1]], {"a": 1}, [1e200])),
        *(("on_embedding", value) for value in (3, [1.0], "AAA", packed(np.nan), packed(-np.inf), packed(1e30))),
        *(("scale", value) for value in (None, {}, [1, 2], {"name": "x", "low": 1, "high": 1})),
        *(("scale", {"name": "x", "low": low, "high": 7}) for low in ("1", True, None, -1e300, [1])),
        *(("scale", {"name": "x", "low": 1, "high": 7, "description": value}) for value in (3, None)),
        *(("scale", {"name": value, "low": 1, "high": 7}) for value in (3, None, "", "a b")),
        *(("taste_format", value) for value in (True, "1", None, 0, -1, 1.5)),
    ],
)
def test_fields_of_another_kind_are_refused(field: str, value: Any, whole: Path) -> None:
    document = json.loads(whole.read_text())
    document[field] = value
    whole.write_text(json.dumps(document))
    with pytest.raises(
        BeholderError, match=r"^[^\n]*taste\.json: is not a taste file, or damaged; make one with[^\n]*$"
    ):
        read_taste(whole, document["model"])


@pytest.mark.parametrize("old", ['"n": 40', '"intercept": '])
@pytest.mark.parametrize("new", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_what_is_no_json_is_refused(old: str, new: str, whole: Path) -> None:
    text = whole.read_text()
    assert old in text
    whole.write_text(text.replace(old, f'"n": {new}, "x": '))
    with pytest.raises(BeholderError, match="is not a taste file"):
        read_taste(whole, "any")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_refused(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "taste.json")
    with pytest.raises(BeholderError, match=r"is a (pipe|folder|device), not a taste file; make one with"):
        read_taste(tmp_path / "taste.json", "any")


def test_damaged_files_are_read_or_refused(whole: Path) -> None:
    content, chance = whole.read_bytes(), random.Random(0)
    model = json.loads(content)["model"]
    for _ in range(400):
        whole.write_bytes(damaged(content, chance))
        try:
            read_taste(whole, model)
        except BeholderError as error:
            assert "\n" not in str(error)


def test_it_travels_and_is_shown_in_one_line(info: ModelInfo) -> None:
    scores = seen(info, 40, 1)
    taste = fit.fit(scores, info, rated(scores, 1, 0.5, 1), SCALE, "ab")
    other = pickle.loads(pickle.dumps(taste))
    assert other == taste and other.id == taste.id
    assert repr(taste).startswith("Taste(for colour@00000000: 40 ratings") and len(repr(taste)) < 300
