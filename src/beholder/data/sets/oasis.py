"""OASIS: 900 affective photographs (Kurdi, Lozano & Banaji 2017) with beauty ratings (Brielmann & Pelli 2019).

Beauty is the overall task. Valence and arousal are affective qualities, not photographic attributes: how pleasant and
how exciting what is shown feels. Each photograph belongs to a theme ("Lake", "Gun"); photographs of one theme look
alike, so a split that does not keep themes together also measures recognition of the theme.
"""

from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos
from beholder.data.tables import check_scale, numbers, optional_columns, read_table
from beholder.data.vote_distributions import histogram_of
from beholder.data.votes import Votes
from beholder.tasks import Task

TASKS = (
    Task("beauty", 1, 7, "How much beauty raters felt (1 none, 7 very much); mean of about 120 online raters, OASIS"),
    Task("valence", 1, 7, "How pleasant what is shown felt (1 very negative, 7 very positive), OASIS"),
    Task("arousal", 1, 7, "How exciting what is shown felt (1 very low, 7 very high), OASIS"),
)
LABELS_FILE = "labels.csv"
VOTES_FILE = "ratings.csv"


def load(folder: Path) -> RatedPhotos:
    """The photographs named in ``folder/labels.csv``, and the votes of ``folder/ratings.csv`` if that file exists.

    The labels have columns image, theme, ``TASK_mean`` for each task and, where known, ``TASK_sd`` and ``TASK_n``. The
    votes have columns rater, image and beauty, whole numbers.

    Raises:
        BeholderError: as :func:`beholder.data.tables.read_table` and `RatedPhotos`; a vote outside the scale.
    """
    path = folder / LABELS_FILE
    columns = [f"{task.name}_mean" for task in TASKS]
    table = read_table(path, ["image", "theme", *columns])
    files = tuple(table["image"])
    votes = _read_votes(folder / VOTES_FILE, files)
    return RatedPhotos(
        "oasis",
        folder,
        files,
        TASKS,
        np.stack([numbers(path, column, table[column]) for column in columns], axis=1),
        tuple(table["theme"]),
        sd=optional_columns(path, table, [f"{task.name}_sd" for task in TASKS]),
        n=optional_columns(path, table, [f"{task.name}_n" for task in TASKS]),
        votes=votes,
        histogram=None if votes is None else histogram_of(votes, len(files), np.arange(1, 8)),
    )


def _read_votes(path: Path, files: tuple[str, ...]) -> Votes | None:
    """Votes for these files. Others are left out, because a copy may have only some of the published photographs."""
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


DATA_SET = DataSet(
    name="oasis",
    description="900 affective photographs (Kurdi et al. 2017), beauty, valence and arousal (Brielmann & Pelli 2019)",
    landmarks=(LABELS_FILE,),
    load=load,
)
