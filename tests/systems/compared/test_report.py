"""`beholder reproduce compared` on small folders in the published layouts, with a tiny network."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beholder.errors import BeholderError
from beholder.metrics import Estimate, resampled
from beholder.reporting import write
from beholder.reporting.document import Document, Missing, Table
from beholder.systems import study
from beholder.systems.compared import experiment, published
from beholder.systems.compared.recipes import ComparedRecipe
from beholder.systems.compared.report import report
from helpers.coloured_data import make_aadb, make_oasis
from helpers.compared import CPU

RECIPE = ComparedRecipe("tiny", batch=8, epochs1=1, steps1=0)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "resampled", partial(resampled, resamples=50))


def settings(name: str, root: Path, folds: int = 1) -> experiment.ComparedConfig:
    return experiment.ComparedConfig(name, root, 1, folds, False, RECIPE, False, root / "work", root / "cache")


def parts(found: Document, kind: type) -> list[Any]:
    return [part for section in found.sections for part in section.parts if isinstance(part, kind)]


def test_all_stand_in_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {name: replace(row, tried=row.tried[:2]) for name, row in experiment.ROWS.items()}  # quicker
    monkeypatch.setattr(experiment, "ROWS", rows)
    monkeypatch.setattr("beholder.systems.compared.report.ROWS", rows)
    wanted = settings("oasis", make_oasis(tmp_path))
    found = report(wanted, CPU)
    table, choices = parts(found, Table)
    assert [row[0] for row in table.rows] == [*published.SRCC, "linear probe on tiny"]
    for row, printed in zip(table.rows, published.SRCC.values(), strict=False):
        assert row[1] == printed or float(row[1]) == printed
    for row in table.rows:
        value, gap = row[2], row[4]
        assert isinstance(value, Estimate) and value.n == 8
        assert (gap is None) == (row[0] == published.MULTI_TASK)
        assert gap is None or gap.low <= gap.value <= gap.high
    scores = {row[0]: row[2].value for row in table.rows if isinstance(row[2], Estimate)}
    for row in table.rows:
        if isinstance(row[4], Estimate):
            assert row[4].value == pytest.approx(scores[str(row[0])] - scores[published.MULTI_TASK], nan_ok=True)
    assert table.rows[0][5] < table.rows[2][5]  # parameters: a layer for votes, 512 units for regression
    assert {row[0] for row in choices.rows} == {name for name, row in experiment.ROWS.items() if len(row.tried) > 1}
    assert not parts(found, Missing)
    first = write.write_document(found, tmp_path / "a.html")
    monkeypatch.setattr(experiment, "fit", None)  # nothing is trained again
    monkeypatch.setattr("beholder.systems.soydaner2023.experiment.fit", None)
    again = write.write_document(report(wanted, CPU), tmp_path / "b.html")
    assert again[1].read_text().replace("b-figures", "a-figures") == first[1].read_text()


def test_what_data_do_not_allow_is_left_out_with_its_reason(tmp_path: Path) -> None:
    found = report(settings("aadb", make_aadb(tmp_path)), CPU)
    table = parts(found, Table)[0]
    missing = {part.title: part.why for part in parts(found, Missing)}
    assert set(missing) == {published.NIMA, published.WITHIN, published.RANK}
    assert "no numbers of votes" in missing[published.NIMA] and "raters" in missing[published.WITHIN]
    assert [row[0] for row in table.rows] == [
        *(name for name in published.SRCC if name not in missing),
        "linear probe on tiny",
    ]


def test_settings_are_chosen_by_validation_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial with the highest validation SRCC at its kept epoch is taken, whatever it does on the test part."""
    seen: dict[str, float] = {}

    def remembered(result: Any) -> float:
        seen[result.setting] = value = float(np.random.default_rng(len(seen)).random())
        return value

    monkeypatch.setattr(experiment, "validation_srcc", remembered)
    monkeypatch.setattr(experiment, "ROWS", {published.HOU: experiment.ROWS[published.HOU]})
    found = report(settings("oasis", make_oasis(tmp_path)), CPU)
    best = max(seen, key=lambda name: seen[name])
    _, choices = parts(found, Table)
    assert len(seen) == 3 and best.endswith(choices.rows[0][2])


def test_photographs_that_no_row_can_learn_from_are_refused(tmp_path: Path) -> None:
    wanted = settings("oasis", make_oasis(tmp_path))
    photos = wanted.photos().with_splits("train" if number % 2 else "test" for number in range(40))
    with pytest.raises(BeholderError, match="oasis: 0 photographs in the validation part; at least 2 are needed"):
        experiment.unfit(RECIPE, photos)
