"""A network learns to see in a small photograph what it saw in a larger one: the body of the fast model.

Teacher and student start as the same pretrained network. The teacher looks at 224 pixels and stays as it is; the
student looks at fewer and learns to give the same class token, mean patch and patches after chosen blocks, the
teacher's patches averaged over the student's coarser grid. Each number counts by how much it differs between
photographs. No rating is used, so photographs need none, and heads that are fitted afterwards have been told nothing.

Both see the same random part of a photograph, by chance mirrored.
"""

import copy
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

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

WHOLE_PHOTO = (0.0, 0.0, 1.0, 1.0)  # left, top, right, bottom as shares of a photograph


@dataclass(frozen=True)
class DistillationRecipe:
    """Settings.

    Attributes:
        side: pixels a side that the teacher sees.
        epochs, steps: of ``steps`` batches each.
        batch: photographs a step.
        rate: of AdamW after ``warmup`` steps, from where it falls to nearly nothing along a cosine.
        decay: of the weights.
        least: share of a photograph's area that is shown at the least, and
        whole: how often all of it is.
        patches: weight of the patches beside class token and mean patch.
        folds: one of so many parts of the photographs is not learned from, but judges each epoch.
        judges: photographs of that part at the most.
        seed: of parts and chance.
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
    """After L blocks of width C: class tokens (B, L, C), mean patches (B, L, C), patches (B, L, C, rows, columns)."""

    classes: Tensor
    means: Tensor
    patches: Tensor


def validation_rows(photos: RatedPhotos, recipe: DistillationRecipe) -> np.ndarray:
    """(N,) booleans: the photographs that are not learned from."""
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
    """The student of a network.

    Args:
        teacher: as pretrained; left as it is.
        size: (width, height) in pixels that the student is to see, multiples of 14.
        photos: whose pictures are looked at.
        checkpoint: file, or None to keep none.
        device: device. Both compute in bf16, which on processors without it takes several times as long.
        on_epoch: called after each epoch, as by ``loop.run``.

    Raises:
        BeholderError: a checkpoint that cannot be written or belongs to another training.
        PhotoError: a photograph that does not decode.
    """
    student = copy.deepcopy(teacher).to(device)
    teacher = copy.deepcopy(teacher).to(device).requires_grad_(False)
    grid = size[1] // PATCH, size[0] // PATCH
    parameters = dict(student.backbone.named_parameters())
    optimizer = torch.optim.AdamW(parameters.values(), lr=recipe.rate, weight_decay=recipe.decay)
    kept_out = validation_rows(photos, recipe)
    paths = np.array(photos.paths, dtype=object)
    learned, judging = paths[~kept_out], paths[kept_out][: recipe.judges]
    total = recipe.epochs * recipe.steps

    with ThreadPoolExecutor(2) as pool:

        def shown(files: np.ndarray, boxes: np.ndarray, flips: np.ndarray) -> list[Tensor]:
            """The same parts of photographs, as teacher and student see them."""
            sizes = ((recipe.side, recipe.side), size)
            found = list(pool.map(lambda file, box, flip: _parts(file, box, flip, sizes), files, boxes, flips))
            return [
                torch.from_numpy(np.stack(each)).permute(0, 3, 1, 2).to(device) for each in zip(*found, strict=True)
            ]

        examined, known = [], []
        for rows in batch_slices(len(judging), recipe.batch):
            part = judging[rows]
            large, small = shown(part, np.tile(WHOLE_PHOTO, (len(part), 1)), np.zeros(len(part), bool))
            examined.append(small)
            with torch.no_grad():
                known.append(view_batch(teacher, large, grid))
        scale = ViewBatch(*(_spread(torch.cat(parts)) for parts in zip(*known, strict=True)))

        def loss(student_pixels: Tensor, truth: ViewBatch) -> Tensor:
            found = view_batch(student, student_pixels, grid)
            errors = [((a - b) / c).square().mean() for a, b, c in zip(found, truth, scale, strict=True)]
            return errors[0] + errors[1] + recipe.patches * errors[2]

        def step(files: np.ndarray, boxes: np.ndarray, flips: np.ndarray) -> Tensor:
            large, small = shown(files, boxes, flips)
            with torch.no_grad():
                truth = view_batch(teacher, large, grid)
            return loss(small, truth)

        def steps(rng: np.random.Generator) -> list[Step]:
            found = []
            for _ in range(recipe.steps):
                rows = rng.choice(len(learned), min(recipe.batch, len(learned)), replace=False)
                boxes, flips = _boxes(len(rows), recipe, rng), rng.random(len(rows)) < 0.5
                found.append(
                    Step(lambda given=(learned[rows], boxes, flips): step(*given), len(rows))  # type: ignore[misc]
                )
            return found

        @torch.no_grad()
        def validate() -> dict[str, float]:
            losses = [float(loss(small, truth)) for small, truth in zip(examined, known, strict=True)]
            return {"validation_loss": float(np.average(losses, weights=[len(small) for small in examined]))}

        def rates(step: int, epoch: int) -> list[float]:
            falling = 0.02 + 0.98 * (1 + math.cos(math.pi * step / total)) / 2
            return [recipe.rate * min(1, (step + 1) / recipe.warmup) * falling]

        stage = Stage(
            number=1,
            network=student,
            groups=[parameters],
            optimizer=optimizer,
            rates=rates,
            epochs=recipe.epochs,
            steps=steps,
            validate=validate,
            advice="give a smaller rate",
            buffers={},
        )
        made_by = {**asdict(recipe), "size": size, "layers": teacher.layers, "data": photos.content_hash}
        train_stage(stage, Checkpoint(checkpoint, made_by), recipe.seed, on_epoch)
    return student.cpu().eval().requires_grad_(False)


def interpolate(teacher: TokenFeatures, student: TokenFeatures, share: float) -> TokenFeatures:
    """The student with this share of the teacher in each of its parameters (Wortsman et al. 2022, eq. 1).

    It remembers what it forgot of photographs unlike those that it learned from.
    """
    found = copy.deepcopy(student)
    before = dict(teacher.named_parameters())
    with torch.no_grad():
        for name, parameter in found.named_parameters():
            parameter.lerp_(before[name], share)
    return found


def view_batch(network: TokenFeatures, pixels: Tensor, grid: tuple[int, int]) -> ViewBatch:
    """What a network makes of uint8 pixels (B, 3, height, width), its patches averaged over a grid (rows, columns)."""
    with torch.autocast(pixels.device.type, torch.bfloat16):
        tokens = torch.stack(network.tokens(pixels), dim=1).float()  # (B, L, 1 + N, C)
    patches = tokens[:, :, 1:]
    rows, columns = pixels.shape[2] // PATCH, pixels.shape[3] // PATCH
    maps = patches.flatten(0, 1).transpose(1, 2).reshape(-1, patches.shape[3], rows, columns)
    maps = F.adaptive_avg_pool2d(maps, grid) if (rows, columns) != grid else maps
    return ViewBatch(tokens[:, :, 0], patches.mean(dim=2), maps.reshape(*tokens.shape[:2], -1, *grid))


def _spread(values: Tensor) -> Tensor:
    """(B, L, C, ...) -> standard deviations (L, C, ...), one for all places."""
    places = tuple(range(3, values.ndim))
    return values.std(dim=(0, *places), keepdim=True)[0].clamp(min=1e-6)


def _boxes(count: int, recipe: DistillationRecipe, rng: np.random.Generator) -> np.ndarray:
    """(count, 4) left, top, right, bottom as shares of a photograph."""
    area, ratio = rng.uniform(recipe.least, 1, count), np.exp(rng.uniform(-0.25, 0.25, count))
    sides = np.minimum(1, np.sqrt([area * ratio, area / ratio])).T
    sides[rng.random(count) < recipe.whole] = 1
    corner = rng.random((count, 2)) * (1 - sides)
    return np.hstack([corner, corner + sides])


def _parts(path: Path, box: np.ndarray, flip: bool, sizes: Sequence[tuple[int, int]]) -> list[Pixels]:
    """The same part of a photograph in several sizes."""
    least = int(max(decode_size(sizes[0])) / min(box[2:] - box[:2]))
    image = Image.fromarray(read_photo(path, (least, least)).pixels)
    place = tuple(box * np.tile(image.size, 2))
    found = [np.asarray(image.resize(size, Image.Resampling.BICUBIC, place)) for size in sizes]
    return [pixels[:, ::-1] for pixels in found] if flip else found
