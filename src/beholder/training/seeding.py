"""Torch's random numbers from a seed, without a trace in the caller's generators."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside the block, torch's CPU and CUDA generators start from ``seed``; afterwards they are as they were before.

    >>> before = torch.random.get_rng_state()
    >>> with seeded(0):
    ...     first = torch.rand(1)
    >>> with seeded(0):
    ...     bool(torch.rand(1) == first)
    True
    >>> bool((torch.random.get_rng_state() == before).all())
    True
    """
    # CUDA is not initialised for this alone: that takes seconds, and a generator that nobody used has no state to keep.
    used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = range(torch.cuda.device_count()) if used else ()
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
