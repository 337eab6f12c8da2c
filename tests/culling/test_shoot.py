"""What is kept of a shoot while it is scored, and how a stopped run goes on."""

import numpy as np
import pytest

import beholder
from beholder.culling.shoot import forget, score_shoot, subject_map, unit
from beholder.files import hidden_beside
from helpers.factories import save_photos


@pytest.fixture
def scorer(colour_model):
    return beholder.Scorer(colour_model)


def test_embeddings_have_unit_length():
    found = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]], atol=1e-3)


def test_the_subject_map_sums_to_one(photos):
    found = subject_map(beholder.load("fast").score(photos[0]))
    assert found.ndim == 2 and found.min() >= 0
    assert float(found.astype(float).sum()) == pytest.approx(1, abs=0.02)


def _count(results, counted):
    for result in results:
        counted.append(result)
        yield result


@pytest.mark.parametrize("stopped_after", [0, 2, 5])
def test_a_stopped_run_goes_on_where_it_was(scorer, tmp_path, stopped_after):
    paths, table = save_photos(tmp_path / "photos", 5), tmp_path / "cull.csv"
    whole = score_shoot(scorer, paths, ())

    def stop(results):
        for count, result in enumerate(results):
            if count == stopped_after:
                return
            yield result

    score_shoot(scorer, paths, (), journal=table, watch=stop)
    seen = []
    again = score_shoot(scorer, paths, (), journal=table, resume=True, watch=lambda results: _count(results, seen))
    assert sum(result.scores is not None for result in seen) == 5 - stopped_after
    assert [shot.row for shot in again] == [shot.row for shot in whole]
    for one, other in zip(again, whole, strict=True):
        np.testing.assert_array_equal(one.embedding, other.embedding)
        np.testing.assert_array_equal(one.subject, other.subject)
    forget(table)
    assert not hidden_beside(table, "shoot").exists()


@pytest.mark.parametrize("damage", [lambda data: data[:-40], lambda data: data + b"{\n", lambda data: b"\n" + data])
def test_a_damaged_line_is_scored_again(scorer, tmp_path, damage):
    paths, table = save_photos(tmp_path / "photos", 3), tmp_path / "cull.csv"
    whole = score_shoot(scorer, paths, (), journal=table)
    hidden = hidden_beside(table, "shoot")
    hidden.write_bytes(damage(hidden.read_bytes()))
    again = score_shoot(scorer, paths, (), journal=table, resume=True)
    assert [shot.row for shot in again] == [shot.row for shot in whole]


def test_what_another_model_found_is_not_taken_over(scorer, other_model, tmp_path):
    paths, table, seen = save_photos(tmp_path / "photos", 3), tmp_path / "cull.csv", []
    score_shoot(scorer, paths, (), journal=table)
    other = beholder.Scorer(other_model)
    score_shoot(other, paths, (), journal=table, resume=True, watch=lambda results: _count(results, seen))
    assert all(result.scores is not None for result in seen)


def test_a_photograph_that_moved_is_known_by_its_content(scorer, tmp_path):
    paths, table, seen = save_photos(tmp_path / "photos", 2), tmp_path / "cull.csv", []
    score_shoot(scorer, paths, (), journal=table)
    (tmp_path / "photos" / "1.jpg").rename(tmp_path / "photos" / "moved.jpg")
    paths[0] = str(tmp_path / "photos" / "moved.jpg")
    found = score_shoot(scorer, paths, (), journal=table, resume=True, watch=lambda results: _count(results, seen))
    assert [shot.row["path"] for shot in found] == paths and not any(result.scores for result in seen)
