"""The plan of a run: the same from every machine."""

from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.scale.places import Places
from beholder.scale.plan import Plan, read_plan, write_plan


def plan(folder: Path, names: list[str], suffix: str = ".csv", shards: int = 4, *, overwrite: bool = False) -> str:
    return write_plan(names, Places(f"{folder}/{{unit}}{suffix}"), shards, overwrite=overwrite)


def test_plan_is_the_same_from_every_machine(tmp_path: Path) -> None:
    assert plan(tmp_path, ["a", "b"]) == ""
    content = (tmp_path / "units.json").read_bytes()
    time = (tmp_path / "units.json").stat().st_mtime_ns
    assert plan(tmp_path, ["a", "b"]) == ""
    assert (tmp_path / "units.json").read_bytes() == content and (tmp_path / "units.json").stat().st_mtime_ns == time
    assert read_plan(str(tmp_path / "units.json")) == Plan("{unit}.csv", ("a", "b"), 4)


def test_a_run_that_grew_and_one_that_shrank(tmp_path: Path) -> None:
    plan(tmp_path, ["a", "b"])
    assert plan(tmp_path, ["a", "b", "c"]) == ""
    assert "2 units of an earlier run are not among these 2" in plan(tmp_path, ["b", "d"])


def test_plan_of_other_outputs_stays(tmp_path: Path) -> None:
    plan(tmp_path, ["a"])
    with pytest.raises(BeholderError, match=r"is the plan of .*\{unit\}\.csv; choose another folder"):
        plan(tmp_path, ["a"], ".parquet")
    plan(tmp_path, ["a"], ".parquet", overwrite=True)
    assert read_plan(str(tmp_path / "units.json")) == Plan("{unit}.parquet", ("a",), 4)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"plan_format": 1}', b"[" * 100_000])
def test_another_file_stays(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "units.json").write_bytes(content)
    for overwrite in (False, True):
        with pytest.raises(BeholderError, match="is not a plan of beholder"):
            plan(tmp_path, ["a"], overwrite=overwrite)
    assert (tmp_path / "units.json").read_bytes() == content


def test_one_table_has_no_plan(tmp_path: Path) -> None:
    assert write_plan(["a"], Places(str(tmp_path / "x.csv")), 1, overwrite=False) == ""
    assert not list(tmp_path.iterdir())
