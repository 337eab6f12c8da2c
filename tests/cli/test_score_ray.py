"""`beholder score --engine ray`: a Ray of its own, which says nothing and leaves nothing running."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from beholder.scale.ray_cluster import LOOPBACK
from helpers.commands import Done, apart
from helpers.extras import needs_ray
from helpers.factories import COMMAND
from helpers.processes import parent, titled
from helpers.shards import save_shards

Command = Callable[..., Done]
MARK = "BEHOLDER_TEST_MARK"
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
nodes = [cluster.add_node(num_cpus=2) for _ in range(2)]
print(cluster.address, cluster.head_node.all_processes["raylet"][0].process.pid, flush=True)
sys.stdin.readline()
cluster.remove_node(nodes[0], allow_graceful=False)
sys.stdin.read()
cluster.shutdown()
"""


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Stands in the environment of all that a test starts; in the end nothing of it may run."""
    value = f"{MARK}={uuid.uuid4()}"
    monkeypatch.setenv(*value.split("="))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    yield value
    until = time.monotonic() + 60
    while left := processes(value):
        assert time.monotonic() < until, left
        time.sleep(0.05)


def processes(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text())
        except OSError:  # it has ended, or is not ours
            continue
    return found


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_ray_writes_tables_only(beholder: Command, tmp_path: Path) -> None:
    save_shards(tmp_path / "shards", [1])
    done = beholder("score", "shards/*.tar", "--engine", "ray")
    assert done.code == 1 and "name them by --out 'out/{unit}.parquet'" in done.err


@needs_ray
@pytest.mark.slow
def test_tables_are_those_of_the_local_engine(mark: str, colour_model: Path, tmp_path: Path) -> None:
    save_shards(tmp_path / "shards", [5, 3, 4], broken=[6])
    shared = ["score", "shards/*.tar", "-m", colour_model, "--carry", "caption"]
    done = apart(*shared, "--out", "ray/{unit}.parquet", "--engine", "ray", cwd=tmp_path)
    assert (done.code, done.out) == (0, "")
    first, last = done.err.splitlines()
    assert first == "not scored: 00001/000006.jpg: is not a photograph that can be read; it looks like text"
    assert re.fullmatch(r"3 units: 3 scored; 12 rows, 1 could not be read; [\d.]+ a second", last)
    apart(*shared, "--out", "local/{unit}.parquet", cwd=tmp_path)
    assert content(tmp_path / "ray") == content(tmp_path / "local")
    limited = apart(*shared, "--out", "limited/{unit}.csv", "--engine", "ray", "--max-errors", "0", cwd=tmp_path)
    assert limited.code == 1 and "1 of " in limited.err and "more than --max-errors 0" in limited.err


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_order(number: int, mark: str, colour_model: Path, tmp_path: Path) -> None:
    save_shards(tmp_path / "shards", [40] * 60)
    out = tmp_path / "out"
    command = ["score", f"{tmp_path}/shards/*.tar", "-m", colour_model, "--out", f"{out}/{{unit}}.csv"]
    command_line = [*COMMAND, *map(str, command), "--engine", "ray"]
    with subprocess.Popen(command_line, stderr=subprocess.PIPE, start_new_session=True) as process:
        until = time.monotonic() + 100
        while not (out / "00001.done.json").exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        if number == signal.SIGINT:  # as a terminal does: to all that it started
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode().splitlines()[-1] == "stopped; the same command goes on with the units that are not done"
    names = os.listdir(out)
    assert 2 <= sum(name.endswith(".csv") for name in names) < 60 and not [name for name in names if name[0] == "."]
    done = apart(*command)
    assert done.code == 0 and "60 units: " in done.err and not re.search(r"not done|failed", done.err)
    assert sum(name.endswith(".done.json") for name in os.listdir(out)) == 60


@needs_ray
@pytest.mark.slow
def test_a_node_of_a_cluster_that_is_lost_costs_no_row(mark: str, colour_model: Path, tmp_path: Path) -> None:
    """A head without CPUs and two nodes with an actor each, of which one goes in the middle of the run.

    The process that counts how often a unit was begun goes too; it has to be on the node of the run itself.
    """
    save_shards(tmp_path / "shards", [40] * 60)
    shared = ["score", "shards/*.tar", "-m", str(colour_model)]
    loopback = {**os.environ, **LOOPBACK}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([sys.executable, "-c", CLUSTER], env=loopback, **pipes) as cluster:
        assert cluster.stdin is not None and cluster.stdout is not None
        address, head = cluster.stdout.readline().split()
        command = [*COMMAND, *shared, "--out", "out/{unit}.csv", "--engine", "ray"]
        with subprocess.Popen(
            command, cwd=tmp_path, env={**loopback, "RAY_ADDRESS": address}, stderr=subprocess.PIPE, text=True
        ) as run:
            until = time.monotonic() + 100
            while not (tmp_path / "out/00002.done.json").exists() and run.poll() is None and time.monotonic() < until:
                time.sleep(0.005)
            print(file=cluster.stdin, flush=True)
            (counter,) = [process for process in titled("ray::_Begun") if parent(process) == int(head)]
            os.kill(counter, signal.SIGKILL)
            _, err = run.communicate(timeout=110)
        cluster.communicate(timeout=60)
    assert (run.returncode, err.splitlines()[1:]) == (0, []), err
    assert err.startswith("60 units: 60 scored; 2,400 rows;")
    apart(*shared, "--out", "local/{unit}.csv", cwd=tmp_path)
    assert content(tmp_path / "out") == content(tmp_path / "local")
