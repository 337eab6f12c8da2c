"""A checkpoint goes on with what was saved, or is refused in one line."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from beholder.errors import BeholderError
from beholder.training.checkpoint import Checkpoint

MADE_BY = {"seed": 0}
Tensors = dict[str, torch.Tensor]


def make(kind: str = "adam") -> tuple[torch.nn.Linear, torch.optim.Optimizer, dict[str, torch.Tensor]]:
    network = torch.nn.Linear(3, 2)
    make_optimizer = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[kind]
    options: dict[str, Any] = {"momentum": 0.9} if kind == "sgd" else {}
    return network, make_optimizer(network.parameters(), lr=0.1, **options), dict(network.named_parameters())


def save(path: Path, kind: str = "adam") -> Tensors:
    """A checkpoint after two epochs; the parameters that it holds."""
    state = Checkpoint(path, MADE_BY)
    network, optimizer, parameters = make(kind)
    for epoch in (1, 2):
        network(torch.ones(4, 3)).sum().backward()
        optimizer.step()
        state.save({"stage": 1, "epoch": epoch, "validation_loss": 1 / epoch, "best": True}, parameters, optimizer)
    return {name: value.detach().clone() for name, value in parameters.items()}


def go_on(path: Path, kind: str = "adam") -> Tensors:
    """What a training that goes on does with the file."""
    state = Checkpoint(path, MADE_BY)
    network, optimizer, parameters = make(kind)
    assert state.restore(1, parameters, optimizer) == 3
    found = {name: value.detach().clone() for name, value in parameters.items()}
    network(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    state.best(1, parameters)
    return found


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_goes_on_with_what_was_saved(kind: str, tmp_path: Path) -> None:
    saved = save(tmp_path / "c", kind)
    assert all(torch.equal(saved[name], value) for name, value in go_on(tmp_path / "c", kind).items())


def only(change: Callable[[Tensors], object]) -> Callable[[Tensors, dict[str, Any]], object]:
    return lambda tensors, document: change(tensors)


def with_history(**changes: object) -> Callable[[Tensors, dict[str, Any]], object]:
    return lambda tensors, document: document["history"][0].update(changes)


NAN, INFINITY = float("nan"), float("inf")
DAMAGE: dict[str, tuple[Callable[[Tensors, dict[str, Any]], object], str]] = {
    "NaN": (only(lambda t: t["1.now.weight"].fill_(NAN)), "1.now.weight has values that are not finite"),
    "one endless value": (only(lambda t: t["1.best.bias"].view(-1)[0].fill_(INFINITY)), "1.best.bias has values"),
    "NaN in a moment": (only(lambda t: t["1.exp_avg.bias"].fill_(NAN)), "1.exp_avg.bias has values"),
    "a parameter missing": (only(lambda t: t.pop("1.now.bias")), "1.now.bias is missing"),
    "all missing": (only(lambda t: t.clear()), "1.best.bias is missing"),
    "the best missing": (only(lambda t: t.pop("1.best.weight")), "1.best.weight is missing"),
    "a moment missing": (only(lambda t: t.pop("1.exp_avg_sq.bias")), "1.exp_avg_sq.bias is missing"),
    "one too many": (only(lambda t: t.update({"1.now.other": torch.zeros(1)})), "1.now.other is not of this training"),
    "another name": (only(lambda t: t.update({"1.now.\x1b[31m": t.pop("1.now.bias")})), r"1.now.*is"),
    "a shape that would be stretched": (
        only(lambda t: t.update({"1.now.weight": torch.zeros(1, 3)})),
        r"1.now.weight is \(1, 3\) float32, not \(2, 3\) float32",
    ),
    "a shape of the best": (only(lambda t: t.update({"1.best.bias": torch.zeros(1)})), r"1.best.bias is \(1,\)"),
    "a shape of a moment": (only(lambda t: t.update({"1.exp_avg.bias": torch.zeros(5)})), r"exp_avg.bias is \(5,\)"),
    "whole numbers": (only(lambda t: t.update({"1.now.bias": torch.zeros(2, dtype=torch.int64)})), "int64, not"),
    "half precision": (only(lambda t: t.update({"1.now.bias": torch.zeros(2).half()})), "float16, not"),
    "no settings": (lambda t, d: d.pop("made_by"), "is not a checkpoint"),
    "settings of words": (lambda t, d: d.update(made_by="abc"), "is not a checkpoint"),
    "no history": (lambda t, d: d.update(history=None), "is not a checkpoint"),
    "history of words": (lambda t, d: d.update(history=["abc"]), "is not a checkpoint"),
    "an epoch that is a word": (with_history(epoch="1"), "is not a checkpoint"),
    "an epoch below 1": (with_history(epoch=-1), "is not a checkpoint"),
    "a stage that is a fraction": (with_history(stage=1.5), "is not a checkpoint"),
    "a loss that is no number": (with_history(validation_loss=NAN), "is not a checkpoint"),
    "a loss that is a word": (with_history(validation_loss="1"), "is not a checkpoint"),
    "names that are a number": (lambda t, d: d.update(tensors=3), "is not a checkpoint"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_would_lead_astray_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save(path)
    with safe_open(path, "pt") as file:
        document = json.loads(file.metadata()["beholder"])
        tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    change, says = DAMAGE[kind]
    change(tensors, document)
    save_file(tensors, path, {"beholder": json.dumps(document)})
    with pytest.raises(
        BeholderError, match=rf"^[^\n]*c.safetensors: [^\n]*{says}[^\n]*remove it to begin anew$"
    ) as caught:
        go_on(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_what_is_no_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    with pytest.raises(BeholderError, match="it is not a file"):
        Checkpoint(path, MADE_BY)


def test_a_nested_document_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "c", {"beholder": "[" * 100_000})
    with pytest.raises(BeholderError, match="is not a checkpoint"):
        Checkpoint(tmp_path / "c", MADE_BY)
