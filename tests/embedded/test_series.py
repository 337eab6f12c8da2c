"""How alike photographs of a series are to a model, and what follows for its file."""

from typing import cast

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import series
from beholder.embedded.photo_encoder import PhotoEncoder
from beholder.embedded.series import CHANGES, crop, embed, learn_similarity, measure_similarity, move, share_known_again
from beholder.errors import BeholderError
from beholder.scoring.model_file import SeriesInfo
from beholder.scoring.scorer import Scorer
from beholder.tasks import Task
from helpers.factories import save_photos
from helpers.photo_files import CHINA
from helpers.quick_encoder import quick_encoder


def directions(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((*shape, 20)) + 0.3


def changed(spread: float) -> np.ndarray:
    """40 photographs with 5 changed versions each."""
    whole = directions(40, 1, seed=1)
    return np.concatenate([whole, whole + spread * directions(40, 5, seed=2)], axis=1)


def test_thresholds_are_what_few_unrelated_pairs_reach() -> None:
    unrelated = directions(500)
    like, same = learn_similarity(unrelated, changed(0.1))
    units = unrelated / np.linalg.norm(unrelated, axis=1, keepdims=True)
    cosines = (units @ units.T)[np.triu_indices(500, 1)]
    assert 100 < (cosines >= like).sum() < 150 and 1 <= (cosines >= same - 5e-4).sum() <= 3
    assert learn_similarity(7 * unrelated[::-1], changed(0.1)) == (like, same)
    SeriesInfo(like, same)


def test_a_model_that_does_not_know_photographs_again_is_refused() -> None:
    assert share_known_again(changed(0.0), 0.9999) == 1
    assert share_known_again(changed(5.0), 0.9) < 0.1
    with pytest.raises(BeholderError, match="it cannot tell series"):
        learn_similarity(directions(500), changed(5.0))
    with pytest.raises(BeholderError, match="it cannot tell series"):
        learn_similarity(np.ones((500, 4)) + 0 * directions(500)[:, :4], changed(0.1)[..., :4])


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(BeholderError, match="4,950 pairs of photographs are too few"):
        learn_similarity(directions(100), changed(0.1))


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_slight_and_the_same_again(name: str) -> None:
    first, again, other = (CHANGES[name](CHINA, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.dtype == np.uint8 and not np.array_equal(first, CHINA)
    assert all(0.75 * side <= made <= side for side, made in zip(CHINA.shape, first.shape, strict=True))


def test_crop_and_move_cut_off_what_they_say() -> None:
    sizes = {crop(CHINA, 0.1, np.random.default_rng(seed)).shape for seed in range(9)}
    assert sizes == {(384, 576, 3)}
    for seed in range(9):
        height, width, _ = move(CHINA, 0.1, np.random.default_rng(seed)).shape
        lost = np.array([1 - height / CHINA.shape[0], 1 - width / CHINA.shape[1]])
        assert np.linalg.norm(lost) == pytest.approx(0.1, abs=0.005)
    corners = {bytes(move(CHINA, 0.1, np.random.default_rng(seed))[0, 0]) for seed in range(30)}
    assert len(corners) > 3  # in all directions


def test_embeddings_of_versions(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("series") / "photos"
    paths = save_photos(folder, 6, side=40)
    names = tuple(str(path).rsplit("/", 1)[1] for path in paths)
    photos = RatedPhotos("places", folder, names, (Task("beauty", 1, 7),), np.full((6, 1), 4.0))
    encoder = quick_encoder()[0]
    monkeypatch.setattr(series, "PhotoEncoder", lambda scorer: encoder)
    scorer = cast(Scorer, None)
    found = embed(scorer, photos, [1, 4], [lambda pixels, rng: pixels, *CHANGES.values()])
    assert found.shape == (2, 1 + len(CHANGES), encoder.width)
    whole = encoder([encoder.resize(PhotoEncoder.read(encoder, photos.paths[4]))])
    np.testing.assert_allclose(found[1, 0], whole[0], rtol=1e-5, atol=1e-6)
    assert (np.ptp(found[:, 1:], axis=1) > 0).any()
    with pytest.raises(BeholderError, match="15 pairs"):
        measure_similarity(scorer, photos)
