"""The cores that may be used: of the processor, of control groups of both versions, of the environment."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.scoring.cores import CoreLimit, check_variable, usable_cores

GROUPS = {  # what /proc/self/cgroup says, files of control groups -> cores of a machine with 64
    "no control groups": ("", {}, 64),
    "no quota": ("0::/\n", {"cpu.max": "max 100000"}, 64),
    "two and a half": ("0::/\n", {"cpu.max": "250000 100000\n"}, 3),
    "less than one": ("0::/\n", {"cpu.max": "10000 100000"}, 1),
    "more than there are": ("0::/\n", {"cpu.max": "9900000 100000"}, 64),
    "of the group itself": ("0::/user/job\n", {"user/job/cpu.max": "400000 100000"}, 4),
    "of a group around it": (
        "0::/user/job\n",
        {"cpu.max": "max 100000", "user/cpu.max": "200000 100000", "user/job/cpu.max": "400000 100000"},
        2,
    ),
    "a path of the host": ("0::/docker/abc\n", {"cpu.max": "300000 100000"}, 3),
    "a path above what is mounted": ("0::/../../other\n", {"cpu.max": "300000 100000"}, 3),
    "first version": (
        "5:devices:/job\n4:cpu,cpuacct:/job\n",
        {"cpu,cpuacct/job/cpu.cfs_quota_us": "150000", "cpu,cpuacct/job/cpu.cfs_period_us": "100000"},
        2,
    ),
    "first version, no quota": (
        "4:cpuacct,cpu:/\n",
        {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
        64,
    ),
    "both versions": (
        "1:cpu:/\n0::/job\n",
        {"cpu/cpu.cfs_quota_us": "500000", "cpu/cpu.cfs_period_us": "100000", "unified/job/cpu.max": "max 100000"},
        5,
    ),
    "nonsense": ("nonsense\n0::/\n", {"cpu.max": "many"}, 64),
    "a period of nothing": ("0::/\n", {"cpu.max": "100000 0"}, 64),
}


@pytest.mark.parametrize("kind", GROUPS)
def test_quotas_of_control_groups(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    says, files, expected = GROUPS[kind]
    (tmp_path / "cgroup").write_text(says)
    for name, text in files.items():
        path = tmp_path / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr("beholder.scoring.cores._allotted", lambda: 64)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("BEHOLDER_THREADS", raising=False)
    assert usable_cores(tmp_path / "cgroup", tmp_path / "fs") == expected


@pytest.mark.parametrize(
    ("given", "expected"), [("3", 3), ("3,2", 3), ("99", 64), ("0", 64), ("-1", 64), ("many", 64), ("", 64)]
)
def test_threads_of_the_environment(given: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beholder.scoring.cores._allotted", lambda: 64)
    monkeypatch.delenv("BEHOLDER_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert usable_cores("nowhere", "nowhere") == expected


@pytest.mark.parametrize(("given", "expected"), [("8", 8), (" 8 ", 8), ("99", 64), ("", 3)])
def test_our_own_variable_comes_first(given: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beholder.scoring.cores._allotted", lambda: 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("BEHOLDER_THREADS", given)
    assert usable_cores("nowhere", "nowhere") == expected
    check_variable()


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5", "²", "9" * 99])
def test_no_number_of_cores_does_not_count_and_is_told(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beholder.scoring.cores._allotted", lambda: 64)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("BEHOLDER_THREADS", given)
    assert usable_cores("nowhere", "nowhere") == 3
    with pytest.raises(BeholderError, match=r"^BEHOLDER_THREADS is .*: give a number of cores from 1 on, or unset it$"):
        check_variable()


def test_all_that_names_no_number_follows_the_variable(colour_model: Path) -> None:
    code = (
        "import sys, beholder\n"
        "from beholder.culling import full_size\n"
        "from beholder.scoring.cores import CORES, CoreLimit\n"
        "from beholder.serving.limits import Limits\n"
        "print(CORES, CoreLimit.of(None).cores, CoreLimit.of(9).cores, beholder.load(sys.argv[1]).threads, "
        "Limits().workers, full_size.CORES)"
    )
    environment = {**os.environ, "BEHOLDER_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, colour_model], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == ["1", "1", "9", "1", "1", "1"]


@pytest.mark.parametrize("cores", [1, 3])
def test_no_more_cores_are_taken_than_there_are(cores: int) -> None:
    limit, lock, now, most = CoreLimit(cores), threading.Lock(), 0, 0

    def work(wanted: int) -> None:
        nonlocal now, most
        for _ in range(50):
            with limit.taken(wanted):
                with lock:
                    now += min(wanted, cores)
                    most = max(most, now)
                threading.Event().wait(0)  # let others run
                with lock:
                    now -= min(wanted, cores)

    threads = [threading.Thread(target=work, args=(wanted,)) for wanted in (1, 1, 1, 2, 99)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (now, most) == (0, cores)


def test_a_limit_that_is_shared_stays_the_same() -> None:
    limit = CoreLimit(3)
    assert CoreLimit.of(limit) is limit


@pytest.mark.skipif((os.cpu_count() or 1) < 2 or not hasattr(os, "sched_setaffinity"), reason="needs two cores")
def test_held_to_one_core_all_that_counts_cores_counts_one(colour_model: Path) -> None:
    code = (
        "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import beholder, beholder.scorer\n"
        "print(beholder.scorer.CORES, beholder.load(sys.argv[1]).threads, len(os.listdir('/proc/self/task')))"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # numpy's own threads
    done = subprocess.run(
        [sys.executable, "-c", code, colour_model], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == ["1", "1", "1"]
