"""SPAQ: 11,125 photographs by 66 smartphones, technical quality and five attributes (Fang et al. 2020).

Read as published: ``Annotations/MOS and Image attribute scores.xlsx``, one row a photograph, columns Image name, MOS,
Brightness, Colorfulness, Contrast, Noisiness and Sharpness, each 0 to 100; or the same sheet saved as ``.csv``; and the
photographs in ``TestImage/``. The other workbooks (scenes, EXIF) are not read. File names and columns are those that
public programs read; what a high Noisiness means is not said in the table.

No split was published, nor standard deviations: parts are drawn where they are needed.
Technical quality is not beauty, and nothing here calls it so.
"""

from pathlib import Path

import numpy as np

from beholder.data.data_set import DataSet
from beholder.data.labels import Labels
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable, photo_statistics
from beholder.data.tables import check_scale, numbers, read_table
from beholder.data.workbooks import read_workbook
from beholder.tasks import Task

# Published column -> task.
COLUMNS = {
    "MOS": Task("quality", 0, 100, "Technical quality (0 bad, 100 excellent); mean opinion, SPAQ"),
    "Brightness": Task("brightness", 0, 100, "Brightness (0 to 100); mean opinion, SPAQ"),
    "Colorfulness": Task("colorfulness", 0, 100, "Colourfulness (0 to 100); mean opinion, SPAQ"),
    "Contrast": Task("contrast", 0, 100, "Contrast (0 to 100); mean opinion, SPAQ"),
    "Noisiness": Task("noisiness", 0, 100, "Noisiness as published (0 to 100); mean opinion, SPAQ"),
    "Sharpness": Task("sharpness", 0, 100, "Sharpness (0 to 100); mean opinion, SPAQ"),
}
TASKS = tuple(COLUMNS.values())
NAME_COLUMN = "Image name"
SCORES = "Annotations/MOS and Image attribute scores"
LANDMARKS = (f"{SCORES}.xlsx", f"{SCORES}.csv")
PHOTO_FOLDER = "TestImage"


def read_labels(folder: Path) -> Labels:
    """All rows of the published sheet. Needs no photographs.

    Raises:
        BeholderError: the file or a column is missing, a score is no number or outside its scale.
    """
    path = next((folder / name for name in LANDMARKS if (folder / name).exists()), folder / LANDMARKS[0])
    read = read_workbook if path.suffix == ".xlsx" else read_table
    table = read(path, [NAME_COLUMN, *COLUMNS], advice=f"give the folder that holds Annotations/ and {PHOTO_FOLDER}/")
    ratings = np.stack([numbers(path, column, table[column]) for column in COLUMNS], axis=1)
    for (column, task), values in zip(COLUMNS.items(), ratings.T, strict=True):
        check_scale(path, column, values, task)
    return Labels(tuple(f"{PHOTO_FOLDER}/{name}" for name in table[NAME_COLUMN]), TASKS, ratings)


def load(folder: Path) -> RatedPhotos:
    """Photographs with their scores.

    Raises:
        BeholderError: as :func:`read_labels` and `RatedPhotos`.
    """
    return read_labels(folder).photos("spaq", folder)


def statistics(folder: Path) -> list[StatisticsTable]:
    """Scores of SPAQ and their correlations. Needs no photographs. Raises BeholderError as :func:`read_labels`."""
    return photo_statistics(read_labels(folder))


DATA_SET = DataSet(
    name="spaq",
    description="11,125 photographs by smartphones, technical quality and five attributes (Fang et al. 2020)",
    landmarks=LANDMARKS,
    load=load,
    statistics=statistics,
)
