"""Who gave which score to a photograph of AADB: files beside its lists, which hold means only.

- ``AllinAll.csv``, in the authors' folder of files (their issue 29): results of Amazon Mechanical Turk, one row a rater
  and ten photographs, columns WorkerId, Input.image_url1 to 10 and Answer.overallScore1 to 10. The photograph
  https://farm1.staticflickr.com/450/2013_b.jpg is farm1_450_2013_b.jpg in the lists.
- ``raters.mat``: the authors also mention a ``.mat`` file with raters (issue 16), of which nothing published tells the
  layout. Read is one with names of photographs, labels of raters and scores, either V of each, or N names, R labels and
  (N, R) scores. ``AADBinfo.mat`` and ``attMat.mat`` hold means, no raters.

Scores are 1 to 5; 0 (the authors leave it out) and NaN are no score. The published mean is brought to 0 to 1, and so is
each score here: (score - 1) / 4.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from beholder.data.tables import listed, numbers, read_table
from beholder.data.votes import Votes
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.reading import MAX_TABLE_BYTES, open_regular

FILES = ("AllinAll.csv", "allinAll.csv", "raters.mat")
PHOTOS_A_ROW = 10
SCALE = (1, 5)
MAX_CELLS = 10_000_000  # of a variable in a .mat file
# What a variable of a .mat file holds -> parts of its name. "raterScore" holds scores, "raterName" raters.
VARIABLES = {
    "scores": ("score", "rating"),
    "raters": ("rater", "worker", "user", "annotator"),
    "names": ("name", "image", "file", "photo"),
}
NEEDED = "needed are names of photographs, labels of raters and scores, V of each or scores of (photographs, raters)"


def read_rater_votes(folder: Path, files: tuple[str, ...]) -> Votes | None:
    """Single scores, 0 to 1, from the first of :data:`FILES` that is in a folder; None if none is.

    Args:
        folder: of the data set.
        files: N photographs as the lists name them; scores of others are left out.

    Raises:
        BeholderError: the file is of another layout, a score is not 1 to 5, or none is of these photographs.
    """
    path = next((folder / name for name in FILES if (folder / name).exists()), None)
    if path is None:
        return None
    names, raters, scores = _read_mat(path) if path.suffix == ".mat" else _read_turk(path)
    outside = np.flatnonzero((scores < SCALE[0]) & (scores != 0) | (scores > SCALE[1]))
    if len(outside):
        raise BeholderError(
            f"{path}: {raters[outside[0]]} gave {names[outside[0]]} the score {scores[outside[0]]:g}, which is not "
            f"{SCALE[0]} to {SCALE[1]} ({len(outside)} such scores)"
        )
    places = {file: place for place, file in enumerate(files)}
    photo = np.array([places.get(name, -1) for name in names], dtype=int)
    keep = (photo >= 0) & (scores >= SCALE[0])  # not 0, nor NaN
    if not keep.any():
        raise BeholderError(f"{path}: has no score of a photograph of AADB; give the file that belongs to the lists")
    return Votes(photo[keep], raters[keep], (scores[keep] - SCALE[0]) / (SCALE[1] - SCALE[0]))


def _read_turk(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Names of photographs, labels of raters and scores, (V,) each."""
    places = range(1, PHOTOS_A_ROW + 1)
    urls, answers = ([f"{name}{place}" for place in places] for name in ("Input.image_url", "Answer.overallScore"))
    table = read_table(path, ["WorkerId", *urls, *answers])
    names = [_name(url) for column in urls for url in table[column]]
    scores = np.concatenate([numbers(path, column, table[column]) for column in answers])
    return np.array(names, dtype=str), np.array(table["WorkerId"] * PHOTOS_A_ROW, dtype=str), scores


def _name(url: str) -> str:
    """The name of a photograph in the lists.

    >>> _name("https://farm1.staticflickr.com/450/2013_b.jpg")
    'farm1_450_2013_b.jpg'
    """
    host, server, file = ["", "", *url.strip().split("/")][-3:]
    return f"{host.partition('.')[0]}_{server}_{file}"


def _read_mat(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Names of photographs, labels of raters and scores, (V,) each."""
    matlab = require("scipy.io", "train", "the .mat file of AADB's raters")
    with open_regular(path, "a .mat file", MAX_TABLE_BYTES) as file:
        try:
            shapes = {name: shape for name, shape, _ in matlab.whosmat(file)}
            found = _variables(shapes)
            wanted = list(found.values())
            large = next((name for name in wanted if math.prod(shapes[name]) > MAX_CELLS), None)
            file.seek(0)
            values = matlab.loadmat(file, variable_names=wanted) if len(found) == len(VARIABLES) and not large else None
        except Exception as problem:  # scipy raises whatever the bytes lead it to
            later = "; it is of version 7.3, save it with -v7" if isinstance(problem, NotImplementedError) else ""
            raise BeholderError(f"{path}: cannot be read as a .mat file{later}; {NEEDED}") from None
    if values is None:
        raise BeholderError(f"{path}: holds {listed(shapes)}; {NEEDED}, or the authors' {FILES[0]}")
    try:
        names, raters = (np.array(_texts(values[found[what]]), dtype=str) for what in ("names", "raters"))
        scores = np.asarray(values[found["scores"]], dtype=float)
    except (TypeError, ValueError):
        raise BeholderError(f"{path}: its names, raters or scores are of another kind; {NEEDED}") from None
    if len(names) == len(raters) == scores.size:
        return names, raters, scores.ravel()
    if scores.shape != (len(names), len(raters)):
        raise BeholderError(
            f"{path}: {len(names)} names, {len(raters)} raters and scores of shape {shapes[found['scores']]}; {NEEDED}"
        )
    return np.repeat(names, len(raters)), np.tile(raters, len(names)), scores.ravel()


def _variables(names: Iterable[str]) -> dict[str, str]:
    """What is needed -> the first variable that holds it by its name, where there is one.

    >>> _variables(["imageName", "raterName", "raterScore"])
    {'scores': 'raterScore', 'raters': 'raterName', 'names': 'imageName'}
    """
    left, found = list(names), {}
    for what, parts in VARIABLES.items():
        named = [name for name in left if any(part in name.lower() for part in parts)]
        left = [name for name in left if name not in named]
        if named:
            found[what] = named[0]
    return found


def _texts(value: Any) -> list[str]:
    """The texts of a cell array, the rows of a table of letters, or whole numbers as texts.

    Raises:
        TypeError: it holds something else.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return [text for cell in value.ravel() for text in _texts(cell)]
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return [str(text).strip() for text in value.ravel()]
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf" and (value == np.floor(value)).all():
        return [str(int(number)) for number in value.ravel()]
    raise TypeError(type(value).__name__)
