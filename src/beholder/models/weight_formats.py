"""Files of pretrained weights -> arrays by parameter name."""

import io
import pickle
from typing import Any

import numpy as np

from beholder.extras import require

Arrays = dict[str, np.ndarray]


def from_torch(data: bytes) -> Arrays:
    """A state dict as ``torch.save`` writes it."""
    torch = require("torch", "train", "reading torch's weights")

    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return {name: value.numpy() for name, value in state.items()}


class _ArrayUnpickler(pickle.Unpickler):
    """Admits what NumPy arrays are made of and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return np.empty(0).__reduce__()[0]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a NumPy array")


def from_lpips_vgg16(data: bytes) -> Arrays:
    """Flax kernels (height, width, in, out) -> torchvision's ``features.N.weight`` (out, in, height, width)."""
    layers = _ArrayUnpickler(io.BytesIO(data)).load()["VGG16_0"]
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    arrays: Arrays = {}
    for number, place in enumerate(places):
        conv = layers[f"Conv_{number}"]
        arrays[f"features.{place}.weight"] = conv["kernel"].transpose(3, 2, 0, 1)
        arrays[f"features.{place}.bias"] = conv["bias"]
    return arrays


def from_dinov2_export(data: bytes) -> Arrays:
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


def from_keras(data: bytes) -> Arrays:
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
