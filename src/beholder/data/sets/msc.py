"""MSC, Minimum Semantic Content: 10,426 photographs with 100 aesthetic ratings each (Parraga et al. 2026).

Natural scenes with little to interpret, some of them made ugly on purpose, so that ratings reach both ends of the scale
(Scientific Data; before, "Aesthetics Without Semantics", arXiv 2505.05331). CC0.

What is known of its files is what public programs read: ``dataset_msc.csv`` (also in ``ratings/``) with one row a
photograph, columns Filename and Mu, the mean rating, with decimal commas. So the table is read as your own would be,
by :func:`beholder.data.csv_ratings.load`: with any separator, with one row a rater and photograph too, and with a scale
that is inferred from the ratings, which the description of the task says. Mu may also be called mean, mos, rating,
score or aesthetics, a column Sigma, std or sd is its standard deviation, and other columns are left out. The
photographs are looked for in ``images/``, ``MSC/`` and the folder itself.

Nothing published says which photographs are versions of one, so there are no groups: parts that are drawn may hold two
versions of the same scene.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from beholder.data import csv_ratings
from beholder.data.data_set import DataSet
from beholder.data.labels import photo_folder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.tables import plain_name
from beholder.errors import BeholderError
from beholder.tasks import Task

TABLES = ("dataset_msc.csv", "ratings/dataset_msc.csv")
PHOTO_FOLDERS = ("images", "MSC", ".")
MEAN_NAMES = (
    "mu",
    "mean",
    "mos",
    "rating",
    "score",
    "aesthetics",
)  # of the column, in any case, the first that is there
SD_NAMES = ("sigma", "std", "sd", "musd", "mustd")


def load(folder: Path) -> RatedPhotos:
    """Photographs with their mean ratings, called aesthetics.

    Args:
        folder: holds ``dataset_msc.csv`` and the photographs.

    Raises:
        BeholderError: as :func:`beholder.data.csv_ratings.load`; no column of mean ratings.
    """
    path = next((folder / name for name in TABLES if (folder / name).exists()), folder / TABLES[0])
    read = csv_ratings.load(path, folder / photo_folder(folder, PHOTO_FOLDERS))
    names = [plain_name(task.name) for task in read.tasks]
    rated, spread = (_first(names, wanted) for wanted in (MEAN_NAMES, SD_NAMES))
    if rated is None:
        raise BeholderError(
            f"{path}: no column of mean ratings; call it {', '.join(MEAN_NAMES)}; rated are "
            f"{', '.join(task.name for task in read.tasks)}"
        )
    task: Task = replace(read.tasks[rated], name="aesthetics")
    sd = read.sd[:, [rated]] if read.sd is not None else None
    return replace(
        read,
        name="msc",
        tasks=(task,),
        ratings=read.ratings[:, [rated]],
        sd=read.ratings[:, [spread]] if sd is None and spread is not None else sd,
        n=None if read.n is None else read.n[:, [rated]],
        votes=read.votes if rated == 0 else None,  # they are of the first task
        histogram=read.histogram if rated == 0 else None,
    )


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The place of the first wanted name that is there."""
    return next((names.index(name) for name in wanted if name in names), None)


DATA_SET = DataSet(
    name="msc",
    description="10,426 natural scenes with little to interpret, 100 aesthetic ratings each (Parraga et al. 2026)",
    landmarks=TABLES,
    load=load,
)
