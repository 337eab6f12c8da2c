"""The benchmark of series: what it shoots is what it says, and it counts mistakes."""

import importlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded.harms import Change
from beholder.tasks import Task
from helpers.factories import REPOSITORY, save_photos

PLACES = 12


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    """Photographs of 12 places; one of them is there three times, and others are of another part."""
    folder = tmp_path_factory.mktemp("places")
    names = []
    for number, path in enumerate(save_photos(folder / "made", PLACES, side=64)):
        names.append(f"ss03_{number}.png")
        Path(path).rename(folder / names[-1])
    for name in ("ss03_copy.png", "ss03_again.png", "ss01_0.png"):
        shutil.copy(folder / names[0], folder / name)
        names.append(name)
    return RatedPhotos("biq2021", folder, tuple(names), (Task("quality", 0, 1),), np.full((len(names), 1), 0.5))


@pytest.fixture
def cull_series(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("benchmarks.cull_series")


@pytest.fixture
def embedded(cull_series: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embeddings by the number of the photograph; each version of it is a little aside."""

    def embed(scorer: Any, photos: RatedPhotos, rows: Sequence[int], versions: Sequence[Change]) -> np.ndarray:
        rng = np.random.default_rng(len(versions))
        noise = rng.standard_normal((len(rows), len(versions), PLACES)) * (0.05 if len(versions) > 1 else 0)
        return np.eye(PLACES)[list(rows)][:, None] + noise

    monkeypatch.setattr(cull_series, "embed", embed)


def test_places_are_different_and_of_the_third_part(cull_series: ModuleType, photos: RatedPhotos) -> None:
    for count in (5, PLACES, 50):
        chosen = cull_series.different_places(photos, count)
        assert len(chosen) == min(count, PLACES) and "ss01_0.png" not in chosen.files
        assert len({"ss03_0.png", "ss03_copy.png", "ss03_again.png"} & set(chosen.files)) <= 1


@pytest.mark.usefixtures("embedded")
def test_a_shoot_in_which_every_third_place_is_a_series(cull_series: ModuleType, photos: RatedPhotos) -> None:
    shoot = cull_series.make_shoot(Any, cull_series.different_places(photos, PLACES))
    counts = np.bincount(shoot.place)
    assert all((count > 1) == (number % 3 == 0) and count <= 6 for number, count in enumerate(counts))
    assert (np.diff(shoot.seconds) > 0).all() and (np.diff(shoot.place) >= 0).all()
    assert (np.diff(shoot.seconds)[np.diff(shoot.place) == 0] < 3).all()
    for known in cull_series.KNOWN:
        assert len({frame.path for frame in shoot.frames(known)}) == len(shoot.place)
        found = cull_series.grouped(shoot, known, 0.75, 0.9)
        assert (found.precision, found.recall, found.wrong, found.split) == (1, 1, 0, 0)
    assert cull_series.grouped(shoot, "nothing", 0.75, 0.9999).split == 4


def test_wrong_merges_and_split_places_are_counted(cull_series: ModuleType) -> None:
    degrees = np.radians([0, 5, 60, 3, 90, 91])
    embeddings = np.stack([np.cos(degrees), np.sin(degrees)], axis=1)
    shoot = cull_series.Shoot(np.array([0, 0, 0, 1, 2, 2]), np.arange(6.0), embeddings)
    found = cull_series.grouped(shoot, "times", 0.95, 0.99)  # 0, 5 and 3 degrees are of one series, 60 alone
    assert (found.wrong, found.split) == (1, 1)
    assert found.precision == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3 + 2) / 6)
    assert found.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 2) / 6)


def test_cost_is_that_of_many_frames(cull_series: ModuleType) -> None:
    seconds, megabytes = cull_series.cost(np.random.default_rng(0).standard_normal((20, 30)), 0.75, 0.9, count=101)
    assert seconds > 0 and 0 < megabytes < 10


@pytest.mark.usefixtures("embedded")
def test_tables(cull_series: ModuleType, photos: RatedPhotos, monkeypatch: pytest.MonkeyPatch) -> None:
    info = SimpleNamespace(name="some model", series=None)
    monkeypatch.setattr(cull_series, "Scorer", lambda name: SimpleNamespace(info=info))
    monkeypatch.setattr(cull_series, "load_data", lambda name, root: photos)
    monkeypatch.setattr(cull_series, "measure_similarity", lambda scorer, photos: (0.75, 0.9))
    monkeypatch.setattr(cull_series, "MANY", 40)
    monkeypatch.setattr(cull_series, "PLACES", PLACES)
    table, speed = cull_series.measure(None, ["some model"])
    assert table.row_count == len(cull_series.KNOWN) and speed.startswith("some model: 40 frames in ")  # type: ignore[union-attr]
