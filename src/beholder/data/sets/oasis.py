"""OASIS: 900 affective photographs (Kurdi, Lozano & Banaji 2017) with beauty ratings (Brielmann & Pelli 2019).

Beauty is the overall task. Valence and arousal are affective qualities, not photographic attributes: how pleasant and
how exciting what is shown feels. Each photograph belongs to a theme ("Lake", "Gun"); photographs of one theme look
alike, so a split that does not keep themes together measures recognition of the theme as well.
"""

from pathlib import Path

import numpy as np

from beholder.data.rated_photos import RatedPhotos
from beholder.data.tables import check_scale, known_columns, numbers, read_table
from beholder.data.vote_distributions import histogram_of
from beholder.data.votes import Votes
from beholder.tasks import Task

TASKS = (
    Task("beauty", 1, 7, "How much beauty raters felt (1 none, 7 very much); mean of about 120 online raters, OASIS"),
    Task("valence", 1, 7, "How pleasant what is shown felt (1 very negative, 7 very positive), OASIS"),
    Task("arousal", 1, 7, "How exciting what is shown felt (1 very low, 7 very high), OASIS"),
)


def load(root: Path) -> RatedPhotos:
    """``root/labels.csv`` and the images it names, and the votes of ``root/ratings.csv`` where that is there.

    The labels have columns image, theme, and for each task ``TASK_mean`` and, where they are known, ``TASK_sd`` and
    ``TASK_n``; the votes rater, image and beauty, whole numbers.
    """
    path = root / "labels.csv"
    columns = [f"{task.name}_mean" for task in TASKS]
    table = read_table(path, ["image", "theme", *columns])
    files = tuple(table["image"])
    votes = _read_votes(root / "ratings.csv", files)
    return RatedPhotos(
        "oasis",
        root,
        files,
        TASKS,
        np.stack([numbers(path, column, table[column]) for column in columns], axis=1),
        tuple(table["theme"]),
        sd=known_columns(path, table, [f"{task.name}_sd" for task in TASKS]),
        n=known_columns(path, table, [f"{task.name}_n" for task in TASKS]),
        votes=votes,
        histogram=None if votes is None else histogram_of(votes, len(files), np.arange(1, 8)),
    )


def _read_votes(path: Path, files: tuple[str, ...]) -> Votes | None:
    """Votes for these files; others are left out, because part of the published photographs may be here."""
    if not path.exists():
        return None
    beauty = TASKS[0]
    table = read_table(path, ["rater", "image", beauty.name])
    values = numbers(path, beauty.name, table[beauty.name])
    check_scale(path, beauty.name, values, beauty)
    places = {file: place for place, file in enumerate(files)}
    photo = np.array([places.get(file, -1) for file in table["image"]], dtype=int)
    keep = (photo >= 0) & ~np.isnan(values)
    return Votes(photo[keep], np.array(table["rater"], dtype=str)[keep], values[keep])
