"""Shards of small photographs, as img2dataset writes them, and runs over them."""

import functools
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import beholder
from beholder.scale.run import Options, UnitReport, run_units
from beholder.scale.units import list_units
from helpers.commands import read_table
from helpers.tars import write_table, write_tar

BROKEN = b"broken"


@functools.cache
def photo(number: int, side: int = 24) -> bytes:
    """A JPEG of noise in a colour of its own."""
    random, content = np.random.default_rng(number), io.BytesIO()
    Image.fromarray((random.integers(0, 256, (side, side, 3)) * random.random(3)).astype(np.uint8)).save(
        content, "JPEG"
    )
    return content.getvalue()


def save_shards(folder: Path, sizes: Sequence[int], broken: Sequence[int] = (), first: int = 0) -> list[Path]:
    """Tar files 00000.tar, ... of so many photographs, which are numbered through; the broken ones are text."""
    folder.mkdir(parents=True, exist_ok=True)
    paths, number = [], first
    for shard, size in enumerate(sizes):
        members = []
        for each in range(number, number + size):
            members.append((f"{each:06}.jpg", BROKEN if each in broken else photo(each)))
            members.append((f"{each:06}.json", json.dumps({"caption": f"no. {each}", "width": each}).encode()))
        paths.append(write_tar(folder / f"{shard:05}.tar", members))
        number += size
    return paths


def save_table(path: Path, numbers: Sequence[int], **columns: Sequence[Any]) -> Path:
    """A Parquet table of photographs as Hugging Face writes them."""
    cells = [{"bytes": photo(number), "path": f"{number:06}.jpg"} for number in numbers]
    return write_table(path, {"image": cells, **columns})


def run(inputs: str | Sequence[str | Path], out: str | Path | None, model: Path, **options: Any) -> list[UnitReport]:
    """Score units as the command does."""
    names = [inputs] if isinstance(inputs, str) else [str(each) for each in inputs]
    call = {name: options.pop(name) for name in ("each", "watch", "looks") if name in options}
    given = Options(None if out is None else str(out), model=str(model), **options)
    return list(run_units(list_units(names), beholder.load(model), given, **call))


def rows_of(*paths: Path) -> list[dict[str, Any]]:
    """The rows of tables, one after the other."""
    return [row for path in paths for row in read_table(path)]


def state_of(folder: Path) -> dict[str, bytes]:
    """All that is in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
