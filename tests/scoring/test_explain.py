"""Explanations: evidence by occlusion, heat maps, and bars of all scores."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from beholder import Scorer, Scores, load
from beholder.errors import BeholderError
from beholder.scoring.drawing import WARNING
from beholder.scoring.explain import Explanation, occlude
from beholder.scoring.heatmap import RAISES
from beholder.scoring.sheet import MARGIN, WIDTH
from beholder.tasks import Task


def test_explanation_has_the_same_score(photos: list[Path]) -> None:
    scorer = load("fast")
    scores = scorer.score(photos[0]).values[0]
    for task in scorer.info.tasks:
        explanation = scorer.explain(photos[0], task.name, grid=2)
        assert explanation.score == pytest.approx(scores[explanation.index], rel=1e-5)
        assert explanation.evidence.shape == (2, 2)
        assert np.abs(explanation.evidence).max() <= explanation.scale
    content = io.BytesIO()
    explanation.draw().save(content, "PNG")
    assert len(content.getvalue()) > 10_000
    with pytest.raises(BeholderError, match="no task"):
        scorer.explain(photos[0], "loudness")


def test_a_notebook_shows_the_sheet(photos: list[Path]) -> None:
    explanation = load("fast").explain(photos[0], grid=1)
    with Image.open(io.BytesIO(explanation._repr_png_())) as shown:
        assert shown.format == "PNG" and np.array_equal(shown, explanation.draw())


def test_heat_map_has_the_colour_of_the_sign(scorer: Scorer, photos: list[Path]) -> None:
    explanation = scorer.explain(photos[0], grid=4)
    rows, columns = explanation.evidence.shape
    plain = np.full((rows * 21, columns * 21, 3), 128, dtype=np.uint8)
    picture = np.asarray(replace(explanation, pixels=plain).overlay()).astype(int)
    redder = picture[10::21, 10::21, 0] - picture[10::21, 10::21, 2]
    assert explanation.overlay((40, 30)).size == (40, 30)
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
    assert abs(int(above.min()) - int(below.max())) <= 6 and abs(len(above) - len(below)) <= 2
    assert below.min() > MARGIN + 110  # right of a name that is longer than most


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


def test_an_edit_is_explained_in_its_unit(detailed_model: Path) -> None:
    """The bar begins at no change, and the sheet says where a photograph is unlike what was rated."""
    scorer = load(detailed_model)
    sheets = []
    for colour in ((90, 90, 90), (120, 15, 15)):
        explanation = scorer.explain(np.full((16, 16, 3), colour, np.uint8), "contrast", grid=2)
        assert explanation.evidence.shape == (2, 2) and explanation.task.kind == "edit"
        sheets.append(np.asarray(explanation.draw()))
    bright, red = ((sheet == WARNING).all(axis=2).any() for sheet in sheets)
    assert not bright and red
    columns = np.flatnonzero((sheets[0] == RAISES).all(axis=2).any(axis=0))
    assert columns.min() > MARGIN + WIDTH // 2 and len(columns) < 100  # a part of a bar among the edits
