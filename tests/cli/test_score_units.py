"""`beholder score` of shards: what is said, shown and written, and how it ends."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.commands import SLOWLY, Done, apart, every_format, on_terminal, read_table, table
from helpers.factories import save_photos
from helpers.shards import rows_of, save_shards, save_table

Command = Callable[..., Done]


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A folder of three tar files of 5, 3 and 4 photographs, one of them broken."""
    save_shards(tmp_path / "shards", [5, 3, 4], broken=[6])
    return tmp_path / "shards"


@every_format
def test_a_table_for_each_unit(beholder: Command, shards: Path, tmp_path: Path, suffix: str) -> None:
    arguments = ["score", "shards/{00000..00002}.tar", "--out", f"out/{{unit}}{suffix}", "--carry", "caption"]
    done = beholder(*arguments)
    assert (done.code, done.out) == (0, "")
    first, last = done.err.splitlines()
    assert first == "not scored: 00001/000006.jpg: is not a photograph that can be read; it looks like text"
    assert re.fullmatch(r"3 units: 3 scored; 12 rows, 1 could not be read; [\d.]+ a second", last)
    rows = rows_of(*(tmp_path / f"out/{number:05}{suffix}" for number in range(3)))
    assert [row["path"] for row in rows] == [f"{number:06}.jpg" for number in range(12)]
    assert [row["caption"] for row in rows] == [f"no. {number}" for number in range(12)]
    again = beholder(*arguments, "--resume")
    assert (again.code, again.err) == (0, "3 units: 0 scored, 3 known\n")
    (tmp_path / f"out/00001{suffix}").unlink()
    done = beholder(*arguments, "--quiet")
    assert done.code == 0 and len(done.err.splitlines()) == 1
    assert "3 units" in beholder("merge", "out").out


def test_a_folder_is_a_unit_where_it_is_asked_for(beholder: Command, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 4)
    assert beholder("score", "photos", "--out", "out/{unit}.csv").code == 0
    beholder("score", "photos", "--out", "plain.csv")
    plain, units = read_table(tmp_path / "plain.csv"), read_table(tmp_path / "out/photos.csv")
    assert len(units) == len(paths)
    by_name = {os.path.basename(row["path"]): row for row in plain}
    for row in units:
        whole = by_name[row["path"]]
        assert all(row[name] == whole[name] for name in whole if name != "path")


def test_rows_are_shown_without_out(beholder: Command, shards: Path) -> None:
    done = beholder("score", "shards/*.tar", "--top", "2")
    assert done.code == 3 and len(table(done.out)) == 3
    assert "9 more: --top 11 shows all" in done.err
    rows = json.loads(beholder("score", "shards/*.tar", "--json").out)
    assert [row["row"] for row in rows] == [*range(5), *range(3), *range(4)]
    best = json.loads(beholder("score", "shards/*.tar", "--json", "--top", "3").out)
    assert best == sorted((row for row in rows if not row["error"]), key=lambda row: -row["overall"])[:3]
    few = json.loads(beholder("score", "shards/00000.tar", "--json", "--fields", "quality", "--sort", "path").out)
    assert list(few[0]) == ["path", "unit", "row", "quality", "width", "height", "model", "sha256", "error"]


def test_carried_values_are_shown_as_json(beholder: Command, tmp_path: Path) -> None:
    save_table(tmp_path / "t.parquet", [1, 2], raw=[b"\xff", None], ratio=[0.1, float("nan")])
    for options in ([], ["--sort", "path"]):
        rows = json.loads(beholder("score", "t.parquet", "--json", "--carry", "raw,ratio", *options).out)
        assert [(row["raw"], row["ratio"]) for row in rows] == [("/w==", 0.1), (None, None)]
    done = beholder("score", "t.parquet", "--json", "--fields", "quality", "--top", "1")
    assert done.code == 1 and "--sort overall: is not among --fields; add it there" in done.err


def test_embeddings_and_row_groups_of_a_table(beholder: Command, tmp_path: Path) -> None:
    save_table(tmp_path / "t.parquet", range(5), text=list("abcde"))
    done = beholder("score", "t.parquet", "--out", "x.parquet", "--carry", "text", "--embeddings", "--batch-rows", 2)
    assert done.code == 0
    rows = read_table(tmp_path / "x.parquet")
    assert [(row["text"], len(row["embedding"])) for row in rows] == [(letter, 3) for letter in "abcde"]
    assert json.loads((tmp_path / "x.done.json").read_text())["wanted"]["options"]["batch_rows"] == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("shards/*.tar --out x.csv", "there are 3 units, each with a table of its own: --out 'x/{unit}.csv'"),
        ("shards/*.tar --out {unit}.txt", "{unit}.txt: unknown extension '.txt'; use .csv"),
        ("shards/*.tar --out -", "--out - prints one table, and units have one each"),
        ("shards/*.tgz", "shards/*.tgz: no file matches this pattern"),
        ("shards/00000.tar --state x", "--state does not go with tar files"),
        ("shards/00000.tar --xmp sidecar", "--xmp does not go with"),
        ("shards/00000.tar --exclude x", "--exclude does not go with"),
        ("shards/00000.tar --pairs one", "--pairs does not go with"),
        ("shards/00000.tar --csv-bom", "--csv-bom does not go with"),
        ("shards/00000.tar --out x.csv --json", "--json does not go with --out here"),
        ("shards/00000.tar --out x.csv --top 3", "--top does not go with --out here"),
        (
            "shards/*.tar --carry width --out out/{unit}.csv",
            "--carry width: the table has a column of this name already; rename it",
        ),
        ("shards/*.tar --fields beauty --out out/{unit}.csv", "--fields beauty: choose of overall, warmth"),
        ("shards/00000.tar --max-errors some", "--max-errors some: give a share of the rows"),
        ("shards/00000.tar --shard 3/3", "--shard 3/3: shards are counted from 0, so these are 0/3 to 2/3"),
        ("shards/*.tar --max-errors 0", "1 of 8 rows could not be scored, more than --max-errors 0"),
        ("t.parquet --column picture", "t.parquet: has no column picture; its columns are image"),
        ("t.parquet --carry text", "t.parquet: has no column text; its columns are image"),
        ("photos --embeddings", "--embeddings goes with tar files, Parquet tables and stores; with a folder give"),
        ("photos --overwrite --out x.csv", "--overwrite goes with tar files"),
        ("shards/00000.tar --embeddings", "--embeddings is about a file: name it by --out"),
        ("shards/00000.tar --fields overall", "--fields is about a file: name it by --out"),
        ("shards/00009.tar", "not scored: shards/00009.tar: no such file"),
    ],
)
def test_mistakes_are_one_line(beholder: Command, shards: Path, tmp_path: Path, arguments: str, says: str) -> None:
    save_photos(tmp_path / "photos", 1)
    save_table(tmp_path / "t.parquet", [1])
    before = sorted(tmp_path.rglob("*"))
    done = beholder("score", *arguments.split(), *([] if "00009" not in arguments else ["-q"]))
    assert (done.code, done.out) == (1, "") and says in done.err
    assert len(done.err.splitlines()) == 1 and sorted(tmp_path.rglob("*")) == before


def test_some_units_fail(beholder: Command, shards: Path, tmp_path: Path) -> None:
    (shards / "00001.tar").write_bytes((shards / "00001.tar").read_bytes()[:2000])
    done = beholder("score", "shards/*.tar", "--out", "out/{unit}.csv")
    assert done.code == 3 and "not scored: shards/00001.tar: " in done.err
    assert re.search(r"^3 units: 2 scored, 1 could not be read; 9 rows; ", done.err, re.M)
    done = beholder("merge", "out")
    assert done.code == 1 and "00001: is not done" in done.err and "2 of 3 units are whole" in done.out


def test_many_failures_are_counted(beholder: Command, tmp_path: Path) -> None:
    done = beholder("score", "{00..39}.tar", "--out", "out/{unit}.csv")
    assert done.code == 1 and "not scored: 30 more units" in done.err and len(done.err.splitlines()) == 12


@pytest.mark.parametrize(
    ("environment", "options", "done"),
    [
        ({}, ["--shard", "1/2"], ["00001"]),
        ({}, ["--shard", "0/2"], ["00000", "00002"]),
        ({}, ["--shard", "4/5"], []),
        ({"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "3"}, [], ["00002"]),
        ({"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "3"}, [], ["00001"]),
        ({"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "3"}, ["--shard", "0/3"], ["00000"]),
    ],
)
def test_shards_share_nothing_but_the_plan(
    beholder: Command,
    shards: Path,
    tmp_path: Path,
    environment: dict[str, str],
    options: list[str],
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = beholder("score", "shards/*.tar", "--out", "out/{unit}.csv", *options)
    assert found.code == 0 and f"{len(done)} unit{'s' * (len(done) != 1)} of 3 (shard " in found.err
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.csv")) == done
    assert json.loads((tmp_path / "out/units.json").read_text())["units"] == ["00000", "00001", "00002"]


def test_all_shards_together_are_whole(beholder: Command, shards: Path, tmp_path: Path) -> None:
    for shard in range(3):
        found = beholder("merge", "out", "--out", "all.csv") if shard else None
        assert found is None or (found.code == 1 and f"--shard {shard}/3" in found.err)
        beholder("score", "shards/*.tar", "--out", "out/{unit}.csv", "--shard", f"{shard}/3")
    found = beholder("merge", "out", "--out", "all.csv", "--deep")
    assert found.code == 0 and not found.err
    assert found.out.splitlines()[0].startswith("3 of 3 units are whole, by colour@")
    assert found.out.splitlines()[1] == "12 rows, 1 could not be scored (8.3%)"
    assert [row["path"] for row in read_table(tmp_path / "all.csv")] == [f"{number:06}.jpg" for number in range(12)]


def test_another_model_is_refused(beholder: Command, shards: Path, tmp_path: Path, other_model: Path) -> None:
    beholder("score", "shards/*.tar", "--out", "out/{unit}.csv")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    done = beholder("score", "shards/*.tar", "--out", "out/{unit}.csv", "--model", other_model)
    assert done.code == 1 and len(done.err.splitlines()) == 1 and "replace it by --overwrite" in done.err
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    done = beholder("score", "shards/*.tar", "--out", "out/{unit}.csv", "--model", other_model, "--overwrite")
    assert done.code == 0 and "3 units: 3 scored;" in done.err


def test_changed_input_is_told(beholder: Command, shards: Path) -> None:
    beholder("score", "shards/*.tar", "--out", "out/{unit}.csv")
    save_shards(shards, [2], first=70)
    done = beholder("score", "shards/*.tar", "--out", "out/{unit}.csv")
    assert "shards/00000.tar: has changed since it was scored; it is scored again" in done.err
    assert "3 units: 1 scored, 2 known; 2 rows;" in done.err


def test_progress_counts_rows_and_units(shards: Path, colour_model: Path, tmp_path: Path) -> None:
    shown = on_terminal(120, ["score", shards / "*.tar", "-m", colour_model, "-o", f"{tmp_path}/out/{{unit}}.csv"])
    assert "of 3 units" in shown and "3 units: 3 scored; 12 rows" in shown


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_stopped_in_order(number: int, colour_model: Path, tmp_path: Path) -> None:
    """The unit at hand is dropped, finished ones stay, and the same command goes on."""
    save_shards(tmp_path / "shards", [4] * 60)
    out, arguments = tmp_path / "out", ["score", f"{tmp_path}/shards/*.tar", "-m", colour_model, "--batch", "2"]
    command = [*arguments, "--out", f"{out}/{{unit}}.csv"]
    with subprocess.Popen([*SLOWLY, *map(str, command)], stderr=subprocess.PIPE) as process:
        until = time.monotonic() + 60
        while not (out / "00001.done.json").exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1] == "stopped; the same command goes on with the units that are not done"
    names = sorted(os.listdir(out))
    tables = [name for name in names if name.endswith(".csv")]
    assert 2 <= len(tables) < 60 and len(names) == 1 + 2 * len(tables)  # the plan, tables and done files
    done = apart(*command)
    assert done.code == 0 and f"60 units: {60 - len(tables)} scored, {len(tables)} known;" in done.err
    rows = rows_of(*sorted(out.glob("*.csv")))
    assert [row["path"] for row in rows] == [f"{each:06}.jpg" for each in range(240)]
