"""Cached features: computed once, continued after a stop, and other features in other files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.tasks import Task
from beholder.training.features import Extractor, compute_features


def rated(folder: Path, count: int = 20) -> RatedPhotos:
    rng = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    names = tuple(f"{number}.png" for number in range(count))
    return RatedPhotos("toy", folder, names, (Task("beauty", 1, 7),), rng.uniform(1, 7, (count, 1)))


class Means:
    """Mean colour as features, counting how many photographs it was shown, stopping where told to."""

    def __init__(self, stop: int | None = None) -> None:
        self.shown, self.stop = 0, stop

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        if self.stop is not None and self.shown >= self.stop:
            raise KeyboardInterrupt
        self.shown += len(pixels)
        return pixels[:, :, : pixels.shape[2] // 2].mean((1, 2), dtype=np.float32)


def extractor_of(compute: Means, key: str = "means") -> Extractor:
    return Extractor(key, (16, 12), 2, (3,), compute)


def test_features_are_kept_and_both_views_differ(tmp_path: Path) -> None:
    photos, compute = rated(tmp_path), Means()
    first = compute_features(photos, extractor_of(compute), tmp_path / "cache")
    assert [view.shape for view in first] == [(20, 3), (20, 3)] and compute.shown == 40
    pixels = resize_exact(read_photo(photos.paths[7]), (16, 12))
    np.testing.assert_allclose(first[0][7], pixels[:, :8].mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(first[1][7], pixels[:, 8:].mean((0, 1)), rtol=1e-5)
    again = compute_features(photos, extractor_of(compute), tmp_path / "cache")
    assert compute.shown == 40
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        *(
            (".json", text)
            for text in (b"", b"[]", b"{}", b'{"done": "20"}', b'{"done": -3}', b'{"done": 21}', b'{"done": NaN}')
        ),
        *((".npy", content) for content in (b"", b"text", None)),
    ],
)
def test_damaged_features_are_computed_again(suffix: str, content: bytes | None, tmp_path: Path) -> None:
    photos, compute = rated(tmp_path), Means()
    first = np.array(compute_features(photos, extractor_of(compute), tmp_path / "cache"))
    [file] = (tmp_path / "cache" / "features").glob(f"*{suffix}")
    file.write_bytes(file.read_bytes().replace(b"<f4", b"<i4") if content is None else content)
    again = compute_features(photos, extractor_of(compute), tmp_path / "cache")
    np.testing.assert_array_equal(again, first)
    assert again.dtype == np.float32 and compute.shown == 80


def test_stopped_features_go_on_where_they_were(tmp_path: Path) -> None:
    photos, whole = rated(tmp_path), Means()
    expected = compute_features(photos, extractor_of(whole), tmp_path / "other")
    with pytest.raises(KeyboardInterrupt):
        compute_features(photos, extractor_of(Means(stop=16)), tmp_path / "cache")
    rest = Means()
    np.testing.assert_array_equal(compute_features(photos, extractor_of(rest), tmp_path / "cache"), expected)
    assert rest.shown == 24


@pytest.mark.parametrize("change", ["key", "photograph"])
def test_other_features_are_other_files(change: str, tmp_path: Path) -> None:
    photos, compute = rated(tmp_path), Means()
    compute_features(photos, extractor_of(compute), tmp_path / "cache")
    if change == "photograph":
        Image.new("RGB", (9, 9)).save(tmp_path / "3.png")
        photos = replace(photos)
    compute_features(photos, extractor_of(compute, "other" if change == "key" else "means"), tmp_path / "cache")
    assert compute.shown == 80


def test_unwritable_cache_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BeholderError, match="BEHOLDER_CACHE"):
        compute_features(rated(tmp_path), extractor_of(Means()), tmp_path / "file")
