"""Tables to resume: whatever is in them, a row is taken over as it was, computed again, or named in one line."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from beholder.errors import BeholderError
from beholder.output.json_lines import JSON_LINES
from beholder.output.line_format import MAX_ROW_BYTES
from beholder.output.rows import Row
from beholder.output.sinks import open_sink
from helpers.commands import SUFFIXES, growing_file
from helpers.rows import COLUMNS, LINES, bad, good, read, write

ROWS = [good("a.jpg"), bad("b.jpg"), good("c.jpg")]
DAMAGED = {
    "overall": ["words", "NaN", "inf", "1e400", "1e300", "1_0", " 5", "9" * 5000],
    "width": ["words", "1.5", "9" * 30, "9" * 5000, "-" + "9" * 30, "1_0"],
    "sha256": ["words", "A" * 64, "1" * 63, "é" * 64],
}
WRONG: dict[str, list[Any]] = {
    "path": [None, 5, [], {}, "\ud800"],
    "overall": ["5", True, [5], float("nan"), float("inf"), 10**400, 1e300, {"a": 1}],
    "width": [1.5, "640", True, 10**30, -(10**30), [[]]],
    "sha256": [None, 5, "words", "1" * 63],
    "model": [5, []],
    "error": [None, 0],
}


def resume(path: Path, rows: list[Row]) -> None:
    """What a run does, whatever is known."""
    with open_sink(path, COLUMNS, "m@1", resume=True) as sink:
        for each in rows:
            if sink.knows(each["path"], each["sha256"]):
                sink.keep(each["path"], each["sha256"])
            else:
                sink.write(each)


@pytest.mark.parametrize(("name", "cell"), [(name, cell) for name, cells in DAMAGED.items() for cell in cells])
def test_a_cell_of_the_wrong_kind_is_named(name: str, cell: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write(path, ROWS)
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[list(COLUMNS).index(name)] = cell
    path.write_text("\n".join([*lines[:3], ",".join(cells)]) + "\n")
    before = path.read_bytes()
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.csv: row 3 \(at byte [\d,]+\)[^\n]*choose another file[^\n]*$"):
        write(path, ROWS, resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_value_of_the_wrong_kind_is_named(suffix: str, name: str, value: Any, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    lines = [JSON_LINES.line(ROWS[0], COLUMNS), json.dumps({**ROWS[2], name: value}).encode() + b"\n"]
    growing_file(path).write_bytes(b"".join(lines))
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.\w+: row 2 \(at byte [\d,]+\)[^\n]*$"):
        write(path, ROWS, resume=True)
    assert growing_file(path).read_bytes() == b"".join(lines)


@pytest.mark.parametrize(
    "line",
    [
        "5", "[]", "null", "{}", '"words"', "[" * 100_000, '{"path": ' * 50_000, "{", "\0" * 100, "",
        json.dumps(dict(reversed(ROWS[0].items()))), json.dumps(ROWS[0])[:-1] + ', "more": 1}',
        json.dumps(ROWS[0])[:-1] + ', "error": ""}', json.dumps(ROWS[0])[1:], "x" * (MAX_ROW_BYTES + 5),
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(JSON_LINES.line(ROWS[0], COLUMNS) + line.encode() + b"\n")
    before = path.read_bytes()
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.jsonl: row 2 \(at byte [\d,]+\)[^\n]*$"):
        write(path, ROWS, resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.replace("overall,quality", "quality,overall"),
        lambda header: header.replace("overall,", ""),
        lambda header: header.replace("quality", "overall"),
        lambda header: header.replace("overall", '"overall"'),
        lambda header: header.replace(",", ";"),
        lambda header: header.replace("path", "\0path"),
        lambda header: header.replace("path", "\xe9"),
        lambda header: "\ufeff\ufeff" + header,
        lambda header: '"' + header,
    ],
)
def test_another_header_is_left_alone(change: Callable[[str], str], tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write(path, ROWS)
    header, rest = path.read_text().split("\n", 1)
    path.write_bytes(f"{change(header)}\n{rest}".encode("utf-8" if "\ufeff" in change(header) else "latin-1"))
    before = path.read_bytes()
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.csv: does not hold the columns[^\n]*$"):
        write(path, ROWS, resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", LINES)
def test_a_hundred_thousand_zeros_after_a_crash_are_cut_off(suffix: str, tmp_path: Path) -> None:
    path, whole = tmp_path / f"x{suffix}", tmp_path / f"whole{suffix}"
    write(whole, ROWS)
    path.write_bytes(whole.read_bytes() + b"\0" * 3 * MAX_ROW_BYTES)
    write(path, ROWS, resume=True)
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("path", "int64"), ("overall", "string"), ("width", "float"), ("sha256", "binary"), ("error", "list<x: string>")],
)
def test_parquet_columns_of_another_type_are_left_alone(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write(path, [])
    schema = pyarrow.parquet.read_schema(path)
    found = pyarrow.list_(pyarrow.string()) if "list" in kind else pyarrow.type_for_alias(kind)
    other = schema.set(schema.get_field_index(name), pyarrow.field(name, found))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([], other), path)
    before = path.read_bytes()
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.parquet: does not hold the columns[^\n]*$"):
        write(path, ROWS, resume=True)
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_table_of_64_bits_is_resumed(tmp_path: Path) -> None:
    path, whole = tmp_path / "x.parquet", tmp_path / "whole.parquet"
    write(whole, ROWS)
    table = pyarrow.Table.from_pylist(ROWS[:1])
    pyarrow.parquet.write_table(table, path)
    assert write(path, ROWS, resume=True) == 2
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_mutated_table_is_mended_or_named(suffix: str, tmp_path: Path) -> None:
    """Never a traceback, and what is refused stays as it was."""
    path, rng, refused = tmp_path / f"x{suffix}", random.Random(5), 0
    write(path, ROWS)
    whole = path.read_bytes()
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(content))
            part = rng.choice([b"", bytes([rng.randrange(256)]), b"\n", b'"', b"\0", b",", content[place - 9 : place]])
            content[place : place + rng.choice([0, 1, 1, 7])] = part
        path.write_bytes(content)
        try:
            resume(path, ROWS)
        except BeholderError as error:
            refused += 1
            assert "\n" not in str(error) and path.read_bytes() == content
        else:
            assert {row["path"] for row in read(path)} >= {"a.jpg", "b.jpg", "c.jpg"}
        assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert refused > 20
