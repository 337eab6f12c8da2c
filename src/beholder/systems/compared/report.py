"""The comparison as a report: one table, published beside measured, with paired differences on the same photographs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.metrics import Estimate
from beholder.models import cost
from beholder.reporting.document import Cell, Column, Document, Missing, Part, Section, Table, Text
from beholder.splits import split_hash
from beholder.systems.compared import published
from beholder.systems.compared.experiment import (
    ROWS,
    Changes,
    ComparedConfig,
    Trained,
    multi_task_recipe,
    recipe_for,
    seconds,
    train_rows,
    training_counts,
)
from beholder.systems.compared.export import PATENT
from beholder.systems.compared.pairs import pairs_within
from beholder.systems.compared.recipes import PanRecipe
from beholder.systems.compared.train import inputs, kept_arrays, learned_tasks, make_network
from beholder.systems.report_parts import differences, last_stage_sentence
from beholder.systems.soydaner2023.train import make_network as make_multi_task
from beholder.systems.study import Study, assemble, by_seed, difference, measured, probe
from beholder.systems.study_plan import announce
from beholder.systems.study_runs import split_into_folds
from beholder.training.inputs import pooled_views
from beholder.training.supervised import split_rows

__all__ = ["recipe_for", "report"]


def report(config: ComparedConfig, device: torch.device) -> Document:
    """Train what is not trained yet, and write the comparison.

    Raises:
        BeholderError: data without photographs, a rating that is missing, too few photographs, or no room.
    """
    photos = config.photos()
    if not np.isfinite(photos.ratings[:, 0]).all():
        raise BeholderError(
            f"{photos.name}: {int(np.isnan(photos.ratings[:, 0]).sum())} photographs lack a rating of "
            f"{photos.tasks[0].name}, with which all are tested; leave them out"
        )
    fold_splits = split_into_folds(photos, config.folds, config.by_group)
    arrays = kept_arrays(photos, config.recipe) if config.keep else []
    announce(arrays, config.cache, training_counts(config, fold_splits), config.work)
    source = inputs(photos, config.recipe, device, keep=config.keep, cache=config.cache)
    trained = train_rows(config, fold_splits, source, device)
    views = pooled_views(source, len(photos), config.recipe.mirror)
    probed = f"linear probe on {config.recipe.backbone}"
    study = assemble(photos, fold_splits, trained.results, {probed: probe(fold_splits, views)[:, :1]}, config.by_group)
    reference = study.final(published.MULTI_TASK)
    gaps = {name: difference(study, study.final(name), reference) for name in trained.recipes}
    gaps[probed] = difference(study, study.compared[probed], reference)
    return Document(
        f"Compared systems on {photos.name}",
        [
            f"Data: {photos.name}, {len(photos)} photographs, of which {len(study.rows)} tested ({study.split}"
            f"{', groups kept whole' if config.by_group else ''}; sha256 of the first split "
            f"`{split_hash(photos.files, fold_splits[0].splits or ())[:16]}`); content sha256 "
            f"`{photos.content_hash[:16]}`. Seeds a fold: {config.seeds}, from 0. Intervals: 95%, bootstrap over "
            "photographs, of the mean over seeds.",
            f"All on {config.recipe.backbone}, "
            + (
                "frozen: new layers on its pooled features, whatever backbone the papers have."
                if not config.recipe.epochs2
                else f"whose last layers are trained as well, for {config.recipe.epochs2} epochs. "
                + last_stage_sentence(study, published.MULTI_TASK)
            ),
        ],
        [
            Section(
                "Side by side",
                [_table(study, trained, gaps, probed, config), *_left_out(trained), differences(list(gaps.items()))],
            ),
            Section("What was chosen", [_choices(trained), _settings(photos, fold_splits, trained)]),
        ],
    )


def _table(study: Study, trained: Trained, gaps: Mapping[str, Estimate], probed: str, config: ComparedConfig) -> Table:
    rows: list[list[Cell]] = []
    for name in [*trained.recipes, published.MULTI_TASK]:
        found = study.final(name)
        seeds = by_seed(study, found)
        results = [result for result in trained.results if result.setting == name]
        rows.append(
            [
                name,
                _printed(published.SRCC[name]),
                measured(study, found),
                " to ".join(f"{edge:.3f}" for edge in (min(seeds), max(seeds))),
                gaps.get(name),
                _parameters(study.photos, trained, name, config),
                seconds(results),
            ]
        )
    last = measured(study, study.compared[probed])
    rows.append([probed, None, last, None, gaps[probed], None, None])
    rated = study.photos.tasks[0]
    titles = ("SRCC", "lowest and highest seed", "minus multi-task network", "parameters", "seconds a training")
    return Table(
        "",
        f"Spearman's correlation with mean {rated.name}",
        [
            Column("system"),
            Column("SRCC, AADB", "published"),
            *(Column(each, "measured") for each in titles),
        ],
        rows,
        f"The multi-task network is that of {published.MULTI_TASK}, on the same backbone and in the same stages; below "
        "zero: it does better on these photographs. Parameters are those of scoring. Seconds are of the steps alone, "
        "on this machine: features are computed once for all. Published networks are trained whole on their own "
        "backbones, so a published number is no target here.",
    )


def _printed(value: float | str | None) -> str | None:
    """A published number with the digits that were printed."""
    return f"{value:.4f}".rstrip("0") if isinstance(value, float) else value


def _parameters(photos: RatedPhotos, trained: Trained, name: str, config: ComparedConfig) -> int:
    if name == published.MULTI_TASK:
        return cost.count_parameters(make_multi_task(multi_task_recipe(config), len(photos.tasks), pretrained=False))
    recipe = trained.recipes[name]
    if isinstance(recipe, PanRecipe):
        recipe = replace(recipe, adversarial=0.0)  # the discriminator has no part in scoring
    return cost.count_parameters(make_network(photos, recipe, pretrained=False))


def _left_out(trained: Trained) -> list[Part]:
    return [Missing("", name, why) for name, why in trained.left_out.items()]


def _choices(trained: Trained) -> Table:
    rows: list[list[Cell]] = []
    for name, chosen in trained.chosen.items():
        if any(chosen):
            tried = "; ".join(_words(changes) for changes in ROWS[name].tried)
            rows.append([name, tried, "; ".join(_words(changes) for changes in chosen)])
    return Table(
        "",
        "Tried on validation photographs",
        [Column("system"), Column("tried"), Column("taken, fold by fold")],
        rows,
        "By SRCC on the validation part of each fold, with seed 0. A row that starts from another one takes what was "
        "chosen for it.",
    )


def _settings(photos: RatedPhotos, fold_splits: Sequence[RatedPhotos], trained: Trained) -> Text:
    lines = [
        "Ours, as the papers have whole networks on more photographs or do not say: Adam, its rates, how long (the "
        "epoch of lowest validation loss is kept), the margin and weight of ranked pairs, weights of attributes and "
        "content, how classes of content share layers, the discriminator's layers, the form of its loss, its weight.",
    ]
    if published.WITHIN in trained.recipes:
        count = len(pairs_within(fold_splits[0], split_rows(fold_splits[0])[0]))
        lines.append(
            f"Pairs within a rater: {count:,} among the training photographs of the first fold, all equally likely."
        )
    whole = [name for name, recipe in trained.recipes.items() if len(learned_tasks(photos, recipe)) > 1]
    if whole:
        lines.append(f"Learn all {len(photos.tasks)} tasks: {', '.join(whole)}. The others learn the first.")
    return Text("Settings", [*lines, f"{PATENT}."])


def _words(changes: Changes) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in changes.items())
