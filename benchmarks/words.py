"""How often words name an edit in photographs that people rated good, and in those that they rated bad.

`python -m benchmarks words --root DATA`

Of BIQ2021, without the photographs whose edited copies the models learned from. Good are those rated above 0.6 in
quality, and what is named there is not always a mistake: a photograph may be rated good and be dark. Bad are those
rated below 0.35. The limits in `beholder.scoring.words` were set on 700 of the good ones.
"""

from collections import Counter
from pathlib import Path

import numpy as np
from rich.table import Table

import beholder
from beholder.cli.tables import plain
from beholder.data.registry import load_data
from beholder.embedded.material import BEST
from beholder.scoring.batch import score_photos
from beholder.scoring.words import named

GOOD, BAD, SEED = 0.6, 0.35, 2


def measure(root: Path, photographs: int) -> Table:
    """Shares of photographs, for each model and group.

    Args:
        root: folder of data sets.
        photographs: most of a group.
    """
    photos = load_data("biq2021", root)
    quality = photos.ratings[:, 0]
    unseen = np.argsort(-quality, kind="stable")[BEST:]
    shuffled = unseen[np.random.default_rng(SEED).permutation(len(unseen))]
    groups = {
        f"rated above {GOOD}": shuffled[quality[shuffled] > GOOD][:photographs],
        f"rated below {BAD}": shuffled[quality[shuffled] < BAD][:photographs],
    }
    columns = "model", "photographs", "number", "surely", "or perhaps", "which"
    table = plain("Photographs in which words name an edit", *columns)
    for model in ("default", "fast"):
        scorer = beholder.load(model)
        for group, rows in groups.items():
            results = score_photos(scorer, [photos.paths[row] for row in rows])
            found = [named(each.scores) for each in results if each.scores is not None]
            shares = [sum(bool(sure) for sure, _ in found), sum(bool(sure or perhaps) for sure, perhaps in found)]
            which = Counter(name for sure, _ in found for name in sure)
            table.add_row(
                model,
                group,
                str(len(found)),
                *(f"{count / len(found):.1%}" for count in shares),
                ", ".join(f"{name} {count / len(found):.1%}" for name, count in which.most_common()),
            )
    return table
