"""The cores that this process may use, which may be fewer than the machine has, and how they are shared."""

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from beholder.errors import BeholderError
from beholder.text import printable

THREADS_VARIABLE = "BEHOLDER_THREADS"  # environment variable


def usable_cores(proc: str | Path = "/proc/self/cgroup", mounted: str | Path = "/sys/fs/cgroup") -> int:
    """The number of cores for this process, at least 1.

    The smallest of what the system allots (``taskset``, the cpuset of a container, a batch system), the quotas of the
    control groups that the process is in (``docker run --cpus``, a limit of Kubernetes), rounded up, and
    ``BEHOLDER_THREADS`` where it is set, else ``OMP_NUM_THREADS``. Neither counts where it is no number from 1 on.

    Args:
        proc: file that names the control groups of this process.
        mounted: folder of the control groups.
    """
    limits = [_allotted(), *(math.ceil(quota) for quota in _quotas(Path(proc), Path(mounted)))]
    with suppress(ValueError):  # not set, or not a number
        limits.append(int(_wanted() or os.environ.get("OMP_NUM_THREADS", "").split(",")[0]))
    return min(limit for limit in limits if limit > 0)


def check_variable() -> None:
    """Raise BeholderError where ``BEHOLDER_THREADS`` is set to what is no number of cores."""
    given = os.environ.get(THREADS_VARIABLE, "")
    if given and not _wanted():
        raise BeholderError(f"{THREADS_VARIABLE} is {printable(given)}: give a number of cores from 1 on, or unset it")


def _wanted() -> int:
    """What ``BEHOLDER_THREADS`` says; 0 where it says nothing."""
    given = os.environ.get(THREADS_VARIABLE, "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _allotted() -> int:
    count = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is None and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return (count or os.cpu_count)() or 1


def _quotas(proc: Path, mounted: Path) -> Iterator[float]:
    """Cores that each control group of the process grants, from its own up to the root; version 2, then version 1."""
    with suppress(OSError):
        for line in proc.read_text(errors="replace").splitlines():
            _, _, found = line.partition(":")
            controllers, _, path = found.partition(":")
            if not controllers:
                roots = [mounted, mounted / "unified"]  # the second where both versions are in use
            elif "cpu" in controllers.split(","):
                roots = [mounted / controllers, mounted / "cpu"]
            else:
                continue
            # Inside a container the path may be that of the host, and what is mounted the container's own group. Then
            # its folders are not there, and the last one that is looked at, the root, has the quota.
            below = Path(*(part for part in Path(path).parts if part not in ("/", "..")))
            for root in roots:
                for folder in (root / below, *(root / parent for parent in below.parents)):
                    yield from _quota(folder)


def _quota(folder: Path) -> Iterator[float]:
    """The quota of one control group in cores; nothing where it has none."""
    with suppress(OSError, ValueError, IndexError, ZeroDivisionError):  # "max" is no number either
        quota, period = (folder / "cpu.max").read_text().split()[:2]
        yield int(quota) / int(period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        given, of = (int((folder / name).read_text()) for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
        if given > 0:  # -1 is none
            yield given / of


class CoreLimit:
    """So many cores, which threads share: who needs more than are free waits, first come, first served.

    Args:
        cores: how many there are; None for as many as anyone wants.

    >>> limit = CoreLimit(1)
    >>> with limit.taken():
    ...     pass
    """

    def __init__(self, cores: int | None) -> None:
        self.cores = cores
        self._free = cores or 0
        self._turn = threading.Lock()  # held by the first in the queue, so that one core cannot overtake many for ever
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, cores: int = 1) -> Iterator[None]:
        """Take cores for a block, all there are at most. Never nest in one thread: it would wait for itself."""
        if self.cores is None:
            yield
            return
        cores = min(cores, self.cores)
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= cores)
            self._free -= cores
        try:
            yield
        finally:
            with self._changed:
                self._free += cores
                self._changed.notify()

    @classmethod
    def of(cls, threads: "int | CoreLimit | None") -> "CoreLimit":
        """A limit of so many cores, or one that is shared; by default what ``BEHOLDER_THREADS`` says, or none."""
        return threads if isinstance(threads, CoreLimit) else cls(threads or DEFAULT_THREADS)


NO_LIMIT = CoreLimit(None)
CORES = usable_cores()
# What counts where a program or command names no number of threads; None: no limit for decoding and models together.
DEFAULT_THREADS = CORES if _wanted() else None
