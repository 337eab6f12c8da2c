"""Peak memory of a run against the number of photographs: `python -m benchmarks memory --photographs 100,400,1600`

The photographs are hard links to a few of 12 megapixels, so that ten thousand need no disk. Each run is a process of
its own, whose largest resident size the system tells.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from rich.table import Table

from benchmarks.fuzz import REPOSITORY

DISTINCT, COPIES = 4, 5  # a file system takes only some ten thousand links to a file
CODE = """import resource, sys; from beholder.cli.app import app
try: app(sys.argv[1:])
finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"""


def link(folder: Path, count: int, size: tuple[int, int], suffix: str) -> None:
    """So many photographs of a size in a new folder."""
    folder.mkdir()
    originals = sorted((REPOSITORY / "examples" / "photos").glob("*.jpg"))[:DISTINCT]
    for number, original in enumerate(originals[:count]):
        Image.open(original).convert("RGB").resize(size).save(
            folder / f"{number}{suffix}", quality=90, compress_level=1
        )
    for number in range(DISTINCT, count):
        source = folder / f"{number % (DISTINCT * COPIES)}{suffix}"
        if source.exists():
            os.link(source, folder / f"{number}{suffix}")
        else:
            shutil.copyfile(folder / f"{number % DISTINCT}{suffix}", source)


def peak(folder: Path, options: Sequence[str]) -> tuple[int, float]:
    """KiB and seconds of a run over a folder."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        arguments = [sys.executable, "-c", CODE, "score", str(folder), "-q", "-o", f"{place}/x.csv", *options]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
        assert len(Path(place, "x.csv").read_text().splitlines()) == 1 + len(os.listdir(folder))
    return int(done.stdout.split()[-1]), time.monotonic() - began


def measure(
    counts: Sequence[int], side: int, embedded: bool, suffix: str, workers: int
) -> Iterator[tuple[int, float, float]]:
    """(photographs, MB at the peak, seconds) for runs over so many, by the embedded model or one that takes no time."""
    from tests.helpers.factories import save_model

    with tempfile.TemporaryDirectory() as place:
        model = [] if embedded else ["-m", str(save_model(Path(place, "model.onnx")))]
        for count in counts:
            folder = Path(place, f"{count}")
            link(folder, count, (side, side * 3 // 4), suffix)
            kib, seconds = peak(folder, [*model, "--workers", str(workers)])
            yield count, kib / 1024, seconds


def table(counts: str, side: int, embedded: bool, suffix: str, workers: int) -> Table:
    numbers = [int(number) for number in re.findall(r"\d+", counts)]
    model = "the embedded" if embedded else "a tiny"
    shown = Table(title=f"{side} x {side * 3 // 4} {suffix}, {model} model, {workers} workers")
    for name in ("photographs", "peak MB", "seconds"):
        shown.add_column(name, justify="right")
    for count, peak, seconds in measure(numbers, side, embedded, suffix, workers):
        shown.add_row(f"{count:,}", f"{peak:,.0f}", f"{seconds:,.1f}")
    return shown
