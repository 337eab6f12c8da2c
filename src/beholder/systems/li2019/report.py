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
from beholder.reporting.document import Cell, Column, Document, Part, Picture, Section, Table, Text, spread
from beholder.splits import split_hash
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
    trainer,
    training_counts,
)
from beholder.systems.li2019.network import Personality
from beholder.systems.li2019.published import ACCURACY_AVA, AGREEMENT_AADB
from beholder.systems.li2019.recipe import LAST, LiRecipe
from beholder.systems.li2019.report_traits import traits_part
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
from beholder.systems.study_runs import Result, split_into_folds, train_all
from beholder.training.inputs import pooled_views


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
    counts = training_counts(config, fold_splits, second)
    announce(kept_arrays(config, photos, second), config.cache, counts, config.work)
    sources, also = study_inputs(config, photos, second, device)
    train = trainer(second, sources, device)
    trainings, tried = chosen_trainings(config, fold_splits, train, also)
    recipe = trainings[TWO_DOMAINS]
    results = train_all(fold_splits, trainings, config.seeds, config.work, train, also)
    views = pooled_views(sources[0], len(photos), recipe.mirror)
    compared = linear_probes(fold_splits, recipe.backbone, views, config.cache)
    study = assemble(photos, fold_splits, results, compared, config.by_group)
    return Document(
        f"Li et al. 2019, on {photos.name} and {second.name}",
        _summary(study, second, recipe),
        [
            Section("What was run", [_protocol(study, second, recipe), *_tried(tried), _absent(photos.name)]),
            Section("The score", _scores(study)),
            Section("Does the second domain help?", _variants(study)),
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


def _summary(study: Study, second: RatedPhotos, recipe: LiRecipe) -> list[str]:
    photos, rated = study.photos, study.photos.tasks[0]
    systems = _systems(study)
    lines = [
        f"Data: {photos.name}, {len(photos)} photographs, of which {len(study.rows)} tested ({study.split}), rated for "
        f"{rated.name}; second domain: {len(second)} photographs of {second.name}, rated for "
        f"{', '.join(task.name for task in second.tasks)}. Backbone: {recipe.backbone}. Seeds: "
        f"{len(study.final(AESTHETIC_ONLY))}. Intervals are 95% bootstrap intervals over photographs.",
        "SRCC: " + "; ".join(f"{name} {measured(study, predicted)}" for name, predicted in systems.items()) + ".",
    ]
    for first, other in _pairs(study):
        gap = difference(study, systems[first], systems[other])
        lines.append(f"{first} less {other}: {gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}), {significant(gap)}.")
    return lines


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


def _protocol(study: Study, second: RatedPhotos, recipe: LiRecipe) -> Text:
    photos = study.photos
    parts = ("train", "validation", "test")
    counts = [", ".join(f"{(part.splits or ()).count(name)} {name}" for name in parts) for part in study.fold_splits]
    trained = {"whole": "the whole backbone", LAST: "the backbone's last layers", "none": "nothing of the backbone"}
    steps = -(-(study.fold_splits[0].splits or ()).count("train") // recipe.batch)
    backbone = create_backbone(recipe.backbone, pretrained=False)
    tuned = ", ".join(backbone.tuned)
    return Text(
        "Protocol",
        [
            f"The network of Section 3 on {recipe.backbone}. Pixels squashed to {recipe.resize} px, squares of "
            f"{recipe.side} px cut out; tested on the centre. Stage 1: a batch of {recipe.batch} of each domain in "
            f"turn, {recipe.epochs1} passes over the aesthetic domain ({steps} batches each; the second domain gives "
            f"as many), SGD with momentum {recipe.momentum:g} and weight decay {recipe.weight_decay:g}, rates "
            f"{recipe.lr_shared:g} for the shared layers ({trained[recipe.shared]}"
            f"{f': {tuned}' if recipe.shared == LAST else ''}) and {recipe.lr_branches:g} for the branches, times "
            f"{recipe.decay:g} an epoch. Stage 2: all of that frozen, the weights of the inter-task layer, "
            f"{recipe.epochs2} epochs from a rate of {recipe.lr_inter_task:g}. In each stage the epoch of least "
            "validation loss of the score is kept.",
            "Differs from the paper: its rates of 1e-5 and 1e-4 over 20 epochs are made for 230,000 or 8,500 "
            f"photographs and would hardly move a network in {steps} steps an epoch, so they are larger here (see "
            "below), in its proportion of 1 to 10. It trains the whole of DenseNet-121, whose weights are on no "
            "package index. It cuts squares out anywhere; where outputs of the stem are kept, as here, they come from "
            "the centre and the four corners, each mirrored or not. It does not give its batch size, nor what stands "
            "between the layers of a branch (here a ReLU). Batch normalisation keeps the statistics of pretraining."
            if recipe.shared == LAST
            else "As in the paper; it gives no batch size and does not say what stands between the layers of a branch "
            "(here a ReLU). Batch normalisation keeps the statistics of pretraining.",
            f"`{AESTHETIC_ONLY}` is the same network trained on the same batches of the aesthetic domain, with those "
            f"of the second domain left out; `{OWN_RATES}` likewise, at the learning rates that suit it best.",
            f"Parts of {photos.name}: {'; '.join(counts)}; split sha256 "
            + ", ".join(f"`{split_hash(part.files, part.splits or ())[:12]}`" for part in study.fold_splits)
            + f"; content sha256 `{photos.content_hash[:16]}`. Parts of {second.name}: "
            + ", ".join(f"{(second.splits or ()).count(name)} {name}" for name in parts)
            + f"; content sha256 `{second.content_hash[:16]}`. The linear probe and the DINOv2 head see the train and "
            "the validation part, the networks learn from the train part and choose epochs by the validation part.",
            "Tasks: "
            + " ".join(
                f"{task.name} ({task.low:g} to {task.high:g}): {task.description}."
                for task in (photos.tasks[0], *second.tasks)
            ),
        ],
    )


def _tried(tried: Mapping[tuple[str, float], Result]) -> list[Part]:
    if not tried:
        return []
    rows: list[list[Cell]] = []
    for (name, rate), result in tried.items():
        kept = kept_epoch(result)
        of_second = [kept.get("second_loss"), kept.get("second_srcc")]
        rows.append([name, f"{rate:g}", f"{rate / 10:g}", kept["validation_loss"], kept["validation_srcc"], *of_second])
    return [
        Table(
            "",
            "Learning rates that were tried",
            [
                Column("setting"),
                Column("branches"),
                Column("shared layers"),
                Column("loss, score", "measured"),
                Column("SRCC, score", "measured"),
                Column("loss, second domain", "measured"),
                Column("SRCC, second domain", "measured"),
            ],
            rows,
            "Seed 0, first round, validation parts; no tested photograph of that round had a say. Taken was the least "
            f"sum of the losses, for `{TWO_DOMAINS}` and `{AESTHETIC_ONLY}` alike; `{OWN_RATES}` has the rates that "
            "are best for it, as the score alone bears larger ones. An undefined SRCC is a second branch whose tanh "
            "saturates at once: it gives one value and learns nothing.",
            digits=4,
        )
    ]


def _absent(name: str) -> Text:
    paragraphs = [
        "PsychoFlickr, which relates photographs to the Big-Five traits of who likes them, is not to be had: no trait "
        "is measured here unless it is the second domain, and another second domain says nothing about personality."
    ]
    missing = [other.upper() for other in ("ava", "aadb") if other != name]
    paragraphs.append(
        f"{' and '.join(missing)}: without the photographs their numbers cannot be measured; they stand in the tables "
        "as published. Numbers of two data sets are not comparable with each other."
    )
    return Text("What could not be run", paragraphs)


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


def _scores(study: Study) -> list[Part]:
    photos, rated, systems = study.photos, study.photos.tasks[0], _systems(study)
    above = float(np.mean(rated.to_unit(study.truth[:, 0]) >= 0.5))
    shares: list[list[Cell]] = [[name, value / 100, None] for name, value in ACCURACY_AVA.items()]
    rows: list[list[Cell]] = [[name, *values, *[None] * 4] for name, values in AGREEMENT_AADB.items()]
    for name, predicted in systems.items():
        shares.append([name, None, _unit(study, predicted, "accuracy", partial(accuracy, threshold=0.5))])
        agreement = [measured(study, predicted, metric) for metric in ("srcc", "plcc")]
        errors = [_unit(study, predicted, "rmse", METRICS["rmse"]), _unit(study, predicted, "mse", mse)]
        rows.append([name, *[None] * 3, *agreement, *errors])
    final = systems.get(INTER_TASK, systems[ALTERNATING_TRAINING])
    return [
        Table(
            "Table 1",
            "Accuracy at 0.5 of the scale",
            [Column("method"), Column("AVA", "published"), Column(photos.name, "measured")],
            shares,
            f"A share. {above:.3f} of the tested photographs of {photos.name} are rated at 0.5 or above, which is what "
            "saying so of every photograph would score.",
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
            "The paper's RMSE of about 0.02 on a scale of 0 to 1 looks like a mean *squared* error: a correlation of "
            "0.70 leaves about 0.7 of the standard deviation of the scores, which on AADB is about 0.2, so a root mean "
            "squared error would be about 0.14, and its square is 0.02. Both are given here.",
        ),
        ratings_and_predictions(
            study, final, "", f"`{INTER_TASK if INTER_TASK in systems else ALTERNATING_TRAINING}`, seed 0."
        ),
    ]


def _variants(study: Study) -> list[Part]:
    systems, rated = _systems(study), study.photos.tasks[0]
    found = [
        (f"{first} less {other}", first, other, difference(study, systems[first], systems[other]))
        for first, other in _pairs(study)
    ]
    rows: list[list[Cell]] = [
        [label, spread(by_seed(study, systems[first])), spread(by_seed(study, systems[other])), gap]
        for label, first, other, gap in found
    ]
    return [
        differences([(label, gap) for label, _, _, gap in found]),
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
            for each, count in ((LiRecipe(), 5), (recipe, traits))
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
    rows: list[list[Cell]] = [
        [part, *both]
        for part, *both in zip(
            ("backbone", "aesthetic branch", "personality branch", "inter-task layer", "all"), *counts, strict=True
        )
    ]
    backbone = networks[1].backbone
    gflops = [
        cost.gflop(network, (side, side)) for network, side in zip(networks, (LiRecipe.side, recipe.side), strict=True)
    ]
    tuned = sum(value.numel() for name, value in backbone.named_parameters() if name.startswith(backbone.tuned))
    return Table(
        "",
        "Parameters",
        [
            Column("part"),
            Column("densenet121 and five traits, as in the paper", "measured"),
            Column(f"{recipe.backbone} and {traits} trait{'s' * (traits > 1)}, as here", "measured"),
        ],
        rows,
        f"{gflops[0]:.1f} GFLOP a photograph of {LiRecipe.side} x {LiRecipe.side} px, here {gflops[1]:.2f} of "
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
