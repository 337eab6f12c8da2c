"""The benchmark of probes: means over draws beside the goal, what is a loss, too few photographs."""

import numpy as np
import pytest
from benchmarks.probe import Case, table

from beholder.tasks import Task
from benchmarks import probe
from helpers.extras import HAVE_TORCH

if not HAVE_TORCH:
    pytest.skip("needs PyTorch: pip install 'beholder[train]'", allow_module_level=True)

from beholder.systems.probe import heads
from beholder.systems.probe.heads import Known

TASKS = (Task("overall", 0, 1),)


def own(count: int, gap: float) -> Case:
    """Photographs whose ratings are a known score with noise, and what its embedding tells beside it."""

    def draw(seed: int) -> tuple[Known, np.ndarray]:
        rng = np.random.default_rng(seed)
        embedding, score = rng.normal(size=(count, 30)), rng.normal(size=count)
        ratings = score + gap * embedding[:, 0] + rng.normal(size=count) / 3
        return Known(embedding, score[:, None], TASKS), ratings[:, None]

    return Case("own", draw, TASKS)


def cells(case: Case, draws: int = 4) -> list[list[str]]:
    """The rows of the table, as text."""
    columns = [[str(cell) for cell in column.cells] for column in table([case], draws).columns]
    return [list(row) for row in zip(*columns, strict=True)]


def test_a_difference_is_a_gain_and_sizes_without_a_test_set_are_left_out() -> None:
    rows = cells(own(300, gap=1.0))
    assert [row[2] for row in rows] == ["60", "200"] and [row[3] for row in rows] == ["240", "100"]
    untouched, _, learned = (float(text) for text in rows[1][5:8])
    assert learned > untouched + 0.1 and rows[1][8].startswith("+") and rows[1][-2:] == ["0 of 4", "met"]


def test_a_loss_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = heads.fit

    def spoiled(*given: object) -> heads.Heads:
        found = fit(*given)  # type: ignore[arg-type]
        return heads.Heads(0 * found.on_scores, found.weight, found.bias, found.typical)

    monkeypatch.setattr(probe.heads, "fit", spoiled)
    (row,) = cells(own(160, gap=0.1))
    assert float(row[7]) < float(row[5]) - 0.3 and row[-2:] == ["4 of 4", "short"]
