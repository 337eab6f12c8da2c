"""The runtime: nothing is reported, and models that break the contract are refused."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import onnx
import pytest

import beholder
from beholder.errors import ModelError
from beholder.scoring.onnx_file import sealed
from beholder.scoring.session import run_session, stop_runs
from helpers.broken_models import endless, votes, with_graph


def test_nothing_is_told_to_anybody(photos: list[Path], tmp_path: Path) -> None:
    """The runtime's telemetry keeps its queue in the user's cache folder, and is off in CI: so not in this process."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    code = "import sys, beholder; beholder.load().score(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(photos[0])], env=environment, check=True)
    assert not list(tmp_path.rglob("*"))


def drop_column(output: str, declared: int | None) -> Callable[[onnx.ModelProto], object]:
    """An output that loses one of three columns in a node whose output shape no runtime can predict."""

    def edit(model: onnx.ModelProto) -> None:
        maker = next(node for node in model.graph.node if output in node.output)
        maker.output[0] = "raw"
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([True, True, False]), "kept"))
        model.graph.node.append(onnx.helper.make_node("Compress", ["raw", "kept"], [output], axis=1))
        for put in model.graph.output:
            if put.name == output and declared:
                put.type.tensor_type.shape.dim[1].dim_value = declared
            elif put.name == output:
                put.type.tensor_type.shape.dim[1].Clear()

    return edit


REFUSED_UNRUN = {
    "operators of others": (
        lambda m: (setattr(m.graph.node[0], "domain", "evil"), m.opset_import.add(domain="evil", version=1)),
        "not a registered function",
    ),
    "scores of more tasks": (drop_column("scores", 4), "describes 3 tasks and computes scores of 4"),
    "maps of more tasks": (drop_column("evidence", 7), "describes 3 tasks and computes evidence of 7"),
    "scores of no known number": (drop_column("scores", None), "describes 3 tasks and computes scores of"),
    "maps without a grid": (lambda m: m.graph.output[2].type.tensor_type.shape.dim.pop(), "evidence"),
    "another input": (
        lambda m: m.graph.input.append(onnx.helper.make_tensor_value_info("other", 1, [1])),
        "inputs and outputs",
    ),
    "an output lost": (lambda m: m.graph.output.pop(), "inputs and outputs"),
}


@pytest.mark.parametrize("kind", REFUSED_UNRUN)
def test_refused_before_anything_runs(kind: str, colour_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(colour_model.read_bytes())
    edit, says = REFUSED_UNRUN[kind]
    with_graph(edit)(path)
    with pytest.raises(ModelError, match=rf"bad.onnx: [^\n]*{says}[^\n]*$"):
        beholder.load(path)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (drop_column("scores", 3), "computes scores of shape"),
        (drop_column("evidence", 3), "computes evidence of shape"),
        (lambda m: m.graph.initializer[3].CopyFrom(tensor("bias", np.full(3, np.nan))), "not finite"),
        (drop_column("embedding", None), "cannot be run"),
        (votes([0.25, 0.25, 0.25]), "do not add up to 1"),
        (votes([1.5, 0.0, -0.5]), "do not add up to 1"),
        (votes([0.5, 0.5]), "computes distribution of shape"),
    ],
    ids=["fewer scores", "fewer maps", "not finite", "does not fit", "too few votes", "votes below 0", "fewer levels"],
)
def test_lies_that_only_running_shows_are_one_line(
    edit: Callable[[onnx.ModelProto], object], says: str, colour_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(colour_model.read_bytes())
    with_graph(edit)(path)
    with pytest.raises(ModelError, match=rf"^[^\n]*{says}[^\n]*$"):
        beholder.load(path).score(np.zeros((9, 9, 3), np.uint8))


def tensor(name: str, values: np.ndarray) -> onnx.TensorProto:
    return onnx.numpy_helper.from_array(values.astype(np.float32), name)


@pytest.mark.parametrize("forged", [False, True])
def test_damaged_model_files(forged: bool, colour_model: Path, tmp_path: Path, capfd: Any) -> None:
    """Any bit may be wrong, any part missing, even under a seal that fits: a model that computes numbers, or a line."""
    whole, path, loaded = colour_model.read_bytes(), tmp_path / "m.onnx", 0
    whole = whole[: -len(sealed(b""))] if forged else whole
    for number in range(400):
        random, content = Random(number), bytearray(whole)
        if random.random() < 0.3:
            content = content[: random.randrange(len(content))]
        else:
            for _ in range(random.choice((1, 1, 2, 8))):
                content[random.randrange(min(len(content), random.choice((700, 9999))))] ^= 1 << random.randrange(8)
        path.write_bytes(sealed(bytes(content)) if forged else content)
        try:
            beholder.load(path).score(np.zeros((9, 9, 3), np.uint8))
            loaded += 1
        except ModelError as error:
            assert str(error).isprintable(), number
    assert 0 < loaded < 100 if forged else loaded == 0
    assert capfd.readouterr() == ("", "")  # the runtime does not talk


def test_a_file_that_two_formats_claim_is_opened_as_what_was_checked(colour_model: Path, tmp_path: Path) -> None:
    """ORT's own format is known by four bytes, which may be in a text of an ONNX file."""
    path, body = tmp_path / "both.onnx", colour_model.read_bytes()[: -len(sealed(b""))]
    path.write_bytes(sealed(b"\x12\x06..ORTM" + body))  # first the name of the program that wrote it
    assert path.read_bytes()[4:8] == b"ORTM"
    black = np.zeros((9, 9, 3), np.uint8)
    assert beholder.load(path).score(black).values.tolist() == beholder.load(colour_model).score(black).values.tolist()


def interrupt_once(begun: threading.Event) -> None:
    """Ctrl-C, once something has begun."""

    def wait() -> None:
        begun.wait(60)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("way", ["score", "explain", "score_photos"])
def test_ctrl_c_ends_a_model_that_never_ends(
    way: str, colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "endless.onnx"
    path.write_bytes(colour_model.read_bytes())
    with_graph(endless)(path)
    scorer, picture, begun = beholder.load(path), np.zeros((9, 9, 3), np.uint8), threading.Event()
    ways = {
        "score": scorer.score,
        "explain": scorer.explain,
        "score_photos": lambda picture: list(beholder.score_photos(scorer, [picture] * 9)),
    }

    def tell(*given: Any) -> list[np.ndarray]:
        begun.set()
        return run_session(*given)

    monkeypatch.setattr("beholder.scoring.scorer.run_session", tell)
    before = set(threading.enumerate())
    interrupt_once(begun)
    with pytest.raises(KeyboardInterrupt):
        ways[way](picture)
    until = time.monotonic() + 60
    while set(threading.enumerate()) - before and time.monotonic() < until:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before  # nothing goes on computing


def test_other_runs_of_the_same_model_go_on(colour_model: Path) -> None:
    """Only what a thread that is named runs is stopped."""
    stop_runs([threading.get_ident(), 12345])
    assert len(beholder.load(colour_model).score(np.zeros((9, 9, 3), np.uint8))) == 1


def test_a_process_that_has_no_more_threads_scores(colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    scorer, picture = beholder.load(colour_model, threads=1), np.zeros((9, 9, 3), np.uint8)
    expected = scorer.score(picture)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert scorer.score(picture) == expected
