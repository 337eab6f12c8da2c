"""The state of a training after each epoch, in one file that is replaced as a whole.

A safetensors file: the parameters in training, the optimiser's moments, the parameters of the best epoch of each stage,
and as JSON in its header the history and the settings of the training. No pickle.

"Parameters" are all tensors that training changes, running statistics included, those of the optimiser first.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from beholder.errors import BeholderError
from beholder.extras import require
from beholder.files import check_writable, explained, replacing

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
        try:
            with safetensors.safe_open(path, "pt") as file:
                document = json.loads((file.metadata() or {})["beholder"])
                self.tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            found, self.history = document["made_by"], document["history"]
        except (OSError, KeyError, TypeError, ValueError, safetensors.SafetensorError) as error:
            raise BeholderError(
                f"{path}: is not a checkpoint ({type(error).__name__}); remove it to begin anew"
            ) from None
        for name, value in self.made_by.items():
            if found.get(name) != value:
                raise BeholderError(
                    f"{path}: is the checkpoint of another training, with {name} {_brief(found.get(name))} instead of "
                    f"{_brief(value)}; give another --work folder, or remove it to begin anew"
                )

    def restore(self, stage: int, parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> int:
        """Load the parameters and moments of a stage's last epoch; returns the number of the next epoch."""
        done = [row["epoch"] for row in self.history if row["stage"] == stage]
        if not done:
            return 1
        moments: dict[int, dict[str, Tensor]] = {}
        for number, (name, parameter) in enumerate(parameters.items()):
            if f"{stage}.now.{name}" not in self.tensors:  # a later stage has begun: only its best epoch is needed
                return max(done) + 1
            with torch.no_grad():
                parameter.copy_(self.tensors[f"{stage}.now.{name}"])
            kinds = {f"{stage}.{kind}.{name}": kind for kind in MOMENTS}
            found = {kind: self.tensors[key] for key, kind in kinds.items() if key in self.tensors}
            if found:
                moments[number] = found
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        return max(done) + 1

    def is_best(self, row: dict[str, Any]) -> bool:
        """Whether an epoch has a lower validation loss than all earlier epochs of its stage."""
        before = [done["validation_loss"] for done in self.history if done["stage"] == row["stage"]]
        return all(row["validation_loss"] < loss for loss in before)

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
        document = json.dumps({"made_by": self.made_by, "history": self.history})
        content = safetensors.save(
            {name: value.contiguous() for name, value in self.tensors.items()}, {"beholder": document}
        )
        with replacing(self.path, "the checkpoint") as partial, explained(self.path, "the checkpoint"):
            partial.write_bytes(content)

    def best(self, stage: int, parameters: Mapping[str, Tensor]) -> float:
        """Load the parameters of a stage's best epoch; returns its validation loss."""
        for name, parameter in parameters.items():
            with torch.no_grad():
                parameter.copy_(self.tensors[f"{stage}.best.{name}"])
        return float(min(row["validation_loss"] for row in self.history if row["stage"] == stage))


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
