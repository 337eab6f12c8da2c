"""A store in memory, ``flaky://``, that is slow, fails, cuts connections and refuses, the same way in each run."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

import fsspec
from fsspec.implementations.memory import MemoryFileSystem


@dataclass
class Trouble:
    """What goes wrong.

    Attributes:
        latency: seconds before each answer.
        failing: share of requests that fail.
        cut: share of reads that give a part only.
        refused: part of the names of objects without permission.
        seed: of all this.
        asked: counts requests by (what, name, start).
    """

    latency: float = 0
    failing: float = 0
    cut: float = 0
    refused: str = ""
    seed: int = 0
    asked: Counter[tuple[str, str, int]] = field(default_factory=Counter)


class FlakyStore(MemoryFileSystem):  # type: ignore[misc]
    """As ``memory://``, with a store of its own and trouble."""

    protocol = "flaky"
    cachable = False
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    trouble: ClassVar[Trouble] = Trouble()
    _counting = threading.Lock()

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.removeprefix("flaky://"))

    def _chance(self, what: str, name: str, start: int = 0) -> float:
        trouble = self.trouble
        if trouble.latency:
            time.sleep(trouble.latency)
        if trouble.refused and trouble.refused in name:
            raise PermissionError("Forbidden")
        with self._counting:
            trouble.asked[what, name, start] += 1
            count = trouble.asked[what, name, start]
        chance = random.Random(f"{trouble.seed} {what} {name} {start} {count}").random()
        if chance < trouble.failing:
            raise OSError("503 Slow Down")
        return chance - trouble.failing

    def info(self, path: str, **kwargs: Any) -> Any:
        self._chance("info", self._strip_protocol(path))
        return super().info(path, **kwargs)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> Any:
        chance = self._chance("read", self._strip_protocol(path), start or 0)
        content = super().cat_file(path, start=start, end=end, **kwargs)
        return content[: len(content) // 2] if chance < self.trouble.cut else content

    def put_file(self, lpath: str, rpath: str, **kwargs: Any) -> None:
        self._chance("write", self._strip_protocol(rpath))
        super().put_file(lpath, rpath, **kwargs)

    def pipe_file(self, path: str, value: bytes, **kwargs: Any) -> None:
        self._chance("write", self._strip_protocol(path))
        super().pipe_file(path, value, **kwargs)


fsspec.register_implementation("flaky", FlakyStore, clobber=True)


def empty_store(trouble: Trouble | None = None) -> Trouble:
    """Forget all objects, and begin with this trouble; returns it."""
    FlakyStore.store.clear()
    FlakyStore.pseudo_dirs[:] = [""]
    FlakyStore.trouble = trouble or Trouble()
    return FlakyStore.trouble


def put(url: str, content: bytes) -> None:
    """An object, without trouble."""
    system, name = fsspec.core.url_to_fs(url)
    MemoryFileSystem.pipe_file(system, name, content)
