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

from beholder import data, photo
from beholder.data import aadb
from beholder.data.folds import split_hash
from beholder.data.rated import RatedPhotos
from beholder.errors import BeholderError
from beholder.evaluation import figures
from beholder.evaluation.document import Cell, Column, Document, Missing, Part, Picture, Section, Table, Text, spread
from beholder.evaluation.metrics import Measured, p_text, p_value, resampled, srcc
from beholder.evaluation.raters import EDGES, by_experience, edges_for, rater_agreement
from beholder.models import cost
from beholder.papers import network, runs
from beholder.papers.runs import Outcome, run_all, with_splits
from beholder.papers.study import (
    DEFAULT,
    Study,
    System,
    by_seed,
    difference,
    measured,
    once,
    probe,
    put_together,
    told_apart,
)
from beholder.training import default
from beholder.training.features import features
from beholder.training.multitask import fit, make_network, source_for
from beholder.training.recipe import Recipe
from beholder.training.source import Source, pooled_views

MULTI, SINGLE, SEPARATE, SHORT = "multi-task", "single-task", "separate outputs", "5 epochs"
TRAINING, FINE_TUNING = "training", "fine-tuning"  # as the paper calls stages 1 and 2

# Tables 1, 6 and 8: Spearman's correlation of the overall score, test part.
COMPARISON = {
    "Kong et al. 2016": 0.6782,
    "Hou et al. 2017": 0.6889,
    "Pan et al. 2019, multi-task": 0.6927,
    "Pan et al. 2019, adversarial": 0.7041,
    "Soydaner & Wagemans 2023": 0.7067,
}
PARAMETERS = (  # Table 2: part, Pan et al. 2019, this network
    ("pretrained network", 23_587_712, 14_714_688),
    ("fully connected layers", 1_114_752, 73_920),
    ("output layer, 12 units", 1_548, 780),
)
SCORES_AADB = (4, 35, 79, 147, 152, 165, 224, 76, 103, 15)  # Table 3, tenths of 0 to 1
RATERS = (("(0, 100)", 190, 0.6738), ("[100, 200)", 65, 0.7013), ("[200, ∞)", 42, 0.7112))  # Table 4
ATTRIBUTES_AADB = {  # Table 5: after training, after fine-tuning
    "score": (0.650, 0.707),
    "content": (0.546, 0.593),
    "vivid_color": (0.617, 0.669),
    "object_emphasis": (0.600, 0.639),
    "color_harmony": (0.437, 0.484),
    "depth_of_field": (0.466, 0.497),
    "light": (0.396, 0.445),
    "balancing_elements": (0.264, 0.267),
    "rule_of_thirds": (0.216, 0.235),
    "motion_blur": (0.098, 0.109),
    "symmetry": (0.194, 0.177),
    "repetition": (0.322, 0.355),
}
RANGES_EVA = {  # Table 7: smallest and largest mean rating
    "score": (1.764, 9.032),
    "light_and_color": (1.636, 3.657),
    "composition_and_depth": (1.558, 3.656),
    "quality": (1.441, 3.593),
    "semantics": (1.735, 3.645),
}
SETTINGS_EVA = {MULTI: (0.600, 0.695), SINGLE: (0.604, 0.675)}  # Table 8: after training, after fine-tuning
SCORES_EVA = (0, 3, 16, 64, 144, 231, 100, 11, 1)  # Table 9: below 2, then by 1, the last above 9
ATTRIBUTES_EVA = {  # Table 10, and the overall score from Table 8
    "score": (0.600, 0.695),
    "light_and_color": (0.610, 0.709),
    "composition_and_depth": (0.571, 0.655),
    "quality": (0.463, 0.548),
    "semantics": (0.586, 0.659),
}
ACROSS = {("AADB", "AADB"): 0.707, ("AADB", "EVA"): 0.321, ("EVA", "AADB"): 0.441, ("EVA", "EVA"): 0.695}  # Table 11
FIGURES = {  # scatter, most and least successful predictions, Grad-CAM, correlations
    "aadb": ("Figure 5", "Figure 6", "Figure 7", "Figure 8", "Figure 9"),
    "eva": ("Figure 10", "Figure 11", "Figure 12", "Figure 13", "Figure 14"),
}
EITHER = ("Figures 5, 10", "Figures 6, 11", "Figures 7, 12", "Figures 8, 13", "Figures 9, 14")
SIGNS_STATED = {"motion_blur": (700, 397), "repetition": (0, 1683), "symmetry": (0, 771)}  # Section 4.1: -, +


Settings = runs.Settings[Recipe]


def recipe_for(name: str) -> Recipe:
    """The paper's settings for a data set (Section 4.2 and 5.2.1)."""
    return Recipe(dropout=0.25 if name == "eva" else 0.35)


def reproduce(settings: Settings, where: torch.device) -> Document:
    """Train what is not trained yet, and put the report together.

    Raises:
        BeholderError: as of `beholder.data.load` and `beholder.training.multitask.fit`; ratings that are missing.
    """
    photos = data.load(settings.data, settings.root, drop_leaks=settings.drop_leaks)
    if np.isnan(photos.ratings).any():
        raise BeholderError(f"{photos.name}: some photographs lack a rating; the tables need every task rated for each")
    rounds = with_splits(photos, settings.folds, settings.by_group)
    recipe = settings.recipe
    trainings = {
        MULTI: recipe,
        SINGLE: replace(recipe, single=True),
        SEPARATE: replace(recipe, separate=True, epochs2=0),
        SHORT: replace(recipe, steps1=0, epochs2=0),
    }
    source = source_for(photos, recipe, where, cache=settings.cache)
    results = run_all(rounds, trainings, settings.seeds, settings.work, trainer(source, where))
    views = pooled_views(source, len(photos), recipe.mirror)
    default_views = list(features(photos, default.extractor(default.Recipe()), settings.cache))
    compared = {
        f"linear probe on {recipe.backbone}": probe(rounds, views),
        DEFAULT: probe(rounds, default_views),
    }
    study = put_together(photos, rounds, results, compared, settings.by_group)
    checkpoint = settings.work / f"{MULTI}-seed0-fold0.safetensors"
    trained = fit(rounds[0], replace(recipe, seed=0), source=source, checkpoint=checkpoint, where=where)
    seen = network.Seen(study, trained.network, recipe, settings.work, settings.beside, where)
    return Document(
        f"Soydaner & Wagemans 2023, on {photos.name}",
        _summary(study, settings),
        [
            Section("What was run", [_protocol(study, settings)]),
            Section("The ratings", [*_ratings_aadb(settings), *_ratings_eva(study), *_ratings_here(study)]),
            Section("The overall score", _overall(study, settings)),
            Section("Attributes, and what fine-tuning does", _attributes(study)),
            Section("Single-task against multi-task, and other variants", _variants(study)),
            Section("Where the scores come from", network.maps(seen, FIGURES.get(photos.name, EITHER)[3])),
            Section("Across data sets", [*_across(seen), *_elsewhere(study)]),
        ],
    )


def trainer(source: Source, where: torch.device) -> Callable[[RatedPhotos, Recipe, Path], Outcome]:
    """How `run_all` trains the network of this paper."""

    def train(photos: RatedPhotos, recipe: Recipe, checkpoint: Path) -> Outcome:
        trained = fit(photos, recipe, source=source, checkpoint=checkpoint, where=where)
        test = np.array(photos.splits) == "test"
        stages = {TRAINING: trained.stage1, FINE_TUNING: trained.stage2}
        return Outcome(trained.history, {stage: found[test] for stage, found in stages.items() if found is not None})

    return train


def system(settings: Settings, rounds: Sequence[RatedPhotos], where: torch.device) -> System:
    """The multi-task network, trained with seed 0. Raises as :func:`reproduce`."""
    photos, recipe = rounds[0], settings.recipe
    source = source_for(photos, recipe, where, cache=settings.cache)
    results = run_all(rounds, {MULTI: recipe}, 1, settings.work, trainer(source, where))
    made = make_network(recipe, len(photos.tasks), pretrained=False)
    return System(
        name="Soydaner & Wagemans 2023, multi-task",
        setting=f"{recipe.backbone}, both stages, {len(photos.tasks)} tasks",
        backbone=recipe.backbone,
        views=pooled_views(source, len(photos), recipe.mirror),
        mean=once(photos, results)[:, 0],
        shares=None,
        network=made,
        size=(recipe.side or made.backbone.side,) * 2,
    )


def _summary(study: Study, settings: Settings) -> list[str]:
    photos, multi = study.photos, study.final(MULTI)
    overall = photos.tasks[0].name
    lines = [
        f"Data: {photos.name}, {len(photos)} photographs, of which {len(study.rows)} tested ({study.split}); content "
        f"sha256 `{photos.content_hash[:16]}`. Seeds: {settings.seeds}. Backbone: {settings.recipe.backbone}. "
        "Intervals are 95% bootstrap intervals over photographs.",
        f"The multi-task network's SRCC for {overall} is {measured(study, multi)}.",
        _verdict("Multi-task less single-task", difference(study, multi, study.final(SINGLE))),
    ]
    if (MULTI, FINE_TUNING) in study.predicted:
        gain = difference(study, study.predicted[MULTI, FINE_TUNING], study.predicted[MULTI, TRAINING])
        lines.append(_verdict("After fine-tuning less after training", gain))
    for name, predicted in study.compared.items():
        lines.append(
            _verdict(
                f"Multi-task network less {name} ({measured(study, predicted)})", difference(study, multi, predicted)
            )
        )
    return lines


def _verdict(what: str, found: Measured) -> str:
    return f"{what}: {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}), {told_apart(found)}."


def _protocol(study: Study, settings: Settings) -> Text:
    recipe, photos = settings.recipe, study.photos
    counts = [
        ", ".join(f"{(part.splits or ()).count(name)} {name}" for name in ("train", "validation", "test"))
        for part in study.rounds
    ]
    steps = -(-(study.rounds[0].splits or ()).count("train") // recipe.batch)
    epochs = [
        sum(row["stage"] == 1 for row in result.outcome.history) for result in study.results if result.setting == MULTI
    ]
    return Text(
        "Protocol",
        [
            f"The network of Section 3 on {recipe.backbone}, pixels squashed to one size, mirrored by chance. Stage 1: "
            f"frozen backbone, Adam {recipe.rate1:g}, batch {recipe.batch}, {recipe.epochs1} epochs but at least "
            f"{recipe.steps1} steps ({max(epochs)} epochs here). Stage 2: "
            + (
                f"the backbone's last layers as well, Adam {recipe.rate2:g} times {recipe.decay:g} every "
                f"{recipe.decay_steps:g} steps, {recipe.epochs2} epochs."
                if recipe.epochs2
                else "left out."
            )
            + f" Dropout {recipe.dropout:g}. In each stage the epoch of least validation loss is kept.",
            "Differs from the paper: it trains 5 epochs, which are 665 steps on AADB and 250 on EVA, and would be "
            f"{recipe.epochs1 * steps} here; the row `5 epochs` below does that. Ratings are brought to the unit "
            "interval by the ends of their scale, which the paper leaves unsaid.",
            f"Parts: {'; '.join(counts)}. Split sha256: "
            + ", ".join(f"`{split_hash(part.files, part.splits or ())[:12]}`" for part in study.rounds)
            + ". The linear probe and the DINOv2 head see the train and the validation part, the networks learn from "
            "the train part and choose epochs by the validation part.",
            "Tasks: "
            + " ".join(
                f"{rated.name} ({rated.low:g} to {rated.high:g}): {rated.description}." for rated in photos.tasks
            ),
        ],
    )


def _ratings_aadb(settings: Settings) -> list[Part]:
    """Figure 3, Table 3 and Figure 9a, from AADB's labels, which need no photographs."""
    try:
        labels = aadb.read_labels(data.folder("aadb", settings.beside))
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
            figures.signs(signs),
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
            figures.correlations([("ratings, all photographs", aadb.correlations(labels))], names),
            "A matrix of correlations between the score and eleven attributes.",
            "From the label files. The paper states: content 0.70 and light 0.58 with the score.",
        ),
    ]


def _ratings_eva(study: Study) -> list[Part]:
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


def _ratings_here(study: Study) -> list[Part]:
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
    final = study.final(MULTI)[0, :, 0]
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


def _overall(study: Study, settings: Settings) -> list[Part]:
    photos, rated, multi = study.photos, study.photos.tasks[0], study.final(MULTI)
    rows: list[list[Cell]] = [[name, value, None, None, None, None] for name, value in COMPARISON.items()]
    systems: dict[str, np.ndarray] = {"multi-task network, as here": multi, **study.compared}
    for name, predicted in systems.items():
        rows.append([name, None, *(measured(study, predicted, metric) for metric in ("srcc", "plcc", "krcc", "rmse"))])
    p = p_text(p_value(float(np.mean(by_seed(study, multi))), len(study.rows)))
    error = np.abs(study.final(MULTI)[0, :, 0] - study.truth[:, 0])
    order = np.argsort(study.truth[:, 0])
    best, worst = _extremes(order, error, np.argmin), _extremes(order, error, np.argmax)
    figure = FIGURES.get(photos.name, EITHER)
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
            figures.noise(
                {
                    "multi-task": by_seed(study, multi),
                    "single-task": by_seed(study, study.final(SINGLE)),
                    **{name: by_seed(study, predicted) for name, predicted in study.compared.items()},
                },
                {name: value for name, value in COMPARISON.items() if "Pan" in name or "Soydaner" in name},
            ),
            "A dot for each seed and system, and the published values of three methods.",
            "One training each is what the paper compares; the published values are on AADB.",
        ),
        _parameters(settings),
        _raters(study),
        Picture(
            figure[0],
            "Ratings and predictions",
            figures.scatter(
                study.truth[:, 0],
                multi[0, :, 0],
                f"{rated.name} ({rated.low:g} to {rated.high:g})",
                rated.low,
                rated.high,
            ),
            f"Scatter of {len(study.rows)} photographs, mean rating against prediction.",
            "Seed 0.",
        ),
        _gallery(study, figure[1], "The most successful predictions, from low to high ratings", best),
        _gallery(study, figure[2], "The least successful predictions, from low to high ratings", worst),
    ]


def _parameters(settings: Settings) -> Table:
    name = settings.recipe.backbone
    costs = {found.name: found for found in cost.all_costs()}
    here = costs[name]
    head = here.outputs_12 - here.backbone
    last = (here.outputs_12 - here.outputs_5) // 7 * 12
    parts = (here.backbone, head - last, last)
    rows: list[list[Cell]] = [
        [part, pan, ours, count] for (part, pan, ours), count in zip(PARAMETERS, parts, strict=True)
    ]
    rows.append(["all", sum(row[1] for row in PARAMETERS), sum(row[2] for row in PARAMETERS), here.outputs_12])
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


def _raters(study: Study) -> Part:
    """Table 4, and the network on each rater's own photographs, which is the fair comparison."""
    votes = study.photos.votes
    title = "Human raters: each one's SRCC with the mean of the others"
    if votes is None:
        return Table(
            "Table 4",
            title,
            [Column("photographs rated"), Column("raters", "published"), Column("SRCC, AADB", "published")],
            [list(row) for row in RATERS],
            f"Not measured here: {study.photos.name} comes without single votes.",
        )
    agreement = rater_agreement(votes, len(study.photos))
    edges = edges_for(agreement)
    groups = by_experience(agreement, edges)
    rows: list[list[Cell]] = [[*row, None, None] for row in RATERS]
    for group in groups:
        low, high = group.images
        end = "∞" if np.isinf(high) else f"{high:.0f}"
        found = Measured(
            "srcc", study.photos.tasks[0].name, study.photos.name, "raters", group.raters, group.srcc, *group.interval
        )
        rows.append([f"[{low:.0f}, {end})", None, None, group.raters, found])
    known = agreement.srcc[np.isfinite(agreement.srcc)]
    ours, human = _on_raters_photographs(study)
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
        ["this network", None, COMPARISON["Soydaner & Wagemans 2023"], None, measured(study, study.final(MULTI))]
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


def _on_raters_photographs(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """(R,) SRCC with the mean of the other raters, of the network and of the rater, for raters of 10 photographs."""
    votes, count = study.photos.votes, len(study.photos)
    assert votes is not None
    predicted = np.full(count, np.nan)
    predicted[study.rows] = study.final(MULTI)[0, :, 0]
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


def _mean_measured(values: np.ndarray) -> Measured:
    return Measured(
        "srcc", "", "", "raters", len(values), *resampled(lambda rows: float(values[rows].mean()), len(values))
    )


def _extremes(order: np.ndarray, error: np.ndarray, pick: Callable[[np.ndarray], Any], bins: int = 10) -> list[int]:
    """From each tenth of the photographs by rating, the one with the smallest or largest error."""
    return [int(part[pick(error[part])]) for part in np.array_split(order, bins) if len(part)]


def _gallery(study: Study, number: str, title: str, chosen: Sequence[int]) -> Picture:
    paths = [study.photos.paths[study.rows[index]] for index in chosen]
    captions = [
        f"rated {study.truth[index, 0]:.2f}\npredicted {study.final(MULTI)[0, index, 0]:.2f}" for index in chosen
    ]
    sheet = figures.gallery([_thumbnail(path) for path in paths], captions)
    return Picture(
        number,
        title,
        sheet,
        f"{len(chosen)} photographs with rating and prediction.",
        "Seed 0; one from each tenth of the ratings.",
    )


def _thumbnail(path: Path) -> Image.Image:
    image = Image.fromarray(photo.read(path, (512, 512)).pixels)
    image.thumbnail((400, 400))
    return image


def _attributes(study: Study) -> list[Part]:
    photos = study.photos
    published = {"aadb": ATTRIBUTES_AADB, "eva": ATTRIBUTES_EVA}
    parts: list[Part] = []
    ours: list[list[Cell]] = []
    gains = []
    for index, rated in enumerate(photos.tasks):
        stages = [
            measured(study, study.predicted[MULTI, stage], task=index) if (MULTI, stage) in study.predicted else None
            for stage in (TRAINING, FINE_TUNING)
        ]
        gain = (
            difference(study, study.predicted[MULTI, FINE_TUNING], study.predicted[MULTI, TRAINING], task=index)
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
    label = {"aadb": "Table 5", "eva": "Table 10"}.get(photos.name, "")
    parts.append(
        Table(
            label,
            f"SRCC of every task after training and after fine-tuning, {photos.name}",
            columns,
            ours,
            "Means over seeds.",
        )
    )
    if gains:
        parts.append(
            Picture(
                "",
                "What fine-tuning gains",
                figures.intervals(gains),
                "Difference in SRCC between fine-tuning and training for each task, with intervals.",
            )
        )
    for number, name in (("Table 5", "aadb"), ("Table 10", "eva")):
        if photos.name != name:
            parts.append(
                Table(
                    number,
                    f"SRCC of every task after training and after fine-tuning, {name.upper()}",
                    [Column("task"), Column("training", "published"), Column("fine-tuning", "published")],
                    [[key.replace("_", " "), *values] for key, values in published[name].items()],
                    f"Not measured here: {name.upper()}'s photographs are not at hand.",
                )
            )
    names = [rated.name.replace("_", " ") for rated in photos.tasks]
    matrices = [
        ("ratings, all photographs", _correlations(photos.ratings)),
        ("predictions, tested photographs", _correlations(study.final(MULTI)[0])),
        ("ratings, tested photographs", _correlations(study.truth)),
    ]
    parts.append(
        Picture(
            FIGURES.get(photos.name, EITHER)[4],
            f"Spearman correlations between tasks, {photos.name}",
            figures.correlations(matrices, names),
            "Correlation matrices of the ratings and of the predictions.",
            "The paper compares ratings of all photographs with predictions for the test part; the ratings of the "
            "tested photographs are added. Predictions of tasks correlate more than ratings do, in the paper as "
            "here: they share the units that they are read from, and the ratings' noise is not in them.",
        )
    )
    parts.append(
        Picture(
            "",
            "Training curves",
            figures.curves(
                [result.outcome.history for result in study.results if result.setting == MULTI and result.fold == 0]
            ),
            "Loss and rank correlation by epoch over both stages, a line for each seed.",
            "Multi-task network, first round.",
        )
    )
    return parts


def _correlations(columns: np.ndarray) -> np.ndarray:
    return np.array([[srcc(first, second) for second in columns.T] for first in columns.T])


def _variants(study: Study) -> list[Part]:
    photos, overall = study.photos, study.photos.tasks[0].name
    rows: list[list[Cell]] = [
        ["Pan et al. 2019, single-task", 0.6833, None, None, None, None],
        ["Pan et al. 2019, multi-task", 0.6927, None, None, None, None],
    ]
    for name, aadb_value, eva_values in (
        (SINGLE, 0.6890, SETTINGS_EVA[SINGLE]),
        (MULTI, 0.7067, SETTINGS_EVA[MULTI]),
        (SEPARATE, None, (None, None)),
        (SHORT, None, (None, None)),
    ):
        stages = [
            measured(study, study.predicted[name, stage]) if (name, stage) in study.predicted else None
            for stage in (TRAINING, FINE_TUNING)
        ]
        rows.append([name, aadb_value, *eva_values, *stages])
    parts: list[Part] = [
        Table(
            "Tables 6, 8",
            f"Single-task and multi-task: SRCC of {overall}",
            [
                Column("network"),
                Column("AADB", "published"),
                Column("EVA, training", "published"),
                Column("EVA, fine-tuning", "published"),
                Column(f"{photos.name}, training", "measured"),
                Column(f"{photos.name}, fine-tuning", "measured"),
            ],
            rows,
            f"Means over seeds. `{SEPARATE}`: an output layer for each task (Section 3). `{SHORT}`: stage 1 with the "
            "paper's number of epochs and no more steps. Both in stage 1 only.",
        )
    ]
    multi1, multi2 = study.predicted[MULTI, TRAINING], study.predicted.get((MULTI, FINE_TUNING))
    pairs = [("multi-task less single-task, training", multi1, study.predicted[SINGLE, TRAINING])]
    if multi2 is not None:
        pairs.append(("multi-task less single-task, fine-tuning", multi2, study.predicted[SINGLE, FINE_TUNING]))
    pairs.append(("shared less separate output layer, training", multi1, study.predicted[SEPARATE, TRAINING]))
    pairs.append(("at least 250 steps less 5 epochs, training", multi1, study.predicted[SHORT, TRAINING]))
    pairs += [(f"multi-task less {name}", study.final(MULTI), predicted) for name, predicted in study.compared.items()]
    found = [(label, difference(study, first, second)) for label, first, second in pairs]
    if len(photos.tasks) > 1:
        for index, rated in enumerate(photos.tasks[1:], 1):
            gap = difference(study, multi1, study.predicted[SEPARATE, TRAINING], task=index)
            found.append((f"shared less separate output layer, {rated.name}", gap))
    parts.append(
        Picture(
            "",
            "Differences on the same photographs",
            figures.intervals([(label, gap.value, gap.low, gap.high) for label, gap in found]),
            "Paired differences in SRCC with 95% intervals, and the line of no difference.",
            "Positive: the first is better. Each side is the mean over its seeds.",
        )
    )
    noise: list[list[Cell]] = [
        [label, spread(by_seed(study, first)), spread(by_seed(study, second)), gap]
        for (label, first, second), (_, gap) in zip(pairs, found, strict=False)
    ]
    parts.append(
        Table(
            "",
            f"The same in numbers: SRCC of {overall}",
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
        )
    )
    return parts


def _across(seen: network.Seen) -> list[Part]:
    """Table 11, and this network on photographs of another data set."""
    study = seen.study
    here = measured(study, study.final(MULTI))
    rows: list[list[Cell]] = [[first, second, value, None] for (first, second), value in ACROSS.items()]
    rows.append([study.photos.name, study.photos.name, None, here])
    note = "Where nothing is measured, the photographs of one of the two are not at hand. "
    for name in ("aadb", "eva", "biq2021", "oasis"):
        found = None if name == study.photos.name else network.across(seen, name)
        if found:
            rows.append([study.photos.name, name, None, found])
    if any(row[1] == "biq2021" for row in rows):
        note += (
            f"BIQ2021 rates technical quality, not aesthetics; {network.ACROSS_COUNT} of its photographs, drawn with "
            "seed 0, were scored by the network of seed 0 and the first round."
        )
    columns = [Column("trained on"), Column("tested on"), Column("SRCC", "published"), Column("SRCC", "measured")]
    return [Table("Table 11", "Across data sets, the overall score", columns, rows, note)]


def _elsewhere(study: Study) -> list[Part]:
    """Figures of the paper's other data set, where this one is one of its two."""
    title = "As the figure of the other data set"
    return [
        Missing(number, title, f"{name.upper()} is another data set: `beholder reproduce soydaner2023 --data {name}`.")
        for name, figures_of in FIGURES.items()
        if study.photos.name in FIGURES and name != study.photos.name
        for number in figures_of
    ]
