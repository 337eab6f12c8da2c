"""A Ray cluster, or a Ray of this process alone; and how many actors of which size it has room for."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.scoring.cores import CORES
from beholder.text import one_line, printable

MAX_THREADS = 8  # of an actor: one process with more decodes no faster (docs/performance.md)
NEARLY_ALL = 0.9  # of the cores that can be used; for the last ones actors do not get smaller, and more of them
ANSWER = 5.0  # seconds in which a cluster answers; Ray itself tries for two minutes
STORE = 100 * 2**20  # bytes of Ray's object store; no row goes through it
# What Ray prints of itself on standard output would be in the middle of ours; its files have it all.
SILENT = {"RAY_DEDUP_LOGS_SKIP_REGEX": ".*", "RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_USAGE_STATS_ENABLED": "0"}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray then listens on loopback, on every system


@dataclass(frozen=True)
class Actors:
    """How many actors score, and how big each one is.

    Attributes:
        count: of actors.
        threads: that an actor uses.
        cpus: that it declares to Ray: one less than it uses. The last CPU of a node stays free for what feeds the
            actors; where actors hold all of them, nothing ever starts (ray#44687).
        gpus: that it declares.
    """

    count: int
    threads: int
    cpus: float
    gpus: int = 0


def actors_for(
    nodes: Sequence[Mapping[str, float]], units: int, *, gpu: bool = False, most: int = MAX_THREADS
) -> Actors:
    """Actors for a cluster: as big as its nodes, up to 8 threads, and never more than there are units.

    Args:
        nodes: resources of each node that is alive: ``CPU``, ``GPU``.
        units: to be scored, at least one.
        gpu: one actor a GPU, on the nodes that have some.
        most: threads of an actor.

    Raises:
        BeholderError: the cluster has no CPU, or no GPU where one is wanted.

    >>> actors_for([{"CPU": 2}], 100)
    Actors(count=1, threads=2, cpus=1, gpus=0)
    >>> actors_for([{"CPU": 1}, {"CPU": 64}, {"CPU": 64}], 100)
    Actors(count=16, threads=8, cpus=7, gpus=0)
    >>> actors_for([{"CPU": 64, "GPU": 4}], 100, gpu=True)
    Actors(count=4, threads=8, cpus=0, gpus=1)
    """
    most = min(most, MAX_THREADS)
    if gpu:
        found = [(int(node.get("GPU", 0)), int(node.get("CPU", 0))) for node in nodes if node.get("GPU", 0) >= 1]
        if not found:
            raise BeholderError("the Ray cluster has no GPU now: start a node with one, or leave out --device cuda")
        threads = min(most, max(1, min(cores // count for count, cores in found)))
        return Actors(min(units, sum(count for count, _ in found)), threads, 0, 1)
    cores = [int(node["CPU"]) for node in nodes if node.get("CPU", 0) >= 1]
    if not cores:
        raise BeholderError("the Ray cluster has no CPU now: start a worker node, then run this again")
    sizes = range(1, min(most, max(cores)) + 1)
    counts = {size: min(units, sum(each // size for each in cores)) for size in sizes}
    used = max(size * counts[size] for size in sizes)
    threads = max(size for size in sizes if size * counts[size] >= NEARLY_ALL * used)
    return Actors(counts[threads], threads, threads - 1 if threads > 1 else 0.5)


@contextmanager
def connected(cores: int = CORES) -> Iterator[Any]:
    """The module ``ray``, connected: to what this process is connected to, to RAY_ADDRESS, or to a Ray of its own.

    A Ray of its own listens on loopback, says nothing, reports nothing, and ends with the block, as does the
    connection to a cluster.

    Args:
        cores: of a Ray of its own.

    Raises:
        BeholderError: Ray is not installed, or nothing answers at RAY_ADDRESS.
    """
    address = os.environ.get("RAY_ADDRESS", "").strip() or "local"
    with _environment(SILENT | LOOPBACK if address == "local" else SILENT):
        ray = require("ray", "ray", "--engine ray")
        require("ray.data", "ray", "--engine ray")
        ours = not ray.is_initialized()
        if ours:
            with _sigterm_kept(), _stderr_closed():
                _connect(ray, address, cores)
    try:
        with _settings():
            yield ray
    finally:
        if ours:
            with _sigterm_kept():
                ray.shutdown()


def _connect(ray: Any, address: str, cores: int) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address == "local":
        options |= {"num_cpus": cores, "include_dashboard": False, "object_store_memory": STORE}
    else:
        _check_answers(address)
    try:
        ray.init(address=address, **options)
    except (OSError, ValueError, RuntimeError) as error:  # nothing there | no address | of another version
        raise BeholderError(
            f"Ray cannot be reached, or started: {one_line(error)} (address: {printable(address)})"
        ) from None


def _check_answers(address: str) -> None:
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdecimal() and "/" not in host):
        return  # auto, ray://…: Ray says what is wrong with it
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
    except (OSError, OverflowError) as error:
        raise BeholderError(
            f"RAY_ADDRESS is {printable(address)}, where no Ray cluster answers ({one_line(error)}): start one with "
            "'ray start --head', or unset RAY_ADDRESS for a Ray on this machine"
        ) from None


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables as Ray reads them when it is imported and started; those that are set stay."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _stderr_closed() -> Iterator[None]:
    """Nothing on standard error, where Ray says at its start that it says nothing."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    before = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


@contextmanager
def _settings() -> Iterator[None]:
    """Ray Data says nothing on the terminal, and waits for a unit that takes an hour."""
    from ray.data import DataContext

    context, log = DataContext.get_current(), logging.getLogger("ray.data")
    wanted = {"enable_progress_bars": False, "print_on_execution_start": False, "execution_no_progress_timeout_s": -1}
    before, level = {name: getattr(context, name) for name in wanted}, log.level
    try:
        log.setLevel(logging.CRITICAL + 1)
        for name, value in wanted.items():
            setattr(context, name, value)
        yield
    finally:
        log.setLevel(level)
        for name, value in before.items():
            setattr(context, name, value)


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Ray takes SIGTERM for itself; here it is handled as before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
