"""The text of cells, in the page and in the Markdown."""

from pathlib import Path

import numpy as np
import pytest

from beholder.metrics import Interval
from beholder.reporting.document import Cell, Spread, spread
from helpers.documents import RHO, Page, markdown_rows, table, written


@pytest.mark.parametrize(
    ("cell", "digits", "shown"),
    [
        (None, 3, "\u2013"),
        ("VGG16", 3, "VGG16"),
        (14714688, 3, "14,714,688"),
        (np.int64(1548), 3, "1,548"),
        (0.70671, 3, "0.707"),
        (np.float32(0.5), 2, "0.50"),
        (-0.70671, 4, "\u22120.7067"),
        (float("nan"), 3, "undefined"),
        (RHO, 2, "0.71 (0.69 to 0.73)"),
        (spread([0.5, 0.25, 0.75]), 3, "0.500 (0.250 to 0.750, 3 seeds)"),
        (Spread(0.5, 0.5, 0.5, 1), 3, "0.500 (1 seed)"),
    ],
)
def test_a_cell_is_shown_with_its_uncertainty(tmp_path: Path, cell: Cell, digits: int, shown: str) -> None:
    page, text = written(tmp_path, table(("Ours", None, cell), digits=digits))
    assert markdown_rows(text)[-1] == ["Ours", "\u2013", shown]
    assert Page(page).cells[-1][-1] == shown.replace("(", "").replace(")", "")


def test_an_interval_alone_is_shown_as_that_of_an_estimate(tmp_path: Path) -> None:
    page, text = written(tmp_path, table(("Ours", None, Interval(0.7123, 0.6894, 0.7341))))
    assert markdown_rows(text)[-1][-1] == "0.712 (0.689 to 0.734)"
    assert "its 95% bootstrap interval" in text and "title=" not in page
    page, _ = written(tmp_path, table(("Ours", None, RHO)))
    assert 'title="srcc of beauty, OASIS, 5 folds, seed 0, 900 photographs"' in page
