"""Inputs of a training step: cached outputs of the frozen layers, or their outputs computed from pixels each time.

Cached are the average-pooled features, 2 KiB a view of a photograph by VGG16, and for stage 2 the output of the
backbone's stem in half precision, 1 MiB a view by VGG16 at 256 px. A view is a photograph or its mirror image; with
crops, the views are the centre and the four corners when cached, and any place when computed from pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from beholder.data.rated_photos import RatedPhotos
from beholder.errors import BeholderError
from beholder.models.backbones.base import Backbone, backbone_identity, create_backbone
from beholder.training.device import precision
from beholder.training.features import (
    Extractor,
    KeptArray,
    ViewFn,
    cached_array,
    compute_features,
    mirrored,
    read_pixels,
)

Inputs = Callable[[np.ndarray, np.ndarray], Tensor]


@dataclass(frozen=True)
class ViewSpec:
    """How photographs are resized, cropped and mirrored for a backbone.

    Attributes:
        backbone: name of the backbone.
        side: side in pixels of the backbone's input; None for its default.
        mirror: use mirror images as well.
        resize: side in pixels that photographs are squashed to before a square of ``side`` is cropped; None for
            ``side``, without a crop.
    """

    backbone: str
    side: int | None
    mirror: bool
    resize: int | None = None


def _not_cached(rows: np.ndarray, views: np.ndarray) -> Tensor:
    raise AssertionError("these inputs were not cached")


@dataclass(frozen=True)
class FeatureInputs:
    """Functions that give a training step its inputs, from the cache or by running the backbone on pixels.

    Attributes:
        pooled: rows of photographs and the view of each -> (B, C) average-pooled features of the pretrained backbone.
            View 0 is the centre, not mirrored; with mirror images, odd views are mirrored.
        middle: likewise -> the output of its stem.
        pixels: likewise -> (B, 3, side, side) uint8.
        views: number of views of each photograph.
    """

    pooled: Inputs
    middle: Inputs
    pixels: Inputs = _not_cached
    views: int = 2


def cached_inputs(
    photos: RatedPhotos,
    view_spec: ViewSpec,
    device: torch.device,
    *,
    pooled: bool = True,
    middle: bool = True,
    cache: Path | None = None,
) -> FeatureInputs:
    """Inputs from cache files, which are filled the first time.

    Args:
        photos: photographs of all splits.
        view_spec: size, crops and mirror images.
        device: where the backbone runs.
        pooled: cache average-pooled features.
        middle: cache the output of the stem.
        cache: folder of the files; the user's cache by default.

    Raises:
        PhotoError: a photograph that does not decode.
        BeholderError: too little free space for the files, or no permission.
    """
    network = frozen_network(view_spec.backbone, device)

    def pick(array: np.ndarray) -> Inputs:
        return lambda rows, views: as_tensor(array[views.astype(int), rows], device)

    if not middle:
        extractor = _pooled_extractor(view_spec, network, device)
        return FeatureInputs(pick(compute_features(photos, extractor, cache)), _not_cached, views=extractor.views)
    extractor = _middle_extractor(view_spec, network, device)
    seen = compute_features(photos, extractor, cache)
    if not pooled:
        return FeatureInputs(_not_cached, pick(seen), views=extractor.views)

    def fill(rows: slice) -> np.ndarray:
        with torch.inference_mode(), precision(device):
            found = [network.tail(as_tensor(view[rows], device)).mean(dim=(2, 3)) for view in seen]
            return torch.stack(found).float().cpu().numpy()

    kept = _pooled_middle(photos, extractor, network)
    means = cached_array(photos, kept.key, kept.shape, kept.dtype, fill, cache)
    return FeatureInputs(pick(means), pick(seen), views=extractor.views)


def cached_arrays(
    photos: RatedPhotos, view_spec: ViewSpec, *, pooled: bool = True, middle: bool = True
) -> list[KeptArray]:
    """What :func:`cached_inputs` keeps, to know the room that it takes before it starts. Raises likewise."""
    device = torch.device("cpu")
    network = frozen_network(view_spec.backbone, device)
    if not middle:
        return [_pooled_extractor(view_spec, network, device).kept(photos)]
    extractor = _middle_extractor(view_spec, network, device)
    return [extractor.kept(photos), *([_pooled_middle(photos, extractor, network)] if pooled else [])]


def _pooled_extractor(view_spec: ViewSpec, network: Backbone, device: torch.device) -> Extractor:
    return _extractor(view_spec, network, "pooled", frozen_function(network, device), (network.channels,))


def _middle_extractor(view_spec: ViewSpec, network: Backbone, device: torch.device) -> Extractor:
    stem = frozen_function(network.stem, device)
    side = _side(view_spec, network)
    shape = stem(np.zeros((1, side, side, 3), np.uint8)).shape[1:]
    return _extractor(view_spec, network, "middle", stem, shape, "float16")


def _pooled_middle(photos: RatedPhotos, extractor: Extractor, network: Backbone) -> KeptArray:
    """Average-pooled features that are computed from kept outputs of the stem."""
    return KeptArray(photos, f"{extractor.key} pooled", (extractor.views, len(photos), network.channels), "float32")


def direct_inputs(photos: RatedPhotos, view_spec: ViewSpec, device: torch.device) -> FeatureInputs:
    """Inputs by decoding photographs and running the backbone each time. Raises as :func:`cached_inputs`."""
    network = frozen_network(view_spec.backbone, device)
    paths = photos.paths
    extractor = _extractor(view_spec, network, "", frozen_function(network, device), (), any_place=True)

    def pixels(rows: np.ndarray, views: np.ndarray) -> np.ndarray:
        return np.stack(
            [
                extractor.view_pixels(read_pixels(paths[row], extractor), view)
                for row, view in zip(rows, views, strict=True)
            ]
        )

    def run(part: Callable[[Tensor], Tensor]) -> Inputs:
        compute = frozen_function(part, device)
        return lambda rows, views: as_tensor(compute(pixels(rows, views)), device)

    def raw(rows: np.ndarray, views: np.ndarray) -> Tensor:
        return torch.from_numpy(pixels(rows, views)).to(device).permute(0, 3, 1, 2)

    return FeatureInputs(run(network), run(network.stem), raw, extractor.views)


def stage_inputs(
    photos: RatedPhotos, view_spec: ViewSpec, device: torch.device, *, middle: bool, keep: bool, cache: Path | None
) -> FeatureInputs:
    """Inputs kept in the cache, or with ``keep`` off computed in every step. Raises as :func:`cached_inputs`."""
    if keep:
        return cached_inputs(photos, view_spec, device, middle=middle, cache=cache)
    return direct_inputs(photos, view_spec, device)


def pooled_views(source: FeatureInputs, count: int, mirror: bool) -> list[np.ndarray]:
    """Pooled features (N, C) of all photographs, and with ``mirror`` of their mirror images as well."""
    everyone = np.arange(count)
    return [source.pooled(everyone, np.full(count, view)).cpu().numpy() for view in range(1 + mirror)]


def as_tensor(values: np.ndarray, device: torch.device) -> Tensor:
    """Cached values as a float32 tensor; maps with channels first again (by strides, without a copy)."""
    tensor = torch.from_numpy(np.require(values, requirements=["C", "W"])).to(device).float()
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor


def frozen_network(name: str, device: torch.device) -> Backbone:
    """A pretrained backbone on a device. Raises as `beholder.models.backbones.base.create_backbone`."""
    network = create_backbone(name).to(device)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _side(view_spec: ViewSpec, network: Backbone) -> int:
    side = view_spec.side or network.side
    if side % network.multiple:
        raise BeholderError(f"{view_spec.backbone} takes sides that are multiples of {network.multiple}, not {side}")
    if (view_spec.resize or side) < side:
        raise BeholderError(
            f"a square of {side} px is not in one of {view_spec.resize} px; resize to more or cut out less"
        )
    return side


def _extractor(
    view_spec: ViewSpec,
    network: Backbone,
    part: str,
    compute: Callable[[np.ndarray], np.ndarray],
    shape: tuple[int, ...],
    dtype: str = "float32",
    any_place: bool = False,
) -> Extractor:
    side = _side(view_spec, network)
    size = view_spec.resize or side
    count, view_pixels = _views(size, side, view_spec.mirror, any_place)
    cut = "" if size == side else f" cut {side}"
    unmirrored = "" if view_spec.mirror else " unmirrored"  # its own file, as the shape differs
    key = f"{view_spec.backbone} {backbone_identity(view_spec.backbone)} squash {size}{cut} {part}{unmirrored}"
    return Extractor(key, (size, size), count, tuple(shape), compute, dtype=dtype, view_pixels=view_pixels)


def _views(size: int, side: int, mirror: bool, any_place: bool) -> tuple[int, ViewFn]:
    """Number of views (crops times mirror images), and the function that makes a view; view 0 is the centre crop."""
    room = size - side
    centre = (room // 2, room // 2)
    corners = product(range(room + 1) if any_place else sorted({0, room}), repeat=2)
    places = [centre, *(place for place in corners if place != centre)]
    ways = 1 + mirror

    def view_pixels(pixels: np.ndarray, view: int) -> np.ndarray:
        place, way = divmod(int(view), ways)
        top, left = places[place]
        return mirrored(pixels[..., top : top + side, left : left + side, :], way)

    return ways * len(places), view_pixels


def frozen_function(part: Callable[[Tensor], Tensor], device: torch.device) -> Callable[[np.ndarray], np.ndarray]:
    """A frozen part of a network as a function of (B, H, W, 3) pixels; maps come with their channels last."""

    def compute(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), precision(device):
            found = part(torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2)).float()
            values: np.ndarray = (found.permute(0, 2, 3, 1) if found.ndim == 4 else found).cpu().numpy()
        return values

    return compute
