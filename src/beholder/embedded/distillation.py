"""Distil DINOv2 for small inputs: the network of the fast model.

Teacher and student start as the same pretrained network. The teacher reads 224 x 224 pixels and stays as it is. The
student reads fewer pixels and learns to output the same class token, mean patch and patch tokens after chosen blocks;
the teacher's patches are averaged over the student's coarser grid. Each number is scaled by its standard deviation over
photographs. No rating is used, so photographs need none, and heads fitted afterwards can be tested on all of them.

Both read the same random crop of a photograph, mirrored half of the time.
"""

import copy
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from beholder.data.rated_photos import RatedPhotos
from beholder.models.backbones.dinov2 import PATCH
from beholder.models.dinov2_linear import TokenFeatures
from beholder.photos.read import Pixels, read_photo
from beholder.photos.resize import decode_size
from beholder.splits import random_folds
from beholder.training.checkpoint import Checkpoint
from beholder.training.loop import OnEpoch, Stage, Step, batch_slices, train_stage


@dataclass(frozen=True)
class DistillationRecipe:
    """Settings of the distillation.

    Attributes:
        side: pixels a side of the teacher's input.
        epochs: number of epochs.
        steps: batches an epoch.
        batch: photographs a batch.
        rate: learning rate of AdamW after warm-up, from where it falls to 2% along a cosine.
        warmup: steps in which the learning rate rises to ``rate``.
        decay: weight decay.
        least: smallest area of a crop, as a share of the photograph.
        whole: probability that a crop is the whole photograph.
        patches: weight of the patch tokens in the loss; class token and mean patch have weight 1.
        folds: one of this many parts of the photographs is held out and validates each epoch.
        judges: largest number of photographs that validate.
        seed: of the parts, the crops and the order.
    """

    side: int = 224
    epochs: int = 10
    steps: int = 150
    batch: int = 32
    rate: float = 4e-5
    warmup: int = 100
    decay: float = 0.02
    least: float = 0.4
    whole: float = 0.25
    patches: float = 0.5
    folds: int = 5
    judges: int = 256
    seed: int = 0


class ViewBatch(NamedTuple):
    """Tokens after L blocks: classes (B, L, C), means of the patches (B, L, C), patches (B, L, C, rows, columns)."""

    classes: Tensor
    means: Tensor
    patches: Tensor


class Crops(NamedTuple):
    """Crops of B photographs: paths (B,), boxes (B, 4) and flips (B,), whether a crop is mirrored.

    A box is left, top, right, bottom as shares of the photograph.
    """

    paths: np.ndarray
    boxes: np.ndarray
    flips: np.ndarray

    @classmethod
    def whole(cls, paths: np.ndarray) -> Self:
        """All of each photograph, not mirrored."""
        return cls(paths, np.tile((0.0, 0.0, 1.0, 1.0), (len(paths), 1)), np.zeros(len(paths), bool))


def validation_rows(photos: RatedPhotos, recipe: DistillationRecipe) -> np.ndarray:
    """(N,) booleans: photographs that are held out of training to validate each epoch."""
    return random_folds(len(photos), recipe.folds, recipe.seed) == 0


def distill(
    teacher: TokenFeatures,
    size: tuple[int, int],
    photos: RatedPhotos,
    recipe: DistillationRecipe,
    *,
    checkpoint: Path | None,
    device: torch.device,
    on_epoch: OnEpoch,
) -> TokenFeatures:
    """Train a copy of a network to give at ``size`` what the network gives at ``recipe.side``.

    Args:
        teacher: the pretrained network; not changed.
        size: (width, height) of the student's input in pixels, multiples of 14.
        photos: training photographs; their ratings are not used.
        checkpoint: file to continue from and to write, or None to keep none.
        device: both networks compute there in bf16, which takes several times as long on processors without it.
        on_epoch: called after each epoch, as by `beholder.training.loop.train_stage`.

    Raises:
        BeholderError: a checkpoint that cannot be written or belongs to another training.
        PhotoError: a photograph that does not decode.
    """
    student = copy.deepcopy(teacher).to(device)
    teacher = copy.deepcopy(teacher).to(device).requires_grad_(False)
    grid = size[1] // PATCH, size[0] // PATCH
    held_out = validation_rows(photos, recipe)
    paths = np.array(photos.paths, dtype=object)
    training, validation = paths[~held_out], paths[held_out][: recipe.judges]

    with ThreadPoolExecutor(2) as pool:

        def load(crops: Crops) -> list[Tensor]:
            """The same crops at the sizes of teacher and student."""
            sizes = ((recipe.side, recipe.side), size)
            found = list(pool.map(lambda path, box, flip: _resized_crops(path, box, flip, sizes), *crops))
            return [
                torch.from_numpy(np.stack(each)).permute(0, 3, 1, 2).to(device) for each in zip(*found, strict=True)
            ]

        @torch.no_grad()
        def targets_of(large: Tensor) -> ViewBatch:
            return view_batch(teacher, large, grid)

        examined, known = [], []
        for rows in batch_slices(len(validation), recipe.batch):
            large, small = load(Crops.whole(validation[rows]))
            examined.append(small)
            known.append(targets_of(large))
        scale = ViewBatch(*(_spread(torch.cat(parts)) for parts in zip(*known, strict=True)))

        def loss(pixels: Tensor, targets: ViewBatch) -> Tensor:
            found = view_batch(student, pixels, grid)
            errors = [((a - b) / c).square().mean() for a, b, c in zip(found, targets, scale, strict=True)]
            return errors[0] + errors[1] + recipe.patches * errors[2]

        def step(crops: Crops) -> Tensor:
            large, small = load(crops)
            return loss(small, targets_of(large))

        def steps(rng: np.random.Generator) -> list[Step]:
            batches = [random_crops(training, recipe, rng) for _ in range(recipe.steps)]
            return [Step(partial(step, crops), len(crops.paths)) for crops in batches]

        @torch.no_grad()
        def validate() -> dict[str, float]:
            losses = [float(loss(small, targets)) for small, targets in zip(examined, known, strict=True)]
            return {"validation_loss": float(np.average(losses, weights=[len(small) for small in examined]))}

        made_by = {**asdict(recipe), "size": size, "layers": teacher.layers, "data": photos.content_hash}
        stage = _stage(student, recipe, steps, validate)
        train_stage(stage, Checkpoint(checkpoint, made_by), recipe.seed, on_epoch)
    return student.cpu().eval().requires_grad_(False)


def _stage(
    student: TokenFeatures,
    recipe: DistillationRecipe,
    steps: Callable[[np.random.Generator], list[Step]],
    validate: Callable[[], dict[str, float]],
) -> Stage:
    parameters = dict(student.backbone.named_parameters())
    total = recipe.epochs * recipe.steps

    def rates(step: int, epoch: int) -> list[float]:
        cosine = 0.02 + 0.98 * (1 + math.cos(math.pi * step / total)) / 2
        return [recipe.rate * min(1, (step + 1) / recipe.warmup) * cosine]

    return Stage(
        number=1,
        network=student,
        groups=[parameters],
        optimizer=torch.optim.AdamW(parameters.values(), lr=recipe.rate, weight_decay=recipe.decay),
        rates=rates,
        epochs=recipe.epochs,
        steps=steps,
        validate=validate,
        advice="give a smaller rate",
        buffers={},
    )


def interpolate(teacher: TokenFeatures, student: TokenFeatures, share: float) -> TokenFeatures:
    """The student, each parameter moved by ``share`` of the way to the teacher's (Wortsman et al. 2022, eq. 1).

    This recovers some of what training lost on photographs unlike the training photographs.
    """
    found = copy.deepcopy(student)
    before = dict(teacher.named_parameters())
    with torch.no_grad():
        for name, parameter in found.named_parameters():
            parameter.lerp_(before[name], share)
    return found


def view_batch(network: TokenFeatures, pixels: Tensor, grid: tuple[int, int]) -> ViewBatch:
    """Tokens of uint8 pixels (B, 3, height, width), patches averaged over a grid of (rows, columns)."""
    with torch.autocast(pixels.device.type, torch.bfloat16):
        tokens = torch.stack(network.tokens(pixels), dim=1).float()  # (B, L, 1 + N, C)
    patches = tokens[:, :, 1:]
    rows, columns = pixels.shape[2] // PATCH, pixels.shape[3] // PATCH
    maps = patches.flatten(0, 1).transpose(1, 2).reshape(-1, patches.shape[3], rows, columns)
    maps = F.adaptive_avg_pool2d(maps, grid) if (rows, columns) != grid else maps
    return ViewBatch(tokens[:, :, 0], patches.mean(dim=2), maps.reshape(*tokens.shape[:2], -1, *grid))


def _spread(values: Tensor) -> Tensor:
    """(B, L, C, ...) -> standard deviations over photographs and places, (L, C, ...) with places of size 1."""
    places = tuple(range(3, values.ndim))
    return values.std(dim=(0, *places), keepdim=True)[0].clamp(min=1e-6)


def random_crops(paths: np.ndarray, recipe: DistillationRecipe, rng: np.random.Generator) -> Crops:
    """A batch of different photographs, each with a random crop, mirrored or not."""
    count = min(recipe.batch, len(paths))
    rows = rng.choice(len(paths), count, replace=False)
    area, ratio = rng.uniform(recipe.least, 1, count), np.exp(rng.uniform(-0.25, 0.25, count))
    sides = np.minimum(1, np.sqrt([area * ratio, area / ratio])).T
    sides[rng.random(count) < recipe.whole] = 1
    corner = rng.random((count, 2)) * (1 - sides)
    return Crops(paths[rows], np.hstack([corner, corner + sides]), rng.random(count) < 0.5)


def _resized_crops(path: Path, box: np.ndarray, flip: bool, sizes: Sequence[tuple[int, int]]) -> list[Pixels]:
    """The same crop of a photograph at several sizes."""
    min_side = int(max(decode_size(sizes[0])) / min(box[2:] - box[:2]))
    image = Image.fromarray(read_photo(path, (min_side, min_side)).pixels)
    place = tuple(box * np.tile(image.size, 2))
    found = [np.asarray(image.resize(size, Image.Resampling.BICUBIC, place)) for size in sizes]
    return [pixels[:, ::-1] for pixels in found] if flip else found
