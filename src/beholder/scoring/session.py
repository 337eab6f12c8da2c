"""A model file in ONNX Runtime: open it, run it, check what it computes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beholder.errors import ModelError
from beholder.scoring.model_file import DISTRIBUTION
from beholder.text import one_line

SHARE_ERROR = 0.01  # of a sum of shares of votes: those of a model in eight bits are not exact


def open_session(path: Path, content: bytes, threads: int | None) -> Any:
    """An inference session for the content of a model file.

    Args:
        path: of the file, for error messages.
        content: of the file.
        threads: of the runtime; one per core if None.

    Raises:
        ModelError: the runtime cannot open it.
    """
    # From version 1.29 the runtime reports name and hash of every model that it opens to its makers, unless this is set
    # before it is imported. Which photographs are scored, and with which model, is nobody's business.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # here, because it takes longer than all else that `import beholder` loads

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # As what was checked: content that is a flatbuffer, too, would else be opened as that.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # an idle thread would take a core from
    options.intra_op_num_threads = threads or 0  # decoding; 0 is one thread per core, hyper-threads not counted
    providers: list[Any] = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():  # of onnxruntime-gpu; in full precision,
        providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))  # so that scores do not depend on the machine
    try:
        return onnxruntime.InferenceSession(content, options, providers=providers, enable_fallback=0)
    except Exception as error:  # the runtime has a dozen exception types, all derived from Exception alone
        raise ModelError(f"{path}: not a model file, or damaged ({one_line(error)}); make or fetch it again") from None


def run_session(
    session: Any, names: Sequence[str], pixels: np.ndarray, tasks: int, levels: int = 0
) -> list[np.ndarray]:
    """Outputs of a session for a batch of pixels, checked against the contract.

    Args:
        session: from :func:`open_session`.
        names: of the outputs.
        pixels: (B, height, width, 3) uint8.
        tasks: number of tasks.
        levels: number of score levels, for a model that predicts their shares.

    Returns:
        One array per name, B rows each, all finite.

    Raises:
        ModelError: the model cannot be run, or an output has another shape than declared (a runtime takes declared
            shapes for a hint), or is not finite.
    """
    try:
        outputs: list[np.ndarray] = session.run(list(names), {"image": pixels})
    except Exception as error:  # as in `open_session`
        raise ModelError(f"the model cannot be run on these pixels: {one_line(error)}") from None
    shapes = {"scores": (len(pixels), tasks), "evidence": (len(pixels), tasks), DISTRIBUTION: (len(pixels), levels)}
    for name, array in zip(names, outputs, strict=True):
        expected = shapes.get(name, (len(pixels),))
        if array.shape[: len(expected)] != expected or (name == "scores" and array.ndim != 2):
            raise ModelError(f"the model computes {name} of shape {array.shape}, which is not what its file says")
        if not np.isfinite(array).all():
            raise ModelError(f"the model computes {name} that are not finite numbers; its file is damaged")
        if name == DISTRIBUTION and (array.min() < -SHARE_ERROR or abs(array.sum(axis=1) - 1).max() > SHARE_ERROR):
            raise ModelError("the model computes shares of votes that do not add up to 1; its file is damaged")
    return outputs
