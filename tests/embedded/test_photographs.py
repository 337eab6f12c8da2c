"""The photographs of the embedded models, known one by one."""

from pathlib import Path

import numpy as np

from beholder import load
from beholder.data.registry import load_data
from beholder.embedded.photographs import save_digests
from beholder.evaluation.learned import LEARNED_PHOTOGRAPHS, as_numbers
from beholder.scoring.model_file import EMBEDDED
from helpers.rated_photos import N, save_ratings


def test_digests_are_written_for_each_data_set(tmp_path: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"overall": 1})))
    save_digests([photos], tmp_path / "kept.npz")
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as kept:
        assert kept.files == [photos.content_hash] and len(kept[photos.content_hash]) == N
        assert np.isin(as_numbers(photos.digests), kept[photos.content_hash]).all()


def test_those_of_the_embedded_models_are_in_the_package() -> None:
    with np.load(LEARNED_PHOTOGRAPHS, allow_pickle=False) as kept:
        for name in EMBEDDED:
            for data in load(name).info.data:
                assert kept[data.sha256].shape == (data.n,) and kept[data.sha256].dtype == np.uint64


def test_they_are_those_of_the_data_at_hand(data_root: Path) -> None:
    photos = load_data("composition", data_root)
    with np.load(LEARNED_PHOTOGRAPHS, allow_pickle=False) as kept:
        np.testing.assert_array_equal(kept[photos.content_hash], np.sort(as_numbers(photos.digests)))
