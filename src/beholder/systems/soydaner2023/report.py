"""Soydaner & Wagemans (2023), Multi-task convolutional neural network for image aesthetic assessment: run again.

The paper trains on AADB and EVA. Where their photographs are not at hand, the same network, training and analyses run
on other rated photographs, and stand beside the published numbers without being the same experiment.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from beholder.errors import BeholderError
from beholder.metrics import Estimate, p_text, p_value
from beholder.photos.read import read_photo
from beholder.reporting import charts, photo_sheets
from beholder.reporting.document import Cell, Column, Document, Missing, Part, Picture, Section, Table, Text
from beholder.splits import split_hash
from beholder.systems.report_parts import ratings_and_predictions
from beholder.systems.soydaner2023 import analysis as soydaner_analysis
from beholder.systems.soydaner2023 import cost as soydaner_cost
from beholder.systems.soydaner2023.experiment import SoydanerConfig, kept_arrays, trainer
from beholder.systems.soydaner2023.published import (
    EITHER_FIGURE_NUMBERS,
    FIGURE_NUMBERS,
    FINE_TUNING,
    FIVE_EPOCHS,
    MULTI_TASK,
    PARAMETER_COUNTS,
    SEPARATE_OUTPUTS,
    SINGLE_TASK,
    SRCC_AADB,
    SRCC_ACROSS,
    TRAINING,
)
from beholder.systems.soydaner2023.report_ratings import raters_part, ratings_aadb, ratings_eva, ratings_here
from beholder.systems.soydaner2023.report_tasks import attributes_part, variants_part
from beholder.systems.soydaner2023.train import fit, inputs
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
from beholder.systems.study_runs import count_trainings, split_into_folds, train_all
from beholder.training.inputs import pooled_views


def report(config: SoydanerConfig, device: torch.device) -> Document:
    """Train what is not trained yet, and write the report.

    Raises:
        BeholderError: as of `beholder.data.registry.load_data` and `beholder.systems.soydaner2023.train.fit`;
            ratings that are missing.
    """
    photos = config.photos()
    if np.isnan(photos.ratings).any():
        raise BeholderError(f"{photos.name}: some photographs lack a rating; the tables need every task rated for each")
    fold_splits = split_into_folds(photos, config.folds, config.by_group)
    recipe = config.recipe
    trainings = {
        MULTI_TASK: recipe,
        SINGLE_TASK: replace(recipe, single=True),
        SEPARATE_OUTPUTS: replace(recipe, separate=True, epochs2=0),
        FIVE_EPOCHS: replace(recipe, steps1=0, epochs2=0),
    }
    counts = count_trainings(fold_splits, trainings, config.seeds, config.work)
    announce(kept_arrays(config, photos), config.cache, [counts], config.work)
    source = inputs(photos, recipe, device, keep=config.keep, cache=config.cache)
    results = train_all(fold_splits, trainings, config.seeds, config.work, trainer(source, device))
    views = pooled_views(source, len(photos), recipe.mirror)
    compared = linear_probes(fold_splits, recipe.backbone, views, config.cache)
    study = assemble(photos, fold_splits, results, compared, config.by_group)
    checkpoint = config.work / f"{MULTI_TASK}-seed0-fold0.safetensors"
    trained = fit(fold_splits[0], replace(recipe, seed=0), source=source, checkpoint=checkpoint, device=device)
    seen = soydaner_analysis.TrainedNetwork(study, trained.network, recipe, config.work, config.beside, device)
    return Document(
        f"Soydaner & Wagemans 2023, on {photos.name}",
        _summary(study, config),
        [
            Section("What was run", [_protocol(study, config)]),
            Section("The ratings", [*ratings_aadb(config), *ratings_eva(study), *ratings_here(study)]),
            Section("The overall score", _overall(study, config)),
            Section("Attributes, and what fine-tuning does", attributes_part(study)),
            Section("Single-task against multi-task, and other variants", variants_part(study)),
            Section(
                "Where the scores come from",
                soydaner_analysis.maps(seen, FIGURE_NUMBERS.get(photos.name, EITHER_FIGURE_NUMBERS)[3]),
            ),
            Section("Across data sets", [*_across(seen), *_elsewhere(study)]),
        ],
    )


def _summary(study: Study, config: SoydanerConfig) -> list[str]:
    photos, multi = study.photos, study.final(MULTI_TASK)
    overall = photos.tasks[0].name
    lines = [
        f"Data: {photos.name}, {len(photos)} photographs, of which {len(study.rows)} tested ({study.split}); content "
        f"sha256 `{photos.content_hash[:16]}`. Seeds: {config.seeds}. Backbone: {config.recipe.backbone}. "
        "Intervals are 95% bootstrap intervals over photographs.",
        f"The multi-task network's SRCC for {overall} is {measured(study, multi)}.",
        _verdict("Multi-task less single-task", difference(study, multi, study.final(SINGLE_TASK))),
    ]
    if (MULTI_TASK, FINE_TUNING) in study.predicted:
        gain = difference(study, study.predicted[MULTI_TASK, FINE_TUNING], study.predicted[MULTI_TASK, TRAINING])
        lines.append(_verdict("After fine-tuning less after training", gain))
    for name, predicted in study.compared.items():
        lines.append(
            _verdict(
                f"Multi-task network less {name} ({measured(study, predicted)})", difference(study, multi, predicted)
            )
        )
    return lines


def _verdict(what: str, found: Estimate) -> str:
    return f"{what}: {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}), {significant(found)}."


def _protocol(study: Study, config: SoydanerConfig) -> Text:
    recipe, photos = config.recipe, study.photos
    counts = [
        ", ".join(f"{(part.splits or ()).count(name)} {name}" for name in ("train", "validation", "test"))
        for part in study.fold_splits
    ]
    steps = -(-(study.fold_splits[0].splits or ()).count("train") // recipe.batch)
    epochs = [
        sum(row["stage"] == 1 for row in result.outcome.history)
        for result in study.results
        if result.setting == MULTI_TASK
    ]
    return Text(
        "Protocol",
        [
            f"The network of Section 3 on {recipe.backbone}, pixels squashed to one size, mirrored by chance. Stage 1: "
            f"frozen backbone, Adam {recipe.lr_head:g}, batch {recipe.batch}, {recipe.epochs1} epochs but at least "
            f"{recipe.steps1} steps ({max(epochs)} epochs here). Stage 2: "
            + (
                f"the backbone's last layers as well, Adam {recipe.lr_finetune:g} times {recipe.decay:g} every "
                f"{recipe.decay_steps:g} steps, {recipe.epochs2} epochs."
                if recipe.epochs2
                else "left out."
            )
            + f" Dropout {recipe.dropout:g}. In each stage the epoch of least validation loss is kept.",
            "Differs from the paper: it trains 5 epochs, which are 665 steps on AADB and 250 on EVA, and would be "
            f"{recipe.epochs1 * steps} here; the row `5 epochs` below does that. Ratings are brought to the unit "
            "interval by the ends of their scale, which the paper leaves unsaid.",
            f"Parts: {'; '.join(counts)}. Split sha256: "
            + ", ".join(f"`{split_hash(part.files, part.splits or ())[:12]}`" for part in study.fold_splits)
            + ". The linear probe and the DINOv2 head see the train and the validation part, the networks learn from "
            "the train part and choose epochs by the validation part.",
            "Tasks: "
            + " ".join(
                f"{rated.name} ({rated.low:g} to {rated.high:g}): {rated.description}." for rated in photos.tasks
            ),
        ],
    )


def _overall(study: Study, config: SoydanerConfig) -> list[Part]:
    photos, rated, multi = study.photos, study.photos.tasks[0], study.final(MULTI_TASK)
    rows: list[list[Cell]] = [[name, value, None, None, None, None] for name, value in SRCC_AADB.items()]
    systems: dict[str, np.ndarray] = {"multi-task network, as here": multi, **study.compared}
    for name, predicted in systems.items():
        rows.append([name, None, *(measured(study, predicted, metric) for metric in ("srcc", "plcc", "krcc", "rmse"))])
    p = p_text(p_value(float(np.mean(by_seed(study, multi))), len(study.rows)))
    error = np.abs(study.final(MULTI_TASK)[0, :, 0] - study.truth[:, 0])
    order = np.argsort(study.truth[:, 0])
    best, worst = _extremes(order, error, np.argmin), _extremes(order, error, np.argmax)
    figure = FIGURE_NUMBERS.get(photos.name, EITHER_FIGURE_NUMBERS)
    return [
        Table(
            "Table 1",
            "The overall score: earlier methods, this one, and simple baselines",
            [
                Column("method"),
                Column("SRCC, AADB", "published"),
                *(Column(f"{metric}, {photos.name}", "measured") for metric in ("SRCC", "PLCC", "KRCC", "RMSE")),
            ],
            rows,
            f"RMSE in points of {rated.low:g} to {rated.high:g}. p of the network's SRCC: {p}. Numbers of two data "
            "sets are not comparable with each other.",
        ),
        Picture(
            "",
            "Seed noise",
            charts.seed_values(
                {
                    "multi-task": by_seed(study, multi),
                    "single-task": by_seed(study, study.final(SINGLE_TASK)),
                    **{name: by_seed(study, predicted) for name, predicted in study.compared.items()},
                },
                {name: value for name, value in SRCC_AADB.items() if "Pan" in name or "Soydaner" in name},
            ),
            "A dot for each seed and system, and the published values of three methods.",
            "One training each is what the paper compares; the published values are on AADB.",
        ),
        _parameters(config),
        raters_part(study),
        ratings_and_predictions(study, multi, figure[0], "Seed 0."),
        _gallery(study, figure[1], "The most successful predictions, from low to high ratings", best),
        _gallery(study, figure[2], "The least successful predictions, from low to high ratings", worst),
    ]


def _parameters(config: SoydanerConfig) -> Table:
    name = config.recipe.backbone
    here = soydaner_cost.cost(name)
    head = here.outputs_12 - here.backbone
    last = (here.outputs_12 - here.outputs_5) // 7 * 12
    parts = (here.backbone, head - last, last)
    rows: list[list[Cell]] = [
        [part, pan, ours, count] for (part, pan, ours), count in zip(PARAMETER_COUNTS, parts, strict=True)
    ]
    rows.append(
        ["all", sum(row[1] for row in PARAMETER_COUNTS), sum(row[2] for row in PARAMETER_COUNTS), here.outputs_12]
    )
    return Table(
        "Table 2",
        "Parameters",
        [
            Column("part"),
            Column("Pan et al. 2019", "published"),
            Column("this network", "published"),
            Column(f"this network on {name}", "measured"),
        ],
        rows,
        f"{here.gflop:.1f} GFLOP a photograph of {here.side} x {here.side} px; {here.stage_1:,} parameters are "
        f"trained in stage 1, {here.stage_2:,} in stage 2.",
    )


def _extremes(order: np.ndarray, error: np.ndarray, pick: Callable[[np.ndarray], Any], bins: int = 10) -> list[int]:
    """From each tenth of the photographs by rating, the one with the smallest or largest error."""
    return [int(part[pick(error[part])]) for part in np.array_split(order, bins) if len(part)]


def _gallery(study: Study, number: str, title: str, chosen: Sequence[int]) -> Picture:
    paths = [study.photos.paths[study.rows[index]] for index in chosen]
    captions = [
        f"rated {study.truth[index, 0]:.2f}\npredicted {study.final(MULTI_TASK)[0, index, 0]:.2f}" for index in chosen
    ]
    sheet = photo_sheets.gallery([_thumbnail(path) for path in paths], captions)
    return Picture(
        number,
        title,
        sheet,
        f"{len(chosen)} photographs with rating and prediction.",
        "Seed 0; one from each tenth of the ratings.",
    )


def _thumbnail(path: Path) -> Image.Image:
    image = Image.fromarray(read_photo(path, (512, 512)).pixels)
    image.thumbnail((400, 400))
    return image


def _across(seen: soydaner_analysis.TrainedNetwork) -> list[Part]:
    """Table 11, and this network on photographs of another data set."""
    study = seen.study
    here = measured(study, study.final(MULTI_TASK))
    rows: list[list[Cell]] = [[first, second, value, None] for (first, second), value in SRCC_ACROSS.items()]
    rows.append([study.photos.name, study.photos.name, None, here])
    note = "Where nothing is measured, the photographs of one of the two are not at hand. "
    for name in ("aadb", "eva", "biq2021", "oasis"):
        found = None if name == study.photos.name else soydaner_analysis.across(seen, name)
        if found:
            rows.append([study.photos.name, name, None, found])
    if any(row[1] == "biq2021" for row in rows):
        note += (
            f"BIQ2021 rates technical quality, not aesthetics; {soydaner_analysis.ACROSS_COUNT} of its photographs, "
            "drawn with seed 0, were scored by the network of seed 0 and the first round."
        )
    columns = [Column("trained on"), Column("tested on"), Column("SRCC", "published"), Column("SRCC", "measured")]
    return [Table("Table 11", "Across data sets, the overall score", columns, rows, note)]


def _elsewhere(study: Study) -> list[Part]:
    """Figures of the paper's other data set, where this one is one of its two."""
    title = "As the figure of the other data set"
    return [
        Missing(number, title, f"{name.upper()} is another data set: `beholder reproduce soydaner2023 --data {name}`.")
        for name, figures_of in FIGURE_NUMBERS.items()
        if study.photos.name in FIGURE_NUMBERS and name != study.photos.name
        for number in figures_of
    ]
