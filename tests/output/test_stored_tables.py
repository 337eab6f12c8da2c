"""Tables are read back as they were written, in every format."""

from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.output.formats import FORMATS
from beholder.output.rows import Row
from beholder.output.sinks import open_sink
from beholder.output.stored_tables import path_of, read_rows

COLUMNS = {"path": str, "series": int, "overall": float, "low": float, "rank": int, "model": str, "sha256": str}
COLUMNS |= {"error": str}
ROWS: list[Row] = [
    {
        "path": "=1+1, a.jpg",
        "series": 12,
        "overall": 5.6123,
        "low": -1.0,
        "rank": 3,
        "model": "m@1",
        "sha256": "a" * 64,
    },
    {
        "path": 'two\n"lines".jpg',
        "series": None,
        "overall": None,
        "low": None,
        "rank": None,
        "model": None,
        "sha256": "",
    },
]
ROWS = [{**row, "error": ""} for row in ROWS]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("bom", [False, True])
def test_rows_come_back(tmp_path: Path, suffix: str, bom: bool) -> None:
    path = tmp_path / f"x{suffix}"
    with open_sink(path, COLUMNS, "m@1", csv_bom=bom and suffix == ".csv") as sink:
        for row in ROWS:
            sink.write(row)
    found = list(read_rows(path))
    assert [{**row, "model": row["model"] or None} for row in found] == ROWS
    assert list(found[0]) == list(COLUMNS)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.txt", b"path,overall\n", "they end in .csv, .jsonl or .parquet"),
        ("x.csv", b"image,rating\na.jpg,3\n", "has no column 'path'"),
        ("x.csv", b"path,rating\na.jpg,3\n", "has no column 'overall'"),
        ("x.csv", b"path,overall\na.jpg\n", "line 2 has 1 cells, the header 2"),
        ("x.csv", b'path,overall\n"a.jpg,3\n', "is not CSV"),
        ("x.csv", b"\xff\xfe\0", "is not UTF-16 text"),
        ("x.jsonl", b"[1]\n", "line 1 is not a JSON object"),
        ("x.jsonl", b'{"path": "a", "overall": 1}\n{"path"', "line 2 is not JSON"),
        ("x.parquet", b"PAR1", "is not Parquet that can be read"),
        ("nowhere.csv", None, "no such file"),
        ("nowhere.parquet", None, "no such file"),
    ],
)
def test_what_is_no_table(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BeholderError) as caught:
        list(read_rows(tmp_path / name))
    assert says in str(caught.value) and str(caught.value).startswith(str(tmp_path / name))


def test_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"path,overall\n")
    assert list(read_rows(tmp_path / "x.csv")) == []


def test_names_whose_bytes_are_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_of(r"caf\udce9.jpg") == "caf\udce9.jpg"
    (tmp_path / r"a\udce9.jpg").touch()
    assert path_of(r"a\udce9.jpg") == r"a\udce9.jpg"  # a file of that very name
