"""One run over many units: what fails, what stays, what is counted."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import beholder
from beholder.errors import BeholderError, ModelError
from beholder.scale.run import MaxErrors, Options, TooManyErrorsError, run_units, wanted_by
from beholder.scale.units import list_units
from helpers.commands import read_table
from helpers.factories import save_model
from helpers.shards import photo, rows_of, run, save_shards, state_of


def test_unit_that_cannot_be_read_leaves_nothing(tmp_path: Path, colour_model: Path) -> None:
    paths = save_shards(tmp_path / "in", [4, 4, 4])
    paths[1].write_bytes(paths[1].read_bytes()[:3000])
    names = [*paths, tmp_path / "in/00003.tar"]
    reports = run(names, tmp_path / "out/{unit}.csv", colour_model)
    assert [report.error is None for report in reports] == [True, False, True, False]
    assert "00001.tar" in str(reports[1].error) and "no such file" in str(reports[3].error)
    assert sorted(os.listdir(tmp_path / "out")) == ["00000.csv", "00000.done.json", "00002.csv", "00002.done.json"]
    save_shards(tmp_path / "in", [4, 4, 4, 4])
    reports = run(names, tmp_path / "out/{unit}.csv", colour_model)
    assert [report.known for report in sorted(reports, key=lambda report: report.unit.index)] == [
        True,
        False,
        True,
        False,
    ]
    rows = rows_of(*(tmp_path / f"out/{number:05}.csv" for number in range(4)))
    assert [row["path"] for row in rows] == [f"{number:06}.jpg" for number in range(16)]


def test_input_that_changes_while_it_is_read(tmp_path: Path, colour_model: Path) -> None:
    (path,) = save_shards(tmp_path / "in", [40])

    def each(row: dict[str, Any]) -> None:
        if row["row"] == 0:
            os.utime(path, (1, 1))

    (report,) = run([path], tmp_path / "out/{unit}.csv", colour_model, each=each)
    assert "has changed while it was read" in str(report.error) and not state_of(tmp_path / "out")


@pytest.mark.parametrize("text", ["", "5", "0", "5%", "0.5%", "100%", "0%"])
def test_max_errors_are_written_as_given(text: str) -> None:
    if text:
        assert str(MaxErrors.of_text(text)) == text
    for wrong in (f"{text} ", f"-{text}", f"{text}x", f"{text}%%", "101%", "nan%", "٣"):
        with pytest.raises(BeholderError, match="give a share of the rows such as 5%"):
            MaxErrors.of_text(wrong)


@pytest.mark.parametrize(
    ("limit", "done"),
    [
        ("0", ["00000"]),
        ("5%", ["00000"]),
        ("1", ["00000", "00001"]),
        ("2", ["00000", "00001"]),
        ("50%", None),
        ("9", None),
    ],
)
def test_run_that_goes_wrong_ends(limit: str, done: list[str] | None, tmp_path: Path, colour_model: Path) -> None:
    """Units that were finished before stay; 8 rows without an error, then one among 2, then two among 4."""
    shards = save_shards(tmp_path / "in", [8, 2, 4], broken=[8, 10, 11])
    given = {"max_errors": MaxErrors.of_text(limit)}
    if done is None:
        assert len(run(shards, tmp_path / "out/{unit}.csv", colour_model, **given)) == 3
        return
    with pytest.raises(
        TooManyErrorsError, match=rf"more than --max-errors {limit}: is not a photograph|0000"
    ) as caught:
        run(shards, tmp_path / "out/{unit}.csv", colour_model, **given)
    assert str(caught.value).isprintable()
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.csv")) == done
    assert len(list((tmp_path / "out").iterdir())) == 2 * len(done)


def test_share_of_errors_is_told_within_a_unit(tmp_path: Path, colour_model: Path) -> None:
    """A run over one large shard of the wrong kind does not go on to its end."""
    seen: list[int] = []
    shards = save_shards(tmp_path / "in", [300], broken=range(300))
    with pytest.raises(TooManyErrorsError, match="100 of 100 rows"):
        run(shards, None, colour_model, max_errors=MaxErrors(share=0.5), each=lambda row: seen.append(row["row"]))
    assert len(seen) <= 100


def test_run_that_is_left_early_drops_the_unit_at_hand(tmp_path: Path, colour_model: Path) -> None:
    shards = save_shards(tmp_path / "in", [5, 5, 5])
    for count, tables in ((0, 0), (3, 0), (5, 1), (7, 1), (10, 2), (15, 3)):
        out = tmp_path / f"out{count}"

        def first(results: Iterator[Any], count: int = count) -> Iterator[Any]:
            for number, result in enumerate(results):
                if number == count:
                    return
                yield result

        run(shards, out / "{unit}.csv", colour_model, watch=first)
        left = sorted(os.listdir(out)) if out.exists() else []
        whole = [f"{number:05}{end}" for number in range(3) for end in (".csv", ".done.json")]
        # The last unit is only known to be over once the stream has ended.
        assert left in (whole[: 2 * tables], whole[: 2 * max(tables - 1, 0)]), (count, left)
        reports = run(shards, out / "{unit}.csv", colour_model)
        assert sum(report.known for report in reports) == len(left) // 2
        rows = rows_of(*(out / f"{number:05}.csv" for number in range(3)))
        assert [row["path"] for row in rows] == [f"{number:06}.jpg" for number in range(15)]


def test_rows_without_tables(tmp_path: Path, colour_model: Path) -> None:
    seen: list[dict[str, Any]] = []
    shards = save_shards(tmp_path / "in", [3, 2])
    reports = run(shards, None, colour_model, each=seen.append)
    assert [report.rows for report in reports] == [3, 2] and len(seen) == 5
    assert os.listdir(tmp_path) == ["in"]


def test_one_table_is_open_at_a_time(tmp_path: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from beholder.scale import output

    open_now, most = [], []
    opening, leaving = output.UnitWriter.__enter__, output.UnitWriter.__exit__

    def enter(self: Any) -> Any:
        open_now.append(self)
        most.append(len(open_now))
        return opening(self)

    def leave(self: Any, *rest: Any) -> None:
        open_now.remove(self)
        leaving(self, *rest)

    monkeypatch.setattr(output.UnitWriter, "__enter__", enter)
    monkeypatch.setattr(output.UnitWriter, "__exit__", leave)
    run(save_shards(tmp_path / "in", [1] * 12), tmp_path / "out/{unit}.csv", colour_model)
    assert len(most) == 12 and max(most) == 1 and not open_now


def test_disk_that_is_full_is_one_line(tmp_path: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from beholder.scale import output

    shards = save_shards(tmp_path / "in", [3, 3])

    def full(self: Any, row: dict[str, Any], embedding: Any) -> None:
        if row["unit"] == "00001":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(output._Lines, "write", full)
    with pytest.raises(BeholderError, match=r"cannot write scores to .*00001\.csv: the disk is full"):
        run(shards, tmp_path / "out/{unit}.csv", colour_model)
    assert sorted(os.listdir(tmp_path / "out")) == ["00000.csv", "00000.done.json"]


def test_model_that_was_replaced_is_noticed(tmp_path: Path) -> None:
    model = save_model(tmp_path / "m.onnx")
    scorer = beholder.load(model)
    save_model(tmp_path / "m.onnx", shift=0.5)
    with pytest.raises(ModelError, match="it was replaced"):
        wanted_by(scorer, Options(None, model=str(model)))


def test_options_go_to_another_machine(tmp_path: Path, colour_model: Path) -> None:
    import pickle

    units = list_units([str(path) for path in save_shards(tmp_path / "in", [2])])
    options = Options(str(tmp_path / "out.csv"), model=str(colour_model), max_errors=MaxErrors(count=1))
    units, options, scorer = pickle.loads(pickle.dumps((units, options, beholder.load(colour_model))))
    (report,) = run_units(units, scorer, options)
    assert pickle.loads(pickle.dumps(report)) == report and report.rows == 2


# Stores


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """A store in memory that is empty again afterwards."""
    fsspec = pytest.importorskip("fsspec", reason="needs fsspec: pip install 'beholder[remote]'")
    name = f"memory://{tmp_path.name}"
    yield name
    fsspec.filesystem("memory").rm(f"/{tmp_path.name}", recursive=True)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_from_a_store_to_a_store(suffix: str, bucket: str, tmp_path: Path, colour_model: Path) -> None:
    from fsspec.core import url_to_fs

    shards = save_shards(tmp_path / "in", [5, 4], broken=[1])
    system, top = url_to_fs(bucket)
    for path in shards:
        system.pipe_file(f"{top}/in/{path.name}", path.read_bytes())
    for number in range(6):
        system.pipe_file(f"{top}/photos/{number}.jpg", photo(number))
    inputs, out = [f"{bucket}/in/*.tar", f"{bucket}/photos"], f"{bucket}/out/{{unit}}{suffix}"
    reports = run(inputs, out, colour_model, embeddings=True)
    assert [(report.rows, report.known, report.error) for report in reports] == [
        (5, False, None), (4, False, None), (6, False, None),
    ]  # fmt: skip
    run(shards, tmp_path / f"out/{{unit}}{suffix}", colour_model, embeddings=True)
    for number in range(2):
        name = f"{number:05}{suffix}"
        (tmp_path / "got").with_suffix(suffix).write_bytes(system.cat_file(f"{top}/out/in/{name}"))
        ours, theirs = read_table(tmp_path / f"out/{name}"), read_table((tmp_path / "got").with_suffix(suffix))
        assert repr([{**row, "unit": ""} for row in theirs]) == repr([{**row, "unit": ""} for row in ours])  # NaN
    assert [report.known for report in run(inputs, out, colour_model, embeddings=True)] == [True] * 3
    system.pipe_file(f"{top}/in/00001.tar", save_shards(tmp_path / "new", [3], first=70)[0].read_bytes())
    reports = run(inputs, out, colour_model, embeddings=True)
    assert sorted((report.unit.name, report.rows) for report in reports if not report.known) == [("in/00001", 3)]
    system.pipe_file(f"{top}/out/photos.done.json", b"{")
    system.pipe_file(f"{top}/out/photos{suffix}", b"my notes")
    with pytest.raises(BeholderError, match="is no table of beholder"):
        run(inputs, out, colour_model, embeddings=True)


def test_store_that_fails_gives_the_same_tables(
    tmp_path: Path, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec", reason="needs fsspec: pip install 'beholder[remote]'")
    from helpers.flaky_store import FlakyStore, Trouble, empty_store

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    shards = save_shards(tmp_path / "in", [5, 4, 3], broken=[1])
    tables = []
    for trouble in (Trouble(), Trouble(failing=0.2, cut=0.2, seed=1)):
        empty_store()
        system = FlakyStore()
        for path in shards:
            system.pipe_file(f"/in/{path.name}", path.read_bytes())
        for number in range(6):
            system.pipe_file(f"/photos/{number}.jpg", photo(number))
        FlakyStore.trouble = trouble
        inputs = ["flaky://in/{00000..00002}.tar", "flaky://photos"]
        reports = run(inputs, "flaky://out/{unit}.csv", colour_model, retries=9)
        assert [report.error for report in reports] == [None] * 4
        assert bool(sum(report.retries for report in reports)) == bool(trouble.failing)
        tables.append({name: file.getvalue() for name, file in FlakyStore.store.items() if name.endswith(".csv")})
    assert len(tables[0]) == 4 and tables[0] == tables[1]
    FlakyStore.trouble = Trouble(refused="/out/")
    with pytest.raises(BeholderError, match="no permission to read it"):
        run(inputs, "flaky://out/{unit}.csv", colour_model)


# Killed


DYING = """
import os, sys
from beholder.scale import output, store
left = int(sys.argv.pop(1))
def dying(call):
    def step(*given, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
        return call(*given, **named)
    return step
output.UnitWriter.write = dying(output.UnitWriter.write)
store.publish, store.publish_bytes = dying(store.publish), dying(store.publish_bytes)
from beholder.cli import main
main()
"""


@pytest.mark.slow
def test_killed_at_every_step(tmp_path: Path, colour_model: Path) -> None:
    """Wherever a process dies, its successors make the tables of a run that nothing disturbed.

    The steps are the rows, embeddings, table and done file of each unit; of the first run the plan, too.
    """
    shards = save_shards(tmp_path / "in", [2, 3, 2], broken=[2])
    run(shards, tmp_path / "whole/{unit}.csv", colour_model, embeddings=True)
    out = tmp_path / "out"
    command = ["score", *map(str, shards), "-m", str(colour_model), "--embeddings", "-o", f"{out}/{{unit}}.csv", "-q"]
    for step in (1, 4, 3, 4, 5, 6, 1000):
        done = subprocess.run([sys.executable, "-c", DYING, str(step), *command], check=False, timeout=120)
        assert done.returncode == (0 if step == 1000 else -signal.SIGKILL)
        for path in out.glob("*.done.json"):
            table = path.with_name(path.name.replace(".done.json", ".csv"))
            assert table.read_bytes() == (tmp_path / "whole" / table.name).read_bytes()
    left, whole = state_of(out), state_of(tmp_path / "whole")
    assert left.pop("units.json") and left == whole
