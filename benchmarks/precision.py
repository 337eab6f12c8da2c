"""How far scores move on the way into the model file: eight bits, export, another runtime, reduced decode.

`python -m benchmarks precision --root DATA`

The file's scores, by the path that users take, beside those of single-precision torch features and heads fitted anew.
"""

from pathlib import Path

import numpy as np
from rich.table import Table

import beholder
from beholder.data.registry import load_data
from beholder.embedded.default import DefaultRecipe, extractor
from beholder.metrics import srcc
from beholder.scoring.model_file import default_path
from beholder.training import ridge
from beholder.training.features import compute_features


def compare(root: Path) -> Table:
    """For each task over the OASIS photographs: SRCC between the two, mean and largest difference in native units."""
    oasis, biq = load_data("oasis", root), load_data("biq2021", root)
    single = extractor(DefaultRecipe())
    oasis_views, biq_views = (
        list(compute_features(oasis, single)),
        list(compute_features(biq, single)),
    )
    exact = np.hstack(
        [head(oasis_views[0]) for head in (ridge.fit(oasis_views, oasis.ratings), ridge.fit(biq_views, biq.ratings))]
    )
    scorer = beholder.load()
    found = scorer.score(oasis.paths).values
    size = default_path().stat().st_size / 1e6
    table = Table(title=f"{scorer.id}, {size:.1f} MB, against single precision, {len(oasis)} photographs")
    for name in ("task", "SRCC between the two", "mean difference", "largest difference"):
        table.add_column(name)
    for index, task in enumerate((*oasis.tasks, *biq.tasks)):
        file = found[:, [each.name for each in scorer.info.tasks].index(task.name)]
        reference = np.clip(exact[:, index], task.low, task.high)
        difference = np.abs(file - reference)
        table.add_row(task.name, f"{srcc(file, reference):.6f}", f"{difference.mean():.5f}", f"{difference.max():.5f}")
    return table
