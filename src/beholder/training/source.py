"""Where a training step gets its inputs: from what the frozen layers gave once, or by running them on pixels each time.

Kept are the average-pooled features, 2 KiB a view of a photograph by VGG16, and where stage 2 will run what the
backbone's stem gives, in half precision: 1 MiB a view by VGG16 at 256 px. A view is a photograph or its mirror image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from beholder.data.rated import RatedPhotos
from beholder.errors import BeholderError
from beholder.models import backbone
from beholder.models.backbone import Backbone, identity
from beholder.training.device import precision
from beholder.training.features import Extractor, features, kept, look

Inputs = Callable[[np.ndarray, np.ndarray], Tensor]


@dataclass(frozen=True)
class Look:
    """How photographs are seen: the backbone's name, pixels a side (None: the backbone's own), mirrored too or not."""

    backbone: str
    side: int | None
    mirror: bool


@dataclass(frozen=True)
class Source:
    """Where a training step gets its inputs: from what was kept, or by running the network on pixels.

    Attributes:
        pooled: rows of photographs and which of them to mirror -> (B, C) average-pooled features of the backbone as it
            was pretrained.
        middle: likewise -> what its stem gives.
    """

    pooled: Inputs
    middle: Inputs


def cached_source(
    photos: RatedPhotos, look_by: Look, where: torch.device, *, middle: bool = True, cache: Path | None = None
) -> Source:
    """Inputs from files that are filled the first time.

    Args:
        photos: any number of them, whatever their split.
        look_by: how they are seen.
        where: device that computes.
        middle: keep what stage 2 begins with as well.
        cache: folder for the files, the user's cache by default.

    Raises:
        PhotoError: a photograph that does not decode.
        BeholderError: no room for the files, or no permission.
    """
    network = frozen_network(look_by.backbone, where)

    def pick(array: np.ndarray) -> Inputs:
        return lambda rows, mirrored: open_kept(array[mirrored.astype(int), rows], where)

    if not middle:
        extractor = _extractor(look_by, network, "pooled", frozen_function(network, where), (network.channels,))
        return Source(pick(features(photos, extractor, cache)), _left_out)
    stem = frozen_function(network.stem, where)
    width, height = _size(look_by, network)
    shape = stem(np.zeros((1, height, width, 3), np.uint8)).shape[1:]
    extractor = _extractor(look_by, network, "middle", stem, shape, "float16")
    views = features(photos, extractor, cache)

    def fill(rows: slice) -> np.ndarray:
        with torch.inference_mode(), precision(where):
            found = [network.tail(open_kept(view[rows], where)).mean(dim=(2, 3)) for view in views]
            return torch.stack(found).float().cpu().numpy()

    pooled = kept(photos, f"{extractor.key} pooled", (*views.shape[:2], network.channels), "float32", fill, cache)
    return Source(pick(pooled), pick(views))


def direct_source(photos: RatedPhotos, look_by: Look, where: torch.device) -> Source:
    """Inputs by decoding photographs and running the backbone, anew each time. Raises as :func:`cached_source`."""
    network = frozen_network(look_by.backbone, where)
    paths = photos.paths

    def run(part: Callable[[Tensor], Tensor]) -> Inputs:
        compute = frozen_function(part, where)
        extractor = _extractor(look_by, network, "", compute, ())

        def inputs(rows: np.ndarray, mirrored: np.ndarray) -> Tensor:
            batch = np.stack([look(paths[row], extractor) for row in rows])
            batch[mirrored] = batch[mirrored][:, :, ::-1]
            return open_kept(compute(batch), where)

        return inputs

    return Source(run(network), run(network.stem))


def pooled_views(source: Source, count: int, mirror: bool) -> list[np.ndarray]:
    """Pooled features of all photographs as they are, and where asked of their mirror images: (N, C) each."""
    everyone = np.arange(count)
    return [source.pooled(everyone, np.full(count, mirrored)).cpu().numpy() for mirrored in (False, True)[: 1 + mirror]]


def open_kept(values: np.ndarray, where: torch.device) -> Tensor:
    """Kept values -> what the next layer takes: float32, a map with its channels first again (in stride, no copy)."""
    tensor = torch.from_numpy(np.require(values, requirements=["C", "W"])).to(where).float()
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor


def frozen_network(name: str, where: torch.device) -> Backbone:
    """A pretrained backbone where it is to compute. Raises as `beholder.models.backbone.create`."""
    network = backbone.create(name).to(where)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _size(look_by: Look, network: Backbone) -> tuple[int, int]:
    side = look_by.side or network.side
    if side % network.multiple:
        raise BeholderError(f"{look_by.backbone} takes sides that are multiples of {network.multiple}, not {side}")
    return side, side


def _extractor(
    look_by: Look,
    network: Backbone,
    part: str,
    compute: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, ...],
    dtype: str = "float32",
) -> Extractor:
    size = _size(look_by, network)
    views = "" if look_by.mirror else " unmirrored"  # a file of its own: another shape
    key = f"{look_by.backbone} {identity(look_by.backbone)} squash {size[0]} {part}{views}"
    return Extractor(key, size, 2 if look_by.mirror else 1, tuple(shape), compute, dtype=dtype)


def frozen_function(part: Callable[[Tensor], Tensor], where: torch.device) -> Callable[[np.ndarray], np.ndarray]:
    """A frozen part of a network as a function of (B, H, W, 3) pixels; maps come with their channels last."""

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), precision(where):
            found = part(torch.from_numpy(pixels).to(where).permute(0, 3, 1, 2)).float()
            values: np.ndarray = (found.permute(0, 2, 3, 1) if found.ndim == 4 else found).cpu().numpy()
        return values

    return compute


def _left_out(rows: np.ndarray, mirrored: np.ndarray) -> Tensor:
    raise AssertionError("nothing was kept for stage 2")
