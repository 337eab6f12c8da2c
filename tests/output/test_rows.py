"""Columns of a table, and rows with extra columns."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from beholder.cli.tables import scores_table
from beholder.errors import BeholderError
from beholder.output.rows import Row, columns_of, identity_of, row_of
from beholder.output.sinks import open_sink
from beholder.scoring.batch import Result
from beholder.scoring.extra_columns import ExtraColumns, vote_extras
from beholder.scoring.scores import Scores
from beholder.tasks import SCORE_COLUMNS, Task
from helpers.commands import every_format
from helpers.rows import COLUMNS

TASKS = (Task("beauty", 1, 7), Task("quality", 0, 1))


def series(number: int, id: str = "series@1") -> ExtraColumns:
    """Columns of each kind, as a later feature might add them."""
    return ExtraColumns(
        kinds={"series": int, "decision": str, "sharpness": float},
        values=lambda scores: {
            "series": np.full(len(scores), number),
            "decision": np.full(len(scores), "keep, or not"),
            "sharpness": np.full(len(scores), 1 / 3),
        },
        shown=("series", "decision"),
        id=id,
    )


def scored(path: str) -> Result:
    one = np.array([[4.0, 0.5]], np.float32)
    evidence, sizes = np.zeros((1, 2, 1, 1)), np.array([[640, 480]])
    return Result(path, "1" * 64, Scores(TASKS, one, one, one, one, one, evidence, sizes, "m@1"))


def test_first_task_is_the_overall_score() -> None:
    assert list(COLUMNS)[:3] == ["path", "overall", "quality"]


def test_every_table_has_the_columns_that_tasks_may_not_be_called() -> None:
    assert set(columns_of(TASKS[:1])) == set(SCORE_COLUMNS)


def test_extra_columns_stand_before_or_after_the_scores() -> None:
    before = dataclasses.replace(series(1), kinds={"mine": float}, leading=True, id="mine@2")
    columns = columns_of(TASKS, (series(1), before, *vote_extras((1, 2))))
    assert list(columns) == [
        *("path", "mine", "overall", "quality", "low", "high", "percentile"),
        *("series", "decision", "sharpness", "sd", "p_1", "p_2", "width", "height", "model", "sha256", "error"),
    ]
    assert [columns[name] for name in ("path", "mine", "series", "decision", "sd")] == [str, float, int, str, float]
    assert identity_of("m@1", (series(1), *vote_extras((1, 2)), before)) == "m@1+series@1+mine@2"
    with pytest.raises(BeholderError, match="a task called 'quality'"):
        columns_of(TASKS, (dataclasses.replace(before, kinds={"quality": float}),))


def write(path: Path, extra: ExtraColumns, *, resume: bool = False) -> list[Row]:
    columns, rows = columns_of(TASKS, (extra,)), []
    with open_sink(path, columns, "m@1", (extra,), resume=resume) as sink:
        for name in ("a.jpg", "b.jpg"):
            known = sink.knows(name, "1" * 64)
            rows.append(sink.keep(name, "1" * 64) if known else row_of(scored(name), columns, (extra,)))
            if not known:
                sink.write(rows[-1])
    return rows


@every_format
def test_extra_columns_of_any_kind_are_written_and_resumed(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    rows = write(path, series(7))
    assert {(row["series"], row["decision"], row["sharpness"]) for row in rows} == {(7, "keep, or not", 0.3333)}
    assert {row["model"] for row in rows} == {"m@1+series@1"}
    before = path.read_bytes()
    assert write(path, series(8), resume=True) == rows and path.read_bytes() == before
    found: list[dict[str, Any]]
    if suffix == ".parquet":
        found = [
            {**row, "sharpness": round(row["sharpness"], 4)} for row in pyarrow.parquet.read_table(path).to_pylist()
        ]
        kinds = {name: str(pyarrow.parquet.read_schema(path).field(name).type) for name in series(7).kinds}
        assert kinds == {"series": "int64", "decision": "string", "sharpness": "float"}
        assert found == rows
    elif suffix == ".jsonl":
        assert [json.loads(line) for line in path.read_text("utf-8").splitlines()] == rows


@every_format
def test_rows_of_another_id_are_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    write(path, series(7))
    before = path.read_bytes()
    with pytest.raises(BeholderError, match=r"has rows by series@1, this is series@2; choose another file"):
        write(path, series(7, id="series@2"), resume=True)
    assert path.read_bytes() == before


def test_the_table_shows_extra_columns() -> None:
    extra = series(7)
    columns = columns_of(TASKS, (extra,))
    table = scores_table([(1, row_of(scored("a.jpg"), columns, (extra,)))], TASKS, (extra,), width=120)
    headers = [str(column.header) for column in table.columns]
    assert headers == ["rank", "file", "overall", "90% interval", "pct", "series", "decision", "quality"]
    assert [str(next(iter(column.cells))) for column in table.columns][5:] == ["7", "keep, or not", "0.50"]
