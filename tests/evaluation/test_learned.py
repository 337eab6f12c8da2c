"""Photographs that a model learned from: found by their content, measured by what was predicted before, no verdict."""

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from beholder import load
from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.evaluation.evaluate import evaluate
from beholder.evaluation.learned import as_numbers, find_learned
from beholder.evaluation.selection import EVALUATION_PARTS, select_part
from beholder.metrics import bootstrap, paired_bootstrap, rmse
from beholder.scoring.model_file import LearnedPhotos, ModelInfo, TrainingData, learned_photos
from beholder.scoring.scorer import Scorer
from beholder.splits import split_hash
from helpers.rated_photos import N, save_ratings


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals in a twentieth of the time; test_metrics.py is about these."""
    for name, function in (("bootstrap", bootstrap), ("paired_bootstrap", paired_bootstrap)):
        monkeypatch.setattr(f"beholder.evaluation.evaluate.{name}", functools.partial(function, resamples=100))


@pytest.fixture
def photos(tmp_path: Path) -> RatedPhotos:
    return load_data(str(save_ratings(tmp_path, {"overall": 1, "warmth": 1}, split=True)))


def saying(model: Path, **changes: object) -> Scorer:
    """The model of mean colours that says other things of itself."""
    scorer = load(model)
    scorer.info = replace(scorer.info, **changes)  # type: ignore[arg-type]
    return scorer


def before(photos: RatedPhotos, rows: slice, count: int = 3) -> LearnedPhotos | None:
    """These photographs as a model file keeps them, with predictions that are half a point too high."""
    predicted = np.full((len(photos.digests[rows]), count), np.nan)
    predicted[:, :2] = photos.ratings[rows] + 0.5
    return learned_photos(photos.digests[rows], predicted)


def test_predictions_from_before_take_the_place_of_scores(photos: RatedPhotos, colour_model: Path) -> None:
    scorer = saying(colour_model, learned=before(photos, slice(0, 25)))
    found = evaluate([scorer, load(colour_model)], photos, "all")
    predicted, scores = found.models[0].predicted["overall"], load(colour_model).score(photos.paths).overall
    np.testing.assert_allclose(predicted[:25], photos.ratings[:25, 0] + 0.5, rtol=1e-5)
    np.testing.assert_allclose(predicted[25:], scores[25:])
    np.testing.assert_allclose(found.models[1].predicted["overall"], scores)
    measured = next(each.value for each in found.models[0].agreements[0].metrics if each.metric == "rmse")
    assert measured == pytest.approx(rmse(photos.ratings[:, 0], predicted))
    assert found.models[0].warnings == () and "learned from 25 of these 40 photographs" in found.models[0].notes[0]
    assert found.refused is None and len(found.differences) == 6


@pytest.mark.parametrize("part", EVALUATION_PARTS)
def test_without_them_there_is_no_verdict(part: str, photos: RatedPhotos, colour_model: Path) -> None:
    learned = np.array(photos.splits) != "test"
    said = learned_photos(photos.digests[learned], np.full((learned.sum(), 3), np.nan))
    noted = {"split": split_hash(photos.files, photos.splits or ())}
    found = evaluate([load(colour_model), saying(colour_model, learned=said, recipe=noted)], photos, part)
    count = {"test": 0, "validation": 10, "train": 20, "all": 30}[part]
    if not count:
        assert found.refused is None and found.differences and found.models[1].warnings == ()
        return
    of = 40 if part == "all" else count
    assert found.refused == (
        f"no verdict: {load(colour_model).id} learned from {count} of these {of} photographs; compare them on other "
        "photographs, or --split test"
    )
    assert found.differences == () and found.as_dict()["no_verdict"] == found.refused
    assert found.models[0].warnings == () and "not held-out" in found.models[1].warnings[0]


def test_a_whole_training_set_is_known_by_its_hash_or_published_name(photos: RatedPhotos, colour_model: Path) -> None:
    info = load(colour_model).info

    def known(each: TrainingData, rated: RatedPhotos, **changes: object) -> int:
        said: ModelInfo = replace(info, data=(each,), **changes)  # type: ignore[arg-type]
        return int(find_learned(said, rated, rated, "all").unkept.sum())

    by_hash = TrainingData("mine", N, photos.content_hash, ("overall",))
    assert known(by_hash, photos) == N
    assert known(replace(by_hash, sha256="1" * 64), photos) == 0
    by_name = replace(by_hash, name="oasis", sha256="1" * 64)
    assert known(by_name, replace(photos, name="oasis")) == N  # another copy of what is published
    assert known(replace(by_name, name="ratings"), photos) == 0  # any table may be called so
    split = {"split": split_hash(photos.files, photos.splits or ())}
    assert known(by_hash, photos, recipe=split) == 30  # all but the test part
    assert known(by_hash, photos, learned=before(photos, slice(0, 4))) == 0  # of these, the four were learned from


def test_an_embedded_model_is_not_compared_on_what_it_was_trained_on(photos: RatedPhotos, colour_model: Path) -> None:
    data = (TrainingData("mine", N, photos.content_hash, ("overall",)),)
    found = evaluate([load(colour_model), saying(colour_model, data=data)], photos, "test")
    assert select_part(photos, "test", 0)[1].size == 10
    assert found.refused is not None and "learned from 10 of these 10 photographs" in found.refused
    assert "--split" not in found.refused


def test_photographs_of_a_data_set_are_known_in_any_table(
    photos: RatedPhotos, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that the embedded models learned from; a probe on such a model knows them, whatever its file keeps."""
    numbers = as_numbers(photos.digests[5:15])
    monkeypatch.setattr("beholder.evaluation.learned._published", lambda: {"1" * 64: numbers})
    data = (TrainingData("mine", 40, "2" * 64, ("overall",)), TrainingData("oasis", 10, "1" * 64, ("beauty",)))
    embedded = saying(colour_model, data=data[1:])
    probe = saying(colour_model, data=data, learned=before(photos, slice(0, 12)))
    for scorer, rows, unkept in ((embedded, range(5, 15), range(5, 15)), (probe, range(15), range(5, 15))):
        found = find_learned(scorer.info, photos, photos, "all")
        assert np.flatnonzero(found.rows).tolist() == list(rows)
        assert np.flatnonzero(found.unkept).tolist() == list(unkept)
    compared = evaluate([probe, embedded], photos, "all")
    assert compared.refused is not None and compared.refused.count("learned from 10 of these 40 photographs") == 2
    assert "learned from 5 of these 40 photographs; they are measured" in compared.models[0].notes[0]
    assert "learned from 10 of these 40 photographs: the numbers are not held-out" in compared.models[1].warnings[0]
