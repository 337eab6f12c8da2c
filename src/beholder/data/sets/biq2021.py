"""BIQ2021: photographs as people take them, with technical-quality ratings (Ahmed & Asif 2022).

Technical quality (sharp, clean, well exposed) is not beauty, and nothing here calls it so.
"""

from pathlib import Path

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos
from beholder.data.tables import numbers, read_table
from beholder.tasks import Task

TASKS = (
    Task("quality", 0, 1, "Technical quality: sharp, clean, well exposed (0 bad, 1 excellent); mean opinion, BIQ2021"),
)
LABELS_FILE = "labels.csv"


def load(folder: Path) -> RatedPhotos:
    """The photographs named in ``folder/labels.csv``, which has columns image and quality_mean.

    Raises:
        BeholderError: as :func:`beholder.data.tables.read_table` and `RatedPhotos`.
    """
    path = folder / LABELS_FILE
    table = read_table(path, ["image", "quality_mean"])
    ratings = numbers(path, "quality_mean", table["quality_mean"])[:, None]
    return RatedPhotos("biq2021", folder, tuple(table["image"]), TASKS, ratings)


DATA_SET = DataSet(
    name="biq2021",
    description="photographs as people take them, technical quality (Ahmed & Asif 2022)",
    landmarks=(LABELS_FILE,),
    load=load,
)
