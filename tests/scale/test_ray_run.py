"""What a run in Ray decides by itself, without Ray: when it ends, and what an actor says."""

import os
from pathlib import Path

import pytest

import beholder
from beholder.errors import BeholderError
from beholder.scale.ray_run import MAX_LOSSES, ScoreUnits, check_is_here, has_relative_names, until_too_many_errors
from beholder.scale.reasons import Reason
from beholder.scale.run import MaxErrors, Options, TooManyErrorsError, UnitReport, look_at_all, run_units
from beholder.scale.unit import Kind, Unit
from beholder.scale.units import list_units
from helpers.shards import save_shards

UNIT = Unit("00000", 0, Kind.TAR, "/shards/00000.tar")


@pytest.mark.parametrize(("begun", "error"), [(1, False), (2, False), (1 + MAX_LOSSES, False), (2 + MAX_LOSSES, True)])
def test_a_unit_that_is_lost_too_often_is_given_up(begun: int, error: bool, colour_model: Path, tmp_path: Path) -> None:
    save_shards(tmp_path / "shards", [2])
    units, scorer = list_units([f"{tmp_path}/shards/*.tar"], recursive=False), beholder.load(colour_model)
    options = Options(f"{tmp_path}/out/{{unit}}.csv", str(colour_model))
    (look,) = look_at_all(units, scorer, options)
    if begun == 2:  # it was lost after its table was in place
        list(run_units(units, scorer, options))
    report = ScoreUnits(str(colour_model), scorer.id, options, None, None).scored(look, begun)
    assert (report.error is not None, report.rows, report.known) == (error, 0 if error else 2, False)
    assert not error or f"was lost {1 + MAX_LOSSES} times" in str(report.error)


def test_a_folder_that_is_not_on_the_node_is_one_line(colour_model: Path, tmp_path: Path) -> None:
    here, options = os.getcwd(), Options("out/{unit}.csv", str(colour_model))
    actor = ScoreUnits(str(colour_model), "", options, f"{tmp_path}/missing", None)
    (look,) = look_at_all([UNIT], beholder.load(colour_model), options)
    with pytest.raises(BeholderError, match=r"missing: cannot be entered on .*give URLs"):
        actor.scored(look, 1)
    assert os.getcwd() == here


@pytest.mark.parametrize(
    ("out", "model", "path", "relative"),
    [
        ("/out/{unit}.csv", None, "/shards/0.tar", False),
        ("s3://bucket/{unit}.csv", "/model.onnx", "s3://bucket/0.tar", False),
        ("out/{unit}.csv", None, "/shards/0.tar", True),
        ("/out/{unit}.csv", None, "shards/0.tar", True),
        ("s3://bucket/{unit}.csv", "model.onnx", "s3://bucket/0.tar", True),
        ("s3://bucket/{unit}.csv", "fast", "s3://bucket/0.tar", False),
    ],
)
def test_which_names_need_the_folder(out: str, model: str | None, path: str, relative: bool) -> None:
    assert has_relative_names([Unit("0", 0, Kind.TAR, path)], Options(out, model)) == relative


def test_a_table_on_a_disk_of_another_machine_is_noticed(tmp_path: Path) -> None:
    options = Options(f"{tmp_path}/{{unit}}.csv")
    check_is_here(UNIT, UnitReport(UNIT, error="cut"), options)  # it has none
    with pytest.raises(BeholderError, match="was written on another machine"):
        check_is_here(UNIT, UnitReport(UNIT, 5), options)
    (tmp_path / "00000.done.json").touch()
    check_is_here(UNIT, UnitReport(UNIT, 5), options)


def test_too_many_errors_end_a_run_after_the_unit_that_has_them() -> None:
    good = UnitReport(UNIT, rows=100)
    bad = UnitReport(UNIT, rows=100, errors=20, reasons=(Reason("is empty", 20, "00000/a.jpg"),))
    reports = until_too_many_errors(iter([good, good, bad, bad]), MaxErrors.of_text("9%"))
    assert [next(reports), next(reports), next(reports), next(reports)] == [good, good, bad, bad]
    with pytest.raises(TooManyErrorsError, match=r"40 of 400 rows .* more than --max-errors 9%: is empty: 40 rows"):
        next(reports)
    assert list(until_too_many_errors(iter([bad] * 9), None)) == [bad] * 9
