"""What the default model learns from: data sets that are at hand, and features in the place of their photographs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.data.registry import data_set
from beholder.embedded import material
from beholder.embedded.copies import cost, draw_copies
from beholder.embedded.material import Material, Parts, fit_blocks, gather, load_photos, parts_of
from beholder.errors import BeholderError
from beholder.models.kernel_head import CLIP
from beholder.models.photo_features import DETAIL, DIM, SCENE
from beholder.photos.edits import EDITS
from helpers import layouts
from helpers.coloured_data import make_oasis
from helpers.kernel_models import FEATURES, small
from helpers.quick_encoder import features_of, quick_encoder

MAKE: dict[str, Callable[[Path], object]] = {
    "oasis": make_oasis,
    "biq2021": layouts.make_biq,
    "appeal": layouts.make_appeal,
    "composition": layouts.make_composition,
}


@pytest.mark.parametrize("missing", [(), ("appeal",), ("composition",), ("appeal", "composition")], ids=str)
def test_what_is_left_out_is_told(missing: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in set(MAKE) - set(missing):
        MAKE[name](tmp_path)
    assert list(load_photos(tmp_path)) == [name for name in MAKE if name not in missing]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(missing)
    for line, name in zip(told, missing, strict=True):
        assert str(tmp_path / name) in line and data_set(name).description in line
        assert {"appeal": "the task appeal", "composition": "simplicity"}[name] in line


@pytest.mark.parametrize("missing", ["oasis", "biq2021"])
def test_without_these_nothing_is_learned(missing: str, tmp_path: Path) -> None:
    for name in set(MAKE) - {missing}:
        MAKE[name](tmp_path)
    with pytest.raises(BeholderError, match=missing):
        load_photos(tmp_path)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for make in MAKE.values():
        make(folder)
    rows = [f"{number}.jpg,{number * 5 % 12 / 11:.3f}" for number in range(12)]
    layouts.make_labels(folder / "biq2021", "image,quality_mean", rows)
    return folder


@pytest.fixture(scope="module")
def gathered(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(material, "BEST", 5)
        patch.setattr(material, "fit_blocks", lambda *given: small().blocks)
        encoder, _ = quick_encoder(tmp_path_factory.mktemp("cache"))
        return gather(root, load_photos(root), encoder)


def features(gathered: Material, name: str, row: int, change: Callable) -> Parts:  # type: ignore[type-arg]
    """Of one changed photograph, from its file."""
    encoder, _ = quick_encoder()
    pixels = encoder.resize(change(encoder.read(gathered.photos[name].paths[row])))
    return parts_of(gathered.blocks, features_of(pixels[None]))


def assert_photograph(found: Parts, place: int, expected: Parts) -> None:
    """At this place of several there is this one; what is kept of it is rounded."""
    for several, one in zip(found.blocks, expected.blocks, strict=True):
        np.testing.assert_allclose(several[place], one[0], atol=0.03)
    moved = (found.standard[place] - expected.standard[0]).abs()
    assert moved.mean() < 1e-3 and moved.max() < 0.5  # a feature that is nearly the same everywhere moves most


def test_views_are_of_their_photographs(gathered: Material) -> None:
    assert {name: len(views.parts) for name, views in gathered.views.items()} == {
        "oasis": 3,
        "appeal": 2,
        "composition": 2,
        "biq2021": 1,
    }
    for name, views in gathered.views.items():
        assert views.rows.tolist() == list(range(len(gathered.photos[name])))
        assert all(len(part) == len(views.rows) for version in views.parts for part in version)
    for version, change in enumerate((lambda pixels: pixels, lambda pixels: pixels[:, ::-1])):
        expected = features(gathered, "oasis", 7, change)
        assert_photograph(gathered.views["oasis"].parts[version], 7, expected)


def test_small_versions_and_the_best_are_of_the_numbers_that_they_name(gathered: Material) -> None:
    quality = gathered.photos["biq2021"].ratings[:, 0]
    assert gathered.small.rows.tolist() == list(range(0, len(quality), material.SMALL_STRIDE))
    best = gathered.copies["biq2021"].rows
    assert len(best) == 5 and sorted(best) == best.tolist() and sorted(quality[best]) == sorted(quality)[-5:]
    assert gathered.copies["oasis"].rows.tolist() == list(range(40))


@pytest.mark.parametrize(("name", "numbers"), [("oasis", material.OASIS_COPIES), ("biq2021", material.BIQ_COPIES)])
def test_copies_are_what_is_said_of_them(gathered: Material, name: str, numbers: tuple[int, int, int]) -> None:
    copies = gathered.copies[name]
    views, photographs = 2 + sum(numbers), len(copies.rows)
    assert copies.kinds.shape == copies.costs.shape == (views, photographs)
    assert copies.amounts.shape == (views, photographs, len(EDITS)) and len(copies.parts) == views
    for place in (0, photographs - 1):
        plan = draw_copies(place, *numbers)
        assert copies.kinds[:, place].tolist() == [copy.kind for copy in plan]
        np.testing.assert_array_equal(copies.amounts[:, place], [copy.vector() for copy in plan])
        np.testing.assert_allclose(copies.costs[:, place], [cost(copy) for copy in plan])
        for view in (0, 3, views - 1):
            expected = features(gathered, name, copies.rows[place], plan[view].make)
            assert_photograph(copies.parts[view], place, expected)


def test_typical_patch_is_the_mean_of_the_mean_patches(gathered: Material) -> None:
    encoder, _ = quick_encoder()
    assert gathered.typical.shape == (3 * DIM,)
    means = []
    for name, views in gathered.views.items():
        for change in (lambda p: p, lambda p: p[:, ::-1])[: min(len(views.parts), 2)]:
            if name != "appeal":  # its bars are cut off
                pixels = np.stack([encoder.resize(change(encoder.read(path))) for path in gathered.photos[name].paths])
                means.append(features_of(pixels)[:, :SCENE].reshape(-1, 3, 2, DIM)[:, :, 1].reshape(-1, 3 * DIM))
    nearly = np.concatenate(means).mean(axis=0)
    assert np.corrcoef(gathered.typical, nearly)[0, 1] > 0.9


def test_blocks_are_of_the_three_kinds_of_features() -> None:
    rng = np.random.default_rng(0)
    photographs, copies = (rng.normal(size=(count, sum(FEATURES))).astype(np.float32) for count in (450, 150))
    copies[:, SCENE + DETAIL :] += 3  # edited copies look different in their statistics
    blocks = fit_blocks(photographs, copies)
    widths = [(each.matrix.shape[0], each.matrix.shape[1]) for each in blocks]
    assert widths == [(SCENE, 384), (DETAIL, 192), (574, 128)]
    assert [each.matrix.shape[1] for each in fit_blocks(photographs, copies, (6, 5, 4))] == [6, 5, 4]
    assert blocks.statistics.mean.mean() > 0.5 and abs(blocks.scene.mean.mean()) < 0.1
    last = 4 * DIM  # first feature of the last layer
    weight = blocks.scene.matrix.square().sum(dim=1)
    assert float(weight[last:].mean() / weight[:last].mean()) > 1.5


def test_parts_are_blocks_and_all_standardised_features() -> None:
    blocks = small().blocks
    photographs = np.random.default_rng(0).normal(size=(5, sum(FEATURES))).astype(np.float32)
    photographs[0, :3], photographs[1, -3:] = 9e4, -9e4
    found = parts_of(blocks, photographs)
    by_kind = np.split(photographs, np.cumsum(FEATURES)[:-1], axis=1)
    for block, standard, project, features in zip(
        found.blocks, torch.split(found.standard, list(FEATURES), dim=1), blocks, by_kind, strict=True
    ):
        torch.testing.assert_close(block, project(features))
        assert torch.equal(standard, project.standard(features).half())
    assert found.standard.dtype == torch.float16
    assert (found.standard[0, :3] == CLIP).all() and (found.standard[1, -3:] == -CLIP).all()
    for part, chosen in zip(found, found.rows(np.array([3, 1])), strict=True):
        assert torch.equal(chosen, part[[3, 1]])
