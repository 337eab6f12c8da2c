"""Li et al. (2019), Personality driven multi-task learning for image aesthetic assessment: run on other photographs.

The paper learns aesthetics from AVA or AADB and personality from PsychoFlickr. Where their photographs are not at hand,
the same network and training run on two other data sets, and stand beside the published numbers without being the same
experiment: what is asked is whether a second domain, trained in turn with the first, helps.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.metrics import METRICS, Estimate, Metric, accuracy
from beholder.models import cost
from beholder.models.backbones.base import create_backbone
from beholder.reporting import charts
from beholder.reporting.document import Cell, Column, Document, Part, Picture, Section, Table, spread
from beholder.systems.li2019.experiment import (
    AESTHETIC_ONLY,
    ALTERNATING_TRAINING,
    INTER_TASK,
    OWN_RATES,
    TWO_DOMAINS,
    LiConfig,
    chosen_trainings,
    kept_arrays,
    kept_epoch,
    second_photos,
    study_inputs,
    train_chosen,
    trainer,
    training_counts,
)
from beholder.systems.li2019.network import Personality
from beholder.systems.li2019.published import ACCURACY_AVA, AGREEMENT_AADB
from beholder.systems.li2019.recipe import PAPER, LiRecipe
from beholder.systems.li2019.report_photographs import photographs_part
from beholder.systems.li2019.report_protocol import absent, protocol, tried_rates
from beholder.systems.li2019.report_traits import inter_task_layers, traits_part, weights_sentence
from beholder.systems.li2019.train import check
from beholder.systems.report_parts import differences, ratings_and_predictions
from beholder.systems.study import (
    Study,
    assemble,
    by_seed,
    difference,
    linear_probes,
    measured,
    significant,
)
from beholder.systems.study_plan import announce
from beholder.systems.study_runs import split_into_folds
from beholder.training.inputs import pooled_views

Gaps = Mapping[tuple[str, str], Estimate]  # two systems -> the first less the second, in SRCC
PARTS = (
    "shared layers: the backbone, average pooling",
    "aesthetic branch: two layers, 1 output, sigmoid",
    "personality branch: two layers, an output a trait, tanh",
    "inter-task layer: the score plus weighted traits",
    "all",
)


def report(config: LiConfig, device: torch.device) -> Document:
    """Train what is not trained yet, and write the report.

    Raises:
        BeholderError: as of `beholder.data.registry.load_data` and `beholder.systems.li2019.train.fit`; scores that are
            missing.
    """
    photos = config.photos()
    if np.isnan(photos.ratings[:, 0]).any():
        raise BeholderError(f"{photos.name}: some photographs lack a rating of {photos.tasks[0].name}; leave them out")
    second = second_photos(config)
    fold_splits = split_into_folds(photos, config.folds, config.by_group)
    check(fold_splits[0], config.recipe, second=second)
    counts = training_counts(config, fold_splits, second)
    announce(kept_arrays(config, photos, second), config.cache, counts, config.work)
    sources, also = study_inputs(config, photos, second, device)
    train = trainer(second, sources, device)
    trainings, tried = chosen_trainings(config, fold_splits, train, also)
    recipe = trainings[TWO_DOMAINS]
    results = train_chosen(config, fold_splits, config.seeds, trainings, tried, train, also)
    views = pooled_views(sources[0], len(photos), recipe.mirror)
    compared = linear_probes(fold_splits, recipe.backbone, views, config.cache)
    study = assemble(photos, fold_splits, results, compared, config.by_group)
    systems = _systems(study)
    agreement = {name: measured(study, predicted) for name, predicted in systems.items()}
    gaps = {(first, other): difference(study, systems[first], systems[other]) for first, other in _pairs(study)}
    return Document(
        f"Li et al. 2019, on {photos.name} and {second.name}",
        _summary(study, second, recipe, agreement, gaps),
        [
            Section(
                "What was run",
                [protocol(study, second, config, recipe), *tried_rates(tried), *absent(photos, second)],
            ),
            Section("The photographs", photographs_part(photos, second)),
            Section("The score", _scores(study, agreement)),
            Section("Does the second domain help?", _variants(study, gaps)),
            Section("Traits and the score", traits_part(study, second)),
            Section("The network", [_parameters(recipe, len(second.tasks)), *_curves(study, second)]),
        ],
    )


def _systems(study: Study) -> dict[str, np.ndarray]:
    """Name -> (seeds, n, 1) or (n, T) predictions, the paper's own three first."""
    found = {
        AESTHETIC_ONLY: study.final(AESTHETIC_ONLY),
        **({OWN_RATES: study.final(OWN_RATES)} if any(each.setting == OWN_RATES for each in study.results) else {}),
        ALTERNATING_TRAINING: study.predicted[TWO_DOMAINS, ALTERNATING_TRAINING],
        INTER_TASK: study.predicted.get((TWO_DOMAINS, INTER_TASK)),
        **study.compared,
    }
    return {name: predicted for name, predicted in found.items() if predicted is not None}


def _summary(
    study: Study, second: RatedPhotos, recipe: LiRecipe, agreement: Mapping[str, Estimate], gaps: Gaps
) -> list[str]:
    photos, rated = study.photos, study.photos.tasks[0]
    lines = [
        f"Data: {photos.name}, {len(photos)} photographs, of which {len(study.rows)} tested ({study.split}), rated for "
        f"{rated.name}; second domain: {len(second)} photographs of {second.name}, rated for "
        f"{', '.join(task.name for task in second.tasks)}. Backbone: {recipe.backbone}. Seeds: "
        f"{len(study.final(AESTHETIC_ONLY))}. Intervals are 95% bootstrap intervals over photographs.",
        "SRCC: " + "; ".join(f"{name} {found}" for name, found in agreement.items()) + ".",
    ]
    for (first, other), gap in gaps.items():
        lines.append(f"{first} less {other}: {gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}), {significant(gap)}.")
    return [*lines, weights_sentence(inter_task_layers(study, second))]


def _pairs(study: Study) -> list[tuple[str, str]]:
    names = list(_systems(study))
    last = INTER_TASK if INTER_TASK in names else ALTERNATING_TRAINING
    own = [OWN_RATES] if OWN_RATES in names else []
    inside = [
        (ALTERNATING_TRAINING, AESTHETIC_ONLY),
        *([(INTER_TASK, ALTERNATING_TRAINING), (INTER_TASK, AESTHETIC_ONLY)] if last == INTER_TASK else []),
    ]
    simpler = [*own, *study.compared]
    linear = next(iter(study.compared))
    return [*inside, *((last, name) for name in simpler), *((name, linear) for name in (AESTHETIC_ONLY, *own))]


def _unit(study: Study, predicted: np.ndarray, name: str, metric: Metric) -> Estimate:
    """A metric of scores in 0 to 1."""
    to_unit = study.photos.tasks[0].to_unit
    return measured(study, predicted, name, by=lambda truth, found: metric(to_unit(truth), to_unit(found)))


def mse(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Mean squared error.

    >>> mse(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    0.25
    """
    return float(np.mean((truth - predicted) ** 2))


def _scores(study: Study, srcc: Mapping[str, Estimate]) -> list[Part]:
    photos, rated, systems, at = study.photos, study.photos.tasks[0], _systems(study), study.photos.accuracy_threshold
    above = float(np.mean(study.truth[:, 0] >= at))
    kind = "the middle of its scale" if photos.threshold is None else "that of literature on it"
    shares: list[list[Cell]] = [[name, value / 100, None] for name, value in ACCURACY_AVA.items()]
    rows: list[list[Cell]] = [[name, *values, *[None] * 4] for name, values in AGREEMENT_AADB.items()]
    for name, predicted in systems.items():
        shares.append([name, None, measured(study, predicted, "accuracy", by=partial(accuracy, threshold=at))])
        agreement = [srcc[name], measured(study, predicted, "plcc")]
        errors = [_unit(study, predicted, "rmse", METRICS["rmse"]), _unit(study, predicted, "mse", mse)]
        rows.append([name, *[None] * 3, *agreement, *errors])
    final = systems.get(INTER_TASK, systems[ALTERNATING_TRAINING])
    return [
        Table(
            "Table 1",
            "Accuracy of telling high from low scores",
            [Column("method"), Column("AVA", "published"), Column(f"{photos.name}, at {at:g}", "measured")],
            shares,
            f"A share. The threshold of {photos.name} is {at:g} of {rated.low:g} to {rated.high:g}, {kind}. "
            f"{above:.3f} of its tested photographs are at it or above, which is what saying so of all would score. "
            "The paper has 0.5, of scores in 0 to 1, and compares with rows that divide AVA at a mean of 5. On a scale "
            "with the ends 1 and 10, as here, 5 is 0.444, so AVA is divided at 5 and not at 0.5.",
        ),
        Table(
            "Table 2",
            "Agreement and errors, scores from 0 to 1",
            [
                Column("method"),
                *(Column(f"{metric}, AADB", "published") for metric in ("SROCC", "PLCC", '"RMSE"')),
                *(Column(f"{metric}, {photos.name}", "measured") for metric in ("SRCC", "PLCC", "RMSE", "MSE")),
            ],
            rows,
            "The paper's RMSE of about 0.02 on a scale of 0 to 1 looks like a mean squared error, without the root: a "
            "correlation of 0.70 leaves about 0.7 of the standard deviation of the scores, in AADB's test part 0.203, "
            "so a root mean squared error would be about 0.14, and its square is 0.02. Both are given here.",
        ),
        ratings_and_predictions(
            study, final, "", f"`{INTER_TASK if INTER_TASK in systems else ALTERNATING_TRAINING}`, seed 0."
        ),
    ]


def _variants(study: Study, gaps: Gaps) -> list[Part]:
    systems, rated = _systems(study), study.photos.tasks[0]
    rows: list[list[Cell]] = [
        [f"{first} less {other}", *(spread(by_seed(study, systems[name])) for name in (first, other)), gap]
        for (first, other), gap in gaps.items()
    ]
    return [
        differences([(f"{first} less {other}", gap) for (first, other), gap in gaps.items()]),
        Table(
            "",
            f"The same in numbers: SRCC of {rated.name}",
            [Column("comparison"), *(Column(title, "measured") for title in ("first", "second", "difference"))],
            rows,
            "The paper's gain by its second domain is 0.043 in SROCC on AADB (0.637 to 0.680) and 5.4 points of "
            "accuracy on AVA (76.1 to 81.5), from one training each.",
        ),
        Picture(
            "",
            "Seed noise",
            charts.seed_values({name: by_seed(study, predicted) for name, predicted in systems.items()}),
            "A dot for each seed and system.",
            "SRCC over all tested photographs.",
        ),
    ]


def _parameters(recipe: LiRecipe, traits: int) -> Table:
    with torch.device("meta"):
        networks = [
            Personality(create_backbone(each.backbone, pretrained=False), count, each.hidden)
            for each, count in ((PAPER, 5), (recipe, traits))
        ]
    counts: list[tuple[int, ...]] = []
    for network in networks:
        parts = (network.backbone, network.aesthetic, network.personality)
        counts.append(
            (
                *(cost.count_parameters(part) for part in parts),
                network.inter_task.numel(),
                cost.count_parameters(network),
            )
        )
    rows: list[list[Cell]] = [[part, *both] for part, *both in zip(PARTS, *counts, strict=True)]
    backbone = networks[1].backbone
    gflops = [
        cost.gflop(network, (side, side)) for network, side in zip(networks, (PAPER.side, recipe.side), strict=True)
    ]
    tuned = sum(value.numel() for name, value in backbone.named_parameters() if name.startswith(backbone.tuned))
    return Table(
        "Figure 3",
        "The parts of the network and their parameters",
        [
            Column("part"),
            Column("densenet121 and five traits, as in the paper", "measured"),
            Column(f"{recipe.backbone} and {traits} trait{'s' * (traits > 1)}, as here", "measured"),
        ],
        rows,
        f"{gflops[0]:.1f} GFLOP a photograph of {PAPER.side} x {PAPER.side} px, here {gflops[1]:.2f} of "
        f"{recipe.side} x {recipe.side} px; of the backbone {tuned:,} parameters are its last layers. The paper "
        "prints no counts.",
    )


def _curves(study: Study, second: RatedPhotos) -> list[Part]:
    first = [each.outcome.history for each in study.results if each.fold == 0 and each.setting == TWO_DOMAINS]
    best: list[list[Cell]] = []
    for name in dict.fromkeys(each.setting for each in study.results):
        chosen = [kept_epoch(each) for each in study.results if each.setting == name]
        theirs = spread([row["second_srcc"] for row in chosen]) if "second_srcc" in chosen[0] else None
        epochs = spread([float(row["epoch"]) for row in chosen])
        best.append([name, spread([row["validation_srcc"] for row in chosen]), theirs, epochs])
    return [
        Picture(
            "",
            "Training curves",
            charts.training_curves(first),
            "Loss and rank correlation of the score by epoch over both stages, a line for each seed.",
            f"`{TWO_DOMAINS}`, first round. Stage 1 alternates, stage 2 is the inter-task layer. Loss of the score "
            "only.",
        ),
        Table(
            "",
            "The epoch that was kept in stage 1",
            [
                Column("setting"),
                Column("validation SRCC", "measured"),
                Column(f"SRCC on the validation part of {second.name}", "measured"),
                Column("epoch", "measured"),
            ],
            best,
            "Over rounds and seeds: the smallest and the largest of them beside the mean.",
        ),
    ]
