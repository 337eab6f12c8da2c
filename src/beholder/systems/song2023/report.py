"""Song et al. (2023), image aesthetic assessment by pre-activated semantics: reconstructed, run on other photographs.

The text that this follows lost its equations and the values of its tables, so no published number stands in the report;
where the text says in words which variant is best, that stands beside what was measured. The paper trains on AVA and
tests on AVA and TID2013, whose photographs are not at hand.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from beholder.data.vote_distributions import numbers_of_votes
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.metrics import Estimate
from beholder.models.backbones.base import create_backbone
from beholder.reporting import charts
from beholder.reporting.document import Cell, Column, Document, Part, Picture, Section, Table, Text
from beholder.splits import split_hash
from beholder.systems.report_parts import last_stage_sentence
from beholder.systems.song2023.distribution_metrics import (
    measured,
)
from beholder.systems.song2023.experiment import (
    AUTOENCODER_ONLY,
    CHANGES_TRIED,
    COMPLETE,
    FINE_TUNING,
    HOW,
    RATES_TRIED,
    TRAINING,
    TRIAL_RECIPE,
    WITHOUT_ACTIVATION,
    WITHOUT_DECODER,
    WITHOUT_SPLIT,
    SongConfig,
    autoencoder_only,
    chosen_recipe,
    compared,
    kept_arrays,
    settings_of,
    study_inputs,
    trainer,
    training_counts,
)
from beholder.systems.song2023.network import DECODER_WIDTHS, PYRAMID_BINS, Semantic
from beholder.systems.song2023.recipe import WHOLE, SongRecipe
from beholder.systems.song2023.report_across import across_part
from beholder.systems.song2023.report_features import maps_part, rebuilt_part, tsne_part, votes_part
from beholder.systems.song2023.report_tables import ablations_part, comparison_part, how_ablated
from beholder.systems.song2023.train import fit, with_votes
from beholder.systems.study import Study, assemble, significant
from beholder.systems.study_plan import announce
from beholder.systems.study_runs import Result, split_into_folds, train_all


def report(config: SongConfig, device: torch.device) -> Document:
    """Train what is not trained yet, and write the report.

    Raises:
        BeholderError: as of `beholder.data.registry.load_data` and `beholder.systems.song2023.train.fit`; data
            without votes; scikit-learn is not installed.
    """
    require("sklearn.manifold", "train", "t-SNE")
    photos = config.photos()
    if photos.histogram is None:
        raise BeholderError(f"{photos.name}: no numbers of votes, which this paper is about; choose oasis or ava")
    work, fold_splits = config.work, split_into_folds(photos, config.folds, config.by_group)
    announce(kept_arrays(config, photos), config.cache, training_counts(config, fold_splits), work)
    source = study_inputs(config, photos, device)
    train = trainer(source, device)
    recipe, tried = chosen_recipe(config, fold_splits, train)
    settings, only = settings_of(recipe), autoencoder_only(recipe)
    results: list[Result] = []
    for group in settings:
        results += train_all(fold_splits, group, config.seeds, work, train)
    train_all(fold_splits[:1], only, 1, work, train)
    study = assemble(photos, fold_splits, results, compared(fold_splits, source, recipe, config.cache), config.by_group)

    def network(name: str, chosen: SongRecipe) -> Semantic:
        checkpoint = work / f"{name.replace(' ', '-')}-seed0-fold0.safetensors"
        trained = fit(fold_splits[0], replace(chosen, seed=0), source=source, checkpoint=checkpoint, device=device)
        return trained.keeping("last").network

    complete = network(COMPLETE, recipe)
    plain = network(WITHOUT_ACTIVATION, settings[1][WITHOUT_ACTIVATION])
    encoding = network(AUTOENCODER_ONLY, only[AUTOENCODER_ONLY])
    return Document(
        f"Song et al. 2023, on {photos.name}",
        _summary(study, config, recipe),
        [
            Section("The data", [votes_part(study)]),
            Section("What was run", [_protocol(study, config, recipe), *_tried(tried, recipe), *_curves(study)]),
            Section("Comparison with baselines", comparison_part(study)),
            Section("Ablations", ablations_part(study, recipe)),
            Section(
                "What the features hold",
                [
                    rebuilt_part(
                        study,
                        source,
                        {COMPLETE: (complete, recipe), AUTOENCODER_ONLY: (encoding, only[AUTOENCODER_ONLY])},
                    ),
                    *maps_part(
                        study, source, {AUTOENCODER_ONLY: encoding, WITHOUT_ACTIVATION: plain, COMPLETE: complete}
                    ),
                    tsne_part(study, source, recipe, device),
                ],
            ),
            Section("Across data sets", across_part(study, config, complete, device)),
        ],
    )


def _summary(study: Study, config: SongConfig, recipe: SongRecipe) -> list[str]:
    photos, complete = study.photos, study.final(COMPLETE)
    lines = [
        f"Data: {photos.name}, {len(photos)} photographs, of which {len(study.rows)} tested ({study.split}); content "
        f"sha256 `{photos.content_hash[:16]}`. Seeds: {config.seeds}. Encoder: {recipe.backbone}, "
        f"{HOW[recipe.shared]}. Intervals are 95% bootstrap intervals over photographs.",
        "A reconstruction: the text of the paper at hand lost its equations and the values of its tables. No published "
        "number stands here; what the text says in words does.",
        f"The complete model's SRCC is {measured(study, 'SRCC, mean', complete)} for the mean of "
        f"{photos.tasks[0].name} and {measured(study, 'SRCC, SD', complete)} for the standard deviation of the votes; "
        f"its EMD {measured(study, 'EMD', complete)}.",
        *(
            ["One training of each setting: how trainings with another seed would differ is in no interval."]
            if config.seeds == 1
            else []
        ),
    ]
    pairs: list[tuple[str, np.ndarray, np.ndarray]] = []
    first = study.predicted[COMPLETE, TRAINING]
    after = ", after training" if (COMPLETE, FINE_TUNING) in study.predicted else ""
    if (COMPLETE, FINE_TUNING) in study.predicted:
        pairs.append(("After fine-tuning less after training", study.predicted[COMPLETE, FINE_TUNING], first))
    pairs += [
        (f"Complete less {name}{after}", first, study.predicted[name, TRAINING])
        for name in (WITHOUT_ACTIVATION, WITHOUT_SPLIT, WITHOUT_DECODER)
    ]
    pairs += [(f"Complete less {name}", complete, found) for name, found in list(study.compared.items())[:2]]
    return lines + [_verdict(what, measured(study, "SRCC, mean", first, second)) for what, first, second in pairs]


def _verdict(what: str, found: Estimate) -> str:
    return (
        f"{what}: {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f}) in SRCC of the mean, {significant(found)}."
    )


def _protocol(study: Study, config: SongConfig, recipe: SongRecipe) -> Text:
    photos = with_votes(study.photos)
    counts = [
        ", ".join(f"{(part.splits or ()).count(name)} {name}" for name in ("train", "validation", "test"))
        for part in study.fold_splits
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
            f"{', '.join(map(str, DECODER_WIDTHS))}; spatial pyramid pooling with "
            f"{', '.join(str(bins * bins) for bins in PYRAMID_BINS)} bins; split regressor.",
            f"Loss: {recipe.weight_emd:g} EMD (exponent 2) + {recipe.weight_act:g} activation loss "
            f"({recipe.activation.upper()}) + {recipe.weight_rebuilt:g} mean squared error of pixels (0 to 1). SGD, "
            f"momentum {recipe.momentum:g}, batch {recipe.batch}, rates times {recipe.decay:g} an epoch. "
            f"{_stages_text(recipe)} In each stage the epoch of least validation EMD is kept. "
            f"{last_stage_sentence(study, COMPLETE)} {how_ablated(recipe)}",
            "From the paper's text: the encoder, the short edge, mirroring, the three losses and EMD's exponent as in "
            "the works it follows, SGD with momentum 0.9, L1 as the form of the activation loss. Ours, as the text "
            "lost or lacks it: the decoder's layers, the softmax after group average pooling, P, the weights of the "
            "losses, rates, batch and epochs"
            + (
                "."
                if recipe.shared == WHOLE
                else ", and the frozen encoder of stage 1: the paper trains all layers at once on AVA, which has 500 "
                "times as many photographs."
            ),
            f"Parts: {'; '.join(counts)}. Split sha256: "
            + ", ".join(f"`{split_hash(part.files, part.splits or ())[:12]}`" for part in study.fold_splits)
            + f". Votes a photograph: {votes.min()} to {votes.max()}, {votes.mean():.0f} on average. The probes see "
            "the train and the validation part, the networks learn from the train part and choose epochs by the "
            "validation part.",
            f"Time, on a machine with other work: {timed}.",
        ],
    )


def _stages_text(recipe: SongRecipe) -> str:
    """What is trained in which stage, in words."""
    if recipe.shared == WHOLE:
        return (
            f"One stage of {recipe.epochs1} epochs, as in the paper: all layers learn at once from pixels, the encoder "
            f"with rate {recipe.lr_encoder:g}, what is new with {recipe.lr_head:g}. Where the encoder has batch "
            "normalisation, its statistics stay those of pretraining, its factors and offsets learn."
        )
    first = f"Stage 1: frozen encoder, rate {recipe.lr_head:g}, {recipe.epochs1} epochs."
    if len(recipe.stages) == 1:
        return f"{first} There is no stage 2."
    tuned = create_backbone(recipe.backbone, pretrained=False).tuned
    return (
        f"{first} Stage 2: the encoder's last layers as well ({', '.join(tuned)}), rate {recipe.lr_encoder:g}, and "
        f"{recipe.lr_finetune:g} for the rest, {recipe.epochs2} epochs."
    )


def _tried(results: Sequence[Result], recipe: SongRecipe) -> list[Part]:
    if not results:
        return []
    rows: list[list[Cell]] = []
    for result in results:
        best = min(result.outcome.history, key=lambda row: float(row["validation_loss"]))
        found = (float(best["validation_loss"]), float(best["validation_srcc"]))
        rows.append([result.setting.removeprefix("tried "), best["epoch"], *found])
    outside = (
        "No tested photograph of the first round had a part in it; those of the other rounds are among the photographs "
        "here, as with any settings chosen once."
    )
    if recipe.shared == WHOLE:
        ends = [
            name
            for name in RATES_TRIED[0]
            if getattr(recipe, name) in (min(tried := [rates[name] for rates in RATES_TRIED]), max(tried))
        ]
        beyond = (
            f" {' and '.join(ends)}: at an end of what was tried, so that a better rate may lie beyond." if ends else ""
        )
        note = (
            f"The complete model, one stage of {recipe.epochs1} epochs each. EMD with exponent 2. The rates of the "
            f"least EMD are those of all trainings here.{beyond} The weights of the losses stayed as they had been set "
            f"beforehand. {outside}"
        )
    else:
        base = ", ".join(
            f"{key} {getattr(TRIAL_RECIPE, key):g}"
            for key in sorted({key for changed in CHANGES_TRIED for key in changed})
        )
        note = (
            f"Stage 1, {TRIAL_RECIPE.epochs1} epochs; beginning from {base}. EMD with exponent 2. The rate of stage 1 "
            "and its epochs were chosen by this. The weights of the losses stayed as they had been set beforehand, as "
            "these few photographs hardly tell them apart. So were the rates of stage 2: it goes on with about the "
            f"rate that stage 1 ends with, and a tenth of it for the encoder. {outside}"
        )
    return [
        Table(
            "",
            "What was tried on the validation part of the first round",
            [
                Column("changed"),
                *(Column(what, "measured") for what in ("best epoch", "validation EMD", "SRCC, mean")),
            ],
            rows,
            note,
            digits=4,
        )
    ]


def _curves(study: Study) -> list[Part]:
    histories = [result.outcome.history for result in study.results if result.setting == COMPLETE and result.fold == 0]
    return [
        Picture(
            "",
            "Training curves",
            charts.training_curves(histories, "loss (training: sum of three)"),
            "Loss and rank correlation by epoch, a line for each seed.",
            "Complete model, first round. The training loss is the weighted sum of the three, the validation loss EMD "
            "alone.",
        )
    ]
