"""How far the embedding moves on the way into the model file: eight bits, export, another runtime, reduced decode.

`python -m benchmarks precision --root DATA`

The embedding that the file gives, by the path that users take, beside the same features in single precision in torch;
and what ridge regressions predict that are fitted to either, as the file's heads are fitted to what its own graph
gives. The heads of the file themselves have no twin in single precision: with other features they would be other heads.
"""

from pathlib import Path

import numpy as np
from rich.table import Table

import beholder
from beholder.cli.tables import plain
from beholder.data.registry import load_data
from beholder.embedded import int8_encoder
from beholder.embedded.default import DefaultRecipe, extractor
from beholder.metrics import srcc
from beholder.scoring.model_file import default_path
from beholder.splits import random_folds
from beholder.training import ridge
from beholder.training.features import compute_features


def compare(root: Path) -> Table:
    """For each task of OASIS: SRCC out of fold of either ridge, SRCC between the two, mean and largest difference."""
    oasis = load_data("oasis", root)
    scorer = beholder.load()
    in_file = list(compute_features(oasis, int8_encoder.embedding_extractor(scorer, views=2)))
    single = list(compute_features(oasis, extractor(DefaultRecipe())))
    moved = np.square(in_file[0] - single[0]).mean() / single[0].var(axis=0).mean()
    size = default_path().stat().st_size / 1e6
    table = plain(
        f"{scorer.id}, {size:.1f} MB: its embedding differs by {moved:.3f} of the variance of the same in single "
        f"precision; ridges on both, {len(oasis)} photographs, 5-fold, seed 0",
        *("task", "SRCC, file", "SRCC, single precision"),
        *("SRCC between the two", "mean difference", "largest difference"),
        numbers=True,
    )
    folds = random_folds(len(oasis))
    ours, exact = (ridge.out_of_fold(views, oasis.ratings, folds) for views in (in_file, single))
    for index, task in enumerate(oasis.tasks):
        rated = oasis.ratings[:, index]
        difference = np.abs(ours[:, index] - exact[:, index])
        table.add_row(
            task.name,
            *(f"{srcc(rated, each[:, index]):.3f}" for each in (ours, exact)),
            f"{srcc(ours[:, index], exact[:, index]):.4f}",
            f"{difference.mean():.3f}",
            f"{difference.max():.3f}",
        )
    return table
