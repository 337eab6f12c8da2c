"""What a model file says of series: learned with the model itself, and written into its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from beholder.extras import require
from beholder.files import explained, replacing
from beholder.scoring.model_file import SeriesInfo, read_model
from beholder.training.export import model_bytes


def write_series(path: Path, series: SeriesInfo) -> None:
    """Put what is known of series into a model file; nothing else of it changes.

    Raises:
        ModelError: it is no model file.
        BeholderError: it cannot be written.
    """
    onnx = require("onnx", "train", "writing a model file")
    content, info = read_model(path)
    changed = model_bytes(onnx.load_from_string(content), replace(info, series=series))
    with replacing(path, "the model file") as partial, explained(path, "the model file"):
        partial.write_bytes(changed)
