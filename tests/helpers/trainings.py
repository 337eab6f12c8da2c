"""What the tests of trainings share: commands in this process, histories, Ctrl-C at a batch."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from typer.testing import CliRunner

from beholder.cli.app import app
from beholder.training.inputs import FeatureInputs


def story(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


# Going on


class Stop:
    """Ctrl-C at the Nth batch that is asked for."""

    def __init__(self, source: FeatureInputs, at: int) -> None:
        self.left = at
        self.source = FeatureInputs(self._counted(source.pooled), self._counted(source.middle))

    def _counted(self, inputs: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def counted(rows: np.ndarray, mirrored: np.ndarray) -> torch.Tensor:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return inputs(rows, mirrored)

        return counted


# The command


class Done:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err
        assert "Traceback" not in err, err


def run(*args: Any) -> Done:
    done = CliRunner().invoke(app, list(map(str, args)), prog_name="beholder")
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def save_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
