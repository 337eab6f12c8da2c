"""Composition: 794 crops of photographs, each marked for simplicity by five annotators (Göring & Raake 2021).

Simplicity, which is that nothing distracts from the subject, is the task: the mean of five marks of 0 or 1. The same
five also marked whether the rule of thirds is followed. That is no task here: they agree on it by a Fleiss kappa of
.20 only (.39 on simplicity), and they probably saw whole frames, while these are 200×200 crops, which have the subject
in another place. 11 photographs have no mark for simplicity: their rating is NaN.

The tables come from a repository under GPL-3.0; the licence of the pictures is not stated: for research, and nothing of
them is in this package.
"""

from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos
from beholder.data.tables import check_scale, numbers, read_table
from beholder.data.votes import Votes
from beholder.tasks import Task

TASKS = (
    Task(
        "simplicity",
        0,
        1,
        "Whether nothing distracts from the subject (0 no, 1 yes); mean of 5 annotators, composition",
    ),
)
LABELS_FILE = "labels.csv"
ANNOTATORS = ("E1", "E2", "E3", "E4", "E5")


def load(folder: Path) -> RatedPhotos:
    """The photographs named in ``folder/labels.csv``, with the marks of each annotator as votes.

    The labels have columns image, simple_mean and simple_E1 to simple_E5, 0 or 1, empty where not marked.

    Raises:
        BeholderError: as :func:`beholder.data.tables.read_table` and `RatedPhotos`; a mark outside 0 to 1.
    """
    path = folder / LABELS_FILE
    columns = [f"simple_{annotator}" for annotator in ANNOTATORS]
    table = read_table(path, ["image", "simple_mean", *columns])
    marks = np.stack([numbers(path, column, table[column]) for column in columns], axis=1)
    for column, values in zip(columns, marks.T, strict=True):
        check_scale(path, column, values, TASKS[0])
    ratings = numbers(path, "simple_mean", table["simple_mean"])[:, None]
    photo, rater = np.nonzero(~np.isnan(marks))
    votes = Votes(photo, np.array(ANNOTATORS)[rater], marks[photo, rater])
    n = np.bincount(photo, minlength=len(marks)).astype(float)[:, None]
    return RatedPhotos("composition", folder, tuple(table["image"]), TASKS, ratings, n=n, votes=votes)


DATA_SET = DataSet(
    name="composition",
    description="794 photographs, 200x200 crops, whether five annotators find them simple (Göring & Raake 2021)",
    landmarks=(LABELS_FILE,),
    load=load,
)
