"""The cores that this process may use, which may be fewer than the machine has."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def usable_cores(proc: str | Path = "/proc/self/cgroup", mounted: str | Path = "/sys/fs/cgroup") -> int:
    """The number of cores for this process, at least 1.

    The smallest of what the system allots (``taskset``, the cpuset of a container, a batch system), the quotas of the
    control groups that the process is in (``docker run --cpus``, a limit of Kubernetes), rounded up, and
    ``OMP_NUM_THREADS`` where it is set.

    Args:
        proc: file that names the control groups of this process.
        mounted: folder of the control groups.
    """
    limits = [_allotted(), *(math.ceil(quota) for quota in _quotas(Path(proc), Path(mounted)))]
    with suppress(ValueError):  # not set, or not a number
        limits.append(int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0]))
    return min(limit for limit in limits if limit > 0)


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


CORES = usable_cores()
