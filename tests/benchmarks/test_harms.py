"""Harmed photographs, edits by known amounts and pictures that are none, scored by models whose answers are known."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.table import Table

from beholder.embedded.harms import HARMLESS, HARMS, SERIES
from beholder.errors import BeholderError
from beholder.photos.edits import to_linear
from beholder.photos.read import Pixels
from helpers.factories import REPOSITORY, save_photos

GREY_LIGHT = 0.2  # linear, of the photographs that the light meter is made for


def module(monkeypatch: pytest.MonkeyPatch, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module(f"benchmarks.{name}")


@pytest.fixture
def harms(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module(monkeypatch, "harms")


def cells(table: Table) -> list[list[str]]:
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_tables_of_a_model(
    harms: ModuleType, colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rates by mean colour: what is darker scores lower, and a mirror image the same."""
    photos = tmp_path / "photos"
    save_photos(photos, 4, side=48)

    def no_torch() -> None:
        raise BeholderError("PyTorch is not installed")

    monkeypatch.setattr(harms, "nima_mobilenet", no_torch)
    parts = list(harms.measure(None, photos, [str(colour_model)], 3))
    texts, tables = ([part for part in parts if isinstance(part, kind)] for kind in (str, Table))
    assert texts[0] == "left out: NIMA-MobileNet: PyTorch is not installed"
    assert texts[1] == f"3 photographs of {photos}, seed 0. colour: was trained on mine"
    assert texts[2:] == ["colour: tells no amounts of edits", "colour: tells no familiarity"]
    overall, series, quality, _, harmless = tables
    assert [row[0] for row in cells(overall)] == [row[0] for row in cells(quality)] == list(HARMS)
    shown = {row[0]: row[2] for row in cells(overall)}
    assert shown["exposure -2 EV"].startswith("100% (100% to 100%) met, -")
    assert shown["exposure +2 EV"].startswith("0% (0% to 0%) short, +")
    assert "met" in overall.columns[2].header
    falls = {row[0]: row[2].rpartition(" ")[2] for row in cells(series)}
    assert list(falls) == list(SERIES) and falls["darker"] == "falls" and falls["brighter"] == "NOT"
    changes = {row[0]: row[1:] for row in cells(harmless)}
    assert list(changes) == list(HARMLESS) and changes["mirrored"][0] == "3" and changes["mirrored"][1].endswith("met")
    assert changes["reduced to 1,024 px"] == ["0", ""]


def test_photographs_of_a_training_are_told(harms: ModuleType, tmp_path: Path) -> None:
    info = SimpleNamespace(data=[SimpleNamespace(name="oasis")], tasks=())
    rival = harms.Rival("ours", lambda pixels: {}, SimpleNamespace(info=info))
    assert harms.told(rival, "oasis") == "these photographs were IN ITS TRAINING"
    assert harms.told(rival, None) == "was trained on oasis"
    (examples,) = harms.photo_sets(None, None, 100)
    assert {path.name for path in examples.paths} >= {"rocket.jpg", "china.jpg"} and examples.data is None
    save_photos(tmp_path / "one", 1)
    with pytest.raises(BeholderError, match="1 photographs; an interval needs 2 at least"):
        harms.photo_sets(None, tmp_path / "one", 100)


@dataclass
class Meter:
    """A model that knows the exposure of grey cards, and nothing else of other edits; all of noise is unfamiliar."""

    info: Any

    def scores(self, pictures: Any) -> Any:
        values = [[5.0, self.stops(each), 0.0, -float(np.ptp(each, axis=(0, 1)).max())] for each in pictures]
        array = np.array(values)
        return SimpleNamespace(values=array, low=array - 0.5, high=array + 0.5)

    @staticmethod
    def stops(pixels: Pixels) -> float:
        return float(np.log2(max(to_linear(pixels)[::7, ::7].mean(), 1e-4) / GREY_LIGHT))


TASKS = tuple(
    SimpleNamespace(name=name, kind=kind)
    for name, kind in (("overall", "rating"), ("exposure", "edit"), ("tilt", "edit"), ("familiarity", "familiarity"))
)


@pytest.fixture
def meter() -> Meter:
    return Meter(SimpleNamespace(tasks=TASKS, half_width=(0.5, 0.5, 0.5, 9.0)))


@pytest.fixture
def cards() -> list[Pixels]:
    return [np.full((30, 40 + number, 3), 124, np.uint8) for number in range(30)]


def test_amounts_of_edits(monkeypatch: pytest.MonkeyPatch, meter: Meter, cards: list[Pixels]) -> None:
    edits = module(monkeypatch, "harms_edits")
    monkeypatch.setattr(edits, "scores_of", lambda scorer, pictures: scorer.scores(pictures))
    assert edits.edit_names(meter) == ["exposure", "tilt"]
    errors, confusion, alarms = edits.edit_tables("meter", meter, cards)
    (exposure, tilt) = cells(errors)
    assert exposure[:2] == ["exposure", "EV"] and float(exposure[2]) < 0.25 and float(exposure[3]) > 1
    assert float(tilt[2]) == pytest.approx(float(tilt[3]), abs=0.6)  # it says 0 of any tilt
    assert cells(confusion) == [["exposure", "100%", "", ""], ["tilt", "", "", "100%"]]
    assert [row[0] for row in cells(alarms)] == ["all", "darkest", "brightest", "greyest", "least saturated"]
    assert all(row[2:] == ["0%", "0%"] for row in cells(alarms))
    bright = [np.full((30, 40, 3), 250, np.uint8)] * 6
    *_, alarms = edits.edit_tables("meter", meter, [*cards[:24], *bright])
    assert {row[0]: row[2] for row in cells(alarms)}["brightest"] == "100%"
    assert {row[0]: row[2] for row in cells(alarms)}["all"] == "20%"


def test_familiarity(monkeypatch: pytest.MonkeyPatch, meter: Meter, cards: list[Pixels]) -> None:
    familiarity = module(monkeypatch, "harms_familiarity")
    monkeypatch.setattr(familiarity, "scores_of", lambda scorer, pictures: scorer.scores(pictures))
    monkeypatch.setattr(familiarity, "samples", lambda names: [])
    rivals = [familiarity.Rival("meter", lambda pixels: {}, meter), familiarity.Rival("peer", lambda pixels: {})]
    (table,) = familiarity.familiarity_tables(rivals, [], cards)
    shown = {row[0]: row[1:] for row in cells(table)}
    assert shown["noise"] == ["10", "1.000"] and shown["checkerboard"] == ["10", "1.000"]
    assert shown["single colour"] == ["10", "0.500"]  # as flat as the cards
    assert shown["all of them"][0] == "90" and shown["all of them"][1].endswith("short")
