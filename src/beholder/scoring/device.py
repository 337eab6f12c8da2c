"""Where a model computes: on the processor or on a GPU, which gets a graph without integers."""

import warnings
from pathlib import Path
from typing import Any

from beholder.errors import BeholderError, ModelError
from beholder.scoring.float_graph import float_graph
from beholder.scoring.session import open_session, runtime
from beholder.text import one_line

AUTO, CPU, CUDA = "auto", "cpu", "cuda"
DEVICES = (AUTO, CPU, CUDA)
PROVIDER = "CUDAExecutionProvider"  # what ONNX Runtime calls it


def check_device(device: str) -> None:
    """Raise BeholderError for what is no device."""
    if device not in DEVICES:
        raise BeholderError(f"--device {one_line(device)}: choose auto, cpu or cuda")


def open_on(device: str, path: Path, content: bytes, threads: int | None) -> tuple[Any, str]:
    """An inference session on a device, and where it computes: ``cpu`` or ``cuda``.

    Args:
        device: ``cpu``; ``cuda``; or ``auto``, which is CUDA where the runtime has it and a GPU works, else the
            processor. That it does not work is a warning.
        path, content, threads: as :func:`beholder.scoring.session.open_session` takes them.

    Raises:
        BeholderError: there is no such device, or CUDA was asked for and does not work.
        ModelError: the runtime cannot open the model.
    """
    check_device(device)
    if device == CPU:
        return open_session(path, content, threads), CPU
    if PROVIDER not in runtime().get_available_providers():
        if device == AUTO:
            return open_session(path, content, threads), CPU
        raise BeholderError(
            "--device cuda: this ONNX Runtime has no CUDA; pip uninstall onnxruntime, then pip install "
            "onnxruntime-gpu, which takes its place; or choose auto or cpu"
        )
    try:
        session = open_session(path, float_graph(content), threads, cuda=True)
        if PROVIDER in session.get_providers():
            return session, CUDA
        why = "its libraries cannot be loaded; pip install 'onnxruntime-gpu[cuda,cudnn]' brings them"
    except ModelError as error:
        why = str(error)
    session = open_session(path, content, threads)  # an error of any device is reported here
    if device == CUDA:
        raise BeholderError(f"--device cuda: no GPU can be used: {why}; choose auto or cpu")
    warnings.warn(f"no GPU is used, the processor computes: {why}", stacklevel=2)
    return session, CPU
