"""Whether a run is whole, and one table of all its units."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beholder.errors import BeholderError
from beholder.scale.carry import parse_carry
from beholder.scale.merge import Together, join, look_together, shards_in_words
from beholder.scale.places import Places
from beholder.scale.plan import write_plan
from helpers.commands import every_format, read_table
from helpers.shards import photo, rows_of, run, save_shards, save_table
from helpers.tars import write_table


def scored(folder: Path, model: Path, suffix: str = ".csv", shards: int = 1, **options: Any) -> Path:
    """A folder of tables of three units."""
    paths = save_shards(folder / "in", [3, 0, 4], broken=[1, 4])
    run(paths, folder / f"out/{{unit}}{suffix}", model, **options)
    names = [path.stem for path in paths]
    write_plan(names, Places(f"{folder}/out/{{unit}}{suffix}"), shards, overwrite=False)
    return folder / "out"


def lines(together: Together) -> str:
    return "\n".join(together.problems)


@pytest.mark.parametrize("given", ["{}", "{}/units.json", "{}/{{unit}}.csv"])
def test_whole_run(given: str, tmp_path: Path, colour_model: Path) -> None:
    out = scored(tmp_path, colour_model)
    together = look_together(given.format(out), deep=True)
    assert (together.units, together.missing, together.problems) == (("00000", "00001", "00002"), [], [])
    assert (together.rows, together.errors) == (7, 2)
    (line,) = together.reasons.lines()
    assert "is not a photograph" in line and "2 rows (the first: 00000/000001.jpg)" in line


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("00002.done.json", None, "00002: is not done"),
        ("00002.done.json", b"{", "00002: is not done (its done file is damaged)"),
        ("00002.csv", None, "00002: is not whole"),
        ("00002.csv", b"cut", "00002: is not whole"),
        ("00002.npy", b"cut", "00002: is not whole"),
    ],
)
def test_what_is_missing_is_named(
    name: str, content: bytes | None, says: str, tmp_path: Path, colour_model: Path
) -> None:
    out = scored(tmp_path, colour_model, shards=2, embeddings=True)
    (out / name).unlink()
    if content is not None:
        (out / name).write_bytes(content)
    together = look_together(str(out))
    assert says in lines(together) and together.shards_missing == [0] and together.rows == 3
    assert shards_in_words(together) == "run the same command again with --shard 0/2"


def test_deep_reads_the_tables(tmp_path: Path, colour_model: Path) -> None:
    out = scored(tmp_path, colour_model)
    table = out / "00002.csv"
    table.write_bytes(table.read_bytes()[:-3] + b"x\n\n")
    assert not look_together(str(out)).problems
    assert "00002: is not whole" in lines(look_together(str(out), deep=True))


def test_tables_of_different_models(tmp_path: Path, colour_model: Path, other_model: Path) -> None:
    out = scored(tmp_path, colour_model)
    run(sorted((tmp_path / "in").iterdir())[2:], out / "00002.csv", other_model, overwrite=True)
    assert "of different models" in lines(look_together(str(out))) and "2 units" in lines(look_together(str(out)))


def test_no_run_there(tmp_path: Path, colour_model: Path) -> None:
    for given in (tmp_path, tmp_path / "nowhere", tmp_path / "{unit}.csv"):
        with pytest.raises(BeholderError, match="there is no such plan"):
            look_together(str(given))
    out = scored(tmp_path, colour_model)
    with pytest.raises(BeholderError, match=r"the tables there are .*\{unit\}\.csv"):
        look_together(f"{out}/{{unit}}.parquet")


@every_format
def test_one_table_of_all(suffix: str, tmp_path: Path, colour_model: Path) -> None:
    out = scored(tmp_path, colour_model, suffix, embeddings=True, carry=parse_carry('caption=odd "name"'))
    together = look_together(str(out))
    for _ in range(2):  # the second replaces the first
        join(together, str(tmp_path / f"all{suffix}"))
    tables = [out / f"{number:05}{suffix}" for number in range(3)]
    assert repr(read_table(tmp_path / f"all{suffix}")) == repr(rows_of(*tables))  # NaN is equal to nothing
    assert len(rows_of(*tables)) == 7
    if suffix != ".parquet":
        parts = [np.load(table.with_suffix(".npy")) for table in tables]
        assert np.array_equal(np.load(tmp_path / "all.npy"), np.concatenate(parts), equal_nan=True)


def test_columns_of_all_tables_make_one(tmp_path: Path, colour_model: Path) -> None:
    """What is null throughout one table takes the type of the others; what cannot be joined is one line."""
    (tmp_path / "in").mkdir()
    save_table(tmp_path / "in/a.parquet", [1], n=[7])
    write_table(tmp_path / "in/b.parquet", {"image": [photo(2)], "n": [2.5]}, {"n": pa.float64()})
    out = Places(f"{tmp_path}/out/{{unit}}.parquet")
    run(f"{tmp_path}/in/*.parquet", out.pattern, colour_model, carry=parse_carry("n"))
    write_plan(["a", "b"], out, 1, overwrite=False)
    join(look_together(f"{tmp_path}/out"), f"{tmp_path}/all.parquet")
    assert pq.read_table(tmp_path / "all.parquet")["n"].to_pylist() == [7.0, 2.5]
    write_table(tmp_path / "in/b.parquet", {"image": [photo(2)], "n": [b"x"]})
    run(f"{tmp_path}/in/*.parquet", out.pattern, colour_model, carry=parse_carry("n"))
    with pytest.raises(BeholderError, match=r"b\.parquet: has other columns than .*a\.parquet"):
        join(look_together(f"{tmp_path}/out"), f"{tmp_path}/other.parquet")
    assert not (tmp_path / "other.parquet").exists()


def test_one_table_replaces_nothing_else(tmp_path: Path, colour_model: Path) -> None:
    together = look_together(str(scored(tmp_path, colour_model)))
    (tmp_path / "notes.csv").write_text("my notes\n")
    for name, says in (("notes.csv", "is no table of beholder"), ("x.parquet", "the tables end in .csv")):
        with pytest.raises(BeholderError, match=says):
            join(together, str(tmp_path / name))
    with pytest.raises(BeholderError, match="is read by this command"):
        join(together, str(tmp_path / "out/00000.csv"))
    assert (tmp_path / "notes.csv").read_text() == "my notes\n"
    join(together, str(tmp_path / "notes.csv"), overwrite=True)
    assert len(read_table(tmp_path / "notes.csv")) == 7


def test_shards_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "units.json").write_bytes(
        json.dumps(
            {"plan_format": 1, "count": 9, "pattern": "{unit}.csv", "units": list("abcdefghi"), "shards": 5}
        ).encode()
    )
    together = look_together(str(tmp_path))
    assert len(together.missing) == 9
    assert shards_in_words(together) == "run the same command again with --shard 0/5, 1/5, 2/5, ..."
