"""OASIS: 900 affective photographs (Kurdi, Lozano & Banaji 2017) with beauty ratings (Brielmann & Pelli 2019).

Beauty is the overall task. Valence and arousal are affective qualities, not photographic attributes: how pleasant and
how exciting what is shown feels. Each photograph belongs to a theme ("Lake", "Gun"); photographs of one theme look
alike, so a split that does not keep themes together measures recognition of the theme as well.
"""

from pathlib import Path

import numpy as np

from beholder.data.rated import RatedPhotos, numbers, read_table
from beholder.tasks import Task

TASKS = (
    Task("beauty", 1, 7, "How much beauty raters felt (1 none, 7 very much); mean of about 120 online raters, OASIS"),
    Task("valence", 1, 7, "How pleasant what is shown felt (1 very negative, 7 very positive), OASIS"),
    Task("arousal", 1, 7, "How exciting what is shown felt (1 very low, 7 very high), OASIS"),
)


def load(root: Path) -> RatedPhotos:
    """``root/labels.csv`` (image, theme, beauty_mean, valence_mean, arousal_mean) and the images it names."""
    path = root / "labels.csv"
    columns = [f"{task.name}_mean" for task in TASKS]
    table = read_table(path, ["image", "theme", *columns])
    ratings = np.stack([numbers(path, column, table[column]) for column in columns], axis=1)
    return RatedPhotos("oasis", root, tuple(table["image"]), TASKS, ratings, tuple(table["theme"]))
