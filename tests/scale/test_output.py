"""Tables of units: columns, formats, embeddings, and the same bytes for the same rows."""

import json
import math
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import beholder
from beholder.errors import BeholderError
from beholder.scale.carry import parse_carry
from beholder.scale.output import Schema, open_table
from helpers.commands import every_format, read_table
from helpers.shards import photo, rows_of, run, save_shards, save_table
from helpers.tars import write_table

LAST = ["width", "height", "model", "sha256", "error"]
SCORES = ["overall", "warmth", "quality", "low", "high", "percentile"]


@every_format
def test_every_row_is_there_in_order(suffix: str, tmp_path: Path, colour_model: Path) -> None:
    shards = save_shards(tmp_path / "in", [7, 0, 5], broken=[2, 8])
    reports = run(shards, tmp_path / f"out/{{unit}}{suffix}", colour_model, carry=parse_carry("caption,width=w"))
    tables = [tmp_path / f"out/{number:05}{suffix}" for number in range(3)]
    rows = rows_of(*tables)
    assert [row["path"] for row in rows] == [f"{number:06}.jpg" for number in range(12)]
    assert [row["unit"] for row in rows] == ["00000"] * 7 + ["00002"] * 5
    assert [int(row["row"]) for row in rows] == [*range(7), *range(5)]
    assert [row["caption"] for row in rows] == [f"no. {number}" for number in range(12)]
    assert [number for number, row in enumerate(rows) if row["error"]] == [2, 8]
    assert [(report.rows, report.errors, report.error) for report in reports] == [
        (7, 1, None),
        (0, 0, None),
        (5, 1, None),
    ]
    assert list(rows[0]) == ["path", "unit", "row", "caption", "w", *SCORES, *LAST]
    model = beholder.load(colour_model)
    for number, row in enumerate(rows):
        if not row["error"]:
            assert float(row["overall"]) == pytest.approx(model.score(photo(number)).overall[0], abs=1e-4)
    empty = read_table(tables[1])
    assert empty == []  # a table of its own, with columns and without rows
    if suffix == ".parquet":
        assert pq.read_schema(tables[1]).names == list(rows[0])


@every_format
def test_two_runs_give_the_same_bytes(suffix: str, tmp_path: Path, colour_model: Path) -> None:
    shards = save_shards(tmp_path / "in", [9, 4], broken=[3])
    for name in ("one", "two"):
        more = {"workers": 3, "batch": 5} if name == "two" else {}
        run(shards, tmp_path / f"{name}/{{unit}}{suffix}", colour_model, embeddings=True, **more)
    for path in (tmp_path / "one").iterdir():
        if path.name != "units.json":
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_values_are_those_of_a_folder(tmp_path: Path, colour_model: Path) -> None:
    shards = save_shards(tmp_path / "in", [6], broken=[4])
    (tmp_path / "photos").mkdir()
    for number in range(6):
        (tmp_path / f"photos/{number:06}.jpg").write_bytes(b"broken" if number == 4 else photo(number))
    run(shards, tmp_path / "tar.jsonl", colour_model)
    run([tmp_path / "photos"], tmp_path / "folder.jsonl", colour_model)
    tar, folder = rows_of(tmp_path / "tar.jsonl"), rows_of(tmp_path / "folder.jsonl")
    for one, other in zip(tar, folder, strict=True):
        assert {**one, "unit": "", "error": ""} == {**other, "unit": "", "error": ""}
        assert bool(one["error"]) == bool(other["error"])


def test_carried_types_stay_in_parquet(tmp_path: Path, colour_model: Path) -> None:
    when = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    columns = {
        "score": [0.123456789, None], "good": [True, False], "id": [2**60, -1], "when": [when, None],
        "tags": [["a"], []], "raw": [b"\xff", b""],
    }  # fmt: skip
    source = save_table(tmp_path / "in.parquet", [1, 2], **columns)
    carry = parse_carry(",".join(columns))
    run([source], tmp_path / "out.parquet", colour_model, carry=carry)
    schema = pq.read_schema(tmp_path / "out.parquet")
    found = [schema.field(name).type for name in columns]
    assert found == [pa.float64(), pa.bool_(), pa.int64(), pa.timestamp("us", "UTC"), pa.string(), pa.binary()]
    first, second = read_table(tmp_path / "out.parquet")
    assert [first[name] for name in columns] == [0.123456789, True, 2**60, when, '["a"]', b"\xff"]
    run([source], tmp_path / "out.jsonl", colour_model, carry=carry)
    first, second = read_table(tmp_path / "out.jsonl")
    assert [first[name] for name in columns] == [0.123456789, True, 2**60, when.isoformat(), '["a"]', "/w=="]
    assert [second[name] for name in ("score", "good", "when", "raw")] == [None, False, None, ""]
    run([source], tmp_path / "out.csv", colour_model, carry=carry)
    first, second = read_table(tmp_path / "out.csv")
    assert [first[name] for name in ("score", "good", "id")] == ["0.123456789", "true", str(2**60)]
    assert [second[name] for name in ("score", "good", "id")] == ["", "false", "-1"]


@pytest.mark.parametrize("value", ["=1+1", "two\nlines", 'a,"b"', "\udcff", "é\0"])
@every_format
def test_carried_text_is_any_text(suffix: str, value: str, tmp_path: Path, colour_model: Path) -> None:
    from beholder.output.csv_lines import as_written
    from helpers.tars import write_tar

    given = json.dumps({"caption": value}).encode()
    write_tar(tmp_path / "a.tar", [("0.jpg", photo(0)), ("0.json", given)])
    run([tmp_path / "a.tar"], tmp_path / f"out{suffix}", colour_model, carry=parse_carry("caption"))
    (row,) = read_table(tmp_path / f"out{suffix}")
    expected = value.encode("utf-8", "backslashreplace").decode()
    assert (as_written(row["caption"]) if suffix == ".csv" else row["caption"]) == expected


def test_embeddings(tmp_path: Path, colour_model: Path) -> None:
    shards = save_shards(tmp_path / "in", [4], broken=[1])
    run(shards, tmp_path / "out.parquet", colour_model, embeddings=True)
    assert not (tmp_path / "out.npy").exists()
    run(shards, tmp_path / "out.csv", colour_model, embeddings=True, overwrite=True)
    expected = beholder.load(colour_model).score([photo(number) for number in (0, 2, 3)]).embedding.astype(np.float16)
    numbers = np.load(tmp_path / "out.npy")
    assert numbers.dtype == np.float16 and numbers.shape == (4, 3)
    assert np.array_equal(numbers[[0, 2, 3]], expected) and np.isnan(numbers[1]).all()
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.field("embedding").type == pa.list_(pa.float16(), 3)
    column = table["embedding"].to_pylist()
    assert np.isnan(column[1]).all() and np.array_equal([column[0], column[2], column[3]], expected)


@every_format
def test_memory_does_not_grow_with_rows(suffix: str, tmp_path: Path) -> None:
    """Neither rows nor embeddings are kept beyond their row group."""
    schema = Schema({"overall": float, "width": int, "height": int, "model": str, "sha256": str, "error": str}, {}, 100)
    embedding = np.ones(100, np.float32)

    def peak(rows: int) -> int:
        """Of Python's objects and of Arrow's buffers."""
        out, numbers, arrow = tmp_path / f"x{suffix}", tmp_path / "x.npy", 0
        tracemalloc.start()
        try:
            table = open_table(out, suffix, schema, {}, batch_rows=100, embeddings=numbers)
            for number in range(rows):
                row = {"path": f"{number:06}.jpg", "unit": "a", "row": number, "overall": 0.5, "width": 3, "height": 4}
                table.write({**row, "model": "m@1", "sha256": f"{number:064}", "error": ""}, embedding.copy())
                arrow = max(arrow, pa.total_allocated_bytes())
            table.close()
            return tracemalloc.get_traced_memory()[1] + arrow
        finally:
            tracemalloc.stop()

    peak(300)  # imports
    few, many = peak(1000), peak(8000)
    assert many < few + 300_000, (few, many)  # the rows alone have 7 MB


@pytest.mark.parametrize(("batch_rows", "groups"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (100, [7])])
@pytest.mark.parametrize("buffered", [2, 1000])
def test_row_groups(
    batch_rows: int,
    groups: list[int],
    buffered: int,
    tmp_path: Path,
    colour_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("beholder.scale.output.BUFFERED_ROWS", buffered)
    shards = save_shards(tmp_path / "in", [7])
    run(shards, tmp_path / "out.parquet", colour_model, batch_rows=batch_rows, embeddings=True)
    about = pq.ParquetFile(tmp_path / "out.parquet").metadata
    assert [about.row_group(number).num_rows for number in range(about.num_row_groups)] == groups
    assert [row["row"] for row in read_table(tmp_path / "out.parquet")] == list(range(7))
    assert about.metadata[b"beholder_version"] == beholder.__version__.encode()
    assert about.metadata[b"beholder_model"] == beholder.load(colour_model).id.encode()


def test_fields(tmp_path: Path, colour_model: Path) -> None:
    shards = save_shards(tmp_path / "in", [2])
    carry = parse_carry("width=warmth")  # free, as that score is not written
    run(shards, tmp_path / "out.csv", colour_model, fields=("quality", "overall"), carry=carry)
    rows = read_table(tmp_path / "out.csv")
    assert list(rows[0]) == ["path", "unit", "row", "warmth", "overall", "quality", *LAST]
    assert [row["warmth"] for row in rows] == ["0", "1"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"fields": ("beauty",)}, "--fields beauty: choose of overall, warmth, quality, low,"),
        ({"carry": parse_carry("width")}, "rename it: --carry width=source_width"),
        ({"carry": parse_carry("x=row")}, "--carry row: the table has a column of this name"),
        ({"carry": parse_carry("embedding"), "embeddings": True}, "--carry embedding"),
        ({"taste": "nowhere.json"}, "nowhere.json: no such file"),
    ],
)
def test_what_cannot_be_written_is_refused_first(
    options: dict[str, object], says: str, tmp_path: Path, colour_model: Path
) -> None:
    shards = save_shards(tmp_path / "in", [2])
    with pytest.raises(BeholderError, match=says.replace("(", r"\(")):
        run(shards, tmp_path / "out/{unit}.csv", colour_model, **options)
    assert not (tmp_path / "out").exists()


def test_column_types_may_differ_between_units(tmp_path: Path, colour_model: Path) -> None:
    save_table(tmp_path / "a.parquet", [1], n=[1])
    write_table(tmp_path / "b.parquet", {"image": [photo(2)], "n": [None]}, {"n": pa.null()})
    run(str(tmp_path / "*.parquet"), tmp_path / "out/{unit}.parquet", colour_model, carry=parse_carry("n"))
    assert [row["n"] for row in rows_of(tmp_path / "out/a.parquet", tmp_path / "out/b.parquet")] == [1, None]


def test_numbers_of_csv_are_no_text() -> None:
    from beholder.scale.output import csv_value, json_value

    assert csv_value(-0.1) == Decimal("-0.1") and csv_value(math.inf) is None and json_value(math.nan) is None
