"""Changes to a model file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from beholder.scoring.onnx_file import sealed


def save_sealed(model: onnx.ModelProto, path: Path) -> None:
    """Write a model with a seal of its own, as beholder does."""
    if model.metadata_props[-1].key == "beholder.sha256":
        del model.metadata_props[-1]
    path.write_bytes(sealed(model.SerializeToString()))


def edit_metadata(model: onnx.ModelProto, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON document of a model."""
    entry = next(entry for entry in model.metadata_props if entry.key == "beholder")
    document = json.loads(entry.value)
    edit(document)
    entry.value = json.dumps(document)


def with_metadata(**lies: object) -> Callable[[Path], None]:
    """A change of a model file: these fields of its JSON document."""

    def change(path: Path) -> None:
        model = onnx.load(path)
        edit_metadata(model, lambda document: document.update(lies))
        save_sealed(model, path)

    return change


def with_graph(edit: Callable[[onnx.ModelProto], object]) -> Callable[[Path], None]:
    """A change of a model file by editing the parsed model."""

    def change(path: Path) -> None:
        model = onnx.load(path)
        edit(model)
        save_sealed(model, path)

    return change
