"""Every format gives back what was written, and leaves the files of other programs alone."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beholder.errors import BeholderError
from beholder.output.rows import Row, row_of
from beholder.output.sinks import open_sink
from beholder.scoring.batch import Result
from helpers.commands import every_format, growing_file
from helpers.rows import COLUMNS, ROWS, good, read, without_model, write


@every_format
def test_other_readers_read_what_was_written(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix.upper()}"
    assert write(path, ROWS) == len(ROWS)
    assert without_model(read(path)) == without_model(ROWS)
    assert os.listdir(tmp_path) == [path.name]


@every_format
@pytest.mark.parametrize("name", [b"\xff\xfe.jpg", b"caf\xe9.jpg"])
def test_names_that_are_no_utf8(suffix: str, name: bytes, tmp_path: Path) -> None:
    path, photo = tmp_path / f"x{suffix}", os.fsdecode(name)
    failed = row_of(Result(photo, "", error=f"{photo}: is empty"), COLUMNS)
    made = {**good("x"), "path": row_of(Result(photo, ""), COLUMNS)["path"]}
    write(path, [failed])
    assert read(path)[0]["path"].startswith(photo.replace("\udcff\udcfe", r"\udcff\udcfe").replace("\udce9", r"\udce9"))
    write(path, [made])
    with open_sink(path, COLUMNS, "m@1", resume=True) as sink:
        assert sink.knows(photo, made["sha256"]) and sink.keep(photo, made["sha256"]) == made
    assert len(read(path)) == 1


# Lone surrogates stand for the bytes of names that are no UTF-8.
texts = st.lists(st.text(max_size=9) | st.sampled_from(["\udc80", "\udcff", "\r", "\n", '"', ",", "\0", "\u2028"])).map(
    "".join
)


def in_32_bits(rows: list[Row]) -> list[Row]:
    """Rows as Parquet has them."""
    return [{k: np.float32(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]


numbers = st.one_of(st.none(), st.floats(-1e6, 1e6).map(lambda value: round(value, 4)))


@every_format
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.tuples(texts, texts), min_size=1, max_size=4),
    values=st.lists(numbers, min_size=5, max_size=5),
    cut=st.floats(0, 1),
)
def test_any_text_comes_back_and_any_cut_is_mended(
    suffix: str, names: list[tuple[str, str]], values: list[float | None], cut: float, tmp_path: Path
) -> None:
    path, whole = tmp_path / f"x{suffix}", tmp_path / f"whole{suffix}"
    scored = dict(zip(["overall", "quality", "low", "high", "percentile"], values, strict=True))
    rows = []
    for number, (name, error) in enumerate(names):
        made = row_of(Result(f"{number}{name}", str(number) * 64, error=error), COLUMNS)
        rows.append(made | scored | {"width": 640, "height": 480, "model": "m@1"})
    for each in (path, whole, tmp_path / "lines.jsonl"):
        each.unlink(missing_ok=True)
    write(whole, rows)
    assert in_32_bits(read(whole)) == in_32_bits(rows)
    if suffix == ".parquet":  # what is cut is its journal
        path = growing_file(tmp_path / "x.parquet")
        with open_sink(tmp_path / "lines.jsonl", COLUMNS, "m@1") as sink:
            for each in rows:
                sink.write(each)
        content = (tmp_path / "lines.jsonl").read_bytes()
    else:
        content = whole.read_bytes()
    path.write_bytes(content[: round(cut * len(content))])
    out = tmp_path / f"x{suffix}"
    write(out, rows, resume=True)
    assert out.read_bytes() == whole.read_bytes()


HEADER = ",".join(COLUMNS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "name,score\na.jpg,5\n"),
        ("x.csv", "name,score\n"),
        ("x.csv", "notes of mine"),
        ("x.csv", f"{HEADER}\na.jpg,5\n"),
        ("x.csv", f"{HEADER}\r\n"),
        ("x.csv", f"{HEADER},more\n"),
        ("x.csv", f"{HEADER}\n" + ",".join(["words"] * len(COLUMNS)) + "\n"),
        ("x.csv", f'{HEADER}\n"never closed\n' + "line\n" * 300_000),
        ("x.jsonl", '{"path": "a.jpg", "score": 5}\n'),
        ("x.jsonl", "[]"),
        ("x.jsonl", "5\n"),
        ("x.jsonl", "notes of mine\n"),
        ("x.jsonl", "\0" * 40),
        ("x.parquet", "not parquet"),
    ],
)
def test_files_of_others_are_left_alone(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    with pytest.raises(BeholderError, match=r"^[^\n]*x\.[^\n]*choose another file[^\n]*$"):
        write(path, [good("a.jpg")], resume=True)
    assert path.read_bytes() == content.encode()
    assert os.listdir(tmp_path) == [name]
