"""Scores agree with each other, can be sliced and joined, and become tables."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from beholder import Scorer, Scores
from beholder.errors import BeholderError
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
    assert names == ["overall", "beauty", "valence", "arousal", "quality"]
    assert list(scores.attributes) == names[1:]
    low, high = scores.interval.T
    assert (low <= scores.overall).all() and (scores.overall <= high).all() and (low < high).all()
    for index, task in enumerate(scores.tasks):
        for values in (scores.values, scores.low, scores.high):
            assert (values[:, index] >= task.low).all() and (values[:, index] <= task.high).all()
    assert ((scores.percentile >= 0) & (scores.percentile <= 100)).all()
    assert (np.argsort(scores.percentile, kind="stable") == np.argsort(scores.overall, kind="stable")).all()
    assert scores.embedding.shape[0] == len(photos) and scores.evidence.shape == (len(photos), 5, 16, 16)
    with Image.open(photos[0]) as image:
        assert tuple(scores.sizes[0]) == image.size
    assert [len(one) for one in scores] == [1] * len(photos)
    np.testing.assert_array_equal(scores[-1].values, scores.values[-1:])
    np.testing.assert_array_equal(Scores.concatenate([scores[:3], scores[3:]]).values, scores.values)
    frame = scores.to_pandas()
    assert list(frame.columns)[:5] == names and len(frame) == len(photos)
    with pytest.raises(IndexError):
        scores[len(photos)]
    with pytest.raises(BeholderError, match="overall, beauty"):
        scores.column("lightness")
