"""TAD66K: 66,327 photographs of 47 themes with a mean score of 1,200 people or more each (He et al. 2022).

Read as published by the authors (github.com/woshidandan/TANet-image-aesthetics-and-quality-assessment):
``labels/merge/train.csv`` and ``test.csv``, columns image and score, 52,248 and 14,079 photographs; optionally
``labels/unmerge/{train,test}/THEME.csv`` with the same rows by theme. The folder may also be called ``dataset/``, as in
their code, or be left out. The photographs are in one folder, ``TAD66K/``, ``images/`` or that of the labels.

The scale is 1 to 10 (supplement, Section 2). Standard deviations and single votes were not published. 478 photographs
are in the test list of ``merge/`` but in a training list of ``unmerge/``; the split here is that of ``merge/``, as in
the authors' training. Themes are no groups: the published split divides them.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.labels import Labels, check_parts, photo_folder
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable, photo_statistics
from beholder.data.tables import check_scale, numbers, read_table
from beholder.tasks import Task

TASKS = (Task("score", 1, 10, "Aesthetic score for its theme (1 to 10); mean of 1,200 or more, TAD66K"),)
PARTS = ("train", "test")
LABEL_FOLDERS = ("labels", "dataset", ".")
PHOTO_FOLDERS = ("TAD66K", "images", ".")


def read_labels(folder: Path) -> Labels:
    """Both published lists. Needs no photographs.

    Raises:
        BeholderError: a list or a column is missing, a score is no number or outside its scale, a list is empty.
    """
    lists = _label_folder(folder) / "merge"
    within = photo_folder(folder, PHOTO_FOLDERS)
    files: list[str] = []
    scores, splits = [], []
    for part in PARTS:
        path = lists / f"{part}.csv"
        table = read_table(
            path, ["image", "score"], advice="give the folder that holds labels/merge/train.csv and the photographs"
        )
        values = numbers(path, "score", table["score"])
        check_scale(path, "score", values, TASKS[0])
        check_parts(path, [part] * len(values), [part])
        files += [image if within == "." else f"{within}/{image}" for image in table["image"]]
        scores.append(values)
        splits += [part] * len(values)
    return Labels(tuple(files), TASKS, np.concatenate(scores)[:, None], splits=tuple(splits))


def load(folder: Path) -> RatedPhotos:
    """Photographs with their scores and the published split.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    return read_labels(folder).photos("tad66k", folder)


def read_themes(folder: Path) -> dict[str, str]:
    """File name of a photograph -> its theme; empty if the lists by theme are not there.

    Raises:
        BeholderError: a list cannot be read, or has no column image.
    """
    paths = sorted(path for part in PARTS for path in (_label_folder(folder) / "unmerge" / part).glob("*.csv"))
    return {image: path.stem for path in paths for image in read_table(path, ["image"])["image"]}


def statistics(folder: Path) -> list[StatisticsTable]:
    """Scores of TAD66K, and photographs by theme. Needs no photographs.

    Raises:
        BeholderError: as :func:`read_labels` and :func:`read_themes`.
    """
    tables = photo_statistics(read_labels(folder))
    themes = Counter(read_themes(folder).values())
    if themes:
        rows = tuple(sorted(themes.items()))
        tables.append(StatisticsTable("themes", "By theme", ("theme", "photographs"), rows))
    return tables


def _label_folder(folder: Path) -> Path:
    return folder / photo_folder(folder, LABEL_FOLDERS)


DATA_SET = DataSet(
    name="tad66k",
    description="66,327 photographs of 47 themes, an aesthetic score of 1,200 people or more (He et al. 2022)",
    landmarks=tuple(f"{within}/merge/train.csv" for within in LABEL_FOLDERS),
    load=load,
    statistics=statistics,
)
