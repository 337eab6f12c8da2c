"""Damaged photographs, in watched child processes: a score or a reason, never a crash, a hang or too much memory."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from helpers.factories import REPOSITORY

CAP = 4 << 30
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, that odd metadata is odd


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(REPOSITORY)
    return importlib.import_module("benchmarks.fuzz")


@pytest.mark.parametrize("count", [150, pytest.param(3000, marks=pytest.mark.slow)])
def test_damaged_photographs(fuzz: ModuleType, count: int) -> None:
    outcome = fuzz.run(count, seed=0)
    assert outcome.findings == []
    assert outcome.count == count and outcome.peak < CAP >> 10
    assert set(outcome.scored) | set(outcome.refused) == set(fuzz.kinds())
    assert outcome.scored.total() > count / 8 and outcome.refused.total() > count / 3


def test_mutations_can_be_made_again(fuzz: ModuleType) -> None:
    made = [fuzz.mutation(0, number) for number in range(60)]
    assert made == [fuzz.mutation(0, number) for number in range(60)] != [fuzz.mutation(1, n) for n in range(60)]
    assert len({data for _, data in made}) > 55


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os; os.abort()", "status -6"),
        ("import ctypes; ctypes.string_at(0)", "status -11"),
        ("while True: pass", "status -24"),
        pytest.param("import time; time.sleep(60)", "silent", marks=pytest.mark.slow),
        ("raise ValueError('two lines')", "ValueError"),
        ("bytearray(5 << 30)", "MemoryError"),
    ],
)
def test_what_goes_wrong_is_found(
    fuzz: ModuleType, code: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher is no use where it sees nothing: here one mutation of three does harm."""
    harm = tmp_path / "harm.py"
    harm.write_text(
        "import sys\nfrom benchmarks import fuzz\nfuzz.LIMIT = 1\nfault = fuzz.fault\ncount = 0\n"
        "def harmed(*given):\n    global count\n    count += 1\n    if sys.argv[2] == '0' and count == 2:\n"
        f"        {code}\n    return fault(*given)\n"
        "fuzz.fault = harmed\nfuzz.child(*map(int, sys.argv[1:5]), sys.argv[5])\n"
    )
    monkeypatch.setattr(fuzz, "CHILD", [str(harm)])
    outcome = fuzz.watch(0, 0, 4, silence=4 if says == "silent" else 60)
    ((number, what),) = outcome.findings
    assert number == 1 and says in what and outcome.count == 4
