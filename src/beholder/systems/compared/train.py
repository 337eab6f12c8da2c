"""Train a compared system: new layers on pooled features of a frozen backbone, then its last layers too.

The recipe says which system it is. Epochs are chosen by the loss on the validation part. A run that was killed resumes
with the epoch that it was in, to the same result (`beholder.training.loop`).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from beholder.data.rated_photos import RatedPhotos, VotedPhotos
from beholder.data.vote_distributions import distribution
from beholder.errors import BeholderError
from beholder.extras import require
from beholder.models.backbones.base import create_backbone
from beholder.systems.compared.heads import Batch, Head, KongHead, Loss, PanHead, VotesHead
from beholder.systems.compared.network import Compared
from beholder.systems.compared.pairs import Pairs, pairs_across, pairs_within
from beholder.systems.compared.recipes import ComparedRecipe, HouRecipe, KongRecipe, NimaRecipe, PanRecipe
from beholder.systems.compared.targets import divided, unit_ratings
from beholder.systems.two_stages import TwoStageResult, train_stages
from beholder.tasks import Task, check_column_names
from beholder.training.checkpoint import Checkpoint
from beholder.training.device import choose_device, precision
from beholder.training.features import KeptArray
from beholder.training.inputs import FeatureInputs, ViewSpec, cached_arrays, stage_inputs
from beholder.training.loop import OnEpoch, Stage, Step, batch_slices
from beholder.training.seeding import seeded
from beholder.training.supervised import check_rated, predict, rated_srcc, split_rows, training_identity

ComparedResult = TwoStageResult[Compared]


def learned_tasks(photos: RatedPhotos, recipe: ComparedRecipe) -> tuple[Task, ...]:
    """The first task, and those after it where they are learned as attributes."""
    every = isinstance(recipe, PanRecipe) or (isinstance(recipe, KongRecipe) and recipe.attributes)
    return photos.tasks if every else photos.tasks[:1]


def score_levels(photos: RatedPhotos, recipe: ComparedRecipe) -> np.ndarray:
    """(M,) ordered values in native units that a system predicts shares of; none for one that predicts scores.

    Raises:
        BeholderError: numbers of votes are not known, and the recipe needs them.
    """
    if isinstance(recipe, NimaRecipe):
        photos = VotedPhotos.of(photos, "NIMA learns from")
    if not isinstance(recipe, NimaRecipe | HouRecipe):
        return np.zeros(0)
    if photos.histogram is not None:
        return photos.histogram.values
    task = photos.tasks[0]
    return np.linspace(task.low, task.high, recipe.bins if isinstance(recipe, HouRecipe) else 2)


def targets_of(photos: RatedPhotos, recipe: ComparedRecipe) -> np.ndarray:
    """(N, M) shares of votes, or (N, T) ratings in the unit interval; NaN where a rating is missing. As above."""
    levels = score_levels(photos, recipe)
    if not len(levels):
        return unit_ratings(photos, learned_tasks(photos, recipe))
    return divided(photos.ratings[:, 0], levels) if photos.histogram is None else distribution(photos.histogram)


def make_network(photos: RatedPhotos, recipe: ComparedRecipe, pretrained: bool = True) -> Compared:
    """The network before training; its new layers follow from the seed."""
    backbone = create_backbone(recipe.backbone, pretrained)
    tasks = learned_tasks(photos, recipe)
    levels = torch.from_numpy(tasks[0].to_unit(score_levels(photos, recipe))).float()
    with seeded(recipe.seed):
        network = Compared(backbone, make_head(recipe, backbone.channels, len(tasks), levels))
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def make_head(recipe: ComparedRecipe, channels: int, outputs: int, levels: Tensor) -> Head:
    """New layers.

    Args:
        channels: of the pooled features that they read.
        outputs: number of learned tasks.
        levels: (M,) ordered values in the unit interval, for a system that predicts shares of them.
    """
    if isinstance(recipe, KongRecipe):
        return KongHead(channels, outputs - 1, recipe)
    if isinstance(recipe, PanRecipe):
        return PanHead(channels, outputs, recipe.hidden, recipe.adversarial)
    nima = isinstance(recipe, NimaRecipe)
    return VotesHead(channels, levels, recipe.dropout if isinstance(recipe, NimaRecipe) else 0.0, squared=not nima)


def inputs(
    photos: RatedPhotos,
    recipe: ComparedRecipe,
    device: torch.device,
    *,
    second: RatedPhotos | None = None,
    keep: bool = True,
    cache: Path | None = None,
) -> FeatureInputs:
    """Inputs for a recipe: kept in the cache, or computed in every step. ``second`` is not used. Raises as `fit`."""
    view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror)
    return stage_inputs(photos, view_spec, device, middle=recipe.epochs2 > 0, keep=keep, cache=cache)


def kept_arrays(photos: RatedPhotos, recipe: ComparedRecipe) -> list[KeptArray]:
    """What :func:`inputs` keeps in the cache."""
    view_spec = ViewSpec(recipe.backbone, recipe.side, recipe.mirror)
    return cached_arrays(photos, view_spec, middle=recipe.epochs2 > 0)


def check(
    photos: RatedPhotos, recipe: ComparedRecipe, checkpoint: Path | None = None, *, second: RatedPhotos | None = None
) -> Checkpoint:
    """Validate data and checkpoint before any photograph is read. ``second`` is not used.

    Raises:
        BeholderError: as `fit`.
    """
    tasks = learned_tasks(photos, recipe)
    if isinstance(recipe, KongRecipe) and recipe.attributes and len(tasks) < 2:
        raise BeholderError(
            f"{photos.name}: no attributes: {tasks[0].name} is the only task; give a column of ratings for each "
            "attribute, or leave --attributes out"
        )
    check_rated(photos, tasks, unit_ratings(photos, tasks))
    check_column_names(tasks)
    targets_of(photos, recipe)  # raises where votes are needed
    train = split_rows(photos)[0]
    _pairs(photos, recipe, train)
    if isinstance(recipe, KongRecipe) and recipe.classes > len(train):
        raise BeholderError(
            f"{photos.name}: {recipe.classes} classes of content for {len(train)} photographs in the train part; give "
            "fewer --classes"
        )
    return Checkpoint(checkpoint, {**training_identity(photos, recipe), "votes": _votes_digest(photos, recipe)})


def _votes_digest(photos: RatedPhotos, recipe: ComparedRecipe) -> str:
    """Of what is learned beside the ratings: shares of votes, and who voted."""
    state = hashlib.sha256(np.ascontiguousarray(targets_of(photos, recipe)).tobytes())
    if isinstance(recipe, KongRecipe) and recipe.within and photos.votes is not None:
        state.update("|".join(map(str, photos.votes.rater)).encode())
        state.update(np.asarray(photos.votes.photo, "<i8").tobytes() + np.asarray(photos.votes.value, "<f8").tobytes())
    return state.hexdigest()


def fit(
    photos: RatedPhotos,
    recipe: ComparedRecipe,
    *,
    second: RatedPhotos | None = None,
    source: FeatureInputs | None = None,
    checkpoint: Path | None = None,
    device: torch.device | None = None,
    on_epoch: OnEpoch = lambda row: None,
) -> ComparedResult:
    """Train on the photographs whose split is ``train``, choose epochs on ``validation``, predict those held out.

    Args:
        photos: with splits.
        recipe: settings, by whose type the system is known.
        second: not used; these systems learn from one data set.
        source: of the inputs, for all ``photos`` in their order, as `inputs` makes it.
        checkpoint: file that is written after each epoch; a training resumes from it where it exists.
        device: chosen automatically by default.
        on_epoch: called with each row of the history.

    Raises:
        BeholderError: no split, too few photographs or ratings, no votes, raters or attributes where the recipe needs
            them, no room, a checkpoint of another training, or a learning rate at which the loss is no longer a number.
        PhotoError: a photograph that does not decode.
    """
    state = check(photos, recipe, checkpoint)
    train, _, held_out = split_rows(photos)
    device = device or choose_device()
    source = source or inputs(photos, recipe, device)
    network = make_network(photos, recipe).to(device)
    tasks = learned_tasks(photos, recipe)
    known = Known(
        torch.from_numpy(targets_of(photos, recipe)).float().to(device),
        _content(photos, recipe, source, train, device),
        _pairs(photos, recipe, train),
    )
    poolers: dict[int, Callable[[np.ndarray, np.ndarray], Tensor]] = {
        1: source.pooled,
        2: lambda rows, views: network.pool_middle(source.middle(rows, views)),
    }

    def predict_native(number: int) -> np.ndarray:
        predicted = np.full((len(photos), len(tasks)), np.nan)
        unit = predict(network, network.head, poolers[number], held_out)
        for index, task in enumerate(tasks):
            predicted[held_out, index] = task.from_unit(unit[:, index]).clip(task.low, task.high)
        return predicted

    return train_stages(
        network,
        (1, 2) if recipe.epochs2 else (1,),
        lambda number: _stage(number, network, poolers[number], photos, known, recipe),
        predict_native,
        state,
        recipe.seed,
        on_epoch,
    )


@dataclass(frozen=True)
class Known:
    """What is known of all N photographs.

    Attributes:
        targets: (N, K) as `targets_of` gives them.
        content: (N,) class of content, or None.
        pairs: sources of pairs that are ranked, none for a system that ranks none.
    """

    targets: Tensor
    content: Tensor | None
    pairs: Sequence[Pairs]

    def batch(self, rows: np.ndarray) -> Batch:
        return Batch(self.targets[rows], None if self.content is None else self.content[rows], len(self.pairs) > 0)


def _pairs(photos: RatedPhotos, recipe: ComparedRecipe, train: np.ndarray) -> list[Pairs]:
    """The sources of pairs that a recipe ranks. Raises BeholderError where there are none."""
    if not isinstance(recipe, KongRecipe):
        return []
    within = [pairs_within(photos, train)] if recipe.within else []
    return within + ([pairs_across(photos, train, recipe.gap)] if recipe.across else [])


def _content(
    photos: RatedPhotos, recipe: ComparedRecipe, source: FeatureInputs, train: np.ndarray, device: torch.device
) -> Tensor | None:
    """(N,) the nearest of the centres that k-means finds among pretrained features of the train part."""
    if not isinstance(recipe, KongRecipe) or not recipe.classes:
        return None

    everyone = np.arange(len(photos))
    features = source.pooled(everyone, np.zeros(len(photos), bool)).cpu().numpy()
    cluster = require("sklearn.cluster", "train", "classes of content")
    means = cluster.KMeans(recipe.classes, random_state=recipe.seed, n_init=1).fit(features[train])
    return torch.from_numpy(means.predict(features).astype(np.int64)).to(device)


def _stage(
    number: int,
    network: Compared,
    pooled: Callable[[np.ndarray, np.ndarray], Tensor],
    photos: RatedPhotos,
    known: Known,
    recipe: ComparedRecipe,
) -> Stage:
    train, validation, _ = split_rows(photos)
    parameters = network.trainable_parameters(number)
    groups = [{name: value for name, value in parameters.items() if not name.startswith("backbone.")}]
    rates = [recipe.lr_head]
    if number == 2:
        groups.append({name: value for name, value in parameters.items() if name.startswith("backbone.")})
        rates = [recipe.lr_finetune, recipe.lr_backbone]
    count = -(-len(train) // recipe.batch)
    optimizer = torch.optim.Adam([{"params": list(group.values()), "lr": 0.0} for group in groups])

    def step(loss: Loss, rows: np.ndarray, mirrored: np.ndarray, weight: int) -> Step:
        return Step(lambda: loss(pooled(rows, mirrored), known.batch(rows)), weight)

    def steps(rng: np.random.Generator) -> list[Step]:
        made = []
        for rows in _batches(train, known.pairs, recipe.batch, rng):
            mirrored = rng.random(len(rows)) < 0.5 if recipe.mirror else np.zeros(len(rows), bool)
            for place, loss in enumerate(network.head.losses()):  # the epoch's mean is of the first one
                made.append(step(loss, rows, mirrored, 0 if place else len(rows)))
        return made

    def validate() -> dict[str, float]:
        views = np.zeros(len(validation), bool)
        with torch.inference_mode(), precision(known.targets.device):
            features = torch.cat(
                [pooled(validation[part], views[part]) for part in batch_slices(len(validation), recipe.batch)]
            )
            loss = float(network.head.validation_loss(features, known.batch(validation)))
            found = network.head(features)[:, 0].float().cpu().numpy()
        if not np.isfinite(found).all():
            return {"validation_loss": float("nan")}
        return {"validation_loss": loss, "validation_srcc": rated_srcc(photos.ratings[validation, 0], found)}

    return Stage(
        number=number,
        network=network,
        groups=groups,
        optimizer=optimizer,
        rates=lambda done, epoch: rates,
        epochs=max(recipe.epochs1, -(-recipe.steps1 // count)) if number == 1 else recipe.epochs2,
        steps=steps,
        validate=validate,
        advice="give smaller rates: --lr-head" if number == 1 else "give smaller rates: --lr-finetune, --lr-backbone",
        buffers={},
    )


def _batches(train: np.ndarray, pairs: Sequence[Pairs], size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows of each step of an epoch, which sees as many photographs as there are: in any order, or as drawn pairs.

    Of pairs, the first half of a batch are the higher ones, and each source gives as many.
    """
    if not pairs:
        order = rng.permutation(train)
        return [order[rows] for rows in batch_slices(len(order), size)]
    made = []
    for _ in range(-(-len(train) // size)):
        shares = np.diff(np.linspace(0, max(size // 2, len(pairs)), len(pairs) + 1).astype(int))
        drawn = np.concatenate([each.draw(rng, int(share)) for each, share in zip(pairs, shares, strict=True)])
        made.append(drawn.T.ravel())
    return made
