"""`beholder merge`: what it prints and how it ends; what it finds is in tests/scale/test_merge.py."""

from collections.abc import Callable
from pathlib import Path

from helpers.commands import Done
from helpers.shards import save_shards


def test_problems_are_told_one_by_one_up_to_a_number(beholder: Callable[..., Done], tmp_path: Path) -> None:
    save_shards(tmp_path / "shards", [1] * 30)
    beholder("score", "shards/*.tar", "--out", "out/{unit}.csv", "--shard", "0/15")
    done = beholder("merge", "out", "--out", "all.csv")
    assert done.code == 1 and done.out.startswith("2 of 30 units are whole")
    lines = done.err.splitlines()
    assert lines[0] == "00001: is not done" and lines[-2] == "8 more problems"
    assert lines[-1] == "error: out: is not whole: run the same command again with --shard 1/15, 2/15, 3/15, ..."
    assert not (tmp_path / "all.csv").exists()


def test_where_no_run_is(beholder: Callable[..., Done], tmp_path: Path) -> None:
    done = beholder("merge", "nowhere")
    assert done.code == 1 and done.out == "" and len(done.err.splitlines()) == 1
    assert "nowhere/units.json: there is no such plan" in done.err


def test_other_model_in_one_table(beholder: Callable[..., Done], tmp_path: Path, other_model: Path) -> None:
    save_shards(tmp_path / "shards", [1, 1])
    beholder("score", "shards/*.tar", "--out", "out/{unit}.csv")
    beholder("score", "shards/00001.tar", "--out", "out/00001.csv", "-m", other_model, "--overwrite")
    done = beholder("merge", "out", "--out", "all.csv")
    assert done.code == 1 and "the tables are of different models" in done.err
    assert done.err.splitlines()[-1] == "error: out: is not whole: give --overwrite"
