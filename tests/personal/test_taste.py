"""A taste file: written and read."""

import pickle
from pathlib import Path

import numpy as np

from beholder.personal import fit
from beholder.personal.taste import read_taste, write
from beholder.scoring.model_file import ModelInfo
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


def test_it_travels_and_is_shown_in_one_line(info: ModelInfo) -> None:
    scores = seen(info, 40, 1)
    taste = fit.fit(scores, info, rated(scores, 1, 0.5, 1), SCALE, "ab")
    other = pickle.loads(pickle.dumps(taste))
    assert other == taste and other.id == taste.id
    assert repr(taste).startswith("Taste(for colour@00000000: 40 ratings") and len(repr(taste)) < 300
