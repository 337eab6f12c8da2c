"""Memory of this process: how much it takes, and that it gives back what it no longer needs."""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

LARGE = 4 * 1024**2  # bytes of a block that is given back at once
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
ARENAS = 2  # in which small blocks are; each keeps what it once had


def return_memory() -> None:
    """Let the C library give large blocks back to the system as soon as they are free, where it is glibc.

    By default it keeps blocks of up to 32 MB once one of them was freed: after pictures of 100 megapixels 600 MB.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in ((_M_MMAP_THRESHOLD, LARGE), (_M_TRIM_THRESHOLD, LARGE), (_M_ARENA_MAX, ARENAS)):
            mallopt(parameter, value)


def resident_bytes() -> int:
    """Bytes of memory that this process takes now; where the system does not tell, the most that it ever took."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
