"""The report's tables of attributes, of task variants and of correlations."""

import numpy as np

from beholder.metrics import srcc
from beholder.reporting import charts
from beholder.reporting.document import Cell, Column, Part, Picture, Table, spread
from beholder.systems.report_parts import differences
from beholder.systems.soydaner2023.experiment import SoydanerConfig
from beholder.systems.soydaner2023.published import (
    ATTRIBUTES_AADB,
    ATTRIBUTES_EVA,
    CORRELATIONS_STATED,
    EITHER_FIGURE_NUMBERS,
    FIGURE_NUMBERS,
    FINE_TUNING,
    FIVE_EPOCHS,
    MULTI_TASK,
    SEPARATE_OUTPUTS,
    SINGLE_TASK,
    STAGES_EVA,
    TRAINING,
)
from beholder.systems.soydaner2023.report_ratings import how_to_measure
from beholder.systems.study import Study, by_seed, difference, measured


def attributes_part(study: Study, config: SoydanerConfig) -> list[Part]:
    """Tables 5 and 10, correlations between tasks, training curves."""
    return [*_stages_part(study), *_other_tables(study, config), _correlations_part(study), _curves_part(study)]


def _stages_part(study: Study) -> list[Part]:
    """SRCC of every task after each stage, and what fine-tuning gains."""
    photos = study.photos
    published = {"aadb": ATTRIBUTES_AADB, "eva": ATTRIBUTES_EVA}
    ours: list[list[Cell]] = []
    gains = []
    for index, rated in enumerate(photos.tasks):
        stages = [
            measured(study, study.predicted[MULTI_TASK, stage], task=index)
            if (MULTI_TASK, stage) in study.predicted
            else None
            for stage in (TRAINING, FINE_TUNING)
        ]
        gain = (
            difference(
                study, study.predicted[MULTI_TASK, FINE_TUNING], study.predicted[MULTI_TASK, TRAINING], task=index
            )
            if stages[1]
            else None
        )
        if gain:
            gains.append((rated.name, gain.value, gain.low, gain.high))
        printed = published.get(photos.name, {}).get(rated.name, (None, None))
        ours.append(
            [rated.name, *printed, *stages, gain, measured(study, next(iter(study.compared.values())), task=index)]
        )
    columns = [
        Column("task"),
        Column("training", "published"),
        Column("fine-tuning", "published"),
        Column("training", "measured"),
        Column("fine-tuning", "measured"),
        Column("difference", "measured"),
        Column(next(iter(study.compared)), "measured"),
    ]
    if photos.name not in published:
        columns, ours = [columns[0], *columns[3:]], [[row[0], *row[3:]] for row in ours]
    parts: list[Part] = [
        Table(
            {"aadb": "Table 5", "eva": "Table 10"}.get(photos.name, ""),
            f"SRCC of every task after training and after fine-tuning, {photos.name}",
            columns,
            ours,
            "Means over seeds.",
        )
    ]
    if gains:
        parts.append(
            Picture(
                "",
                "What fine-tuning gains",
                charts.intervals(gains),
                "Difference in SRCC between fine-tuning and training for each task, with intervals.",
            )
        )
    return parts


def _other_tables(study: Study, config: SoydanerConfig) -> list[Part]:
    """Published numbers of the data sets that this study is not about."""
    published = {"aadb": ATTRIBUTES_AADB, "eva": ATTRIBUTES_EVA}
    return [
        Table(
            number,
            f"SRCC of every task after training and after fine-tuning, {name.upper()}",
            [Column("task"), Column("training", "published"), Column("fine-tuning", "published")],
            [[key.replace("_", " "), *values] for key, values in published[name].items()],
            f"Not measured here: the network of this report learned from {study.photos.name}. "
            + how_to_measure(name, config.beside),
        )
        for number, name in (("Table 5", "aadb"), ("Table 10", "eva"))
        if study.photos.name != name
    ]


def _correlations_part(study: Study) -> Picture:
    """Figures 9 and 14."""
    photos = study.photos
    names = [rated.name.replace("_", " ") for rated in photos.tasks]
    matrices = [
        ("ratings, all photographs", _correlations(photos.ratings)),
        ("predictions, tested photographs", _correlations(study.final(MULTI_TASK)[0])),
        ("ratings, tested photographs", _correlations(study.truth)),
    ]
    return Picture(
        FIGURE_NUMBERS.get(photos.name, EITHER_FIGURE_NUMBERS).correlations,
        f"Spearman correlations between tasks, {photos.name}",
        charts.correlations(matrices, names),
        "Correlation matrices of the ratings and of the predictions.",
        f"{_stated(photos.name)} The paper compares ratings of all photographs with predictions for the test part; the "
        "ratings of the tested photographs are added. Predictions of tasks correlate more than ratings do, in the "
        "paper as here: they share the units that they are read from, and the ratings' noise is not in them. Seed 0.",
    )


def _stated(name: str) -> str:
    """What the paper's text says of Figures 9 and 14, of one data set or of both."""
    told = {name: CORRELATIONS_STATED[name]} if name in CORRELATIONS_STATED else CORRELATIONS_STATED
    words = [
        f"{data.upper()}, "
        + ", ".join(
            f"{task.replace('_', ' ')} {predicted:.2f} ({rated:.2f})" for task, (rated, predicted) in tasks.items()
        )
        for data, tasks in told.items()
    ]
    return (
        "The paper's highest correlations with the overall score in predictions (and in ratings): "
        + "; ".join(words)
        + "."
    )


def _curves_part(study: Study) -> Picture:
    return Picture(
        "",
        "Training curves",
        charts.training_curves(
            [result.outcome.history for result in study.results if result.setting == MULTI_TASK and result.fold == 0]
        ),
        "Loss and rank correlation by epoch over both stages, a line for each seed.",
        "Multi-task network, first round.",
    )


def _correlations(columns: np.ndarray) -> np.ndarray:
    return np.array([[srcc(first, second) for second in columns.T] for first in columns.T])


def variants_part(study: Study) -> list[Part]:
    """Tables 6 and 8, and differences between the variants."""
    photos = study.photos
    pairs = _pairs(study)
    found = [(label, difference(study, first, second)) for label, first, second in pairs]
    gaps = list(found)
    for index, rated in enumerate(photos.tasks[1:], 1):
        shared, separate = study.predicted[MULTI_TASK, TRAINING], study.predicted[SEPARATE_OUTPUTS, TRAINING]
        gap = difference(study, shared, separate, task=index)
        gaps.append((f"shared less separate output layer, {rated.name}", gap))
    noise: list[list[Cell]] = [
        [label, spread(by_seed(study, first)), spread(by_seed(study, second)), gap]
        for (label, first, second), (_, gap) in zip(pairs, found, strict=True)
    ]
    return [
        _variants_table(study),
        differences(gaps),
        Table(
            "",
            f"The same in numbers: SRCC of {photos.tasks[0].name}",
            [
                Column("comparison"),
                Column("first", "measured"),
                Column("second", "measured"),
                Column("difference", "measured"),
            ],
            noise,
            "In brackets behind a mean: the smallest and the largest over seeds. The paper's differences are 0.018 "
            "on AADB and 0.020 on EVA between multi-task and single-task, and 0.003 to the method before it, from "
            "one run each.",
        ),
        *_separate_part(study),
    ]


def _separate_part(study: Study) -> list[Part]:
    """What an output layer of its own changes for each task (Section 3)."""
    shared, separate = study.final(MULTI_TASK), study.final(SEPARATE_OUTPUTS)
    rows: list[list[Cell]] = [
        [
            task.name,
            measured(study, shared, task=index),
            measured(study, separate, task=index),
            difference(study, shared, separate, task=index),
        ]
        for index, task in enumerate(study.photos.tasks)
    ]
    return [
        Table(
            "",
            "One output layer, or one for each task: SRCC",
            [Column("task"), *(Column(name, "measured") for name in ("one layer", "separate layers", "difference"))],
            rows,
            "After the last stage, means over seeds. Section 3 says, without numbers: alike for the overall score, one "
            "layer better for the attributes.",
        )
    ]


def _pairs(study: Study) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Label and predictions of the two sides of each comparison."""
    predicted = study.predicted
    multi = predicted[MULTI_TASK, TRAINING]
    pairs = [("multi-task less single-task, training", multi, predicted[SINGLE_TASK, TRAINING])]
    if (MULTI_TASK, FINE_TUNING) in predicted:
        tuned = predicted[MULTI_TASK, FINE_TUNING]
        pairs.append(("multi-task less single-task, fine-tuning", tuned, predicted[SINGLE_TASK, FINE_TUNING]))
    pairs.append(("shared less separate output layer, training", multi, predicted[SEPARATE_OUTPUTS, TRAINING]))
    if (SEPARATE_OUTPUTS, FINE_TUNING) in predicted:
        tuned, separate = (predicted[name, FINE_TUNING] for name in (MULTI_TASK, SEPARATE_OUTPUTS))
        pairs.append(("shared less separate output layer, fine-tuning", tuned, separate))
    if (FIVE_EPOCHS, TRAINING) in predicted:
        pairs.append((f"all epochs less {FIVE_EPOCHS}, training", multi, predicted[FIVE_EPOCHS, TRAINING]))
    final = study.final(MULTI_TASK)
    return pairs + [(f"multi-task less {name}", final, other) for name, other in study.compared.items()]


def _variants_table(study: Study) -> Table:
    photos = study.photos
    rows: list[list[Cell]] = [
        ["Pan et al. 2019, single-task", 0.6833, None, None, None, None],
        ["Pan et al. 2019, multi-task", 0.6927, None, None, None, None],
    ]
    for name, aadb_value, eva_values in (
        (SINGLE_TASK, 0.6890, STAGES_EVA[SINGLE_TASK]),
        (MULTI_TASK, 0.7067, STAGES_EVA[MULTI_TASK]),
        (SEPARATE_OUTPUTS, None, (None, None)),
        (FIVE_EPOCHS, None, (None, None)),
    ):
        if (name, TRAINING) not in study.predicted:
            continue
        stages = [
            measured(study, study.predicted[name, stage]) if (name, stage) in study.predicted else None
            for stage in (TRAINING, FINE_TUNING)
        ]
        rows.append([name, aadb_value, *eva_values, *stages])
    return Table(
        "Tables 6, 8",
        f"Single-task and multi-task: SRCC of {photos.tasks[0].name}",
        [
            Column("network"),
            Column("AADB", "published"),
            Column("EVA, training", "published"),
            Column("EVA, fine-tuning", "published"),
            Column(f"{photos.name}, training", "measured"),
            Column(f"{photos.name}, fine-tuning", "measured"),
        ],
        rows,
        f"Means over seeds. `{SEPARATE_OUTPUTS}`: an output layer for each task (Section 3). "
        + (
            f"`{FIVE_EPOCHS}`: stage 1 with the paper's number of epochs and no more steps, without stage 2."
            if (FIVE_EPOCHS, TRAINING) in study.predicted
            else f"No row `{FIVE_EPOCHS}`: stage 1 has as many."
        ),
    )
