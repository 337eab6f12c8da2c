"""The report's tables of the ratings and of how far raters agree."""

import numpy as np

from beholder.data.raters import EDGES, by_experience, edges_for, rater_agreement
from beholder.data.registry import data_folder
from beholder.data.sets import aadb
from beholder.data.votes import Votes
from beholder.errors import BeholderError
from beholder.metrics import Estimate, resampled, srcc
from beholder.reporting import charts
from beholder.reporting.document import Cell, Column, Missing, Part, Picture, Table
from beholder.systems.soydaner2023.experiment import SoydanerConfig
from beholder.systems.soydaner2023.published import (
    MULTI_TASK,
    RANGES_EVA,
    RATERS_AADB,
    SCORES_AADB,
    SCORES_EVA,
    SIGNS_STATED,
    SRCC_AADB,
)
from beholder.systems.study import Study, measured


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
            [Column("score"), Column("photographs", "published"), Column("photographs", "measured")],
            [
                [f"{low:.1f} to {high:.1f}", printed, count]
                for (low, high, count), printed in zip(bins, SCORES_AADB, strict=True)
            ],
            "From the label files; bins closed at the left. The paper's counts differ in two pairs of neighbours, "
            "whose sums agree: it counts the 67 photographs of exactly 0.7 and the 22 of exactly 0.9 to the left.",
        ),
        Picture(
            "Figure 9a",
            "Spearman correlations of AADB's ratings",
            charts.correlations([("ratings, all photographs", aadb.correlations(labels))], names),
            "A matrix of correlations between the score and eleven attributes.",
            "From the label files. The paper states: content 0.70 and light 0.58 with the score.",
        ),
    ]


def ratings_eva(study: Study) -> list[Part]:
    if study.photos.name == "eva":
        return []
    rows: list[list[Cell]] = [[name.replace("_", " "), *ends] for name, ends in RANGES_EVA.items()]
    columns = [Column("EVA"), Column("smallest mean", "published"), Column("largest mean", "published")]
    bins: list[list[Cell]] = [[f"{low} to {low + 1}", count] for low, count in enumerate(SCORES_EVA, 1)]
    return [
        Table("Table 7", "Mean ratings of EVA", columns, rows, "Not measured here: EVA's votes are not at hand."),
        Table(
            "Table 9",
            "EVA's test part by score",
            [Column("score"), Column("photographs", "published")],
            bins,
            "Not measured here: EVA's votes are not at hand. The paper's first interval is 1.7 to 2, its last 9 to "
            "9.5.",
        ),
    ]


def ratings_here(study: Study) -> list[Part]:
    """What Tables 3, 7 and 9 ask, of the data at hand."""
    photos, overall = study.photos, study.photos.tasks[0]
    eva = photos.name == "eva"
    ends: list[list[Cell]] = []
    for index, rated in enumerate(photos.tasks):
        column = photos.ratings[:, index]
        printed = RANGES_EVA.get(rated.name, (None, None)) if eva else ()
        ends.append([rated.name, *printed, float(column.min()), float(column.mean()), float(column.max())])
    published = [Column("smallest mean", "published"), Column("largest mean", "published")] if eva else []
    columns = [Column(title, "measured") for title in ("smallest mean", "mean", "largest mean")]
    edges = np.linspace(overall.low, overall.high, 11 if overall.high - overall.low in (1, 10) else 7)
    final = study.final(MULTI_TASK)[0, :, 0]
    counts = np.histogram(study.truth[:, 0], edges)[0]
    inside = (study.truth[:, 0] >= final.min()) & (study.truth[:, 0] <= final.max())
    return [
        Table(
            "Table 7" if eva else "",
            f"Mean ratings of {photos.name} (as Table 7)",
            [Column("task"), *published, *columns],
            ends,
        ),
        Table(
            "Table 9" if eva else "",
            f"Tested photographs of {photos.name} by {overall.name} (as Tables 3 and 9)",
            [Column(overall.name), Column("photographs", "measured"), Column("predictions", "measured")],
            [
                [f"{low:.1f} to {high:.1f}", int(count), int(given)]
                for low, high, count, given in zip(
                    edges[:-1], edges[1:], counts, np.histogram(final, edges)[0], strict=True
                )
            ],
            f"Predictions of seed 0 reach from {final.min():.2f} to {final.max():.2f}; {inside.mean():.0%} of the "
            "photographs are rated inside that range. The paper reports about 95% on AADB and 85% on EVA.",
        ),
    ]


def raters_part(study: Study) -> Part:
    """Table 4, and the network on each rater's own photographs, which is the fair comparison."""
    votes = study.photos.votes
    title = "Human raters: each one's SRCC with the mean of the others"
    if votes is None:
        return Table(
            "Table 4",
            title,
            [Column("photographs rated"), Column("raters", "published"), Column("SRCC, AADB", "published")],
            [list(row) for row in RATERS_AADB],
            f"Not measured here: {study.photos.name} comes without single votes.",
        )
    agreement = rater_agreement(votes, len(study.photos))
    edges = edges_for(agreement)
    groups = by_experience(agreement, edges)
    rows: list[list[Cell]] = [[*row, None, None] for row in RATERS_AADB]
    for group in groups:
        low, high = group.images
        end = "∞" if np.isinf(high) else f"{high:.0f}"
        found = Estimate(
            "srcc", study.photos.tasks[0].name, study.photos.name, "raters", group.raters, group.srcc, *group.interval
        )
        rows.append([f"[{low:.0f}, {end})", None, None, group.raters, found])
    known = agreement.srcc[np.isfinite(agreement.srcc)]
    ours, human = _on_raters_photographs(study, votes)
    note = (
        "Here a rater's own vote is left out of the mean that it is compared with; the intervals are over raters. A "
        "mean over many raters is easier to agree with than the mean of AADB's five."
    )
    if edges != EDGES:
        note += " The paper's groups would leave one, so these are thirds; they do not say who is more experienced."
    for label, values in (
        ("all raters", known),
        ("raters, on the tested photographs", human),
        ("the network, on each rater's tested photographs", ours),
    ):
        if len(values):
            rows.append([label, None, None, len(values), _mean_measured(values)])
    rows.append(
        ["this network", None, SRCC_AADB["Soydaner & Wagemans 2023"], None, measured(study, study.final(MULTI_TASK))]
    )
    if len(ours):
        note += (
            " The two rows before the last compare like with like: on the tested photographs that a rater rated, the "
            "rater and the network (seed 0) are each correlated with the mean of the other raters. The network agrees "
            f"better than {float((ours > human).mean()):.0%} of the raters."
        )
    return Table(
        "Table 4",
        title,
        [
            Column("photographs rated"),
            Column("raters", "published"),
            Column("SRCC, AADB", "published"),
            Column("raters", "measured"),
            Column(f"SRCC, {study.photos.name}", "measured"),
        ],
        rows,
        note,
    )


def _on_raters_photographs(study: Study, votes: Votes) -> tuple[np.ndarray, np.ndarray]:
    """(R,) SRCC with the mean of the other raters, of the network and of the rater, for raters of 10 photographs."""
    count = len(study.photos)
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
