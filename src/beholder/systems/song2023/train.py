"""Train the network of Song et al. (2023) on votes; `beholder.systems.song2023.network` says what is reconstructed.

The text of the paper gives: SGD with momentum 0.9; the short edge at 256 pixels, the aspect ratio kept, mirrored at
random; the weighted sum of three losses. Learning rates, weights of the losses and numbers of epochs are ours.

The paper trains everything at once, on 230,000 photographs: ``shared="whole"``, one stage from pixels, which wants a
GPU. For hundreds, and on a CPU, ``shared="last"`` has two stages as `beholder.systems.soydaner2023.train`: stage 1
trains what is new on the frozen encoder, whose feature maps are kept; stage 2 trains the encoder's last layers as well.
The losses reach only what is trained. A batch holds photographs of one shape. Batch normalisation of an encoder that
has it keeps the statistics of pretraining, as batches are small; trained whole, its factors and offsets learn.

A run that was killed resumes with the epoch that it was in, to the same result (`beholder.training.loop`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from beholder.data.rated_photos import RatedPhotos, VotedPhotos
from beholder.data.vote_distributions import distribution
from beholder.errors import BeholderError
from beholder.metrics import means, srcc
from beholder.models.backbones.base import create_backbone
from beholder.systems.song2023.inputs import VariableSizeInputs, by_shape, direct_source, kept_source
from beholder.systems.song2023.losses import ACTIVATION_LOSS, emd
from beholder.systems.song2023.network import Answer, Semantic
from beholder.systems.song2023.recipe import CONNECTED, LAST, NONE, WHOLE, SongRecipe
from beholder.systems.two_stages import TwoStageResult, train_stages
from beholder.tasks import Task
from beholder.training.checkpoint import Checkpoint
from beholder.training.device import choose_device, precision
from beholder.training.inputs import Inputs
from beholder.training.loop import OnEpoch, Stage, Step
from beholder.training.seeding import seeded
from beholder.training.supervised import training_identity

PREDICTION_BATCH = 32
A = TypeVar("A")

_RATES = {1: "lr_head", 2: "lr_finetune"}  # stage -> its setting in the recipe


SongResult = TwoStageResult[Semantic]


def make_network(recipe: SongRecipe, score_levels: int, pretrained: bool = True) -> Semantic:
    """The network before training; its new layers follow from the seed."""
    encoder = create_backbone(recipe.backbone, pretrained)
    with seeded(recipe.seed):
        network = Semantic(
            encoder, score_levels, recipe.maps, split=recipe.separate, connected=recipe.pooling == CONNECTED
        )
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def inputs(
    photos: RatedPhotos,
    recipe: SongRecipe,
    device: torch.device,
    *,
    second: RatedPhotos | None = None,
    keep: bool = True,
    cache: Path | None = None,
) -> VariableSizeInputs:
    """Inputs for a recipe: kept in the cache, or computed in every step. ``second`` is not used. Raises as `fit`."""
    if not keep:
        return direct_source(photos, recipe.backbone, recipe.side, device)
    return kept_source(
        photos,
        recipe.backbone,
        recipe.side,
        device,
        mirror=recipe.mirror,
        middle=LAST in recipe.stages,
        cache=cache,
    )


def learned_tasks(photos: RatedPhotos, recipe: SongRecipe) -> tuple[Task, ...]:
    """The first task, whose votes are learned."""
    return photos.tasks[:1]


def with_votes(photos: RatedPhotos) -> VotedPhotos:
    """The same photographs with their votes. Raises BeholderError where there are none."""
    return VotedPhotos.of(photos, "song2023 learns from")


def check(
    photos: RatedPhotos, recipe: SongRecipe, checkpoint: Path | None = None, *, second: RatedPhotos | None = None
) -> Checkpoint:
    """Validate data and checkpoint before any photograph is read. ``second`` is not used.

    Raises:
        BeholderError: as `fit`.
    """
    histogram = with_votes(photos).histogram
    splits = np.array(photos.splits or ())
    for name in ("train", "validation"):
        if (splits == name).sum() < 2:
            raise BeholderError(
                f"{photos.name}: {(splits == name).sum()} photographs in the {name} part; at least 2 are needed"
            )
    follows = training_identity(photos, recipe)
    del follows["tasks"]  # the votes of one task are learned
    return Checkpoint(checkpoint, {**follows, "votes": [photos.tasks[0].name, *histogram.values.tolist()]})


def fit(
    photos: RatedPhotos,
    recipe: SongRecipe,
    *,
    second: RatedPhotos | None = None,
    source: VariableSizeInputs | None = None,
    checkpoint: Path | None = None,
    device: torch.device | None = None,
    on_epoch: OnEpoch = lambda row: None,
) -> SongResult:
    """Train on the photographs whose split is ``train``, choose epochs on ``validation``, predict those held out.

    The predictions of the result are (N, M) distributions. The validation loss is the EMD, or for an auto-encoder alone
    the error of pixels; SRCC is of the mean.

    Args:
        photos: with splits and a histogram of votes.
        recipe: settings.
        second: not used; this system learns from one data set.
        source: of the inputs, for all ``photos`` in their order, as `inputs` makes it.
        checkpoint: file that is written after each epoch; a training resumes from it where it exists.
        device: chosen automatically by default.
        on_epoch: called with each row of the history.

    Raises:
        BeholderError: no votes, no split, too few photographs, no room, a checkpoint of another training, or a learning
            rate at which the loss is no longer a number.
        PhotoError: a photograph that does not decode, or is longer than 10:1.
    """
    state = check(photos, recipe, checkpoint)
    voted = with_votes(photos)
    device = device or choose_device()
    source = source or inputs(photos, recipe, device)
    shares = distribution(voted.histogram)
    network = make_network(recipe, shares.shape[1]).to(device)
    held_out = np.flatnonzero(np.array(photos.splits) != "train")

    def predict_held_out(number: int) -> np.ndarray:
        predicted = np.full(shares.shape, np.nan)
        predicted[held_out] = predict(network, source, recipe.stages[number - 1], held_out)
        return predicted

    return train_stages(
        network,
        range(1, len(recipe.stages) + 1),
        lambda number: _stage(number, network, source, voted, recipe),
        predict_held_out,
        state,
        recipe.seed,
        on_epoch,
    )


def _by_batch(
    network: Semantic,
    source: VariableSizeInputs,
    trained: str,
    rows: np.ndarray,
    compute: Callable[[Tensor, tuple[int, int]], A],
) -> list[tuple[np.ndarray, A]]:
    """Results for photographs as they are, not mirrored: (rows, result) of each batch of one shape.

    Args:
        trained: what of the encoder was trained, a word of `SongRecipe.stages`.
        compute: feature maps of the encoder, and height and width of the photographs -> the result.
    """
    network.eval()
    found = []
    with torch.inference_mode(), precision(next(network.parameters()).device):
        for part in by_shape(source.shapes, rows, PREDICTION_BATCH):
            width, height = source.shapes[part[0]].tolist()
            maps = encoder(network, source, trained)(part, np.zeros(len(part), bool))
            found.append((part, compute(maps, (height, width))))
    return found


def batch_answers(
    network: Semantic, source: VariableSizeInputs, trained: str, rows: np.ndarray
) -> list[tuple[np.ndarray, Answer]]:
    """Answers of the network, without reconstructions: (rows, answer) of each batch of one shape."""
    return _by_batch(network, source, trained, rows, lambda maps, size: network.forward_tail(maps))


def reconstructions(
    network: Semantic, source: VariableSizeInputs, trained: str, rows: np.ndarray
) -> list[tuple[np.ndarray, Tensor]]:
    """Photographs rebuilt from their features: (rows, (B, 3, H, W) in 0 to 1) of each batch of one shape."""
    return _by_batch(network, source, trained, rows, lambda maps, size: network.decoder(network.project(maps), size))


def predict(network: Semantic, source: VariableSizeInputs, trained: str, rows: np.ndarray) -> np.ndarray:
    """(n, M) distributions for n rows of the photographs, in their order.

    Args:
        trained: what of the encoder was trained, a word of `SongRecipe.stages`.
    """
    whole = np.full((len(source.shapes), network.score_levels), np.nan)
    for part, answer in batch_answers(network, source, trained, rows):
        whole[part] = answer.distribution.float().cpu().numpy()
    return whole[rows]


def reconstruction_error(network: Semantic, source: VariableSizeInputs, trained: str, rows: np.ndarray) -> float:
    """Mean squared error of pixels, 0 to 1, of photographs rebuilt from their features."""
    total = 0.0
    for part, rebuilt in reconstructions(network, source, trained, rows):
        pixels = source.pixels(part, np.zeros(len(part), bool)) / 255
        total += float(((rebuilt.float() - pixels) ** 2).mean()) * len(part)
    return total / len(rows)


def running_statistics(network: Semantic) -> dict[str, Tensor]:
    """The decoder's running statistics, by name."""
    return {f"decoder.{name}": value for name, value in network.decoder.named_buffers()}


def trained_parameters(network: Semantic, trained: str) -> dict[str, nn.Parameter]:
    """Parameters by name: all that is new, and what of the encoder is ``trained``."""
    if trained == WHOLE:
        return dict(network.named_parameters())
    return network.trainable_parameters(2 if trained == LAST else 1)


def encoder(network: Semantic, source: VariableSizeInputs, trained: str) -> Inputs:
    """Rows and which of them to mirror -> the encoder's feature maps, from the last inputs that training left alone."""
    if trained == NONE:
        return source.maps
    if trained == WHOLE:
        return lambda rows, mirrored: network.backbone.forward_features(source.pixels(rows, mirrored))
    return lambda rows, mirrored: network.backbone.tail(source.middle(rows, mirrored))


def _stage(
    number: int, network: Semantic, source: VariableSizeInputs, photos: VotedPhotos, recipe: SongRecipe
) -> Stage:
    values, shares = photos.histogram.values, distribution(photos.histogram)
    splits = np.array(photos.splits)
    train, validation = np.flatnonzero(splits == "train"), np.flatnonzero(splits == "validation")
    targets = torch.from_numpy(shares).float().to(next(network.parameters()).device)
    trained = recipe.stages[number - 1]
    maps_of = encoder(network, source, trained)

    def loss(rows: np.ndarray, mirrored: np.ndarray) -> Tensor:
        pixels = source.pixels(rows, mirrored) if recipe.weight_rebuilt or trained == WHOLE else None
        if pixels is not None and trained == WHOLE:  # read once
            maps = network.backbone.forward_features(pixels)
        else:
            maps = maps_of(rows, mirrored)
        wanted = pixels / 255 if pixels is not None and recipe.weight_rebuilt else None
        size = None if wanted is None else (wanted.shape[2], wanted.shape[3])
        return total_loss(network.forward_tail(maps, size), targets[rows], wanted, recipe)

    def steps(rng: np.random.Generator) -> list[Step]:
        batches = list(by_shape(source.shapes, rng.permutation(train), recipe.batch))
        probability = 0.5 if recipe.mirror else 0.0

        def step(rows: np.ndarray) -> Step:
            mirrored = rng.random(len(rows)) < probability
            return Step(lambda: loss(rows, mirrored), len(rows))

        return [step(batches[place]) for place in rng.permutation(len(batches))]

    def validate() -> dict[str, float]:
        found = predict(network, source, trained, validation)
        if not np.isfinite(found).all():
            return {"validation_loss": float("nan")}
        truth = shares[validation]
        moved = float(emd(torch.from_numpy(found), torch.from_numpy(truth)))
        return {
            "validation_loss": moved
            if recipe.weight_emd
            else reconstruction_error(network, source, trained, validation),
            "validation_srcc": srcc(means(truth, values), means(found, values)),
        }

    parameters = trained_parameters(network, trained)
    new = {name: value for name, value in parameters.items() if not name.startswith("backbone.")}
    tuned = {name: value for name, value in parameters.items() if name not in new}
    groups = [(new, recipe.lr_head if number == 1 else recipe.lr_finetune), (tuned, recipe.lr_encoder)]
    groups = [(group, rate) for group, rate in groups if group]
    optimizer = torch.optim.SGD(
        [{"params": list(group.values()), "lr": rate} for group, rate in groups], momentum=recipe.momentum
    )
    return Stage(
        number=number,
        network=network,
        groups=[group for group, _ in groups],
        optimizer=optimizer,
        rates=lambda done, epoch: [rate * recipe.decay ** (epoch - 1) for _, rate in groups],
        epochs=recipe.epochs1 if number == 1 else recipe.epochs2,
        steps=steps,
        validate=validate,
        advice=" or ".join(
            f"give a smaller {name} than {rate:g}"
            for name, (_, rate) in zip((_RATES[number], "lr_encoder"), groups, strict=False)
        ),
        buffers=running_statistics(network),
    )


def total_loss(answer: Answer, targets: Tensor, pixels: Tensor | None, recipe: SongRecipe) -> Tensor:
    """The weighted sum of the three losses.

    Args:
        targets: (B, M) shares of the votes.
        pixels: (B, 3, H, W), 0 to 1; None where nothing was rebuilt.
    """
    total = targets.new_zeros(())
    if recipe.weight_emd:
        total = total + recipe.weight_emd * emd(answer.distribution.float(), targets)
    if recipe.act and recipe.weight_act:
        total = total + recipe.weight_act * ACTIVATION_LOSS[recipe.activation](answer.activated.float(), targets)
    if pixels is not None and answer.rebuilt is not None:
        total = total + recipe.weight_rebuilt * ((answer.rebuilt.float() - pixels) ** 2).mean()
    return total
