"""AADB: 10,000 photographs from Flickr with a score and eleven attributes (Kong et al. 2016).

Two layouts are read. The official one has a text file for each split and each quantity, with lines ``NAME VALUE``,
``imgListFiles_label/imgList{Train,Validation,TestNew}Regression_{score,Light,...}.txt``, and the photographs in
``datasetImages_warp256/``. The other has one CSV file a split, ``imgList{Train,...}Regression.csv``.

127 of the 500 validation photographs are also in the official test list. A model that is chosen by validation has then
seen part of the test; :func:`load` refuses that unless ``drop_leaks`` leaves them out of the validation part.

The lists hold means over raters. Who gave which score is read from ``AllinAll.csv`` or ``raters.mat``, if one is there:
:mod:`beholder.data.aadb_raters`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beholder.data.aadb_raters import read_rater_votes
from beholder.data.data_set import DataSet
from beholder.data.rated_photos import RatedPhotos
from beholder.data.statistics import StatisticsTable, agreement_table, correlation_table
from beholder.data.tables import numbers, read_table
from beholder.data.vote_distributions import histogram_of
from beholder.errors import BeholderError
from beholder.metrics import srcc_matrix
from beholder.reading import read_text
from beholder.tasks import Task

# File suffix in the published lists -> task. The misspelling is theirs.
ATTRIBUTES = {
    "BalacingElements": Task(
        "balancing_elements", -1, 1, "Balancing elements: good 1, none 0, bad -1; mean of 5 raters"
    ),
    "ColorHarmony": Task("color_harmony", -1, 1, "Colour harmony: good 1, none 0, bad -1; mean of 5 raters"),
    "Content": Task("content", -1, 1, "Interesting content: good 1, none 0, bad -1; mean of 5 raters"),
    "DoF": Task("depth_of_field", -1, 1, "Shallow depth of field: good 1, none 0, bad -1; mean of 5 raters"),
    "Light": Task("light", -1, 1, "Good lighting: good 1, none 0, bad -1; mean of 5 raters"),
    "MotionBlur": Task("motion_blur", -1, 1, "Motion blur: good 1, none 0, bad -1; mean of 5 raters"),
    "Object": Task("object_emphasis", -1, 1, "Object emphasis: good 1, none 0, bad -1; mean of 5 raters"),
    "Repetition": Task("repetition", 0, 1, "Repetition: there 1, not there 0; mean of 5 raters"),
    "RuleOfThirds": Task("rule_of_thirds", -1, 1, "Rule of thirds: good 1, none 0, bad -1; mean of 5 raters"),
    "Symmetry": Task("symmetry", 0, 1, "Symmetry: there 1, not there 0; mean of 5 raters"),
    "VividColor": Task("vivid_color", -1, 1, "Vivid colour: good 1, none 0, bad -1; mean of 5 raters"),
}
SCORE = Task("score", 0, 1, "Aesthetic score, 1 to 5 by 5 raters, mean brought to 0 to 1")
TASKS = (SCORE, *ATTRIBUTES.values())
COLUMNS = ("score", *ATTRIBUTES)
LIST_NAMES = {"train": "Train", "validation": "Validation", "test": "TestNew"}  # part -> its name in published files
VOTE_VALUES = np.linspace(0, 1, 5)  # of the score: 1 to 5 brought to 0 to 1
LANDMARKS = ("imgListFiles_label", "imgListTrainRegression.csv")
PHOTO_FOLDER = "datasetImages_warp256"


@dataclass(frozen=True)
class Labels:
    """One official list: N file names and (N, 12) ratings, the score first."""

    files: tuple[str, ...]
    ratings: np.ndarray


def read_labels(folder: Path) -> dict[str, Labels]:
    """The three official lists, train, validation and test, in either layout. Needs no photographs.

    Raises:
        BeholderError: files or columns that are missing, or lists of one part that name different photographs.
    """
    return {part: _read_part(folder, name) for part, name in LIST_NAMES.items()}


def load(folder: Path, *, drop_leaks: bool = False) -> RatedPhotos:
    """Photographs and ratings of all three parts.

    Args:
        folder: holds the lists in either layout, ``datasetImages_warp256/``, and if known who gave which score.
        drop_leaks: leave out validation photographs that are in the test list too.

    Raises:
        BeholderError: as :func:`read_labels`, :func:`beholder.data.aadb_raters.read_rater_votes` and `RatedPhotos`;
            leaks, unless ``drop_leaks`` is set.
    """
    labels = read_labels(folder)
    shared = leaks(labels)
    if shared and not drop_leaks:
        raise BeholderError(
            f"aadb: {len(shared)} validation photographs are in the test list too, the first is {shared[0]}; "
            "--drop-leaks leaves them out of the validation part"
        )
    files: list[str] = []
    ratings, splits = [], []
    for part, listed in labels.items():
        keep = [part != "validation" or file not in set(shared) for file in listed.files]
        files += [file for file, kept in zip(listed.files, keep, strict=True) if kept]
        ratings.append(listed.ratings[keep])
        splits += [part] * sum(keep)
    votes = read_rater_votes(folder, tuple(files))
    return RatedPhotos(
        "aadb",
        folder / PHOTO_FOLDER,
        tuple(files),
        TASKS,
        np.concatenate(ratings),
        splits=tuple(splits),
        votes=votes,
        histogram=None if votes is None else histogram_of(votes, len(files), VOTE_VALUES),
    )


def leaks(labels: dict[str, Labels]) -> list[str]:
    """Photographs of the validation list that are also in the test list, in alphabetical order."""
    return sorted(set(labels["validation"].files) & set(labels["test"].files))


def signs(labels: Labels) -> dict[str, tuple[int, int, int]]:
    """Photographs whose mean is negative, zero and positive, for each attribute (Soydaner & Wagemans 2023, Fig. 3)."""
    columns = {task.name: column for task, column in zip(TASKS, labels.ratings.T, strict=True) if task is not SCORE}
    return {
        name: (int((column < 0).sum()), int((column == 0).sum()), int((column > 0).sum()))
        for name, column in columns.items()
    }


def score_bins(labels: Labels) -> list[tuple[float, float, int]]:
    """Photographs by score: (from, to, count), ten bins closed at the left, the last at both ends (ibid., Table 3).

    The paper's counts differ in two pairs of neighbours: it has 224 and 76 from 0.6 to 0.8 where these bins hold 157
    and 143, and 103 and 15 from 0.8 to 1.0 where they hold 81 and 37. The sums, 300 and 118, agree. The differences are
    the 67 and 22 photographs of exactly 0.7 and 0.9, which the paper counts to the left.
    """
    tenths = np.floor(np.round(labels.ratings[:, 0] * 10, 6)).astype(int).clip(0, 9)
    counts = np.bincount(tenths, minlength=10)
    return [(tenth / 10, (tenth + 1) / 10, int(count)) for tenth, count in enumerate(counts)]


def correlations(labels: dict[str, Labels]) -> np.ndarray:
    """(12, 12) Spearman correlations of score and attributes over all lists, each photograph once (ibid., Fig. 9a)."""
    once = {file: row for listed in labels.values() for file, row in zip(listed.files, listed.ratings, strict=True)}
    return srcc_matrix(np.stack(list(once.values())))


def statistics(folder: Path) -> list[StatisticsTable]:
    """What Soydaner & Wagemans (2023) print of AADB's labels, and how well raters agree, if they are known.

    Needs no photographs.

    Raises:
        BeholderError: as :func:`read_labels` and :func:`beholder.data.aadb_raters.read_rater_votes`.
    """
    labels = read_labels(folder)
    files = tuple(dict.fromkeys(file for listed in labels.values() for file in listed.files))
    votes = read_rater_votes(folder, files)
    sizes = [(part, len(listed.files)) for part, listed in labels.items()]
    return [
        StatisticsTable(
            "splits",
            "Official splits",
            ("split", "photographs"),
            (*sizes, ("in validation and in test", len(leaks(labels)))),
        ),
        StatisticsTable(
            "signs",
            "Attributes, training (Figure 3)",
            ("attribute", "negative", "null", "positive"),
            tuple((name, *counts) for name, counts in signs(labels["train"]).items()),
        ),
        StatisticsTable(
            "scores_test",
            "Scores, test (Table 3)",
            ("score", "photographs"),
            tuple(((low, high), count) for low, high, count in score_bins(labels["test"])),
            digits=1,
        ),
        correlation_table(
            "Spearman correlations over all photographs, each once (Figure 9a)", TASKS, correlations(labels)
        ),
        *([] if votes is None else [agreement_table(votes, len(files))]),
    ]


def _read_part(folder: Path, list_name: str) -> Labels:
    table_path = folder / f"imgList{list_name}Regression.csv"
    if table_path.exists():
        table = read_table(table_path, ["ImageFile", *COLUMNS])
        ratings = np.stack([numbers(table_path, name, table[name]) for name in COLUMNS], axis=1)
        return Labels(tuple(table["ImageFile"]), ratings)
    paths = [folder / "imgListFiles_label" / f"imgList{list_name}Regression_{name}.txt" for name in COLUMNS]
    lists = [_read_list(path) for path in paths]
    files = lists[0][0]
    for path, (names, _) in zip(paths, lists, strict=True):
        if names != files:
            raise BeholderError(f"{path}: does not name the photographs of the list for {COLUMNS[0]}, in their order")
    return Labels(files, np.stack([values for _, values in lists], axis=1))


def _read_list(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """File names and values of a text file with lines ``NAME VALUE``."""
    advice = "give the folder that holds imgListFiles_label/, or imgListTrainRegression.csv and the other two lists"
    lines = [
        line.rsplit(maxsplit=1)
        for line in read_text(path, "a list of labels", advice=advice).splitlines()
        if line.strip()
    ]
    broken = next((number for number, cells in enumerate(lines, 1) if len(cells) != 2), None)
    if broken is not None:
        raise BeholderError(f"{path}: line {broken} is not a file name and a number")
    names, values = zip(*lines, strict=True) if lines else ((), ())
    return tuple(names), numbers(path, path.stem.rpartition("_")[2], list(values), first_row=1)


DATA_SET = DataSet(
    name="aadb",
    description="10,000 photographs from Flickr, a score and eleven attributes (Kong et al. 2016)",
    landmarks=LANDMARKS,
    load=load,
    drops_leaks=True,
    statistics=statistics,
)
