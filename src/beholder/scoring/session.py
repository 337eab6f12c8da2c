"""A model file in ONNX Runtime."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beholder.errors import ModelError
from beholder.scoring.model_file import DISTRIBUTION, ModelInfo
from beholder.text import one_line


def run_session(session: Any, names: Sequence[str], pixels: np.ndarray, tasks: int) -> list[np.ndarray]:
    """The outputs of a session for pixels (B, height, width, 3), of the shapes and finite as the file said.

    Raises:
        ModelError: they are not: a runtime takes the shapes that a graph declares for a hint.
    """
    try:
        found: list[np.ndarray] = session.run(list(names), {"image": pixels})
    except Exception as error:  # the runtime's own are all bare Exceptions
        raise ModelError(f"the model cannot be run on these pixels: {one_line(error)}") from None
    shapes = {"scores": (len(pixels), tasks), "evidence": (len(pixels), tasks)}
    for name, array in zip(names, found, strict=True):
        expected = shapes.get(name, (len(pixels),))
        if array.shape[: len(expected)] != expected or (name == "scores" and array.ndim != 2):
            raise ModelError(f"the model computes {name} of shape {array.shape}, which is not what its file says")
        if not np.isfinite(array).all():
            raise ModelError(f"the model computes {name} that are no numbers; its file is damaged")
    return found


def open_session(path: Path, content: bytes, threads: int | None) -> Any:
    # From 1.29 the runtime tells its makers of every model that it opens, by name and hash, unless this is set before
    # it is loaded. Whose photographs are scored, and by what, is nobody's business.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # here, for it takes longer than all else that `import beholder` loads

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # A thread of the runtime that has nothing to do would burn a core that decoding wants.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = threads or 0  # which is one a core, hyper-threads not counted
    providers: list[Any] = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():  # of onnxruntime-gpu; in full precision, for
        providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))  # scores should not depend on the machine
    try:
        return onnxruntime.InferenceSession(content, options, providers=providers, enable_fallback=0)
    except Exception as error:  # the runtime has a dozen exception types of its own, all bare Exceptions
        raise ModelError(f"{path}: not a model file, or damaged ({one_line(error)}); make or fetch it again") from None


def check_contract(path: Path, info: ModelInfo, session: Any) -> None:
    """Raises ModelError where the graph's inputs and outputs are not those of the contract, or of these tasks."""
    try:
        inputs = {put.name: (put.type, len(put.shape), put.shape[-1:]) for put in session.get_inputs()}
        outputs = {put.name: (put.type, put.shape) for put in session.get_outputs()}
    except UnicodeDecodeError:
        raise ModelError(f"{path}: not a model file, or damaged; make or fetch it again") from None
    if inputs != {"image": ("tensor(uint8)", 4, [3])} or not set(info.outputs) <= set(outputs):
        raise ModelError(f"{path}: its inputs and outputs are not those of a beholder model")
    count = len(info.tasks)
    contract = {
        "scores": (2, count),
        "embedding": (2, None),
        "evidence": (4, count),
        DISTRIBUTION: (2, len(info.buckets)),
    }
    for name in info.outputs:
        (ranks, wide), (kind, shape) = contract[name], outputs[name]
        if kind != "tensor(float)" or len(shape) != ranks:
            raise ModelError(f"{path}: its {name} are {kind} of {len(shape)} dimensions, where {ranks} of float belong")
        if wide is not None and shape[1] != wide:
            what = "values that can be voted" if name == DISTRIBUTION else "tasks"
            raise ModelError(f"{path}: it describes {wide} {what} and computes {name} of {shape[1]}")
