"""Scores and intervals on their scale."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import beholder
from beholder.scoring.intervals import on_scale
from beholder.tasks import Task
from helpers.factories import save_model, save_photos

TASKS = (Task("beauty", 1, 7), Task("quality", 0, 0.1), Task("z", -3, 3))


@pytest.mark.parametrize("spread", [0.1, 5, 1e4, 1e30])
@pytest.mark.parametrize("half", [0.0, 0.02, 100.0])
def test_intervals_are_never_inverted_nor_beyond_the_scale(spread: float, half: float) -> None:
    middle = np.array([4, 0.05, 0])
    values = np.random.default_rng(0).normal(middle, spread * np.array([1, 0.01, 1]), (200, 3)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores, low, high = on_scale(values, (half,) * 3, TASKS, "m@1")
    ends = np.array([(task.low, task.high) for task in TASKS], np.float32).T
    assert (ends[0] <= low).all() and (low <= scores).all() and (scores <= high).all() and (high <= ends[1]).all()
    inside = (ends[0] <= values) & (values <= ends[1])
    assert (scores[inside] == values[inside]).all()
    assert (low[inside] == np.maximum(values - np.float32(half), ends[0])[inside]).all()
    assert (high[inside] == np.minimum(values + np.float32(half), ends[1])[inside]).all()


def test_scores_beyond_the_scale_are_warned_of(tmp_path: Path) -> None:
    photos = save_photos(tmp_path / "photos", 3)
    for shift, end in ((20, 7), (-20, 1)):
        scorer = beholder.load(save_model(tmp_path / f"{shift}.onnx", shift=shift))
        with pytest.warns(UserWarning, match=r"^model colour@\w+ gives overall beyond its scale, 1 to 7; such scores"):
            scores = scorer.score(photos)
        assert (scores.overall == end).all() and (np.diff(scores.interval) == 0.5).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        beholder.load(save_model(tmp_path / "m.onnx")).score(photos)
