"""The report's tables of metrics: comparison with linear systems, and ablations."""

from collections.abc import Sequence

import numpy as np

from beholder.metrics import deviations, means
from beholder.reporting import charts
from beholder.reporting.document import Cell, Part, Picture, Table
from beholder.systems.song2023.distribution_metrics import (
    DISTRIBUTION_METRICS,
    measured,
    metric_columns,
    metric_row,
    metric_values,
    true_distribution,
)
from beholder.systems.song2023.experiment import (
    ACTIVATION_FORMS,
    COMPLETE,
    CONNECTED_LAYER,
    FINE_TUNING,
    MAP_COUNTS,
    TRAINING,
    WITHOUT_ACTIVATION,
    WITHOUT_BOTH,
    WITHOUT_DECODER,
    WITHOUT_SPLIT,
)
from beholder.systems.song2023.recipe import WHOLE, SongRecipe
from beholder.systems.study import Study


def how_ablated(recipe: SongRecipe) -> str:
    """By which method the numbers of the ablations come about, in words."""
    if recipe.shared == WHOLE:
        return (
            f"Method: `--shared {WHOLE}`, the paper's: encoder, decoder and regressors learn at once, so that every "
            "loss reaches the encoder. Same rounds, epochs and rates for all, chosen for the complete model."
        )
    return (
        "Ablations are not by the paper's method: the encoder is frozen (stage 1 of "
        f"`--shared {recipe.shared}`), so that neither the reconstruction nor the activation loss reaches it; "
        f"`--shared {WHOLE}` trains it. Same rounds and epochs."
    )


def comparison_part(study: Study) -> list[Part]:
    """Table 2, and differences from the linear systems."""
    stages = [
        (stage, study.predicted[COMPLETE, stage])
        for stage in (TRAINING, FINE_TUNING)
        if (COMPLETE, stage) in study.predicted
    ]
    rows = [metric_row(study, f"complete, after {stage}", found) for stage, found in stages]
    rows += [metric_row(study, name, found) for name, found in study.compared.items()]
    complete = study.final(COMPLETE)
    pairs = [
        (f"{metric}: complete less {name}", measured(study, metric, complete, found))
        for name, found in list(study.compared.items())[:2]
        for metric in DISTRIBUTION_METRICS
    ]
    return [
        Table(
            "Table 2",
            f"Metrics of the predicted distributions, {study.photos.name}",
            metric_columns("system"),
            rows,
            "The paper's values are lost. Its text says of AVA: the model is best in SRCC (mean), SRCC (SD) and PLCC "
            "(SD), second in PLCC (mean), and relatively inferior in accuracy, where AFDC is best, as it is in PLCC "
            f"(mean). Accuracy: on the same side of {study.photos.accuracy_threshold:g}. EMD: mean absolute difference "
            "of cumulative shares (exponent 1), less is better. The linear systems are ridge regressions on the "
            "shares, cut at 0 and brought to a sum of 1; their mean is that of these shares.",
        ),
        Picture(
            "",
            "Differences on the same photographs",
            charts.intervals([(label, gap.value, gap.low, gap.high) for label, gap in pairs], label="difference"),
            "Paired differences between the complete model and the linear systems in each metric, with 95% intervals.",
            "Positive: the complete model has more, which is better but for EMD.",
        ),
        *_scatters(study),
    ]


def _scatters(study: Study) -> list[Part]:
    """Means and standard deviations of the votes against the predicted ones."""
    complete, values = study.final(COMPLETE), metric_values(study)
    truth = deviations(true_distribution(study), values)
    return [
        Picture(
            "",
            "Ratings and predictions",
            charts.scatter(
                means(true_distribution(study), values),
                means(complete[0], values),
                f"mean {study.photos.tasks[0].name}",
                float(values[0]),
                float(values[-1]),
            ),
            f"Scatter of {len(study.rows)} photographs, mean of the votes against mean of the predicted distribution.",
            "Seed 0, after the last stage.",
        ),
        Picture(
            "",
            "How much people disagree",
            charts.scatter(
                truth,
                deviations(complete[0], values),
                "standard deviation in points",
                float(min(truth)),
                float(max(truth)),
                "votes",
            ),
            f"Scatter of {len(study.rows)} photographs, standard deviation of the votes against the predicted one.",
            "Seed 0, after the last stage.",
        ),
    ]


def ablations_part(study: Study, recipe: SongRecipe) -> list[Part]:
    """Tables 3 and 4, Figure 9, and differences between the ablations."""
    complete = study.predicted[COMPLETE, TRAINING]

    def rows(names: Sequence[str]) -> list[list[Cell]]:
        return [
            metric_row(study, COMPLETE, complete),
            *(metric_row(study, name, study.predicted[name, TRAINING]) for name in names),
        ]

    forms = [form for form in ACTIVATION_FORMS if form != recipe.activation]
    return [
        Table(
            "Table 3",
            "Without the activation loss, without the split regressor, without both",
            metric_columns("model"),
            rows((WITHOUT_ACTIVATION, WITHOUT_SPLIT, WITHOUT_BOTH, WITHOUT_DECODER, CONNECTED_LAYER)),
            f"{how_ablated(recipe)} The paper's values are lost. Its text says: without the activation loss (w/o Act) "
            "is worst; without it a split regressor is a mismatch, and a joint one does better; without the split (w/o "
            f"Split) is slightly worse than the complete model. Rows of ours: `{WITHOUT_DECODER}`, and "
            f"`{CONNECTED_LAYER}`, an alternative that the text names: the activation loss reads one fully connected "
            "layer on the means of all maps.",
        ),
        _differences(study, recipe),
        _by_maps(study, recipe),
        Table(
            "Table 4",
            "Forms of the activation loss",
            metric_columns("form"),
            [
                [{COMPLETE: recipe.activation.upper()}.get(str(name), str(name).removesuffix(" loss").upper()), *cells]
                for name, *cells in rows([f"{form} loss" for form in forms])
            ],
            f"{how_ablated(recipe)} The paper's values are lost. Its text says: JS is worst, KL slightly better, both "
            "much worse than L1. All have the same weight here, though their sizes differ.",
        ),
    ]


def _differences(study: Study, recipe: SongRecipe) -> Picture:
    complete = study.predicted[COMPLETE, TRAINING]
    gaps = [
        (f"{COMPLETE} less {name}", measured(study, "SRCC, mean", complete, study.predicted[name, TRAINING]))
        for name in (WITHOUT_ACTIVATION, WITHOUT_SPLIT, WITHOUT_BOTH, WITHOUT_DECODER, CONNECTED_LAYER)
    ]
    forms = [form for form in ACTIVATION_FORMS if form != recipe.activation]
    gaps += [
        (
            f"{recipe.activation.upper()} less {form.upper()}",
            measured(study, "SRCC, mean", complete, study.predicted[f"{form} loss", TRAINING]),
        )
        for form in forms
    ]
    return Picture(
        "",
        "Differences on the same photographs",
        charts.intervals(
            [(label, gap.value, gap.low, gap.high) for label, gap in gaps], label="difference in SRCC of the mean"
        ),
        "Paired differences in SRCC of the mean with 95% intervals.",
        f"{how_ablated(recipe)} Positive: the first is better.",
    )


def _by_maps(study: Study, recipe: SongRecipe) -> Picture:
    """Figure 9."""
    complete = study.predicted[COMPLETE, TRAINING]
    by_maps = sorted(
        [
            (recipe.maps, complete),
            *((count, study.predicted[f"{count} maps", TRAINING]) for count in MAP_COUNTS if count != recipe.maps),
        ],
        key=lambda pair: pair[0],
    )
    curves = {
        metric: tuple(
            np.array(ends)
            for ends in zip(
                *((m.value, m.low, m.high) for m in (measured(study, metric, found) for _, found in by_maps)),
                strict=True,
            )
        )
        for metric in ("SRCC, mean", "SRCC, SD")
    }
    return Picture(
        "Figure 9",
        "Maps for each value that can be voted",
        charts.curves_by_size([count for count, _ in by_maps], curves, "P, feature maps a group", "rank correlation"),
        "Rank correlation of the mean and of the standard deviation by the number of maps, with 95% intervals.",
        f"{how_ablated(recipe)} Bands: 95% intervals over photographs. What the paper found is lost with its figure.",
    )
