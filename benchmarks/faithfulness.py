"""Whether the heat maps tell the truth: hide what they point at, and see what the model says then.

`python -m benchmarks faithfulness --data FOLDER`

The six of 64 cells that a map says raise the score most are covered with the photograph's mean colour, then the six
that lower it most, then six drawn at random. If the map is right the first lowers the score, the second raises it, the
third lies between. Maps by hiding are made by blurring, not covering, so they are not asked what they already know.
"""

from pathlib import Path

import numpy as np
from rich.table import Table

import beholder
from beholder import photo, progress
from beholder.data import load
from beholder.evaluation.metrics import bootstrap
from beholder.table import plain

GRID, HIDDEN, SEED = 8, 6, 0
CHOICES = ("raise most", "random", "lower most")


def measure(root: Path, photographs: int) -> Table:
    """Mean change of the score for each task, map and choice of cells, with 95% bootstrap intervals."""
    scorer = beholder.load()
    oasis = load("oasis", root)
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(oasis), size=min(photographs, len(oasis)), replace=False)
    changes: dict[tuple[str, str, str], list[float]] = {}
    with progress.bar("hiding", len(chosen)) as bar:
        for index in chosen:
            pixels = scorer.pixels(photo.read(oasis.paths[index], scorer.at_least))
            before = scorer.run(pixels[None], np.array([(1, 1)]))
            quick = before.evidence[0]
            factor = quick.shape[1] // GRID
            maps = {
                "by hiding (explain)": scorer.occlude(pixels, GRID),
                "quick (report)": quick.reshape(len(quick), GRID, factor, GRID, factor).sum((2, 4)),
            }
            for name, evidence in maps.items():
                for column, task in enumerate(scorer.info.tasks):
                    order = np.argsort(evidence[column], axis=None)
                    cells = (order[-HIDDEN:], rng.permutation(GRID * GRID)[:HIDDEN], order[:HIDDEN])
                    covered = np.stack([_cover(pixels, each) for each in cells])
                    after = scorer.run(covered, np.array([(1, 1)] * len(covered))).values[:, column]
                    for choice, score in zip(CHOICES, after, strict=True):
                        changes.setdefault((task.name, name, choice), []).append(
                            float(score - before.values[0, column])
                        )
            bar.advance(bar.task_ids[0])
    return _table(changes, len(chosen))


def _table(changes: dict[tuple[str, str, str], list[float]], count: int) -> Table:
    title = f"Change of the score of {count} photographs when {HIDDEN} of {GRID * GRID} cells are covered"
    table = plain(title, "task", "map", *(f"cells that {choice}" for choice in CHOICES))
    for task, name in dict.fromkeys((task, name) for task, name, _ in changes):
        cells = []
        for choice in CHOICES:
            values = np.array(changes[task, name, choice])
            mean, low, high = bootstrap(lambda truth, _: float(truth.mean()), values, values)
            cells.append(f"{mean:+.3f} ({low:+.3f} to {high:+.3f})")
        table.add_row(task, name, *cells)
    return table


def _cover(pixels: np.ndarray, cells: np.ndarray) -> np.ndarray:
    mask = np.zeros((GRID, GRID), dtype=bool)
    mask.flat[cells] = True
    mask = mask.repeat(pixels.shape[0] // GRID, axis=0).repeat(pixels.shape[1] // GRID, axis=1)
    return np.where(mask[..., None], pixels.mean(axis=(0, 1)).astype(np.uint8), pixels)
