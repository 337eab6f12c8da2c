"""Whether the heat map tells the truth: hide what it points at, and see what the model says then.

`python -m benchmarks faithfulness --data FOLDER`

The tenth of the cells that the map says raise the score most is blurred away, then as many that lower it most, then as
many drawn at random. If the map is right the first lowers the score, the second raises it, the third lies between.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from rich.table import Table

import beholder
from beholder import photo
from beholder.data import load
from beholder.evaluation.metrics import bootstrap

SHARE, SEED = 0.1, 0


def measure(root: Path, photographs: int) -> Table:
    """Mean change of the score for each task and each choice of cells, with 95% bootstrap intervals."""
    scorer = beholder.load()
    oasis = load("oasis", root)
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(oasis), size=min(photographs, len(oasis)), replace=False)
    changes: dict[tuple[str, str], list[float]] = {}
    for index in chosen:
        pixels = scorer.pixels(photo.read(oasis.paths[index], scorer.at_least))
        before = _score(scorer, pixels[None])
        blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(20)))
        for column, task in enumerate(scorer.info.tasks):
            evidence = before.evidence[0, column]
            count = round(SHARE * evidence.size)
            order = np.argsort(evidence, axis=None)
            hidden = {
                "raises most": order[-count:],
                "lowers most": order[:count],
                "random": rng.permutation(evidence.size)[:count],
            }
            masked = np.stack([_hide(pixels, blurred, cells, evidence.shape) for cells in hidden.values()])
            after = _score(scorer, masked).values[:, column] - before.values[0, column]
            for name, change in zip(hidden, after, strict=True):
                changes.setdefault((task.name, name), []).append(float(change))
    table = Table(
        title=f"Change of the score when a tenth of {len(chosen)} photographs is hidden", title_justify="left"
    )
    for name in ("task", "what raises most", "random", "what lowers most"):
        table.add_column(name)
    for task in scorer.info.tasks:
        cells = []
        for name in ("raises most", "random", "lowers most"):
            values = np.array(changes[task.name, name])
            mean, low, high = bootstrap(lambda truth, _: float(truth.mean()), values, values)
            cells.append(f"{mean:+.3f} ({low:+.3f} to {high:+.3f})")
        table.add_row(task.name, *cells)
    return table


def _score(scorer: beholder.Scorer, pixels: np.ndarray) -> beholder.Scores:
    height, width = pixels.shape[1:3]
    return scorer.run(pixels, np.array([(width, height)] * len(pixels)))


def _hide(pixels: np.ndarray, blurred: np.ndarray, cells: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(grid, dtype=bool)
    mask.flat[cells] = True
    height, width = pixels.shape[0] // grid[0], pixels.shape[1] // grid[1]
    mask = mask.repeat(height, axis=0).repeat(width, axis=1)
    return np.where(mask[..., None], blurred, pixels)
