"""Parquet: types, and the journal that a killed run leaves."""

from pathlib import Path

import pyarrow.parquet
import pytest

import beholder
from helpers.commands import growing_file
from helpers.rows import COLUMNS, ROWS, write


def test_parquet_types(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", ROWS)
    schema = pyarrow.parquet.read_schema(tmp_path / "x.parquet")
    kinds = {name: str(schema.field(name).type) for name in schema.names}
    assert list(kinds) == list(COLUMNS)
    assert [kinds[name] for name in ("path", "overall", "width", "error")] == ["string", "float", "int64", "string"]


@pytest.mark.parametrize("journal", [b"", b'{"path": "a.jp', None])
def test_killed_parquet_goes_on_from_its_journal(journal: bytes | None, tmp_path: Path) -> None:
    write(tmp_path / "whole.parquet", ROWS)
    lines = tmp_path / "lines.jsonl"
    write(lines, ROWS[:3])
    growing_file(tmp_path / "x.parquet").write_bytes(lines.read_bytes() + journal if journal is not None else b"")
    computed = write(tmp_path / "x.parquet", ROWS, resume=True)
    assert computed == (len(ROWS) if journal is None else len(ROWS) - 2)
    assert (tmp_path / "x.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert not growing_file(tmp_path / "x.parquet").exists()


def test_a_file_says_by_what_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write(path, ROWS)
    found = pyarrow.parquet.read_schema(path).metadata
    assert found[b"beholder_version"].decode() == beholder.__version__ and found[b"beholder_model"] == b"m@1"
    columns = {each: number for number, each in enumerate(COLUMNS)}
    group = pyarrow.parquet.ParquetFile(path).metadata.row_group(0)
    for name, number in columns.items():
        encodings = group.column(number).encodings
        assert ("RLE_DICTIONARY" in encodings) == (name in ("model", "error")), name
