"""What is known of series goes into a model file, and nothing else of it changes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

import beholder
from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.series_info import (
    LAST,
    LEARNED,
    enough_for_series,
    photos_to_learn_from,
    photos_to_try,
    write_series,
)
from beholder.errors import BeholderError
from beholder.scoring.model_file import EMBEDDED, SeriesInfo
from helpers.factories import save_model

SERIES = SeriesInfo(0.7, 0.9, (("overall", 2.0), ("noise", 0.5)), 0.1)


def test_only_the_description_changes(tmp_path: Path, photos: list[Path]) -> None:
    path = save_model(tmp_path / "model.onnx")
    before = beholder.Scorer(path)
    write_series(path, replace(before.info, series=SERIES))
    after = beholder.Scorer(path)
    assert after.info == replace(before.info, series=SERIES) and after.id != before.id
    np.testing.assert_array_equal(after.score(photos[:2]).values, before.score(photos[:2]).values)


def test_what_is_no_model_file_stays(tmp_path: Path, colour_model: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_text("notes of mine")
    with pytest.raises(BeholderError, match=r"mine\.onnx: not a model file"):
        write_series(path, beholder.Scorer(colour_model).info)
    assert path.read_text() == "notes of mine"


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_embedded_models_know_series(name: str) -> None:
    series = beholder.load(name).info.series
    assert series is not None and 0.7 < series.like < series.same < 0.97
    assert {"overall", "sharpness_subject", "motion", "exposure"} <= {name for name, _ in series.preference}
    assert 0.02 < series.overall_spread < 0.3


@dataclass
class _Photos:
    ratings: np.ndarray
    paths: list[Path]

    def __len__(self) -> int:
        return len(self.paths)


def _photos(count: int) -> RatedPhotos:
    ratings = np.arange(count, dtype=float)[::-1, None]
    return cast(RatedPhotos, _Photos(ratings, [Path(f"{row}.jpg") for row in range(count)]))


def test_photographs_to_learn_from_and_to_try_are_different_and_not_of_the_best() -> None:
    biq = _photos(2000)
    learned, tried = set(photos_to_learn_from(biq)), set(photos_to_try(biq))
    assert len(learned) == LEARNED and len(tried) == 300 and not learned & tried
    assert {int(path.stem) for path in learned | tried} <= set(range(600, LAST))


@pytest.mark.parametrize(("oasis", "biq", "enough"), [(649, 5000, True), (100, 5000, False), (649, 30, False)])
def test_few_photographs_teach_nothing_of_series(oasis: int, biq: int, enough: bool) -> None:
    assert enough_for_series({"oasis": _photos(oasis), "biq2021": _photos(biq)}) is enough
