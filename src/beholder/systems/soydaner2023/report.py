"""Soydaner & Wagemans (2023), Multi-task convolutional neural network for image aesthetic assessment: run again.

The paper trains on AADB and EVA. Where their photographs are not at hand, the same network, training and analyses run
on other rated photographs, and stand beside the published numbers without being the same experiment.
"""

from collections.abc import Callable, Mapping, Sequence
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
from beholder.systems.report_parts import last_stage_sentence, ratings_and_predictions
from beholder.systems.soydaner2023 import analysis as soydaner_analysis
from beholder.systems.soydaner2023.experiment import (
    PAPER_EPOCHS,
    SoydanerConfig,
    kept_arrays,
    longer,
    main_epochs,
    settings_of,
    trainer,
)
from beholder.systems.soydaner2023.published import (
    EITHER_FIGURE_NUMBERS,
    FIGURE_NUMBERS,
    FINE_TUNING,
    FIVE_EPOCHS,
    MULTI_TASK,
    OURS,
    SINGLE_TASK,
    SRCC_AADB,
    SRCC_ACROSS,
    TRAINING,
)
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.report_network import backbones_part, layers_part, longer_part, parameters_part
from beholder.systems.soydaner2023.report_ratings import (
    COMMANDS,
    examples_part,
    raters_part,
    ratings_aadb,
    ratings_eva,
    ratings_here,
)
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
    settings = settings_of(config, fold_splits)
    trained_whole = [settings[MULTI_TASK], *(each for each in settings.values() if each.backbone != recipe.backbone)]
    long_settings = longer(fold_splits[0], recipe)
    counts = [
        count_trainings(fold_splits, settings, config.seeds, config.work),
        count_trainings(fold_splits[:1], long_settings, 1, config.work),
    ]
    announce(kept_arrays(config, photos, trained_whole), config.cache, counts, config.work)
    sources = {
        each.backbone: inputs(photos, each, device, keep=config.keep, cache=config.cache) for each in trained_whole
    }
    source, train = sources[recipe.backbone], trainer(sources, device)
    results = train_all(fold_splits, settings, config.seeds, config.work, train)
    (long,) = train_all(fold_splits[:1], long_settings, 1, config.work, train)
    views = pooled_views(source, len(photos), recipe.mirror)
    compared = linear_probes(fold_splits, recipe.backbone, views, config.cache)
    study = assemble(photos, fold_splits, results, compared, config.by_group)
    checkpoint = config.work / f"{MULTI_TASK}-seed0-fold0.safetensors"
    trained = fit(fold_splits[0], replace(recipe, seed=0), source=source, checkpoint=checkpoint, device=device)
    last = trained.keeping("last")
    seen = soydaner_analysis.TrainedNetwork(study, last.network, last.kept, recipe, config.work, config.beside, device)
    figures = FIGURE_NUMBERS.get(photos.name, EITHER_FIGURE_NUMBERS)
    return Document(
        f"Soydaner & Wagemans 2023, on {photos.name}",
        _summary(study, config),
        [
            Section("What was run", [_protocol(study, config), layers_part(recipe, photos.tasks)]),
            Section(
                "The ratings",
                [
                    examples_part(study, figures.examples),
                    *ratings_aadb(config),
                    *ratings_eva(study, config),
                    *ratings_here(study),
                ],
            ),
            Section("The overall score", _overall(study, config)),
            Section("Attributes, and what fine-tuning does", attributes_part(study, config)),
            Section("Single-task against multi-task, and other variants", variants_part(study)),
            Section("Backbones, and longer training", [*backbones_part(study, settings), longer_part(study, long)]),
            Section("Where the scores come from", soydaner_analysis.maps(seen, figures.maps)),
            Section("Across data sets", [_across(seen), *_elsewhere(study)]),
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
                f"{recipe.decay_steps:g} steps, {_decay(recipe)}, epochs: {recipe.epochs2}."
                if recipe.epochs2
                else "left out."
            )
            + f" Dropout {recipe.dropout:g}. {_epochs_kept(study)}",
            last_stage_sentence(study, MULTI_TASK),
            _number_of_epochs(study, recipe, steps),
            _choices(recipe),
            f"Parts: {'; '.join(counts)}; {study.split}. Split sha256: "
            + ", ".join(f"`{split_hash(part.files, part.splits or ())[:12]}`" for part in study.fold_splits)
            + ". The linear probe and the DINOv2 head see the train and the validation part, the networks learn from "
            + f"the train part{' and choose epochs by the validation part' * _has_validation(study)}.",
            "Tasks: "
            + " ".join(
                f"{rated.name} ({rated.low:g} to {rated.high:g}): {rated.description}." for rated in photos.tasks
            ),
        ],
    )


def _decay(recipe: SoydanerRecipe) -> str:
    if recipe.staircase:
        return "all at once"
    return "a little in each step (the paper's words fit stairs as well: `--staircase`)"


def _has_validation(study: Study) -> bool:
    return any("validation" in (part.splits or ()) for part in study.fold_splits)


def _epochs_kept(study: Study) -> str:
    if not _has_validation(study):
        return "Each stage ends with its last epoch: no photographs are held out for validation."
    return "In each stage the epoch of least validation loss is kept; the paper does not say which epoch it takes."


def _number_of_epochs(study: Study, recipe: SoydanerRecipe, steps: int) -> str:
    done = main_epochs(study.fold_splits[0], recipe)
    if done == PAPER_EPOCHS:
        return f"Stage 1 takes {done} epochs as in the paper, {done * steps} steps; there is no row `{FIVE_EPOCHS}`."
    return (
        f"The paper trains stage 1 for {PAPER_EPOCHS} epochs, which are 665 steps on AADB and 275 on EVA, and would be "
        f"{PAPER_EPOCHS * steps} here; the row `{FIVE_EPOCHS}` below does that."
    )


def _choices(recipe: SoydanerRecipe) -> str:
    """What differs from the paper, and where it is silent."""
    vgg16 = (
        "Differs from the paper: the weights of VGG16 are torchvision's, with its normalisation of pixels; the paper's "
        "names of layers are those of Keras, whose weights are others. "
        if recipe.backbone == "vgg16"
        else f"Differs from the paper: {recipe.backbone} in place of VGG16. "
    )
    return (
        f"{vgg16}Where the paper is silent: the ends of each rating scale are brought to 0 and 1; photographs are "
        "squashed to a square."
    )


def _overall(study: Study, config: SoydanerConfig) -> list[Part]:
    photos, rated, multi = study.photos, study.photos.tasks[0], study.final(MULTI_TASK)
    metrics = ("srcc", "plcc", "krcc", "rmse")
    own = OURS if photos.name == "aadb" else "multi-task network, as here"
    systems: dict[str, np.ndarray] = {own: multi, **study.compared}
    rows: list[list[Cell]] = [
        [name, SRCC_AADB.get(name), *_metrics(study, systems, name, metrics)] for name in {**SRCC_AADB, **systems}
    ]
    p = p_text(p_value(float(np.mean(by_seed(study, multi))), len(study.rows)))
    error = np.abs(multi[0, :, 0] - study.truth[:, 0])
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
                *(Column(f"{metric.upper()}, {photos.name}", "measured") for metric in metrics),
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
        parameters_part(config.recipe.backbone),
        raters_part(study, config),
        ratings_and_predictions(study, multi, figure.scatter, "Seed 0."),
        _gallery(study, figure.best, "The most successful predictions, from low to high ratings", best),
        _gallery(study, figure.worst, "The least successful predictions, from low to high ratings", worst),
    ]


def _metrics(study: Study, systems: Mapping[str, np.ndarray], name: str, metrics: Sequence[str]) -> list[Cell]:
    """Metrics of a system that was run here, dashes for one that was not."""
    return [measured(study, systems[name], metric) if name in systems else None for metric in metrics]


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
        "Seed 0; from each tenth of the tested photographs by rating, the one with the smallest or largest error.",
    )


def _thumbnail(path: Path) -> Image.Image:
    image = Image.fromarray(read_photo(path, (512, 512)).pixels)
    image.thumbnail((400, 400))
    return image


def _across(seen: soydaner_analysis.TrainedNetwork) -> Table:
    """Table 11, and this network on photographs of further data sets."""
    study = seen.study
    here = measured(study, study.final(MULTI_TASK)), f"its tested photographs, {len(study.rows)} ({study.split})"
    own, others = study.photos.name, ("aadb", "eva", "biq2021", "oasis")
    found = {(own, own): here} | {(own, name): soydaner_analysis.across(seen, name) for name in others if name != own}
    published = {(first.lower(), second.lower()): value for (first, second), value in SRCC_ACROSS.items()}
    rows: list[list[Cell]] = []
    for pair in {**published, **found}:
        value, which = found.get(pair) or (None, None)
        if pair in published or value:
            rows.append([*pair, published.get(pair), value, which])
    note = (
        "Scored by the network of seed 0 and the first round, after its last stage; the row of one data set alone is "
        "the mean over seeds. A test part is scored whole. Where nothing is measured, the network was trained on other "
        "photographs, or those to score are not at hand."
    )
    if any(row[1] == "biq2021" for row in rows):
        note += " BIQ2021 rates technical quality, not aesthetics."
    columns = [
        Column("trained on"),
        Column("tested on"),
        Column("SRCC", "published"),
        Column("SRCC", "measured"),
        Column("photographs scored", "measured"),
    ]
    return Table("Table 11", "Across data sets, the overall score", columns, rows, note)


def _elsewhere(study: Study) -> list[Part]:
    """Figures of the paper's other data set, where this one is one of its two."""
    title = "As the figure of the other data set"
    return [
        Missing(number, title, f"{name.upper()} is another data set: `{COMMANDS[name]}`.")
        for name, figures_of in FIGURE_NUMBERS.items()
        if study.photos.name in FIGURE_NUMBERS and name != study.photos.name
        for number in figures_of
    ]
