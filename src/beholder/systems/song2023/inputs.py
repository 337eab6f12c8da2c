"""Inputs of photographs whose aspect ratio is kept. A batch holds photographs of one shape only.

The cache keeps the pixels (240 KiB at 256 x 320 px), the output of the backbone's stem (half precision, 1.25 MiB a
view by VGG16), and its feature map (half precision, 80 KiB). A view is a photograph or its mirror image. Pixels of all
photographs are held in the memory of the device if they are at most `HELD_BYTES`, so that a step reads no file.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from beholder import progress
from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.models.backbones.base import Backbone, backbone_identity
from beholder.photos.read import read_photo
from beholder.photos.resize import short_edge
from beholder.scoring.cores import CORES
from beholder.training.device import precision
from beholder.training.features import Extractor, KeptArray, cached_array, compute_features, read_pixels
from beholder.training.inputs import Inputs, as_tensor, frozen_function, frozen_network
from beholder.training.loop import batch_slices

HELD_BYTES = 2**30  # of uint8 pixels held in memory: 4,300 photographs of 256 x 320 px
MOST_DECODERS = 16  # threads


@dataclass(frozen=True)
class VariableSizeInputs:
    """Where a training step gets its inputs; the rows of one call are photographs of one shape.

    Attributes:
        shapes: (N, 2) width and height in pixels of each photograph as input.
        pixels: rows of photographs and which of them to mirror -> (B, 3, H, W), 0 to 255.
        middle: the same arguments -> output of the backbone's stem.
        maps: the same arguments -> (B, C, rows, columns) feature map of the pretrained backbone.
    """

    shapes: np.ndarray
    pixels: Inputs
    middle: Inputs
    maps: Inputs


def shapes_of(photos: RatedPhotos, side: int) -> np.ndarray:
    """(N, 2) width and height with the short edge at ``side``.

    Raises:
        PhotoError: a photograph that does not decode, or is longer than 10:1.
    """

    def shape(path: Path) -> tuple[int, int]:
        seen = read_photo(path, (1, 1))  # a JPEG at an eighth of its size; what counts is the original's
        return short_edge(seen.width, seen.height, side, str(path))

    found = []
    with progress.bar(f"shapes of {photos.name}", len(photos)) as bar, ThreadPoolExecutor(_decoders()) as pool:
        for each in pool.map(shape, photos.paths):
            found.append(each)
            bar.advance(bar.task_ids[0])
    return np.array(found)


def _decoders() -> int:
    return min(CORES, MOST_DECODERS)


def by_shape(shapes: np.ndarray, rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Rows in batches of at most ``size``, each of one shape, in the order given inside a shape."""
    for shape in np.unique(shapes[rows], axis=0):
        alike = rows[(shapes[rows] == shape).all(axis=1)]
        yield from (alike[part] for part in batch_slices(len(alike), size))


def kept_source(
    photos: RatedPhotos,
    name: str,
    side: int,
    device: torch.device,
    *,
    mirror: bool = True,
    middle: bool = True,
    cache: Path | None = None,
) -> VariableSizeInputs:
    """Inputs from files that are filled the first time.

    Args:
        photos: any number of them, whatever their split.
        name: of the backbone.
        side: pixels of the short edge.
        device: device that computes.
        mirror: keep mirror images too.
        middle: keep the inputs of stage 2 as well.
        cache: folder for the files, the user's cache by default.

    Raises:
        PhotoError: a photograph that does not decode, or is longer than 10:1.
        BeholderError: no room for the files, no permission, or a backbone that takes no such shapes.
    """
    network = frozen_network(name, device)
    _check(name, network.multiple)
    shapes = shapes_of(photos, side)
    place = np.zeros(len(photos), dtype=int)
    group = np.unique(shapes, axis=0, return_inverse=True)[1]
    arrays: list[dict[str, np.ndarray]] = []
    for rows, shape in _by_kind(photos, shapes, name, side, mirror, network, cache):
        place[rows] = np.arange(len(rows))
        arrays.append(shape.arrays(middle=middle))

    def pick(what: str) -> Inputs:
        def inputs(rows: np.ndarray, mirrored: np.ndarray) -> Tensor:
            array = arrays[group.ravel()[rows[0]]][what]
            return as_tensor(array[mirrored.astype(int), place[rows]], device)

        return inputs

    seen = [shape["pixels"][0] for shape in arrays]
    if sum(array.nbytes for array in seen) <= HELD_BYTES:
        held = [torch.from_numpy(np.array(array)).to(device) for array in seen]
    else:
        held = None

    def pixels(rows: np.ndarray, mirrored: np.ndarray) -> Tensor:
        shape, places = group.ravel()[rows[0]], place[rows]
        found = torch.from_numpy(seen[shape][places]).to(device) if held is None else held[shape][places]
        return _mirrored(found, mirrored)

    return VariableSizeInputs(shapes, pixels, pick("middle"), pick("maps"))


def kept_arrays(photos: RatedPhotos, name: str, side: int, *, mirror: bool, middle: bool) -> list[KeptArray]:
    """What :func:`kept_source` keeps, to know the room that it takes before it starts. Raises likewise."""
    network = frozen_network(name, torch.device("cpu"))
    _check(name, network.multiple)
    shapes = shapes_of(photos, side)
    found: list[KeptArray] = []
    for _, shape in _by_kind(photos, shapes, name, side, mirror, network, None):
        found += shape.kept(middle=middle)
    return found


def _by_kind(
    photos: RatedPhotos,
    shapes: np.ndarray,
    name: str,
    side: int,
    mirror: bool,
    network: Backbone,
    cache: Path | None,
) -> Iterator[tuple[np.ndarray, "KeptShape"]]:
    """Rows of the photographs of each shape, and what is kept of them."""
    kinds, group = np.unique(shapes, axis=0, return_inverse=True)
    key = f"{name} {backbone_identity(name)} short edge {side}"
    device = next(network.parameters()).device
    for number, (width, height) in enumerate(kinds.tolist()):
        rows = np.flatnonzero(group.ravel() == number)
        yield rows, KeptShape(photos.subset(rows), (width, height), key, 1 + mirror, network, device, cache)


@dataclass(frozen=True)
class KeptShape:
    """Photographs of one shape and where their inputs are kept.

    Attributes:
        photos: N photographs.
        size: width and height of the input in pixels.
        key: beginning of the names of the kept arrays.
        views: 1, or 2 with mirror images.
        network: the frozen backbone.
        device: device that computes.
        cache: folder for the files, the user's cache by default.
    """

    photos: RatedPhotos
    size: tuple[int, int]
    key: str
    views: int
    network: Backbone
    device: torch.device
    cache: Path | None

    def arrays(self, *, middle: bool) -> dict[str, np.ndarray]:
        """Kept inputs by name, (views, N, ...) each; ``middle`` only where asked for."""
        stem, whole = (
            frozen_function(part, self.device) for part in (self.network.stem, self.network.forward_features)
        )
        found = {"pixels": self._features("pixels", lambda pixels: pixels, "uint8", 1)}
        if not middle:
            return found | {"maps": self._features("maps", whole, "float16", self.views)}
        views = found["middle"] = self._features("middle", stem, "float16", self.views)
        extractor = self._extractor("maps of middle", whole, "float16", self.views)

        def fill(rows: slice) -> np.ndarray:
            with torch.inference_mode(), precision(self.device):
                maps = torch.stack([self.network.tail(as_tensor(view[rows], self.device)) for view in views])
                return maps.float().permute(0, 1, 3, 4, 2).cpu().numpy()

        shape = (len(views), len(self.photos), *extractor.shape)
        return found | {"maps": cached_array(self.photos, extractor.key, shape, "float16", fill, self.cache)}

    def kept(self, *, middle: bool) -> list[KeptArray]:
        """What :meth:`arrays` keeps."""
        stem, whole = self.network.stem, self.network.forward_features
        parts: list[tuple[str, Callable[[Tensor], Tensor], str, int]] = [("pixels", lambda pixels: pixels, "uint8", 1)]
        if middle:
            parts += [("middle", stem, "float16", self.views), ("maps of middle", whole, "float16", self.views)]
        else:
            parts.append(("maps", whole, "float16", self.views))
        return [
            self._extractor(part, frozen_function(compute, self.device), dtype, views).kept(self.photos)
            for part, compute, dtype, views in parts
        ]

    def _features(self, part: str, compute: Callable[[np.ndarray], np.ndarray], dtype: str, views: int) -> np.ndarray:
        return compute_features(self.photos, self._extractor(part, compute, dtype, views), self.cache)

    def _extractor(self, part: str, compute: Callable[[np.ndarray], np.ndarray], dtype: str, views: int) -> Extractor:
        width, height = self.size
        shape = compute(np.zeros((1, height, width, 3), np.uint8)).shape[1:]
        return Extractor(f"{self.key} {part}, {views} views", self.size, views, tuple(shape), compute, dtype=dtype)


def direct_source(photos: RatedPhotos, name: str, side: int, device: torch.device) -> VariableSizeInputs:
    """Inputs computed in every step from decoded photographs. Raises as :func:`kept_source`."""
    network = frozen_network(name, device)
    _check(name, network.multiple)
    shapes, paths = shapes_of(photos, side), photos.paths

    def pixels(rows: np.ndarray, mirrored: np.ndarray) -> Tensor:
        width, height = shapes[rows[0]].tolist()
        as_seen = Extractor("", (width, height), 1, (), lambda pixels: pixels)
        with ThreadPoolExecutor(_decoders()) as pool:
            found = np.stack(list(pool.map(lambda row: read_pixels(paths[row], as_seen), rows)))
        return _mirrored(torch.from_numpy(found).to(device), mirrored)

    def run(part: Callable[[Tensor], Tensor]) -> Inputs:
        def inputs(rows: np.ndarray, mirrored: np.ndarray) -> Tensor:
            with torch.inference_mode(), precision(device):
                found = part(pixels(rows, mirrored))
            return found.float().clone()  # outside of inference mode, so that layers after it can learn

        return inputs

    return VariableSizeInputs(shapes, pixels, run(network.stem), run(network.forward_features))


def _mirrored(pixels: Tensor, mirrored: np.ndarray) -> Tensor:
    """(B, H, W, 3) uint8, some of them mirrored -> (B, 3, H, W) float32, by strides."""
    which = torch.from_numpy(mirrored).to(pixels.device)[:, None, None, None]
    return torch.where(which, pixels.flip(2), pixels).permute(0, 3, 1, 2).float()


def _check(name: str, multiple: int) -> None:
    if multiple > 1:
        raise BeholderError(
            f"{name} takes sides that are multiples of {multiple}, and here the aspect ratio is kept; "
            "choose a convolutional backbone"
        )
