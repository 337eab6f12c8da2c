"""Columns of scores for a batch of pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beholder
from beholder.errors import BeholderError
from beholder.output.rows import LAST_COLUMNS, columns_of, row_of
from beholder.output.score_columns import EMBEDDING, column_kinds, score_columns
from beholder.photos.listing.find import Unreadable
from beholder.scoring.batch import score_photos
from beholder.scoring.extra_columns import ExtraColumns, model_extras
from helpers.factories import save_photos


@pytest.fixture
def scorer(detailed_model: Path) -> beholder.Scorer:
    return beholder.load(detailed_model, threads=1)


def test_columns_are_those_of_a_table(scorer: beholder.Scorer, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 5)
    Path(paths[2]).write_bytes(b"no picture")
    extras = model_extras(scorer.info)
    columns = columns_of(scorer.info.tasks, extras)
    rows = [row_of(result, columns, extras) for result in score_photos(scorer, paths, hashed=True)]
    found = score_columns(scorer, paths)
    assert found == {name: [row[name] for row in rows] for name in columns if name != "path"}
    assert found["overall"][2] is None and found["error"][2].startswith(f"{paths[2]}: is not a photograph")


def test_every_kind_of_picture_has_its_row_in_order(scorer: beholder.Scorer, tmp_path: Path) -> None:
    (path,) = save_photos(tmp_path / "photos", 1)
    content = Path(path).read_bytes()
    sources: list[Any] = [
        *(path, None, content, {"bytes": content, "path": None}, {"bytes": None, "path": path}),
        *({"bytes": None, "path": None}, b"", Unreadable("00.tar", "00.tar: no permission")),
        *(np.zeros((9, 9, 3), np.uint8), 17),
    ]
    found = score_columns(scorer, iter(sources), fields=["overall"])
    good = [error == "" for error in found["error"]]
    assert good == [True, False, True, True, True, False, False, False, True, False]
    assert [value is not None for value in found["overall"]] == good
    assert len({found["overall"][row] for row in (0, 2, 3, 4)}) == 1
    assert found["error"][1] == found["error"][5] == "has no picture"
    assert found["error"][7] == "00.tar: no permission"


@pytest.mark.parametrize("fields", [["quality", "overall"], ("exposure_low",), []])
def test_fields_are_those_asked_for_and_the_fixed_ones(scorer: beholder.Scorer, fields: Any, tmp_path: Path) -> None:
    found = score_columns(scorer, save_photos(tmp_path / "photos", 1), fields=fields)
    assert set(found) == {*fields, *LAST_COLUMNS}
    assert list(found) == [name for name in score_columns(scorer, []) if name in found]  # in the order of the table
    assert list(column_kinds(scorer, fields)) == list(found)


@pytest.mark.parametrize("name", ["beuty", "path", "error"])
def test_an_unknown_field_is_one_line_with_those_there_are(scorer: beholder.Scorer, name: str) -> None:
    with pytest.raises(BeholderError, match=f"no field is called '{name}'; .* has overall, beauty, quality, low"):
        score_columns(scorer, [], fields=[name])


def test_embeddings_are_half_precision_and_nan_where_there_are_none(scorer: beholder.Scorer, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    found = score_columns(scorer, [paths[0], None, *paths[1:]], embeddings=True)[EMBEDDING]
    exact = scorer.score(paths).embedding
    assert found.dtype == np.float16 and found.shape == (4, exact.shape[1])
    np.testing.assert_array_equal(found[[0, 2, 3]], exact.astype(np.float16))
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("sources", [[], [None]])
def test_a_batch_without_scores_has_embeddings_of_the_same_size(scorer: beholder.Scorer, sources: list[Any]) -> None:
    assert score_columns(scorer, sources, embeddings=True)[EMBEDDING].shape == (len(sources), 3)


def test_extra_columns_can_be_chosen_too(scorer: beholder.Scorer, tmp_path: Path) -> None:
    extra = ExtraColumns({"taste": float}, lambda scores: {"taste": scores.overall * 2}, leading=True, id="mine@1")
    found = score_columns(scorer, save_photos(tmp_path / "photos", 2), fields=["taste", "overall"], extras=[extra])
    assert list(found)[:2] == ["taste", "overall"]
    np.testing.assert_allclose(found["taste"], 2 * np.array(found["overall"]), atol=2e-4)
    assert found["model"] == [f"{scorer.id}+mine@1"] * 2
