"""The report's account of what was run, built from the settings of the run: nothing is said of what was not done."""

from collections.abc import Mapping

from beholder.data.rated_photos import RatedPhotos
from beholder.models.backbones.base import create_backbone
from beholder.reporting.document import Cell, Column, Part, Table, Text
from beholder.splits import split_hash
from beholder.systems.li2019.experiment import (
    AESTHETIC_ONLY,
    OWN_RATES,
    TWO_DOMAINS,
    LiConfig,
    kept_epoch,
    second_limit,
)
from beholder.systems.li2019.recipe import LAST, NONE, PAPER, PAPERS_DATA, WHOLE, LiRecipe
from beholder.systems.study import Study
from beholder.systems.study_runs import Result

PARTS = ("train", "validation", "test")


def protocol(study: Study, second: RatedPhotos, config: LiConfig, recipe: LiRecipe) -> Text:
    """How the networks were trained and tested.

    Args:
        recipe: of both domains, with the rates that were taken.
    """
    photos = study.photos
    different = deviations(study, second, config, recipe)
    others = any(each.setting == OWN_RATES for each in study.results)
    return Text(
        "Protocol",
        [
            f"The network of Section 3 on {recipe.backbone}. Pixels squashed to {recipe.resize} px, squares of "
            f"{recipe.side} px cut out {_places(recipe, config.keep)}; tested on the centre. Stage 1: a batch of "
            f"{recipe.batch} of each domain in turn, {recipe.epochs1} epochs, passes over the aesthetic domain "
            f"({_steps(study, recipe)} batches each; the second domain gives as many), SGD with momentum "
            f"{recipe.momentum:g} and weight decay {recipe.weight_decay:g}, rates {recipe.lr_shared:g} for the shared "
            f"layers ({_trained(recipe)}) and {recipe.lr_branches:g} for the branches, times {recipe.decay:g} an "
            "epoch. Stage 2: all of that frozen, the weights of the inter-task layer on squares cut out likewise, "
            f"{recipe.epochs2} epochs from a rate of {recipe.lr_inter_task:g}. In each stage the epoch of least "
            "validation loss of the score is kept.",
            f"Differs from the paper: {'; '.join(different)}."
            if different
            else "Nothing that the paper says is done otherwise.",
            "The paper does not say, and this is how it is here: a batch has "
            f"{recipe.batch} photographs, and the domains alternate batch by batch; its total of {PAPER.epochs1} "
            "epochs is taken for each stage; a ReLU follows each hidden layer of a branch, layers have biases, their "
            "weights begin as of Glorot, those of the inter-task layer at 0; batch normalisation keeps the statistics "
            "of pretraining; scores are brought to 0 to 1, traits to -1 to 1, by the ends of their scales; the final "
            "score is cut at these ends; epochs are chosen on a validation part.",
            f"`{AESTHETIC_ONLY}` is the same network trained on the same batches of the aesthetic domain, with those "
            "of the second domain left out"
            + f"; `{OWN_RATES}` likewise, at the learning rates that suit it best" * others
            + ".",
            f"Parts of {photos.name}: {'; '.join(_counts(part) for part in study.fold_splits)}; split sha256 "
            + ", ".join(f"`{split_hash(part.files, part.splits or ())[:12]}`" for part in study.fold_splits)
            + f"; content sha256 `{photos.content_hash[:16]}`. Parts of {second.name}: {_counts(second)}; content "
            f"sha256 `{second.content_hash[:16]}`. The linear probe and the DINOv2 head see the train and the "
            "validation part, the networks learn from the train part and choose epochs by the validation part.",
            "Tasks: "
            + " ".join(
                f"{task.name} ({task.low:g} to {task.high:g}): {task.description}."
                for task in (photos.tasks[0], *second.tasks)
            ),
        ],
    )


def deviations(study: Study, second: RatedPhotos, config: LiConfig, recipe: LiRecipe) -> list[str]:
    """What was done otherwise than the paper says (Sections 3 and 4.1); empty if nothing was."""
    photos, limit = study.photos, second_limit(config)
    held_out = len(second) - (second.splits or ()).count("train")
    learned = ", ".join(task.name for task in second.tasks)
    rates = [
        f"{value:g} ({what}; the paper's {paper:g})"
        for what, value, paper in (
            ("shared layers", recipe.lr_shared, PAPER.lr_shared),
            ("branches", recipe.lr_branches, PAPER.lr_branches),
            ("inter-task layer", recipe.lr_inter_task, PAPER.lr_inter_task),
        )
        if value != paper
    ]
    said = {
        "the score is learned from {photos}, not from AVA or AADB": photos.name not in PAPERS_DATA,
        "the second branch learns {learned} from {second}, not the Big Five from PsychoFlickr, and says nothing of "
        "personality": second.name != "psychoflickr",
        "at most {limit:,} photographs of {second} are drawn": limit is not None,
        "{held_out:,} of these are held out, the paper learns from all": held_out > 0,
        "the backbone is {recipe.backbone}, not DenseNet-121": recipe.backbone != PAPER.backbone,
        "of the backbone {part} is trained, not the whole": recipe.shared != WHOLE,
        "squares are cut out at the centre and the four corners, not anywhere": recipe.shared != WHOLE and config.keep,
        "pixels of {recipe.resize} and squares of {recipe.side}, not 256 and 224": (recipe.resize, recipe.side)
        != (PAPER.resize, PAPER.side),
        "branches of {recipe.hidden[0]} and {recipe.hidden[1]} units, not 1,024 and 512": recipe.hidden != PAPER.hidden,
        "mirror images are shown too": recipe.mirror,
        "{recipe.epochs1} and {recipe.epochs2} epochs, not 20": {recipe.epochs1, recipe.epochs2} != {PAPER.epochs1},
        "the learning rates are {rates}, as the paper learns from 8,500 or 230,000 photographs and this from "
        "{count:,}": bool(rates),
        "the rates fall by {recipe.decay:g}, not 0.9, an epoch": recipe.decay != PAPER.decay,
        "momentum is {recipe.momentum:g}, not 0.9": recipe.momentum != PAPER.momentum,
        "weight decay is {recipe.weight_decay:g}, not 1e-5": recipe.weight_decay != PAPER.weight_decay,
    }
    words = {
        "photos": photos.name,
        "learned": learned,
        "second": second.name,
        "limit": limit or 0,
        "held_out": held_out,
        "recipe": recipe,
        "part": "nothing" if recipe.shared == NONE else "the end",
        "rates": ", ".join(rates),
        "count": (study.fold_splits[0].splits or ()).count("train"),
    }
    return [sentence.format(**words) for sentence, holds in said.items() if holds]


def _steps(study: Study, recipe: LiRecipe) -> int:
    return -(-(study.fold_splits[0].splits or ()).count("train") // recipe.batch)


def _counts(photos: RatedPhotos) -> str:
    splits = photos.splits or ()
    return ", ".join(f"{splits.count(part)} {part}" for part in PARTS)


def _trained(recipe: LiRecipe) -> str:
    """What of the backbone is trained."""
    if recipe.shared == LAST:
        tuned = create_backbone(recipe.backbone, pretrained=False).tuned
        return f"the backbone's last layers, {', '.join(tuned)}"
    return {WHOLE: "the whole backbone", NONE: "nothing of the backbone"}[recipe.shared]


def _places(recipe: LiRecipe, keep: bool) -> str:
    """Where squares are cut out in training."""
    if recipe.shared != WHOLE and keep:
        return "at the centre and the four corners" + ", mirrored or not" * recipe.mirror
    return "anywhere" + ", mirrored or not" * recipe.mirror


def tried_rates(tried: Mapping[tuple[str, float], Result]) -> list[Part]:
    """The learning rates that the validation part of the first round chose from."""
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


def absent(photos: RatedPhotos, second: RatedPhotos) -> list[Part]:
    """What of the paper's data this run was without."""
    paragraphs = []
    if second.name != "psychoflickr":
        paragraphs.append(
            "PsychoFlickr, which relates photographs to the Big-Five traits of who likes them, can no longer be "
            "obtained: no trait is measured here, and another second domain says nothing about personality."
        )
    missing = " and ".join(name.upper() for name in PAPERS_DATA if name != photos.name)
    paragraphs.append(
        f"{missing}: their numbers stand in the tables as published. Numbers of two data sets are not comparable with "
        "each other."
    )
    return [Text("What was not run", paragraphs)]
