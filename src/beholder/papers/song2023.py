"""Song et al. (2023), image aesthetic assessment by pre-activated semantics: reconstructed, run on other photographs.

The text that this follows lost its equations and the values of its tables, so no published number stands in the report;
where the text says in words which variant is best, that stands beside what was measured. The paper trains on AVA and
tests on AVA and TID2013, whose photographs are not at hand.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from beholder import data, photo, progress
from beholder.data.folds import split_hash
from beholder.data.histograms import as_shares, deviations, distribution, means, numbers_of_votes
from beholder.data.rated import RatedPhotos
from beholder.errors import BeholderError
from beholder.evaluation import figures
from beholder.evaluation.document import Cell, Column, Document, Missing, Part, Picture, Section, Table, Text
from beholder.evaluation.metrics import Measured, accuracy, bootstrap, plcc, resampled, srcc
from beholder.extras import require
from beholder.models.gradcam import grad_cam
from beholder.models.semantic import BINS, WIDTHS, Semantic
from beholder.papers import runs
from beholder.papers.network import keep_json, read_json
from beholder.papers.runs import Outcome, Result, run_all, with_splits
from beholder.papers.study import DEFAULT, Study, System, once, probe, put_together, told_apart
from beholder.training import default
from beholder.training.features import features
from beholder.training.publish_semantic import pooled_views
from beholder.training.semantic import Recipe, answers, fit, make_network, predict, rebuilding_error, source_for
from beholder.training.shapes import ShapedSource, by_shape

TRAINING, FINE_TUNING = "training", "fine-tuning"  # stages 1 and 2
COMPLETE, NO_ACT, NO_SPLIT, NEITHER = "complete", "without activation", "without split", "without both"
NO_DECODER, ENCODING = "without auto-encoder", "auto-encoder only"
MAPS = (1, 4, 64)  # P beside the recipe's
FORMS = ("l1", "js", "kl")
# What settings were tried with on the validation part of the first round of OASIS, one changed at a time, in stage 1.
TRIAL = Recipe(maps=16, weight_act=0.1, weight_rebuilt=0, epochs1=15, rate1=0.03, epochs2=0, decay=0.9)
TRIED: tuple[dict[str, Any], ...] = (
    {},
    *({"rate1": rate} for rate in (0.003, 0.01, 0.1)),
    *({"weight_act": weight} for weight in (0.01, 0.03, 0.3, 1)),
    *({"weight_rebuilt": weight} for weight in (0.1, 1, 10)),
)
ACROSS_COUNT = 300  # photographs of another data set
SHOWN = 2  # photographs of a low and of a high rating in a sheet


Settings = runs.Settings[Recipe]


def recipe_for(name: str) -> Recipe:
    """Settings for a data set: the same for all, as nothing else was tried on any other."""
    return Recipe()


def settings_of(recipe: Recipe) -> dict[str, Recipe]:
    """Every ablation by name, each in stage 1 only, to be compared with the complete model after stage 1."""
    first = stage1(recipe)
    return {
        NO_ACT: replace(first, act=False),
        NO_SPLIT: replace(first, separate=False),
        NEITHER: replace(first, act=False, separate=False),
        NO_DECODER: replace(first, weight_rebuilt=0),
        **{f"{count} maps": replace(first, maps=count) for count in MAPS if count != recipe.maps},
        **{f"{form} loss": replace(first, activation=form) for form in FORMS if form != recipe.activation},
    }


def trials(recipe: Recipe) -> dict[str, Recipe]:
    """What was tried, by name, with the encoder of a recipe."""
    base = replace(TRIAL, backbone=recipe.backbone, side=recipe.side)
    return {f"tried {_changes(changed)}": replace(base, **changed) for changed in TRIED}


def _changes(changed: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:g}" for key, value in changed.items()) or "as it is"


def stage1(recipe: Recipe) -> Recipe:
    """Without stage 2, and with its settings as they are without being set: a change of them trains nothing anew."""
    return replace(recipe, epochs2=0, rate2=Recipe.rate2, rate_encoder=Recipe.rate_encoder)


def reproduce(settings: Settings, where: torch.device) -> Document:
    """Train what is not trained yet, and put the report together.

    Raises:
        BeholderError: as of `beholder.data.load` and `beholder.training.semantic.fit`; data without votes; scikit-learn
            is not installed.
    """
    require("sklearn.manifold", "train", "t-SNE")
    photos = data.load(settings.data, settings.root, drop_leaks=settings.drop_leaks)
    if photos.histogram is None:
        raise BeholderError(f"{photos.name}: no numbers of votes, which this paper is about; choose oasis or ava")
    recipe, work = settings.recipe, settings.work
    rounds = with_splits(photos, settings.folds, settings.by_group)
    source = source_for(photos, replace(recipe, mirror=True), where, cache=settings.cache)
    train = trainer(source, where)
    tried = run_all(rounds[:1], trials(recipe), 1, work, train) if photos.name == "oasis" else []
    ablations = settings_of(recipe)
    without = ablations.pop(NO_ACT)
    results: list[Result] = []
    for parts, chosen in (  # one call each for those whose first network is looked at, as its checkpoint is kept
        (rounds, {COMPLETE: recipe}),
        (rounds, {NO_ACT: without}),
        (rounds, ablations),
    ):
        results += run_all(parts, chosen, settings.seeds, work, train)
    only = {ENCODING: replace(stage1(recipe), act=False, weight_emd=0)}
    run_all(rounds[:1], only, 1, work, train)
    study = put_together(photos, rounds, results, compared(rounds, source, recipe, settings.cache), settings.by_group)

    def network(name: str, chosen: Recipe) -> Semantic:
        checkpoint = work / f"{name.replace(' ', '-')}-seed0-fold0.safetensors"
        return fit(rounds[0], replace(chosen, seed=0), source=source, checkpoint=checkpoint, where=where).network

    complete = network(COMPLETE, recipe)
    plain, encoding = network(NO_ACT, without), network(ENCODING, only[ENCODING])
    return Document(
        f"Song et al. 2023, on {photos.name}",
        _summary(study, settings),
        [
            Section("What was run", [_protocol(study, settings), *_tried(tried), *_curves(study)]),
            Section("Comparison with baselines", _comparison(study)),
            Section("Ablations", _ablations(study, recipe)),
            Section(
                "What the features hold",
                [
                    _rebuilt(study, source, {COMPLETE: (complete, recipe), ENCODING: (encoding, only[ENCODING])}),
                    *_maps(study, source, {ENCODING: encoding, NO_ACT: plain, COMPLETE: complete}),
                    _tsne(study, source, recipe, where),
                ],
            ),
            Section("Across data sets", _across(study, settings, complete, where)),
        ],
    )


def trainer(source: ShapedSource, where: torch.device) -> Callable[[RatedPhotos, Recipe, Path], Outcome]:
    """How `run_all` trains the network of this paper; predicted are (n, M) distributions."""

    def train(photos: RatedPhotos, recipe: Recipe, checkpoint: Path) -> Outcome:
        trained = fit(photos, recipe, source=source, checkpoint=checkpoint, where=where, told=_told)
        test = np.array(photos.splits) == "test"
        stages = {TRAINING: trained.stage1, FINE_TUNING: trained.stage2}
        return Outcome(trained.history, {stage: found[test] for stage, found in stages.items() if found is not None})

    return train


def _told(row: dict[str, Any]) -> None:
    progress.note(
        f"stage {row['stage']}, epoch {row['epoch']}: loss {row['loss']:.4f}, validation EMD "
        f"{row['validation_loss']:.4f}, SRCC {row['validation_srcc']:.3f}, {row['seconds']:.0f} s"
    )


def system(settings: Settings, rounds: Sequence[RatedPhotos], where: torch.device) -> System:
    """The complete model, trained with seed 0. Raises as :func:`reproduce`."""
    photos, recipe = rounds[0], settings.recipe
    assert photos.histogram is not None
    source = source_for(photos, replace(recipe, mirror=True), where, cache=settings.cache)
    results = run_all(rounds, {COMPLETE: recipe}, 1, settings.work, trainer(source, where))
    shares, values = once(photos, results), photos.histogram.values
    shapes, counts = np.unique(source.shapes, axis=0, return_counts=True)
    width, height = (int(side) for side in shapes[np.argmax(counts)])
    return System(
        name="Song et al. 2023, complete",
        setting=f"{recipe.backbone}, both stages, {len(values)} values that can be voted; the aspect ratio is kept, "
        f"costs are those of {width} x {height} px",
        backbone=recipe.backbone,
        views=pooled_views(source, True),
        mean=means(shares, values),
        shares=shares,
        network=_Scoring(make_network(recipe, len(values), pretrained=False)),
        size=(height, width),
    )


class _Scoring(nn.Module):
    """The network as it scores: without its decoder."""

    def __init__(self, network: Semantic) -> None:
        super().__init__()
        del network.decoder
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.network.forward_tail(self.network.backbone.forward_features(pixels)).distribution


def compared(
    rounds: Sequence[RatedPhotos], source: ShapedSource, recipe: Recipe, cache: Path | None
) -> dict[str, np.ndarray]:
    """(N, M) distributions by simpler systems, fitted to the train and validation part of each round."""
    photos = rounds[0]
    views = pooled_views(source, True)
    seen = list(features(photos, default.extractor(default.Recipe()), cache))
    assert photos.histogram is not None
    shares = distribution(photos.histogram)
    average = np.full(shares.shape, np.nan)
    for part in rounds:
        test = np.array(part.splits) == "test"
        average[test] = shares[~test].mean(axis=0)
    return {
        f"linear probe on {recipe.backbone}": as_shares(probe(rounds, views, shares)),
        DEFAULT: as_shares(probe(rounds, seen, shares)),
        "mean distribution of the photographs learned from": average,
    }


# Metrics of distributions (Table 2)


@dataclass(frozen=True)
class Columns:
    """What the metrics read of n distributions: means and standard deviations (n,), cumulative shares (n, M)."""

    mean: np.ndarray
    sd: np.ndarray
    below: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> "Columns":
        return Columns(self.mean[rows], self.sd[rows], self.below[rows])


METRICS: dict[str, Callable[[Columns, Columns, float], float]] = {
    "SRCC, mean": lambda truth, found, middle: srcc(truth.mean, found.mean),
    "PLCC, mean": lambda truth, found, middle: plcc(truth.mean, found.mean),
    "SRCC, SD": lambda truth, found, middle: srcc(truth.sd, found.sd),
    "PLCC, SD": lambda truth, found, middle: plcc(truth.sd, found.sd),
    "accuracy": lambda truth, found, middle: accuracy(truth.mean, found.mean, middle),
    "EMD": lambda truth, found, middle: float(np.abs(truth.below - found.below).mean()),
}
LESS_IS_BETTER = ("EMD",)


def columns_of(shares: np.ndarray, values: np.ndarray) -> Columns:
    return Columns(means(shares, values), deviations(shares, values), shares.cumsum(axis=1))


def _values(study: Study) -> np.ndarray:
    assert study.photos.histogram is not None
    return study.photos.histogram.values


def _truth(study: Study) -> np.ndarray:
    """(n, M) shares of the votes for the tested photographs."""
    assert study.photos.histogram is not None
    return distribution(study.photos.histogram)[study.rows]


def _middle(study: Study) -> float:
    return float(_values(study)[[0, -1]].mean())


def measured(study: Study, metric: str, first: np.ndarray, second: np.ndarray | None = None) -> Measured:
    """A metric, its mean over seeds, with its interval over photographs; less that of ``second`` where it is given.

    Args:
        first, second: (seeds, n, M) or (n, M).
    """
    values, middle = _values(study), _middle(study)
    truth = columns_of(_truth(study), values)
    sides = [
        [columns_of(shares, values) for shares in (side if side.ndim == 3 else side[None])]
        for side in (first, second)
        if side is not None
    ]

    def statistic(rows: np.ndarray) -> float:
        drawn = truth[rows]
        found = [np.mean([METRICS[metric](drawn, seed[rows], middle) for seed in side]) for side in sides]
        return float(found[0] - sum(found[1:]))

    value, low, high = resampled(statistic, len(study.rows))
    return Measured(
        metric, study.photos.tasks[0].name, study.photos.name, study.split, len(study.rows), value, low, high
    )


def _row(study: Study, name: str, predicted: np.ndarray) -> list[Cell]:
    return [name, *(measured(study, metric, predicted) for metric in METRICS)]


def _columns(first: str) -> list[Column]:
    return [Column(first), *(Column(metric, "measured") for metric in METRICS)]


# The report


def _summary(study: Study, settings: Settings) -> list[str]:
    photos, complete = study.photos, study.final(COMPLETE)
    lines = [
        f"Data: {photos.name}, {len(photos)} photographs, of which {len(study.rows)} tested ({study.split}); content "
        f"sha256 `{photos.content_hash[:16]}`. Seeds: {settings.seeds}. Encoder: {settings.recipe.backbone}. Intervals "
        "are 95% bootstrap intervals over photographs.",
        "A reconstruction: the text of the paper at hand lost its equations and the values of its tables. No published "
        "number stands here; what the text says in words does.",
        f"The complete model's SRCC is {measured(study, 'SRCC, mean', complete)} for the mean of "
        f"{photos.tasks[0].name} and {measured(study, 'SRCC, SD', complete)} for the standard deviation of the votes; "
        f"its EMD {measured(study, 'EMD', complete)}.",
        *(
            ["One training of each setting: how trainings with another seed would differ is in no interval."]
            if settings.seeds == 1
            else []
        ),
    ]
    pairs: list[tuple[str, np.ndarray, np.ndarray]] = []
    stage1 = study.predicted[COMPLETE, TRAINING]
    if (COMPLETE, FINE_TUNING) in study.predicted:
        pairs.append(("After fine-tuning less after training", study.predicted[COMPLETE, FINE_TUNING], stage1))
    pairs += [
        (f"Complete less {name}, after training", stage1, study.predicted[name, TRAINING])
        for name in (NO_ACT, NO_SPLIT, NO_DECODER)
    ]
    pairs += [(f"Complete less {name}", complete, found) for name, found in list(study.compared.items())[:2]]
    return lines + [_verdict(what, measured(study, "SRCC, mean", first, second)) for what, first, second in pairs]


def _verdict(what: str, found: Measured) -> str:
    return (
        f"{what}: {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}) in SRCC of the mean, {told_apart(found)}."
    )


def _protocol(study: Study, settings: Settings) -> Text:
    recipe, photos = settings.recipe, study.photos
    assert photos.histogram is not None
    counts = [
        ", ".join(f"{(part.splits or ()).count(name)} {name}" for name in ("train", "validation", "test"))
        for part in study.rounds
    ]
    votes = numbers_of_votes(photos.histogram)
    seconds = {
        stage: [row["seconds"] for result in study.results for row in result.outcome.history if row["stage"] == stage]
        for stage in (1, 2)
    }
    timed = "; ".join(
        f"{np.median(found):.0f} s an epoch of stage {stage} (median)" for stage, found in seconds.items() if found
    )
    return Text(
        "Protocol",
        [
            f"{recipe.backbone} as the encoder, short edge {recipe.side} px, aspect ratio kept, mirrored by chance; "
            f"M = {len(photos.histogram.values)} groups of P = {recipe.maps} maps; a decoder of widths "
            f"{', '.join(map(str, WIDTHS))}; spatial pyramid pooling with "
            f"{', '.join(str(bins * bins) for bins in BINS)} bins; split regressor.",
            f"Loss: {recipe.weight_emd:g} EMD (exponent 2) + {recipe.weight_act:g} activation loss "
            f"({recipe.activation.upper()}) + {recipe.weight_rebuilt:g} mean squared error of pixels (0 to 1). SGD, "
            f"momentum {recipe.momentum:g}, batch {recipe.batch}, rates times {recipe.decay:g} an epoch. Stage 1: "
            f"frozen encoder, rate {recipe.rate1:g}, {recipe.epochs1} epochs. Stage 2: "
            + (
                f"the encoder's last layers as well ({', '.join(_encoder(recipe))}), rate {recipe.rate_encoder:g}, and "
                f"{recipe.rate2:g} for the rest, {recipe.epochs2} epochs."
                if recipe.epochs2
                else "left out."
            )
            + " In each stage the epoch of least validation EMD is kept; networks looked at are of the stage that "
            "has less of it. All ablations are of stage 1 only, and stand beside the complete model after stage 1.",
            "From the paper's text: the encoder, the short edge, mirroring, the three losses and EMD's exponent as in "
            "the works it follows, SGD with momentum 0.9, L1 as the form of the activation loss. Ours, as the text "
            "lost or lacks it: the decoder's layers, the softmax after group average pooling, P, the weights of the "
            "losses, rates, batch and epochs, and that training has two stages: the paper trains all layers at once on "
            "AVA, which has 500 times as many photographs.",
            f"Parts: {'; '.join(counts)}. Split sha256: "
            + ", ".join(f"`{split_hash(part.files, part.splits or ())[:12]}`" for part in study.rounds)
            + f". Votes a photograph: {votes.min()} to {votes.max()}, {votes.mean():.0f} on average. The probes see "
            "the train and the validation part, the networks learn from the train part and choose epochs by the "
            "validation part.",
            f"Time, on a machine with other work: {timed}.",
        ],
    )


def _encoder(recipe: Recipe) -> list[str]:
    from beholder.models import backbone

    return list(backbone.create(recipe.backbone, pretrained=False).tuned)


def _tried(results: Sequence[Result]) -> list[Part]:
    if not results:
        return []
    rows: list[list[Cell]] = []
    for result in results:
        best = min(result.outcome.history, key=lambda row: float(row["validation_loss"]))
        found = (float(best["validation_loss"]), float(best["validation_srcc"]))
        rows.append([result.setting.removeprefix("tried "), best["epoch"], *found])
    base = ", ".join(f"{key} {getattr(TRIAL, key):g}" for key in sorted({key for changed in TRIED for key in changed}))
    return [
        Table(
            "",
            "What was tried on the validation part of the first round",
            [
                Column("changed"),
                *(Column(what, "measured") for what in ("best epoch", "validation EMD", "SRCC, mean")),
            ],
            rows,
            f"Stage 1, {TRIAL.epochs1} epochs; beginning from {base}. EMD with exponent 2. The rate of stage 1 and "
            "its epochs were chosen by this. The weights of the losses stayed as they had been set beforehand, as "
            "these few photographs hardly tell them apart. So were the rates of stage 2: it goes on with about the "
            "rate that stage 1 ends with, and a tenth of it for the encoder. No tested photograph of the first round "
            "had a part in it; those of the other rounds are among the photographs here, as with any settings chosen "
            "once.",
            digits=4,
        )
    ]


def _curves(study: Study) -> list[Part]:
    histories = [result.outcome.history for result in study.results if result.setting == COMPLETE and result.fold == 0]
    return [
        Picture(
            "",
            "Training curves",
            figures.curves(histories, "loss (training: sum of three)"),
            "Loss and rank correlation by epoch over both stages, a line for each seed.",
            "Complete model, first round. The training loss is the weighted sum of the three, the validation loss EMD "
            "alone.",
        )
    ]


def _comparison(study: Study) -> list[Part]:
    stages = [
        (stage, study.predicted[COMPLETE, stage])
        for stage in (TRAINING, FINE_TUNING)
        if (COMPLETE, stage) in study.predicted
    ]
    rows = [_row(study, f"complete, after {stage}", found) for stage, found in stages]
    rows += [_row(study, name, found) for name, found in study.compared.items()]
    complete = study.final(COMPLETE)
    pairs = [
        (f"{metric}: complete less {name}", measured(study, metric, complete, found))
        for name, found in list(study.compared.items())[:2]
        for metric in METRICS
    ]
    values = _values(study)
    return [
        Table(
            "Table 2",
            f"Metrics of the predicted distributions, {study.photos.name}",
            _columns("system"),
            rows,
            "The paper's values are lost. Its text says of AVA: the model is best in SRCC (mean), SRCC (SD) and PLCC "
            "(SD), second in PLCC (mean), and relatively inferior in accuracy, where AFDC is best, as it is in PLCC "
            f"(mean). Accuracy: on the same side of {_middle(study):g}. EMD: mean absolute difference of cumulative "
            "shares (exponent 1), less is better. The linear systems are ridge regressions on the shares, cut at 0 and "
            "brought to a sum of 1; their mean is that of these shares.",
        ),
        Picture(
            "",
            "Differences on the same photographs",
            figures.intervals([(label, gap.value, gap.low, gap.high) for label, gap in pairs], label="difference"),
            "Paired differences between the complete model and the linear systems in each metric, with 95% intervals.",
            "Positive: the complete model has more, which is better but for EMD.",
        ),
        Picture(
            "",
            "Ratings and predictions",
            figures.scatter(
                means(_truth(study), values),
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
            figures.scatter(
                deviations(_truth(study), values),
                deviations(complete[0], values),
                "standard deviation in points",
                float(min(deviations(_truth(study), values))),
                float(max(deviations(_truth(study), values))),
                "votes",
            ),
            f"Scatter of {len(study.rows)} photographs, standard deviation of the votes against the predicted one.",
            "Seed 0, after the last stage.",
        ),
    ]


def _ablations(study: Study, recipe: Recipe) -> list[Part]:
    complete = study.predicted[COMPLETE, TRAINING]

    def rows(names: Sequence[str]) -> list[list[Cell]]:
        return [
            _row(study, COMPLETE, complete),
            *(_row(study, name, study.predicted[name, TRAINING]) for name in names),
        ]

    gaps = [
        (f"{COMPLETE} less {name}", measured(study, "SRCC, mean", complete, study.predicted[name, TRAINING]))
        for name in (NO_ACT, NO_SPLIT, NEITHER, NO_DECODER)
    ]
    forms = [form for form in FORMS if form != recipe.activation]
    gaps += [
        (
            f"{recipe.activation.upper()} less {form.upper()}",
            measured(study, "SRCC, mean", complete, study.predicted[f"{form} loss", TRAINING]),
        )
        for form in forms
    ]
    by_maps = sorted(
        [
            (recipe.maps, complete),
            *((count, study.predicted[f"{count} maps", TRAINING]) for count in MAPS if count != recipe.maps),
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
    after = "All after stage 1, same folds and epochs."
    return [
        Table(
            "Table 3",
            "Without the activation loss, without the split regressor, without both",
            _columns("model"),
            rows((NO_ACT, NO_SPLIT, NEITHER, NO_DECODER)),
            f"{after} The paper's values are lost. Its text says: without the activation loss (w/o Act) is worst; "
            "without it a split regressor is a mismatch, and a joint one does better; without the split (w/o Split) is "
            f"slightly worse than the complete model. The row `{NO_DECODER}` is ours.",
        ),
        Picture(
            "",
            "Differences on the same photographs",
            figures.intervals(
                [(label, gap.value, gap.low, gap.high) for label, gap in gaps], label="difference in SRCC of the mean"
            ),
            "Paired differences in SRCC of the mean with 95% intervals.",
            "Positive: the first is better.",
        ),
        Picture(
            "Figure 9",
            "Maps for each value that can be voted",
            figures.by_size([count for count, _ in by_maps], curves, "P, feature maps a group", "rank correlation"),
            "Rank correlation of the mean and of the standard deviation by the number of maps, with 95% intervals.",
            f"{after} Bands: 95% intervals over photographs. What the paper found is lost with its figure.",
        ),
        Table(
            "Table 4",
            "Forms of the activation loss",
            _columns("form"),
            [
                [{COMPLETE: recipe.activation.upper()}.get(str(name), str(name).removesuffix(" loss").upper()), *cells]
                for name, *cells in rows([f"{form} loss" for form in forms])
            ],
            f"{after} The paper's values are lost. Its text says: JS is worst, KL slightly better, both much worse "
            "than L1. All have the same weight here, though their sizes differ.",
        ),
    ]


def _extremes(study: Study) -> np.ndarray:
    """Rows of tested photographs of the first round with low and with high ratings."""
    test = np.flatnonzero(np.array(study.rounds[0].splits) == "test")
    order = test[np.argsort(study.photos.ratings[test, 0])]
    return np.concatenate([order[:SHOWN], order[-SHOWN:]])


def _shown(source: ShapedSource, row: int) -> np.ndarray:
    """(H, W, 3) a photograph as the network sees it."""
    return source.pixels(np.array([row]), np.zeros(1, bool))[0].permute(1, 2, 0).byte().cpu().numpy()


def _rebuilt(study: Study, source: ShapedSource, networks: dict[str, tuple[Semantic, Recipe]]) -> Part:
    """What the decoders make of the features."""
    rows = _extremes(study)
    pictures, captions = [], []
    test = np.flatnonzero(np.array(study.rounds[0].splits) == "test")
    errors = {
        name: rebuilding_error(network, source, 2 if recipe.epochs2 else 1, test)
        for name, (network, recipe) in networks.items()
    }
    for row in rows:
        pictures += [_shown(source, row)]
        captions += ["photograph"]
        for name, (network, recipe) in networks.items():
            [(_, answer)] = answers(network, source, 2 if recipe.epochs2 else 1, row[None], rebuilt=True)
            assert answer.rebuilt is not None
            pictures.append((answer.rebuilt[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy())
            captions.append(name)
    greys = [
        ((source.pixels(part, np.zeros(len(part), bool)) / 255 - 0.5) ** 2).mean().item() * len(part)
        for part in by_shape(source.shapes, test, len(test))
    ]
    errors["middle grey for every pixel"] = sum(greys) / len(test)
    told = "; ".join(f"{name} {error:.4f}" for name, error in errors.items())
    return Picture(
        "",
        "Photographs rebuilt from the features",
        figures.gallery(pictures, captions, 1 + len(networks)),
        "Photographs, and what two decoders make of their features.",
        f"Mean squared error of pixels, 0 to 1, over the {len(test)} tested photographs of the first round: {told}.",
    )


def _maps(study: Study, source: ShapedSource, networks: dict[str, Semantic]) -> list[Part]:
    """Figure 10: Grad-CAM of what group average pooling foretells in three networks, and of three values' shares."""
    rows, values, truth = _extremes(study), _values(study), distribution(study.photos.histogram)  # type: ignore[arg-type]
    shown = [_shown(source, row) for row in rows]
    most = [int(truth[row].argmax()) for row in rows]

    def cam(network: Semantic, row: int, bucket: int, activated: bool) -> np.ndarray:
        pixels = source.pixels(np.array([row]), np.zeros(1, bool)).byte()

        def target(answer: Any) -> torch.Tensor:
            return (answer.activated if activated else answer.distribution)[:, bucket]

        found: np.ndarray = 100 * grad_cam(network, pixels, target, "project")[0].cpu().numpy()
        return found

    captions = [f"rated {study.photos.ratings[row, 0]:.2f}" for row in rows]
    unit = "percentage points"
    chosen = [0, len(values) // 2, len(values) - 1]
    return [
        Picture(
            "Figure 10",
            "Grad-CAM of the group of the value that most people voted",
            figures.maps(
                shown,
                [
                    [cam(network, row, bucket, True) for network in networks.values()]
                    for row, bucket in zip(rows, most, strict=True)
                ],
                list(networks),
                [f"{text}, most voted {values[bucket]:g}" for text, bucket in zip(captions, most, strict=True)],
                unit,
            ),
            "Photographs with signed heat maps of three networks.",
            "Of the share that group average pooling foretells for that value, at the projected features: orange "
            "raises it, blue lowers it. The paper's columns: auto-encoder alone, without activation loss, complete.",
        ),
        Picture(
            "",
            "Grad-CAM of the predicted share of three values, complete model",
            figures.maps(
                shown,
                [[cam(networks[COMPLETE], row, bucket, False) for bucket in chosen] for row in rows],
                [f"votes of {values[bucket]:g}" for bucket in chosen],
                captions,
                unit,
            ),
            "Photographs with signed heat maps for the lowest, the middle and the highest vote.",
            "At the projected features, in points of the predicted share.",
        ),
    ]


def _tsne(study: Study, source: ShapedSource, recipe: Recipe, where: torch.device) -> Part:
    """Figure 11."""
    manifold = require("sklearn.manifold", "train", "t-SNE")
    truth = _truth(study)
    drawn = predict(make_network(recipe, truth.shape[1]).to(where), source, 1, study.rows)
    panels = []
    for name, found in (
        ("random", drawn),
        (NO_ACT, study.predicted[NO_ACT, TRAINING][0]),
        ("complete", study.final(COMPLETE)[0]),
    ):
        places = manifold.TSNE(2, perplexity=min(30, len(truth) / 2), init="pca", random_state=0).fit_transform(
            np.concatenate([truth, found]).astype(np.float32)
        )
        apart = float(np.abs(truth.cumsum(axis=1) - found.cumsum(axis=1)).mean())
        panels.append((f"{name}, EMD {apart:.3f}", places[: len(truth)], places[len(truth) :]))
    return Picture(
        "Figure 11",
        "t-SNE of the votes and of the predicted distributions",
        figures.embeddings(panels, ("votes", "predicted")),
        "Three scatter plots of truth and prediction: random, without activation loss, complete.",
        f"{len(truth)} tested photographs; votes and predictions are laid out together, for each model anew (scikit-"
        "learn, seed 0). The random model is the network before training, the second after stage 1. Places and "
        "distances between groups mean little in t-SNE; what counts is whether the two kinds of points mix.",
    )


def _across(study: Study, settings: Settings, network: Semantic, where: torch.device) -> list[Part]:
    rows: list[list[Cell]] = []
    missing = []
    for name in ("tid2013", "biq2021", "ava"):
        if name == study.photos.name:
            continue
        try:
            other = data.load(name, settings.beside, drop_leaks=True, drop_missing=name == "ava")
        except BeholderError:
            missing.append(name)
            continue
        truth, found = _scored(study, settings, network, other, where)
        names = (other.tasks[0].name, name, "seed 0", len(truth))
        cells = [
            Measured(key, *names, *bootstrap(metric, truth, found)) for key, metric in (("srcc", srcc), ("plcc", plcc))
        ]
        rows.append([study.photos.name, f"{name} ({other.tasks[0].name})", len(truth), *cells])
    parts: list[Part] = []
    note = (
        "The paper's: trained on AVA, tested on TID2013 without fine-tuning, values lost; its text says that the model "
        "is significantly ahead of two earlier ones in both."
    )
    if rows:
        columns = [
            Column("trained on"),
            Column("tested on"),
            Column("photographs"),
            *(Column(m, "measured") for m in ("SRCC, mean", "PLCC, mean")),
        ]
        noted = (
            f"{note} Drawn with seed 0, scored by the complete model of the first round. BIQ2021 rates technical "
            "quality, not aesthetics."
        )
        parts.append(Table("Table 5", "Across data sets", columns, rows, noted))
    if missing:
        parts.append(
            Missing(
                "" if rows else "Table 5",
                f"Across data sets: {', '.join(missing)}",
                f"The photographs of {' and '.join(missing)} are not at hand." + ("" if rows else f" {note}"),
            )
        )
    if study.photos.name != "ava":
        parts.append(
            Missing(
                "",
                "The paper's own experiment",
                "AVA's 250,000 photographs are not at hand: `beholder reproduce song2023 --data ava`.",
            )
        )
    return parts


def _scored(
    study: Study, settings: Settings, network: Semantic, other: RatedPhotos, where: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """Ratings and predicted means for photographs of another data set; kept."""
    path = settings.work / f"across-{other.name}.json"
    key = json.loads(json.dumps([str(settings.recipe), study.photos.content_hash, other.content_hash, ACROSS_COUNT]))
    document = read_json(path)
    if document.get("key") != key:
        rows = np.flatnonzero(np.array(other.splits) == "test") if other.splits else np.arange(len(other))
        rows = np.sort(np.random.default_rng(0).permutation(rows)[:ACROSS_COUNT])
        progress.note(f"across data sets: {len(rows)} photographs of {other.name}")
        scores: list[float] = []
        with progress.bar(f"photographs of {other.name}", len(rows)) as bar:
            for row in rows:
                scores.append(_mean(network, other.paths[row], settings.recipe.side, _values(study), where))
                bar.advance(bar.task_ids[0])
        document = {"key": key, "rows": rows.tolist(), "scores": scores}
        keep_json(path, document)
    return other.ratings[document["rows"], 0], np.array(document["scores"])


def _mean(network: Semantic, path: Path, side: int, values: np.ndarray, where: torch.device) -> float:
    found = photo.read(path, (2 * side, 2 * side))
    pixels = photo.squash(found, photo.short_edge(found.width, found.height, side, str(path)))
    with torch.inference_mode():
        maps = network.backbone.forward_features(torch.from_numpy(pixels)[None].permute(0, 3, 1, 2).to(where))
        shares = network.forward_tail(maps).distribution.float().cpu().numpy()
    return float(means(shares, values)[0])
