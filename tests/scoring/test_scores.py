"""Scores agree with each other, can be sliced and joined, and become tables."""

import copy
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image

from beholder import Scorer, Scores
from beholder.errors import BeholderError
from beholder.output.rows import columns_of
from beholder.scoring.extra_columns import model_extras
from beholder.scoring.scores import blank
from beholder.tasks import Task


def test_blank_rows_are_nan_and_others_stay() -> None:
    tasks, one = (Task("overall", 1, 3),), np.ones((3, 1))
    sizes, shares = np.full((3, 2), 8), np.full((3, 2), 0.5)
    scores = Scores(tasks, one, one, one, one, one, one[..., None, None], sizes, "made@1", (1, 3), shares)
    blanked = blank(scores, [1])
    assert np.isnan(blanked.overall).tolist() == [False, True, False]
    assert blanked.distribution is not None and np.isnan(blanked.distribution[1]).all()
    assert blanked.sd is not None and np.isnan(blanked.sd).tolist() == [False, True, False]
    np.testing.assert_array_equal(blanked.sizes, sizes)
    assert not np.isnan(scores.values).any() and blank(scores, []) is scores


def test_scores_hold_together(scorer: Scorer, photos: list[Path]) -> None:
    scores = scorer.score(photos)
    names = [task.name for task in scores.tasks]
    ratings = [task.name for task in scores.tasks if task.kind == "rating"]
    assert ratings[:2] == names[:2] == ["overall", "beauty"] and list(scores.attributes) == ratings[1:]
    assert list(scores.edits) == [task.name for task in scores.tasks if task.kind == "edit"] != []
    low, high = scores.interval.T
    assert (low <= scores.overall).all() and (scores.overall <= high).all() and (low < high).all()
    for index, task in enumerate(scores.tasks):
        for values in (scores.values, scores.low, scores.high):
            assert (values[:, index] >= task.low).all() and (values[:, index] <= task.high).all()
    assert ((scores.percentile >= 0) & (scores.percentile <= 100)).all()
    assert (np.argsort(scores.percentile, kind="stable") == np.argsort(scores.overall, kind="stable")).all()
    assert scores.embedding.shape[0] == len(photos) and scores.evidence.shape == (len(photos), len(names), 16, 16)
    with Image.open(photos[0]) as image:
        assert tuple(scores.sizes[0]) == image.size
    assert [len(one) for one in scores] == [1] * len(photos)
    np.testing.assert_array_equal(scores[-1].values, scores.values[-1:])
    np.testing.assert_array_equal(Scores.concatenate([scores[:3], scores[3:]]).values, scores.values)
    frame = scores.to_pandas()
    assert list(frame.columns)[: len(ratings)] == ratings and len(frame) == len(photos)
    with pytest.raises(IndexError):
        scores[len(photos)]
    with pytest.raises(BeholderError, match="overall, beauty"):
        scores.column("lightness")


def made(count: int = 5, model: str = "made@1", first: str = "overall") -> Scores:
    tasks = (Task(first, 1, 9), Task("beauty", 1, 9))
    values = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
    sizes = np.arange(count * 2).reshape(count, 2) + 100
    return Scores(tasks, values, values - 1, values + 1, values * 10, values, values[..., None, None], sizes, model)


ROWS: dict[str, tuple[Any, list[int]]] = {
    "integer": (2, [2]),
    "from the end": (-1, [4]),
    "numpy's integer": (np.int64(3), [3]),
    "of argmax": (np.arange(5).argmax(), [4]),
    "array of no dimension": (np.array(1), [1]),
    "unsigned": (np.uint8(4), [4]),
    "slice": (slice(1, 4), [1, 2, 3]),
    "step": (slice(None, None, -2), [4, 2, 0]),
    "slice beyond": (slice(3, 99), [3, 4]),
    "all": (..., [0, 1, 2, 3, 4]),
    "mask": (np.arange(5) % 2 == 0, [0, 2, 4]),
    "list of bool": ([True, False, False, False, True], [0, 4]),
    "column of bool": (pandas.Series([False, True, False, False, True]), [1, 4]),
    "list": ([3, 0, 0, -1], [3, 0, 0, 4]),
    "empty list": ([], []),
    "array": (np.array([4, 2]), [4, 2]),
    "range": (range(1, 3), [1, 2]),
    "argsort": (np.arange(5)[::-1].argsort(), [4, 3, 2, 1, 0]),
}


@pytest.mark.parametrize("kind", ROWS)
def test_indexed_as_an_array_is(kind: str) -> None:
    index, rows = ROWS[kind]
    scores = made()
    chosen = scores[index]
    for name in ("values", "low", "high", "percentiles", "embedding", "evidence", "sizes"):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(scores, name)[rows])
    assert len(chosen) == len(rows) == len(chosen.overall) and chosen.model == scores.model


NO_INDEX: dict[str, tuple[Any, str]] = {
    "beyond": (5, "photograph 5 of 5"),
    "before": (-6, "photograph -6 of 5"),
    "numpy beyond": (np.int32(7), "photograph 7 of 5"),
    "list beyond": ([0, 9], "photographs 0 to 9 of 5"),
    "list before": ([-6], "photographs -6"),
    "short mask": ([True, False], "a mask of 2 for 5"),
    "two dimensions": (np.zeros((5, 2), int), "no index"),
    "two indices": ((0, 1), "no index"),
    "number": (1.0, "no index"),
    "numbers": ([1.0, 2.0], "no index"),
    "bool": (True, "no index"),
    "name": ("beauty", "no index"),
    "nothing": (None, "no index"),
}


@pytest.mark.parametrize("kind", NO_INDEX)
def test_what_is_no_index_is_an_index_error(kind: str) -> None:
    index, says = NO_INDEX[kind]
    with pytest.raises(IndexError, match=says) as caught:
        made()[index]
    assert "\n" not in str(caught.value)


def test_comparing_gives_one_answer() -> None:
    scores = made()
    assert scores == made() and made(1) == scores[0] and scores[1] in scores
    assert scores != made(4) and scores != made(model="other@1") and scores != made(first="joy") and scores != 3
    assert scores[0] != scores[1] and scores[0] not in scores[1:]
    assert blank(scores, [1]) == blank(made(), [1]) != scores  # NaN is NaN
    with_votes = replace(scores, score_levels=(1.0, 9.0), distribution=np.full((5, 2), 0.5))
    assert with_votes != scores and scores != with_votes and with_votes == copy.deepcopy(with_votes)
    with pytest.raises(TypeError, match="unhashable"):
        hash(scores)


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_shown_in_one_line(count: int) -> None:
    shown = repr(made(count))
    assert shown.startswith(f"Scores({count} photograph") and shown.isprintable() and len(shown) < 200
    assert str(made(count)) == shown


@pytest.mark.parametrize("count", [0, 1, 10, 500])
def test_a_notebook_shows_a_small_table(count: int) -> None:
    scores = made(count, model="<b>@1")  # names of tasks have letters and digits only
    shown = scores._repr_html_()
    assert shown.count("<tr>") == 1 + min(count, 10) and shown.count("<td>") == min(count, 10) * shown_columns(scores)
    assert "&lt;b&gt;@1" in shown and "<b>" not in shown
    assert f"{count} photograph" in shown and ("the first 10 of 500" in shown) == (count == 500)


def shown_columns(scores: Scores) -> int:
    """The overall score, its interval, its percentile, and the other ratings."""
    return 3 + len(scores.attributes)


def test_a_notebook_shows_photographs_that_could_not_be_read_as_empty_rows() -> None:
    shown = blank(made(2), [1])._repr_html_()
    assert shown.count("<td></td>") == shown_columns(made()) and "nan" not in shown


def test_scores_travel() -> None:
    assert pickle.loads(pickle.dumps(made())) == copy.deepcopy(made()) == copy.copy(made()) == made()


def test_scores_of_every_kind_of_task(detailed_model: Path, tmp_path: Path) -> None:
    """Greys of known lightness and a red, whose scores follow from the model."""
    scorer = Scorer(detailed_model)
    pictures = [np.full((16, 16, 3), grey, np.uint8) for grey in (50, 90)]
    pictures.append(np.full((16, 16, 3), (120, 15, 15), np.uint8))
    scores = scorer.score(pictures)
    assert list(scores.attributes) == ["beauty", "quality"]
    assert list(scores.edits) == [task.name for task in scores.tasks if task.kind == "edit"]
    np.testing.assert_allclose(scores.edits["exposure"], [0, 2, 0], atol=1e-5)
    assert scores.disagreement is not None and scores.familiarity is not None and scores.unlike is not None
    np.testing.assert_allclose(scores.disagreement, [1, 1.4, 1], atol=1e-5)
    np.testing.assert_allclose(scores.familiarity, [60, 60, 0], atol=1e-5)
    assert scores.unlike.tolist() == [False, False, True]
    np.testing.assert_allclose((scores.high - scores.values)[:, 0], [0.5, 0.5, 1.5], atol=1e-5)  # widened
    np.testing.assert_allclose((scores.high - scores.values)[:, 3], 0.5, atol=1e-5)  # an edit: not widened

    columns = scores.to_dict()
    edits = [name for task in scores.tasks if task.kind == "edit" for name in task.columns]
    assert list(columns) == [
        *("overall", "beauty", "quality", "low", "high", "percentile", *edits),
        *("disagreement", "familiarity", "unlike", "width", "height"),
    ]
    assert list(columns) == [name for name in columns_of(scores.tasks, model_extras(scorer.info)) if name in columns]
    assert columns["unlike"].tolist() == [0, 0, 1] and columns["unlike"].dtype.kind == "i"
    np.testing.assert_allclose(columns["exposure_high"], [0.5, 2.5, 0.5], atol=1e-5)
    assert scores.to_pandas().shape == (3, len(columns))
    assert scores[2].unlike is not None and bool(scores[2].unlike[0]) and "unlike what was rated" in repr(scores[2])
    assert "exposure" not in repr(scores) + repr(scores[0])
    assert Scores.concatenate([scores[:1], scores[1:]]) == scores == pickle.loads(pickle.dumps(scores))
    assert (
        replace(scores, unlike_below=None).unlike is None
        and "unlike" not in replace(scores, unlike_below=None).to_dict()
    )
    blanked = blank(scores, [2])
    assert blanked.unlike is not None and not blanked.unlike[2] and np.isnan(blanked.edits["tilt"][2])
