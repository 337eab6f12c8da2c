"""Scores in a real Ray of two CPUs on this machine: pipelines, runs over units, and actors that are killed."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import beholder
from beholder.errors import ModelError
from beholder.output.score_columns import score_columns
from beholder.scale.carry import parse_carry
from beholder.scale.ray import Score
from beholder.scale.ray_cluster import connected
from beholder.scale.ray_run import run_on_ray
from beholder.scale.run import Options, UnitReport, look_at_all, run_units
from beholder.scale.unit import Unit
from beholder.scale.units import list_units
from helpers.extras import needs_ray
from helpers.factories import save_model, save_photos
from helpers.processes import parent, stat, titled
from helpers.shards import photo, save_table
from helpers.shell_examples import BLOCKS
from helpers.tars import jpeg, tar_bytes, write_tar

pytestmark = [needs_ray, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of Ray, about itself


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """A Ray of these tests alone, on loopback, with two CPUs."""
    logging.getLogger("ray").propagate = False  # pytest listens to all, and threads of Ray would write tracebacks
    with connected(2) as module:
        yield module


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new folder, the current one; what Ray starts is elsewhere."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save_tars(folder: Path, count: int, pictures: int) -> list[Unit]:
    """Tar files of different pictures, by names below the current folder."""
    folder.mkdir()
    for tar in range(count):
        numbers = range(tar * pictures, (tar + 1) * pictures)
        write_tar(folder / f"{tar:05}.tar", [(f"{number:06}.jpg", jpeg(number)) for number in numbers])
    return list_units([f"{folder.name}/*.tar"], recursive=False)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def actors() -> set[int]:
    """Processes of actors that score, below a Ray that this process has started."""
    return {actor for actor in titled("ray::MapWorker") if parent(parent(actor)) == os.getpid()}


def wait_until(happened: Callable[[], Any]) -> Any:
    until = time.monotonic() + 100
    while not (found := happened()):
        assert time.monotonic() < until
        time.sleep(0.002)
    return found


def in_order(reports: Sequence[UnitReport]) -> list[UnitReport]:
    return sorted((replace(report, seconds=0.0) for report in reports), key=lambda report: report.unit.index)


@pytest.mark.parametrize("given", ["class", pytest.param("instance", marks=pytest.mark.slow)])
def test_in_a_pipeline_of_ray(given: str, ray: Any, colour_model: Path, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 20)
    Path(paths[7]).write_bytes(b"no picture")
    pictures = ray.data.from_items([{"image": path, "number": number} for number, path in enumerate(paths)])
    if given == "class":
        scored = pictures.map_batches(Score, batch_size=4, concurrency=1, fn_constructor_args=(str(colour_model),))
    else:
        scored = pictures.map_batches(Score(colour_model), batch_size=4)
    rows = sorted(scored.take_all(), key=lambda row: row["number"])
    expected = score_columns(beholder.load(colour_model), paths)
    assert [row["number"] for row in rows] == list(range(20))
    assert [row["error"] for row in rows] == expected["error"]
    assert [row["overall"] for row in rows if not row["error"]] == [x for x in expected["overall"] if x is not None]


@pytest.mark.slow
def test_the_pipeline_of_the_documentation(ray: Any, here: Path, colour_model: Path) -> None:
    save_table(here / "table.parquet", range(5))
    (block,) = [block for block in BLOCKS if "ray.data" in block.text]
    text = block.text.replace('{"column"', f'{{"model": {str(colour_model)!r}, "column"')
    for name in ('"table.parquet"', '"scored"'):  # relative to where this Ray was started
        text = text.replace(name, repr(str(here / name.strip('"'))))
    exec(compile(text, block.place, "exec"), {})
    rows = ray.data.read_parquet(str(here / "scored")).take_all()
    contents = [photo(number) for number in range(5)]
    expected = score_columns(beholder.load(colour_model), contents, fields=["overall"])["overall"]
    assert sorted(row["overall"] for row in rows) == sorted(expected)


def test_tables_and_reports_are_those_of_the_local_engine(ray: Any, here: Path, colour_model: Path) -> None:
    save_tars(here / "shards", 5, 6)
    (here / "shards" / "00001.tar").write_bytes(tar_bytes([("a.jpg", jpeg(0)), ("b.jpg", b"text"), ("b.txt", b"B")]))
    (here / "shards" / "00003.tar").write_bytes((here / "shards" / "00003.tar").read_bytes()[:2000])
    units = list_units(["shards/{00000..00005}.tar"], recursive=False)  # the last one is not there
    scorer = beholder.load(colour_model, threads=1)
    options = Options("ray/{unit}.csv", str(colour_model), carry=parse_carry("caption"), embeddings=True)
    found = in_order(list(run_on_ray(units, scorer, options)))
    expected = in_order(list(run_units(units, scorer, replace(options, out="local/{unit}.csv"))))
    assert found == expected
    assert [report.error is None for report in found] == [True, True, True, False, True, False]
    assert content(here / "ray") == content(here / "local") and len(content(here / "ray")) == 3 * 4
    again = list(run_on_ray(units[:3], scorer, options))
    assert [report.known for report in again] == [True] * 3


@pytest.mark.slow
def test_what_an_actor_raises_is_one_line(ray: Any, here: Path) -> None:
    units, model = save_tars(here / "shards", 2, 2), save_model(here / "colour.onnx")
    scorer, options = beholder.load(model), Options("out/{unit}.csv", "colour.onnx")
    looks = look_at_all(units, scorer, options)
    save_model(model, shift=0.5)
    with pytest.raises(ModelError, match="is expected") as error:
        list(run_on_ray(units, scorer, options, looks=looks))
    assert "\n" not in str(error.value) and not (here / "out").exists()


@pytest.mark.slow
def test_whoever_leaves_early_ends_the_actors(ray: Any, here: Path, colour_model: Path) -> None:
    units, scorer = save_tars(here / "shards", 6, 40), beholder.load(colour_model, threads=1)
    options = Options("out/{unit}.csv", str(colour_model))
    reports = run_on_ray(units, scorer, options)
    first = next(reports)
    assert actors()
    reports.close()
    wait_until(lambda: not actors())
    assert f"{first.unit.name}.done.json" in os.listdir("out")
    list(run_on_ray(units, scorer, options))
    list(run_units(units, scorer, replace(options, out="local/{unit}.csv")))
    assert content(here / "out") == content(here / "local")


@pytest.mark.slow
def test_an_actor_that_is_killed_in_the_middle_of_a_unit_costs_no_row(ray: Any, here: Path, colour_model: Path) -> None:
    """2,000 pictures; three actors, one after the other, are killed while their table is half written."""
    units, scorer = save_tars(here / "shards", 10, 200), beholder.load(colour_model, threads=1)
    options = Options("out/{unit}.parquet", str(colour_model), embeddings=True)
    reports, killed = [], set()
    for report in run_on_ray(units, scorer, options):
        reports.append(report)
        if len(reports) in (2, 4, 5):
            killed |= wait_until(kill_in_the_middle)
    assert len(killed) == 3
    local = list(run_units(units, scorer, replace(options, out="local/{unit}.parquet")))
    assert in_order(reports) == in_order(local)
    assert sum(report.rows for report in reports) == 2000
    assert content(here / "out") == content(here / "local")


def kill_in_the_middle() -> set[int]:
    """Kill the actor if it is writing a table at this moment; then its process, else nothing."""
    found = actors()
    for actor in found:
        os.kill(actor, signal.SIGSTOP)
        wait_until(lambda actor=actor: stat(actor)[0] == "T")  # all its threads have stopped
        if writes(actor):
            os.kill(actor, signal.SIGKILL)
            return {actor}
        os.kill(actor, signal.SIGCONT)
    return set()


def writes(process: int) -> bool:
    links = Path(f"/proc/{process}/fd").iterdir()
    return any(os.readlink(link).endswith(".partial") for link in links)
