"""The benchmark of probes: means over draws beside the goal, what is a loss, too few photographs."""

import importlib
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from beholder.tasks import Task
from helpers.extras import HAVE_TORCH
from helpers.factories import REPOSITORY

if not HAVE_TORCH:
    pytest.skip("needs PyTorch: pip install 'beholder[train]'", allow_module_level=True)

from beholder.systems.probe.heads import Heads, Known

TASKS = (Task("overall", 0, 1),)


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("benchmarks.probe")


def own(count: int, gap: float) -> dict[str, Any]:
    """Photographs whose ratings are a known score with noise, and what its embedding tells beside it."""

    def draw(seed: int) -> tuple[Known, np.ndarray]:
        rng = np.random.default_rng(seed)
        embedding, score = rng.normal(size=(count, 30)), rng.normal(size=count)
        ratings = score + gap * embedding[:, 0] + rng.normal(size=count) / 3
        return Known(embedding, score[:, None], TASKS), ratings[:, None]

    return {"title": "own", "draw": draw, "tasks": TASKS}


def cells(probe: ModuleType, case: dict[str, Any]) -> list[list[str]]:
    """The rows of the table for four draws, as text."""
    columns = probe.table([probe.Case(**case)], 4).columns
    return [list(row) for row in zip(*([str(cell) for cell in column.cells] for column in columns), strict=True)]


def test_a_difference_is_a_gain_and_sizes_without_a_test_set_are_left_out(probe: ModuleType) -> None:
    rows = cells(probe, own(300, gap=1.0))
    assert [row[2] for row in rows] == ["60", "200"] and [row[3] for row in rows] == ["240", "100"]
    untouched, _, learned = (float(text) for text in rows[1][5:8])
    assert learned > untouched + 0.1 and rows[1][8].startswith("+") and rows[1][-2:] == ["0 of 4", "met"]


def test_a_loss_is_told(probe: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = probe.heads.fit

    def spoiled(*given: object) -> Heads:
        found = fit(*given)
        return Heads(0 * found.on_scores, found.weight, found.bias, found.typical)

    monkeypatch.setattr(probe.heads, "fit", spoiled)
    (row,) = cells(probe, own(160, gap=0.1))
    assert float(row[7]) < float(row[5]) - 0.3 and row[-2:] == ["4 of 4", "short"]
