"""Examples for programs of others: ComfyUI's nodes loaded and run as it does, and the names that Gradio's page uses."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import beholder
from helpers.extras import needs_torch
from helpers.factories import REPOSITORY

EXAMPLES = REPOSITORY / "examples"


@pytest.fixture(scope="module")
def nodes() -> ModuleType:
    """The folder of nodes as ComfyUI loads it: from its `__init__.py`, under a name of its own."""
    folder = EXAMPLES / "comfyui"
    spec = importlib.util.spec_from_file_location("custom_nodes_beholder", folder / "__init__.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_torch
def test_comfyui_scores_a_batch_of_images(nodes: ModuleType, photos: list[Path]) -> None:
    import torch

    pixels = [beholder.read_photo(photo, (200, 200)).pixels[:200, :200] for photo in photos[:2]]
    image = torch.from_numpy(np.stack(pixels)).float() / 255  # (B, H, W, 3) from 0 to 1
    expected = beholder.load("fast").score(pixels)
    values = {"image": image, "model": "fast", "field": "beauty"}
    found = {}
    for name, node in nodes.NODE_CLASS_MAPPINGS.items():
        assert name in nodes.NODE_DISPLAY_NAME_MAPPINGS and node.CATEGORY
        inputs = node.INPUT_TYPES()["required"]
        for key, (kind, *_) in inputs.items():
            assert kind == "IMAGE" or values[key] in kind  # a choice of these
        found[name] = getattr(node(), node.FUNCTION)(**{key: values[key] for key in inputs})
        assert len(found[name]) == len(node.RETURN_TYPES) == len(node.RETURN_NAMES)
        for value, kind in zip(found[name], node.RETURN_TYPES, strict=True):
            assert isinstance(value, {"FLOAT": float, "STRING": str}[kind])
    score, text = found["BeholderScore"]
    assert score == pytest.approx(expected.attributes["beauty"].mean(), abs=1e-4)
    assert [line.split(",")[0] for line in text.splitlines()] == [f"overall {one:.2f}" for one in expected.overall]
    assert len(found["BeholderTags"][0].splitlines()) == 2


def test_gradio_page_uses_names_that_exist() -> None:
    """Gradio is no dependency, so the page is not started here; what it takes from beholder must be there."""
    tree = ast.parse((EXAMPLES / "gradio_app.py").read_text())
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is(node.value, "beholder")}
    assert used == {"load", "PhotoError"} and used <= set(dir(beholder))
    explained = {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is(node.value, "explanation")
    }
    assert explained and explained <= {*dir(beholder.Explanation), *beholder.Explanation.__dataclass_fields__}


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
