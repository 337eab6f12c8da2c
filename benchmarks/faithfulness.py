"""Whether the heat maps tell the truth: hide what they point at, and see what the model says then.

`python -m benchmarks faithfulness --root DATA`

The six of 64 cells that a map says raise the score most are covered with the photograph's mean colour, then the six
that lower it most, then six drawn at random. If the map is right the first lowers the score, the second raises it, the
third lies between. Maps by hiding are made by blurring and by the mean colour, so for the first two ratings the cells
are covered with middle grey, too, which is new to every map.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.table import Table

import beholder
from beholder import progress
from beholder.cli.tables import plain
from beholder.data.registry import load_data
from beholder.evaluation.faithfulness import CellOrder, Deletion, Fill, coarsen, deletion_test
from beholder.photos.read import read_photo
from beholder.tasks import RATING

GRID, HIDDEN, SEED = 8, 6, 0
CHOICES: dict[CellOrder, str] = {"raising": "raise most", "random": "random", "lowering": "lower most"}
COVERS: dict[Fill, int | None] = {"mean": None, "grey": 2}  # what covers a cell -> ratings that are tested with it


def measure(root: Path, photographs: int) -> Table:
    """Mean change of the score for each task, map and choice of cells, with 95% bootstrap intervals."""
    scorer = beholder.load()
    oasis = load_data("oasis", root)
    ratings = [(column, task.name) for column, task in enumerate(scorer.info.tasks) if task.kind == RATING]
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(oasis), size=min(photographs, len(oasis)), replace=False)
    parts: dict[tuple[str, str, str], list[Deletion]] = {}
    with progress.bar("hiding", len(chosen)) as bar:
        for index in chosen:
            pixels = scorer.pixels(read_photo(oasis.paths[index], scorer.min_size))
            quick = scorer.run(pixels[None], np.array([(1, 1)])).evidence[0]
            maps = {
                "by hiding (explain)": scorer.occlude(pixels, GRID),
                "Scores.evidence": coarsen(quick, GRID),
            }
            for cover, most in COVERS.items():
                for column, task in ratings[:most]:
                    for name, evidence in maps.items():
                        part = deletion_test(
                            _score(scorer, column),
                            pixels[None],
                            evidence[None, column],
                            (HIDDEN / GRID**2,),
                            seed=rng,
                            draws=1,
                            fill=cover,
                            kinds=tuple(CHOICES),
                        )
                        parts.setdefault((task, name, cover), []).append(part)
            bar.advance(bar.task_ids[0])
    return _table({key: Deletion.concatenate(each) for key, each in parts.items()}, len(chosen))


def _score(scorer: beholder.Scorer, column: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda pixels: scorer.run(pixels, np.ones((len(pixels), 2), dtype=int)).values[:, column]


def _table(results: dict[tuple[str, str, str], Deletion], count: int) -> Table:
    title = f"Change of the score of {count} photographs when {HIDDEN} of {GRID * GRID} cells are covered"
    table = plain(title, "task", "map", "cover", *(f"cells that {choice}" for choice in CHOICES.values()))
    for names, result in results.items():
        curves = [result.change(kind) for kind in CHOICES]
        cells = [f"{curve.mean[0]:+.3f} ({curve.low[0]:+.3f} to {curve.high[0]:+.3f})" for curve in curves]
        table.add_row(*names, *cells)
    return table
