"""Which units are whose: unit i belongs to shard i mod n, so machines share nothing but the store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.scale.unit import Unit
from beholder.text import cut, printable


@dataclass(frozen=True)
class Shard:
    """One machine's part of a run.

    Attributes:
        index: from 0, below ``count``.
        count: of shards.
        origin: where this was said, for messages: ``--shard`` or the variable of a scheduler.
    """

    index: int
    count: int
    origin: str = "--shard"

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard_of(units: Iterable[Unit], shard: Shard) -> list[Unit]:
    """The units of a shard, in order.

    >>> from beholder.scale.unit import Kind
    >>> units = [Unit(f"{i}", i, Kind.TAR, f"{i}.tar") for i in range(5)]
    >>> [unit.name for unit in shard_of(units, Shard(1, 3))]
    ['1', '4']
    """
    return [unit for unit in units if unit.index % shard.count == shard.index]


def parse_shard(text: str) -> Shard:
    """A shard as ``3/64``, counted from 0.

    Raises:
        BeholderError: it is written otherwise, or out of range.

    >>> parse_shard("3/64").index
    3
    >>> parse_shard("64/64")
    Traceback (most recent call last):
    beholder.errors.BeholderError: --shard 64/64: shards are counted from 0, so these are 0/64 to 63/64
    """
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip(), re.ASCII)
    if found is None or int(found[2]) == 0:
        raise BeholderError(f"--shard {printable(cut(text))}: give the number of this shard and of all, such as 3/64")
    return _checked(int(found[1]), int(found[2]), "--shard", f"--shard {text.strip()}")


def default_shard(environ: Mapping[str, str]) -> Shard | None:
    """The shard that a scheduler says: a Slurm array task, or a pod of an indexed job of Kubernetes.

    Kubernetes gives each pod its number, but not how many there are: the job file sets ``JOB_COMPLETIONS``.

    Raises:
        BeholderError: the variables do not go together.

    >>> slurm = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1"}
    >>> str(default_shard(slurm | {"SLURM_ARRAY_TASK_STEP": "2"})), default_shard({})
    ('3/4', None)
    """
    if "SLURM_ARRAY_TASK_ID" in environ:
        name = "SLURM_ARRAY_TASK_ID"
        task, count = _number(environ, name), _number(environ, "SLURM_ARRAY_TASK_COUNT", beside=name)
        first = _number(environ, "SLURM_ARRAY_TASK_MIN") if "SLURM_ARRAY_TASK_MIN" in environ else 0
        step = _number(environ, "SLURM_ARRAY_TASK_STEP") if "SLURM_ARRAY_TASK_STEP" in environ else 1
        index, rest = divmod(task - first, max(1, step))
        if rest:
            raise BeholderError(f"{name}={task} is not among {first}, {first + step}, ...; say which by --shard")
        return _checked(index, count, name, f"{name}={task} of {count} tasks")
    if "JOB_COMPLETION_INDEX" in environ:
        name = "JOB_COMPLETION_INDEX"
        index, count = _number(environ, name), _number(environ, "JOB_COMPLETIONS", beside=name)
        return _checked(index, count, name, f"{name}={index}, JOB_COMPLETIONS={count}")
    return None


def _number(environ: Mapping[str, str], name: str, *, beside: str = "") -> int:
    text = environ.get(name)
    if text is None:
        raise BeholderError(f"{beside} is set, but not {name}, the number of all; set it, or say which by --shard")
    if not re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        raise BeholderError(f"{name}={printable(cut(text))}: is not a number; mend it, or say which by --shard")
    return int(text)


def _checked(index: int, count: int, origin: str, told: str) -> Shard:
    if 0 <= index < count:
        return Shard(index, count, origin)
    numbered = f"0/{count} to {count - 1}/{count}"
    if origin == "--shard":
        raise BeholderError(f"{told}: shards are counted from 0, so these are {numbered}")
    raise BeholderError(
        f"{told}: is out of range, as shards are {numbered}; number the tasks without gaps, or give --shard"
    )
