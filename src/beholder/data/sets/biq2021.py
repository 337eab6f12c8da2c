"""BIQ2021: photographs as people take them, with technical-quality ratings (Ahmed & Asif 2022).

Technical quality (sharp, clean, well exposed) is not beauty, and nothing here calls it so.
"""

from pathlib import Path

from beholder.data.rated_photos import RatedPhotos
from beholder.data.tables import numbers, read_table
from beholder.tasks import Task

TASKS = (
    Task("quality", 0, 1, "Technical quality: sharp, clean, well exposed (0 bad, 1 excellent); mean opinion, BIQ2021"),
)


def load(root: Path) -> RatedPhotos:
    """``root/labels.csv`` (image, quality_mean) and the images it names."""
    path = root / "labels.csv"
    table = read_table(path, ["image", "quality_mean"])
    ratings = numbers(path, "quality_mean", table["quality_mean"])[:, None]
    return RatedPhotos("biq2021", root, tuple(table["image"]), TASKS, ratings)
