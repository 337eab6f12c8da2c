"""The state of a training after each epoch, in one file that is replaced as a whole.

A safetensors file: the parameters in training, the optimiser's moments, the parameters of the best epoch of each stage,
and as JSON in its header the history, the settings of the training and the names of all tensors. No pickle. A file that
lacks a tensor, or has others or values that are not finite, is refused.

"Parameters" are all tensors that training changes, running statistics included, those of the optimiser first.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import check_writable, explained, replacing
from beholder.text import printable

MOMENTS = ("exp_avg", "exp_avg_sq", "step", "momentum_buffer")  # of Adam, and of SGD


class Checkpoint:
    """Continues from the file ``path`` where it exists.

    Args:
        path: the file, or None to keep the state in memory only.
        made_by: settings and data that determine the training; a file with others is refused.

    Raises:
        BeholderError: the file is not a checkpoint, belongs to another training, or cannot be written.
    """

    def __init__(self, path: Path | None, made_by: dict[str, Any]) -> None:
        self.path = path
        self.made_by: dict[str, Any] = json.loads(json.dumps(made_by))
        self.history: list[dict[str, Any]] = []
        self.tensors: dict[str, Tensor] = {}
        if path is None:
            return
        if path.exists():
            self._read(path)
        with explained(path, "the checkpoint"):
            path.parent.mkdir(parents=True, exist_ok=True)
        check_writable(path, "the checkpoint", lambda _: True)  # fails before any work is done

    def _read(self, path: Path) -> None:
        safetensors = require("safetensors", "train", "checkpoints")
        if not path.is_file():  # opening a pipe would wait for ever
            raise self._refusal("it is not a file")
        try:
            with safetensors.safe_open(path, "pt") as file:
                document = json.loads((file.metadata() or {})["beholder"])
                self.tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            found, self.history = document["made_by"], document["history"]
            names = set(map(str, document["tensors"]))
            if not isinstance(found, dict) or not all(map(_is_epoch, self.history)):
                raise TypeError("its history is none")
        except (OSError, KeyError, TypeError, ValueError, RecursionError, safetensors.SafetensorError) as error:
            raise BeholderError(
                f"{path}: is not a checkpoint ({type(error).__name__}); remove it to begin anew"
            ) from None
        if odd := self.tensors.keys() ^ names:
            raise self._refusal(
                f"{printable(min(odd))} is {'missing' if min(odd) in names else 'not of this training'}"
            )
        for name, value in self.tensors.items():
            if not torch.isfinite(value).all():
                raise self._refusal(f"{printable(name)} has values that are not finite numbers")
        for name, value in self.made_by.items():
            if found.get(name) != value:
                raise BeholderError(
                    f"{path}: is the checkpoint of another training, with {name} {_brief(found.get(name))} instead of "
                    f"{_brief(value)}; give another --work folder, or remove it to begin anew"
                )

    def restore(self, stage: int, parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> int:
        """Load the parameters and moments of a stage's last epoch; returns the number of the next epoch.

        Raises:
            BeholderError: the file has other tensors than this training.
        """
        done = [row["epoch"] for row in self.history if row["stage"] == stage]
        if not done:
            return 1
        if any(row["stage"] > stage for row in self.history):  # a later stage has begun: only its best epoch is needed
            return max(done) + 1
        self._fill(stage, "now", parameters)
        moments: dict[int, dict[str, Tensor]] = {}
        for number, (name, parameter) in enumerate(parameters.items()):
            kinds = {kind: f"{stage}.{kind}.{name}" for kind in MOMENTS}
            found = {kind: self.tensors[key] for kind, key in kinds.items() if key in self.tensors}
            for kind, value in found.items():
                self._check(kinds[kind], value, torch.zeros(()) if kind == "step" else parameter)
            if found:
                moments[number] = found
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        return max(done) + 1

    def _fill(self, stage: int, kind: str, parameters: Mapping[str, Tensor]) -> None:
        for name, parameter in parameters.items():
            key = f"{stage}.{kind}.{name}"
            if key not in self.tensors:
                raise self._refusal(f"{key} is missing")
            self._check(key, self.tensors[key], parameter)
            with torch.no_grad():
                parameter.copy_(self.tensors[key])

    def _check(self, key: str, value: Tensor, expected: Tensor) -> None:
        """A tensor of another shape might be stretched, one of another type rounded."""
        if (value.shape, value.dtype) != (expected.shape, expected.dtype):
            shapes = f"{tuple(value.shape)} {value.dtype}, not {tuple(expected.shape)} {expected.dtype}"
            raise self._refusal(f"{key} is {shapes}".replace("torch.", ""))

    def _refusal(self, why: str) -> BeholderError:
        return BeholderError(f"{self.path}: is damaged or not of this training: {why}; remove it to begin anew")

    def is_best(self, row: dict[str, Any]) -> bool:
        """Whether an epoch has a lower validation loss than all earlier epochs of its stage, or no such loss at all."""
        before = [_loss(done) for done in self.history if done["stage"] == row["stage"]]
        return "validation_loss" not in row or all(_loss(row) < loss for loss in before)

    def save(self, row: dict[str, Any], parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
        stage = row["stage"]
        self.history.append(row)
        now = {name: parameter.detach().clone().cpu() for name, parameter in parameters.items()}
        self.tensors = {name: value for name, value in self.tensors.items() if ".best." in name}
        self.tensors |= {f"{stage}.now.{name}": value for name, value in now.items()}
        for name, parameter in parameters.items():
            for kind, value in optimizer.state.get(parameter, {}).items():
                self.tensors[f"{stage}.{kind}.{name}"] = value.detach().clone().cpu()
        if row["best"]:
            self.tensors |= {f"{stage}.best.{name}": value.clone() for name, value in now.items()}
        if self.path is None:
            return
        safetensors = require("safetensors.torch", "train", "checkpoints")
        document = json.dumps({"made_by": self.made_by, "history": self.history, "tensors": sorted(self.tensors)})
        content = safetensors.save(
            {name: value.contiguous() for name, value in self.tensors.items()}, {"beholder": document}
        )
        with replacing(self.path, "the checkpoint") as partial, explained(self.path, "the checkpoint"):
            partial.write_bytes(content)

    def best(self, stage: int, parameters: Mapping[str, Tensor]) -> float:
        """Load the parameters of a stage's best epoch; returns its validation loss, infinite where there is none.

        Raises as :meth:`restore`.
        """
        self._fill(stage, "best", parameters)
        return min(_loss(row) for row in self.history if row["stage"] == stage)


def _loss(row: dict[str, Any]) -> float:
    return float(row.get("validation_loss", math.inf))


def _is_epoch(row: Any) -> bool:
    whole = all(type(row[name]) is int and row[name] > 0 for name in ("stage", "epoch"))
    loss = row.get("validation_loss", 0)
    return whole and type(loss) in (int, float) and math.isfinite(loss)


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
