"""Ratings of new photographs in a CSV file, and model files that describe themselves differently."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from beholder.scoring.model_file import METADATA_KEY, parse_info
from helpers.broken_models import save_sealed
from helpers.factories import save_model, save_photos

N = 40  # photographs


def save_ratings(folder: Path, scale: dict[str, float], split: bool = False, empty: int = 0) -> Path:
    """Ratings of new photographs, drawn between 1 and 7 times a factor; the first few cells of the last are empty."""
    save_photos(folder / "photos", N)
    rng = np.random.default_rng(3)
    columns = {name: rng.uniform(1, 7, N) * factor for name, factor in scale.items()}
    last = list(columns)[-1]
    columns[last][:empty] = np.nan
    path = folder / "ratings.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *columns, *(["split"] if split else [])])
        for row in range(N):
            cells = ["" if np.isnan(values[row]) else f"{values[row]:.4f}" for values in columns.values()]
            parts = [("test", "validation", "train", "train")[row % 4]] if split else []
            writer.writerow([f"photos/{row + 1}.jpg", *cells, *parts])
    return path


def save_changed(path: Path, **changes: Any) -> Path:
    """The model of mean colours that says other things of itself."""
    model = onnx.load(save_model(path))
    text = next(entry.value for entry in model.metadata_props if entry.key == METADATA_KEY)
    onnx.helper.set_model_props(model, {METADATA_KEY: replace(parse_info(text), **changes).to_json()})
    save_sealed(model, path)
    return path
