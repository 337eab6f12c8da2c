"""Models on the Hugging Face hub: fetched by the real client from a hub on this machine."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

import beholder as package
from beholder.errors import BeholderError, ModelError
from beholder.scoring.hub import fetch_model
from helpers.hub_server import Hub, running

REPO = "someone/aesthetics"


def card_of(content: bytes) -> bytes:
    return f"---\nmodel_sha256: {hashlib.sha256(content).hexdigest()}\n---\n".encode()


def test_a_pinned_model_is_that_file_and_stays_without_a_network(
    hub: Hub, colour_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = colour_model.read_bytes()
    commit = hub.commit(REPO, {"model.onnx": content, "README.md": card_of(content)})
    hub.commit(REPO, {"model.onnx": b"another"})
    scorer, here = package.load(f"hf://{REPO}@{commit}"), package.load(colour_model)
    picture = np.full((20, 20, 3), 99, np.uint8)
    assert scorer.id == here.id and scorer.score(picture) == here.score(picture)
    assert capsys.readouterr().err == ""
    fetch_model.cache_clear()  # as another process
    hub.asked.clear()
    assert package.load(f"hf://{REPO}@{commit}").id == here.id


def test_a_file_of_another_name(hub: Hub, colour_model: Path) -> None:
    content = colour_model.read_bytes()
    commit = hub.commit(REPO, {"small/a.onnx": content, "README.md": card_of(b"of model.onnx")})
    assert package.load(f"hf://{REPO}@{commit}/small/a.onnx").id == package.load(colour_model).id


def test_a_file_that_is_not_what_its_card_says_is_refused(hub: Hub, colour_model: Path) -> None:
    commit = hub.commit(REPO, {"model.onnx": colour_model.read_bytes(), "README.md": card_of(b"another")})
    with pytest.raises(ModelError, match="its card says"):
        package.load(f"hf://{REPO}@{commit}")


def test_without_a_commit_the_newest_is_taken_once_and_a_line_says_which(
    hub: Hub, colour_model: Path, other_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = hub.commit(REPO, {"model.onnx": colour_model.read_bytes()})  # without a card
    first = package.load(f"hf://{REPO}")
    hub.commit(REPO, {"model.onnx": other_model.read_bytes()})
    assert package.load(f"hf://{REPO}").id == first.id == package.load(colour_model).id
    line = f"hf://{REPO}: took commit {commit}; for the same scores tomorrow name it: hf://{REPO}@{commit}\n"
    assert capsys.readouterr().err == line


def test_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="needs huggingface_hub: pip install 'beholder[hub]'")
    with running(monkeypatch, str(tmp_path)):
        pass  # it has ended
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # between its attempts
    for address in (f"hf://{REPO}", f"hf://{REPO}@{'ab' * 20}"):
        with pytest.raises(BeholderError, match=r"could not be reached .*; check the network"):
            package.load(address)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BeholderError, match=r"needs huggingface_hub, not installed: pip install 'beholder\[hub\]'"):
        package.load(f"hf://{REPO}")
