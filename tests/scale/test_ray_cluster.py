"""How many actors of which size, and what is said where there is no Ray."""

import socket
import subprocess
import sys

import pytest

from beholder.errors import BeholderError
from beholder.scale.ray_cluster import MAX_THREADS, Actors, actors_for, connected
from helpers.extras import needs_ray

CLUSTERS = [[1], [2], [3], [4], [7], [12], [64], [8, 4], [2, 64, 64], [1, 1, 1], [4] * 10, [0, 96], [3, 1], [16, 8, 2]]


@pytest.mark.parametrize("cores", CLUSTERS, ids=str)
@pytest.mark.parametrize("units", [1, 2, 5, 1000])
def test_actors_fit_and_leave_a_cpu_on_each_node(cores: list[int], units: int) -> None:
    actors = actors_for([{"CPU": each, "memory": 1e9} for each in cores], units)
    assert 1 <= actors.count <= units and 1 <= actors.threads <= MAX_THREADS
    assert actors.cpus == max(actors.threads - 1, 0.5)
    assert sum(each // actors.threads for each in cores) >= actors.count  # each has the cores that it uses
    for each in cores:  # actors fill a node up to the last of their cores, and even then a CPU, or a half, is free
        assert each // actors.threads * actors.cpus <= max(each - 1, each / 2)
    if units == 1000:
        assert actors.count * actors.threads >= 0.75 * sum(cores)  # for [7, 12]: no more than what does not divide


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([{"CPU": 8, "GPU": 1}], Actors(1, 8, 0, 1)),
        ([{"CPU": 32}, {"CPU": 8, "GPU": 4}, {"CPU": 64, "GPU": 1}], Actors(5, 2, 0, 1)),
        ([{"CPU": 1, "GPU": 2}], Actors(2, 1, 0, 1)),
    ],
)
def test_one_actor_for_each_gpu(nodes: list[dict[str, float]], expected: Actors) -> None:
    assert actors_for(nodes, 100, gpu=True) == expected


@pytest.mark.parametrize(
    ("nodes", "gpu", "said"),
    [([], False, "has no CPU"), ([{"memory": 1.0}], False, "has no CPU"), ([{"CPU": 8}], True, "has no GPU")],
)
def test_a_cluster_without_any_is_said(nodes: list[dict[str, float]], gpu: bool, said: str) -> None:
    with pytest.raises(BeholderError, match=said):
        actors_for(nodes, 1, gpu=gpu)


@needs_ray
@pytest.mark.parametrize("address", ["closed", "no address"])
def test_an_address_without_a_cluster_is_one_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:  # bound and not listening: nothing answers there
        held.bind(("127.0.0.1", 0))
        address = address.replace("closed", f"127.0.0.1:{held.getsockname()[1]}")
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(BeholderError) as error, connected(2):
            pytest.fail("connected to nothing")
    assert address in str(error.value) and "\n" not in str(error.value)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BeholderError, match=r"--engine ray needs ray, not installed: pip install 'beholder\[ray\]'"):
        connected(2).__enter__()


def test_the_actor_class_itself_needs_no_ray() -> None:
    code = "import sys; sys.modules['ray'] = None; from beholder.scale.ray import Score; Score('fast')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
