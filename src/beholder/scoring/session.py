"""A model file in ONNX Runtime: open it, run it, check what it computes."""

import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from beholder.errors import ModelError
from beholder.interruption import interruptible
from beholder.scoring.model_file import DISTRIBUTION
from beholder.text import one_line

SHARE_ERROR = 0.01  # of a sum of shares of votes: those of a model in eight bits are not exact
# Seconds after which a thread that waits wakes. A signal that comes in the moment before it falls asleep is noted but
# does not wake it, and Python handles it only when it is awake.
WAKING = 0.2
GRACE = 2.0  # seconds that a run has to end in after it was told to; it looks between two operators
_RUNS: dict[int, Any] = {}  # thread -> RunOptions of what it computes now


def runtime() -> ModuleType:
    """ONNX Runtime, which reports nothing to anybody."""
    # From version 1.29 the runtime reports name and hash of every model that it opens to its makers, unless this is set
    # before it is imported. Which photographs are scored, and with which model, is nobody's business.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # here, because it takes longer than all else that `import beholder` loads

    return onnxruntime


def open_session(path: Path, content: bytes, threads: int | None, *, cuda: bool = False) -> Any:
    """An inference session for the content of a model file.

    Args:
        path: of the file, for error messages.
        content: of the file.
        threads: of the runtime; one per core if None.
        cuda: whether a GPU computes what it can. Where its libraries cannot be loaded, the runtime goes on without.

    Raises:
        ModelError: the runtime cannot open it; with ``cuda`` the message is the runtime's.
    """
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # As what was checked: content that is a flatbuffer, too, would else be opened as that.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # an idle thread would take a core from
    options.intra_op_num_threads = threads or 0  # decoding; 0 is one thread per core, hyper-threads not counted
    providers: list[Any] = ["CPUExecutionProvider"]
    if cuda:  # in full precision, so that scores do not depend on the machine
        providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))
    try:
        if cuda:
            with _silent(onnxruntime):
                onnxruntime.preload_dlls()  # those that pip has installed
                return onnxruntime.InferenceSession(content, options, providers=providers, enable_fallback=0)
        return onnxruntime.InferenceSession(content, options, providers=providers, enable_fallback=0)
    except Exception as error:  # the runtime has a dozen exception types, all derived from Exception alone
        if cuda:
            raise ModelError(one_line(error)) from None
        raise ModelError(f"{path}: not a model file, or damaged ({one_line(error)}); make or fetch it again") from None


@contextmanager
def _silent(onnxruntime: ModuleType) -> Iterator[None]:
    """Let the runtime not say that libraries are missing: a line says so to those who asked for a GPU."""
    onnxruntime.set_default_logger_severity(4)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        onnxruntime.set_default_logger_severity(2)  # what it is at first


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
    from onnxruntime import RunOptions

    options = RunOptions()

    def run() -> list[np.ndarray]:
        thread = threading.get_ident()
        _RUNS[thread] = options
        try:
            return session.run(list(names), {"image": pixels}, options)
        finally:
            del _RUNS[thread]

    try:
        outputs = _run_beside(run, options)
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


def stop_runs(threads: Iterable[int]) -> None:
    """Make the models that these threads (their identifiers) run end with an error, before their next operator."""
    for thread in threads:
        if (options := _RUNS.get(thread)) is not None:
            options.terminate = True


def _run_beside(run: Callable[[], list[np.ndarray]], options: Any) -> list[np.ndarray]:
    """Run a model so that Ctrl-C ends it, also one that never ends.

    Only the main thread handles signals, and not while it is in the runtime. So the model runs in another thread, for
    which the main thread waits. It takes about 0.1 ms.
    """
    if threading.current_thread() is not threading.main_thread():
        return run()
    found: list[list[np.ndarray]] = []
    errors: list[BaseException] = []
    ended = threading.Event()  # join() of Python 3.11, once interrupted, takes the thread for ended

    def work() -> None:
        try:
            found.append(run())
        except BaseException as error:
            errors.append(error)
        finally:
            ended.set()

    try:
        try:
            with interruptible():
                threading.Thread(target=work, name="beholder model", daemon=True).start()
        except RuntimeError:  # the process may have no more threads, or Python is ending
            work()
        with interruptible():
            while not ended.wait(WAKING):
                pass
    except BaseException:
        options.terminate = True
        ended.wait(GRACE)
        raise
    if errors:
        raise errors[0]
    return found[0]


def abandon(session: Any) -> None:
    """Keep a session for ever: in a forked process, closing it waits for threads that are not there."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))
