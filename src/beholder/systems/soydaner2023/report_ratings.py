"""The report's tables of the ratings and of how far raters agree."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from beholder.data.aadb_raters import read_rater_votes
from beholder.data.raters import EDGES, RaterAgreement, RaterGroup, by_experience, edges_for, rater_agreement
from beholder.data.registry import data_folder
from beholder.data.sets import aadb, eva
from beholder.errors import BeholderError
from beholder.metrics import Estimate, resampled, srcc, srcc_matrix
from beholder.reporting import charts, photo_sheets
from beholder.reporting.document import Cell, Column, Missing, Part, Picture, Table
from beholder.systems.soydaner2023.experiment import SoydanerConfig
from beholder.systems.soydaner2023.published import (
    MULTI_TASK,
    OURS,
    RANGES_EVA,
    RATERS_AADB,
    REACH_STATED,
    SCORES_AADB,
    SCORES_EVA,
    SHARES_AADB,
    SHARES_EVA,
    SIGNS_STATED,
    SRCC_AADB,
)
from beholder.systems.study import Study, measured

BIN_COLUMNS = (
    Column("score"),
    *(Column(name, source) for source in ("published", "measured") for name in ("photographs", "share")),
)
COMMANDS = {
    "aadb": "beholder reproduce soydaner2023 --data aadb --drop-leaks",
    "eva": "beholder reproduce soydaner2023 --data eva --validation-share 0",
}
PHOTO_FOLDERS = {"aadb": aadb.PHOTO_FOLDER, "eva": eva.PHOTO_FOLDER}


def ratings_aadb(config: SoydanerConfig) -> list[Part]:
    """Figure 3, Table 3 and Figure 9a, from AADB's labels, which need no photographs."""
    try:
        labels = aadb.read_labels(data_folder("aadb", config.beside))
    except BeholderError:
        why = "AADB's label files are not at hand."
        return [
            Missing("Figure 3", "Signs of AADB's attributes in the training part", why),
            Missing("Table 3", "AADB's test part by score", why),
            Missing("Figure 9a", "Correlations of AADB's ratings", why),
        ]
    signs = aadb.signs(labels["train"])
    bins = aadb.score_bins(labels["test"])
    names = [rated.name.replace("_", " ") for rated in aadb.TASKS]
    return [
        Picture(
            "Figure 3",
            "Signs of AADB's attributes in the training part",
            charts.signs(signs),
            "Bars of negative, null and positive photographs for each of eleven attributes.",
            "From the label files. The paper states in Section 4.1: "
            + "; ".join(
                f"{name} {minus} negative and {plus} positive (here {signs[name][0]} and {signs[name][2]})"
                for name, (minus, plus) in SIGNS_STATED.items()
            )
            + ".",
        ),
        Table(
            "Table 3",
            "AADB's test part by score",
            BIN_COLUMNS,
            _bin_rows([(f"{low:.1f} to {high:.1f}", count) for low, high, count in bins], SCORES_AADB, SHARES_AADB),
            "From the label files; bins closed at the left, the first begins at 0. The paper's counts differ in two "
            "pairs of neighbours, whose sums agree: it counts the 67 photographs of exactly 0.7 and the 22 of exactly "
            "0.9 to the left.",
        ),
        Picture(
            "Figure 9a",
            "Spearman correlations of AADB's ratings",
            charts.correlations([("ratings, all photographs", aadb.correlations(labels))], names),
            "A matrix of correlations between the score and eleven attributes.",
            "From the label files. The paper states: content 0.70 and light 0.58 with the score.",
        ),
    ]


def ratings_eva(study: Study, config: SoydanerConfig) -> list[Part]:
    """Tables 7 and 9 and Figure 14a, from EVA's votes, which need no photographs."""
    titles = ("Mean ratings of EVA", "EVA's test part by score", "Spearman correlations of EVA's ratings")
    if study.photos.name == "eva":
        mean, tested = study.photos.ratings, study.truth[:, 0]
        where = f"The tested photographs: {study.split}"
    else:
        try:
            labels = eva.read_labels(data_folder("eva", config.beside))
            mean = eva.summary(labels)[0]
            tested = mean[eva.split(labels.images) == "test", 0]
            where = "The test part of the split that this program draws"
        except BeholderError:
            mean, tested, where = np.full((0, len(RANGES_EVA)), np.nan), None, "EVA's votes are not at hand"
    ends: list[list[Cell]] = [
        [name.replace("_", " "), *published, *(_ends(column) if len(mean) else (None, None, None))]
        for (name, published), column in zip(RANGES_EVA.items(), mean.T, strict=True)
    ]
    edges = eva.score_edges(mean[:, 0] if tested is None else tested)
    names = [f"{low:.2f} to {high:.2f}" for low, high in pairwise(edges)]
    counts = [None] * len(names) if tested is None else np.histogram(tested, edges)[0].tolist()
    parts: list[Part] = [
        Table(
            "Table 7",
            titles[0],
            [
                Column("EVA"),
                *(Column(name, "published") for name in ("smallest mean", "largest mean")),
                *(Column(name, "measured") for name in ("smallest mean", "mean", "largest mean")),
            ],
            ends,
            "From the votes." if len(mean) else "EVA's votes are not at hand.",
        ),
        Table(
            "Table 9",
            titles[1],
            BIN_COLUMNS,
            _bin_rows(list(zip(names, counts, strict=True)), SCORES_EVA, SHARES_EVA),
            f"{where}; nobody published which photographs the paper's 570 are. The paper's own bins, closed at "
            "the left.",
        ),
    ]
    if study.photos.name == "eva":
        return parts
    if not len(mean):
        return [*parts, Missing("Figure 14a", titles[2], "EVA's votes are not at hand.")]
    names = [task.name.replace("_", " ") for task in eva.TASKS]
    return [
        *parts,
        Picture(
            "Figure 14a",
            titles[2],
            charts.correlations([("ratings, all photographs", srcc_matrix(mean))], names),
            "A matrix of correlations between the score and four attributes.",
            "From the votes. The paper states: composition and depth 0.89 and semantics 0.87 with the score.",
        ),
    ]


def ratings_here(study: Study) -> list[Part]:
    """What Tables 3, 7 and 9 ask, of the data at hand."""
    photos, overall = study.photos, study.photos.tasks[0]
    edges = np.linspace(overall.low, overall.high, 11 if overall.high - overall.low in (1, 10) else 7)
    final = study.final(MULTI_TASK)[0, :, 0]
    counts = np.histogram(study.truth[:, 0], edges)[0]
    inside = (study.truth[:, 0] >= final.min()) & (study.truth[:, 0] <= final.max())
    stated = "; ".join(
        f"from {low:g} to {high:g} for ratings from {first:g} to {last:g}, {share:.0%}, on {name.upper()}"
        for name, ((first, last), (low, high), share) in REACH_STATED.items()
    )
    ranges = Table(
        "",
        f"Mean ratings of {photos.name} (as Table 7)",
        [Column("task"), *(Column(title, "measured") for title in ("smallest mean", "mean", "largest mean"))],
        [[rated.name, *_ends(column)] for rated, column in zip(photos.tasks, photos.ratings.T, strict=True)],
    )
    return [
        *([] if photos.name == "eva" else [ranges]),
        Table(
            "",
            f"Tested photographs of {photos.name} by {overall.name} (as Tables 3 and 9), and predictions",
            [Column(overall.name), Column("photographs", "measured"), Column("predictions", "measured")],
            [
                [f"{low:.1f} to {high:.1f}", int(count), int(given)]
                for low, high, count, given in zip(
                    edges[:-1], edges[1:], counts, np.histogram(final, edges)[0], strict=True
                )
            ],
            f"Predictions of seed 0 reach from {final.min():.2f} to {final.max():.2f} for ratings from "
            f"{study.truth[:, 0].min():.2f} to {study.truth[:, 0].max():.2f}; {inside.mean():.0%} of the photographs "
            f"are rated inside that range. The paper's: {stated}.",
        ),
    ]


def _ends(column: np.ndarray) -> tuple[float, float, float]:
    return float(column.min()), float(column.mean()), float(column.max())


def _bin_rows(
    counted: Sequence[tuple[str, int | None]], published: Sequence[int], shares: Sequence[float]
) -> list[list[Cell]]:
    """Rows of Tables 3 and 9: counts, and their shares of all."""
    ours = max(sum(count or 0 for _, count in counted), 1)
    return [
        [name, printed, share, count, None if count is None else count / ours]
        for (name, count), printed, share in zip(counted, published, shares, strict=True)
    ]


def examples_part(study: Study, number: str) -> Picture:
    """Figures 2 and 4: a photograph of high and one of low score from the training part, with all their scores."""
    photos = study.photos
    train = np.flatnonzero(np.array(study.fold_splits[0].splits) == "train")
    order = train[np.argsort(photos.ratings[train, 0])]
    chosen = {"high": order[-1], "low": order[0]}
    captions = [
        f"rated {word}\n"
        + "\n".join(
            f"{task.name.replace('_', ' ')} {value:.2f}"
            for task, value in zip(photos.tasks, photos.ratings[row], strict=True)
        )
        for word, row in chosen.items()
    ]
    return Picture(
        number,
        "Two photographs and their ratings",
        photo_sheets.gallery([photos.paths[row] for row in chosen.values()], captions, columns=2),
        "A photograph of high and one of low score with the ratings of all tasks.",
        f"The training photographs (first round) with the highest and the lowest {photos.tasks[0].name}.",
    )


def how_to_measure(name: str, root: Path | None) -> str:
    """The command that trains on one of the paper's two data sets, and whether its photographs are at hand."""
    try:
        there = (data_folder(name, root) / PHOTO_FOLDERS[name]).is_dir()
    except BeholderError:
        there = False
    where = f"{name.upper()}'s photographs are {'at hand' if there else 'not at hand'}"
    return f"{where}: `{COMMANDS[name]}`."


def raters_part(study: Study, config: SoydanerConfig) -> Part:
    """Table 4, and the network on each rater's own photographs, which is the fair comparison."""
    photos = study.photos
    here = None if photos.votes is None else rater_agreement(photos.votes, len(photos))
    of_aadb = here if photos.name == "aadb" else _agreement_of_aadb(config)
    rows: list[list[Cell]] = _published_raters(of_aadb)
    note = (
        "A rater's own vote is left out of the mean that it is compared with, where the paper's numbers have it in; "
        "the intervals are over raters. A mean over many raters is easier to agree with than the mean of AADB's five."
    )
    if of_aadb is None:
        note += " AADB's single votes are not at hand (`AllinAll.csv` or `raters.mat` beside its lists)."
    if here is None:
        note += f" {photos.name} comes without single votes."
    else:
        edges = edges_for(here)
        if edges != EDGES:
            note += (
                f" The paper's groups would leave one of {photos.name}, so these are thirds; they do not say who is "
                "more experienced."
            )
        if photos.name != "aadb" or edges != EDGES:
            rows += [
                [f"{photos.name}, {_group(*group.images)}", None, None, group.raters, _agreement(group, photos.name)]
                for group in by_experience(here, edges)
            ]
        found, told = _compared_raters(study, here)
        rows, note = rows + found, note + told
    rows.append(["this network", None, SRCC_AADB[OURS], None, measured(study, study.final(MULTI_TASK))])
    return Table(
        "Table 4",
        "Human raters: each one's SRCC with the mean of the others",
        [
            Column("photographs rated"),
            Column("raters", "published"),
            Column("SRCC, AADB", "published"),
            Column("raters", "measured"),
            Column("SRCC", "measured"),
        ],
        rows,
        note,
    )


def _published_raters(agreement: RaterAgreement | None) -> list[list[Cell]]:
    """The rows of the paper, with what was measured on AADB's raters where they are known."""
    groups = None if agreement is None else by_experience(agreement)
    return [
        [
            f"aadb, {name}",
            raters,
            value,
            groups[row].raters if groups else None,
            _agreement(groups[row], "aadb") if groups else None,
        ]
        for row, (name, raters, value) in enumerate(RATERS_AADB)
    ]


def _agreement_of_aadb(config: SoydanerConfig) -> RaterAgreement | None:
    """How AADB's raters agree, if the files that say who gave which score are under the same root."""
    try:
        folder = data_folder("aadb", config.beside)
        labels = aadb.read_labels(folder)
        files = tuple(dict.fromkeys(file for listed in labels.values() for file in listed.files))
        votes = read_rater_votes(folder, files)
    except BeholderError:
        return None
    return None if votes is None else rater_agreement(votes, len(files))


def _compared_raters(study: Study, agreement: RaterAgreement) -> tuple[list[list[Cell]], str]:
    """Rows of all raters and of the network on what each of them rated, and what they say."""
    ours, human = _on_raters_photographs(study)
    known = agreement.srcc[np.isfinite(agreement.srcc)]
    rows: list[list[Cell]] = [
        [f"{study.photos.name}, {label}", None, None, len(values), _mean_measured(values)]
        for label, values in (
            ("all raters", known),
            ("raters, on the tested photographs", human),
            ("the network, on each rater's tested photographs", ours),
        )
        if len(values)
    ]
    if not len(ours):
        return rows, ""
    return rows, (
        " The two rows before the last compare like with like: on the tested photographs that a rater rated, the "
        "rater and the network (seed 0) are each correlated with the mean of the other raters. The network agrees "
        f"better than {float((ours > human).mean()):.0%} of the raters."
    )


def _group(low: float, high: float) -> str:
    return f"[{low:.0f}, {'∞' if np.isinf(high) else f'{high:.0f}'})"


def _agreement(group: RaterGroup, data: str) -> Estimate:
    return Estimate("srcc", "", data, "raters", group.raters, group.srcc, *group.interval)


def _on_raters_photographs(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """(R,) SRCC with the mean of the other raters, of the network and of the rater, for raters of 10 photographs."""
    count, votes = len(study.photos), study.photos.votes
    if votes is None:
        return np.zeros(0), np.zeros(0)
    predicted = np.full(count, np.nan)
    predicted[study.rows] = study.final(MULTI_TASK)[0, :, 0]
    total, number = np.bincount(votes.photo, votes.value, count), np.bincount(votes.photo, minlength=count)
    ours, human = [], []
    for rater in np.unique(votes.rater):
        mine = np.flatnonzero((votes.rater == rater) & np.isfinite(predicted[votes.photo]))
        rows, own = votes.photo[mine], votes.value[mine]
        if len(np.unique(rows)) < 10 or len(np.unique(own)) < 2:
            continue
        others = np.round((total[rows] - own) / np.maximum(number[rows] - 1, 1), 9)
        ours.append(srcc(others, predicted[rows]))
        human.append(srcc(others, own))
    return np.array(ours), np.array(human)


def _mean_measured(values: np.ndarray) -> Estimate:
    return Estimate(
        "srcc", "", "", "raters", len(values), *resampled(lambda rows: float(values[rows].mean()), len(values))
    )
