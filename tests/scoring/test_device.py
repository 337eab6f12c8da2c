"""Where a model computes, with a runtime that says that it has a GPU."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import beholder
from beholder.errors import BeholderError, ModelError
from beholder.scoring.batch import concurrent_batches, default_batch
from beholder.scoring.device import PROVIDER
from beholder.scoring.scorer import Scorer
from beholder.scoring.session import run_session

CPU_PROVIDER = "CPUExecutionProvider"
BLACK = np.zeros((9, 9, 3), np.uint8)


class Gpu:
    """What stands in for a GPU: the processor."""

    def __init__(self, works: str) -> None:
        self.works, self.asked, self.contents = works, [], []  # type: ignore[var-annotated]
        self.open = onnxruntime.InferenceSession

    def session(self, content: bytes, options: Any, providers: list[Any], **_: Any) -> Any:
        names = [each if isinstance(each, str) else each[0] for each in providers]
        self.asked.append(names)
        self.contents.append(content)
        if PROVIDER in names and self.works == "no device":
            raise RuntimeError("CUDA failure 100: no CUDA-capable device is detected ; GPU=-1\nmore")
        session = self.open(content, options, providers=[CPU_PROVIDER])
        if self.works == "yes":
            session.get_providers = lambda: names
        return session


@pytest.fixture
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Gpu:
    found = Gpu(request.param)
    providers = [CPU_PROVIDER] if found.works == "not there" else [PROVIDER, CPU_PROVIDER]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    monkeypatch.setattr(onnxruntime, "InferenceSession", found.session)
    return found


@pytest.mark.parametrize("gpu", ["yes"], indirect=True)
@pytest.mark.parametrize("device", ["auto", pytest.param("cuda", marks=pytest.mark.slow)])
def test_a_gpu_gets_a_graph_without_integers(gpu: Gpu, device: str) -> None:
    scorer = beholder.load("fast", device=device)
    assert gpu.asked == [[PROVIDER, CPU_PROVIDER]] and b"uantizeLinear" not in gpu.contents[0]
    assert scorer.device == "cuda" and "cuda" in repr(scorer)
    assert (default_batch(scorer), concurrent_batches(scorer), concurrent_batches(scorer, 1)) == (64, 2, 2)
    assert np.isfinite(scorer.score(BLACK).values).all()


@pytest.mark.parametrize("gpu", ["yes"], indirect=True)
@pytest.mark.parametrize("count", [1, 64, 65])
def test_a_gpu_computes_whole_batches(
    gpu: Gpu, count: int, colour_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def noted(session: Any, names: Any, pixels: np.ndarray, *counts: int) -> list[np.ndarray]:
        sizes.append(len(pixels))
        return run_session(session, names, pixels, *counts)

    monkeypatch.setattr("beholder.scoring.scorer.run_session", noted)
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    asked = pixels, np.full((count, 2), 8)
    assert beholder.load(colour_model, device="cuda").run(*asked) == beholder.load(colour_model, device="cpu").run(
        *asked
    )
    assert sizes == [64] * -(-count // 64) + [count]


@pytest.mark.parametrize("gpu", ["yes", "not there"], indirect=True)
def test_the_processor_is_asked_for_alone(gpu: Gpu, colour_model: Path) -> None:
    scorer = beholder.load(colour_model, device="cpu")
    assert (gpu.asked, scorer.device) == ([[CPU_PROVIDER]], "cpu") and "cuda" not in repr(scorer)


@pytest.mark.parametrize("gpu", ["not there"], indirect=True)
def test_without_cuda_in_the_runtime(gpu: Gpu, colour_model: Path) -> None:
    assert beholder.load(colour_model).device == "cpu"
    with pytest.raises(BeholderError, match=r"^--device cuda: [^\n]*onnxruntime-gpu[^\n]*auto or cpu$"):
        beholder.load(colour_model, device="cuda")
    assert gpu.asked == [[CPU_PROVIDER]]


@pytest.mark.parametrize(
    ("gpu", "says"), [("no device", "no CUDA-capable device"), ("libraries", "cannot be loaded")], indirect=["gpu"]
)
def test_a_gpu_that_does_not_work(gpu: Gpu, says: str, colour_model: Path) -> None:
    with pytest.warns(UserWarning, match=rf"^no GPU is used, the processor computes: [^\n]*{says}[^\n]*$"):
        scorer = beholder.load(colour_model)
    assert scorer.device == "cpu" and gpu.asked == [[PROVIDER, CPU_PROVIDER], [CPU_PROVIDER]]
    with pytest.raises(BeholderError, match=rf"^--device cuda: no GPU can be used: [^\n]*{says}[^\n]*auto or cpu$"):
        beholder.load(colour_model, device="cuda")


@pytest.mark.parametrize("device", ["tpu", "", "cuda:0", "CPU"])
def test_no_device_is_one_line(device: str, colour_model: Path) -> None:
    with pytest.raises(BeholderError, match=r"^--device [^\n]*: choose auto, cpu or cuda$"):
        beholder.load(colour_model, device=device)


@pytest.mark.parametrize("gpu", ["no device"], indirect=True)
def test_a_model_that_nothing_opens_is_told_so(gpu: Gpu, monkeypatch: pytest.MonkeyPatch, colour_model: Path) -> None:
    def refuse(*given: Any, **options: Any) -> None:
        raise RuntimeError("unknown operator")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(ModelError, match=r"colour\.onnx: not a model file, or damaged \(unknown operator\)"):
        beholder.load(colour_model, device="cuda")


@pytest.mark.parametrize("gpu", ["yes"], indirect=True)
@pytest.mark.parametrize("device", ["cpu", "cuda", "auto"])
def test_another_process_computes_on_the_same_device(gpu: Gpu, device: str, colour_model: Path) -> None:
    scorer = Scorer(colour_model, 1, device)
    again: Scorer = pickle.loads(pickle.dumps(scorer))
    assert again.device == scorer.device == ("cpu" if device == "cpu" else "cuda")
    again._after_fork()
    assert again.score(BLACK) == scorer.score(BLACK) and again.device == scorer.device
    assert len({tuple(each) for each in gpu.asked}) == 1 and len(gpu.asked) == 3
