"""`python -m benchmarks improve`, with models whose answers are known."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from beholder.improving.changes import Change
from helpers.factories import REPOSITORY


@pytest.fixture
def improving(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("benchmarks.improve")


@pytest.mark.slow
def test_tables(improving: ModuleType, detailed_model: Path, tmp_path: Path) -> None:
    """The model takes grey of 50 for right, and sees how much darker or brighter a picture is."""
    for number in range(2):
        Image.new("RGB", (90, 60), (50, 50, 50)).save(tmp_path / f"{number}.png")
    said, harms, borders = improving.measure(None, tmp_path, str(detailed_model), 2)
    assert said.startswith(f"2 photographs of {tmp_path}, seed 11; detailed@")
    shown = {str(row[0]): str(row[1]) for row in zip(*(column.cells for column in harms.columns), strict=True)}
    assert shown["exposure -1 EV (2)"] == shown["untouched (2)"] == "1.00"
    assert shown["exposure +1 EV (2)"] == "0.00"  # what is darker scores lower by more than a fault is worth
    assert shown["cast +90 mired (2)"] == "0.00"  # it is warm, and unlike what was rated
    assert set(shown) >= {"untouched (2)", "all of exposure (8)", "all of straighten (4)", "untouched: none (2)"}
    assert borders.row_count == 5  # four kinds, and all


@pytest.mark.parametrize("amount", [-1, 2])
def test_a_harm_is_undone_by_half(improving: ModuleType, amount: float) -> None:
    harm = improving.Harm("", "exposure", amount, None)
    for share, right in ((0.4, False), (0.6, True), (1.4, True), (1.6, False), (-1, False)):
        assert improving.undoes(Change("exposure", -share * amount), harm) == right
    assert not improving.undoes(Change("contrast", -amount), harm)


def test_factors_are_undone_by_their_logarithm(improving: ModuleType) -> None:
    harm = improving.Harm("", "contrast", 0.5, None)
    assert [improving.undoes(Change("contrast", factor), harm) for factor in (1.3, 1.5, 2, 2.7, 3)] == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_padding(improving: ModuleType) -> None:
    pixels = np.random.default_rng(0).integers(1, 255, (60, 90, 3)).astype(np.uint8)
    for number, kind in enumerate(improving.BORDERS):
        padded, (left, top, right, bottom) = improving.pad(pixels, kind, np.random.default_rng(number))
        height, width = padded.shape[:2]
        inside = padded[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
        assert np.array_equal(inside, pixels) and padded.size > pixels.size >= padded.size / 2
    assert improving.iou((0, 0, 1, 1), (0.5, 0, 1, 1)) == 0.5 and improving.iou((0, 0, 0.5, 1), (0.5, 0, 1, 1)) == 0
