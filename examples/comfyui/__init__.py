"""Nodes for ComfyUI: the score of an image, and what is worth saying of it.

Copy this folder to ComfyUI/custom_nodes/beholder, and into ComfyUI's Python: pip install beholder
An IMAGE of ComfyUI is a tensor (B, H, W, 3) of floats from 0 to 1. Scores are computed on the CPU and leave ComfyUI's
GPU alone. With a batch, SCORE is the mean and the text has a line an image.
"""

from functools import cache
from typing import Any

import beholder
from beholder.scoring.words import sentences

MODELS = ("default", "fast")


@cache
def scorer(model: str) -> beholder.Scorer:
    """A model, opened once."""
    return beholder.load(model)


class BeholderScore:
    """How beautiful people would find an image: one score of it, and all of them as text."""

    CATEGORY = "image/analysis"
    FUNCTION = "score"
    RETURN_TYPES = ("FLOAT", "STRING")
    RETURN_NAMES = ("score", "text")
    OUTPUT_TOOLTIPS = ("Mean over the batch, on the model's scale.", "All scores, a line an image.")

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """What ComfyUI asks for."""
        ratings = [task.name for task in scorer(MODELS[1]).info.tasks if task.kind == "rating"]
        return {"required": {"image": ("IMAGE",), "field": (ratings,), "model": (list(MODELS),)}}

    def score(self, image: Any, field: str, model: str) -> tuple[float, str]:
        """(B, H, W, 3) floats from 0 to 1 -> the mean score, and all scores."""
        scores = scorer(model).score(image.cpu().numpy())
        lines = []
        for one in scores:
            named = {"overall": one.overall, **one.attributes}
            lines.append(", ".join(f"{name} {value[0]:.2f}" for name, value in named.items()))
        return float(scores.values[:, scores.column(field)].mean()), "\n".join(lines)


class BeholderTags:
    """What is worth saying of an image, in sentences: faults in light, focus, colour and framing, and how sure."""

    CATEGORY = "image/analysis"
    FUNCTION = "tags"
    RETURN_TYPES = ("STRING",)
    RETURN_NAMES = ("text",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """What ComfyUI asks for."""
        return {"required": {"image": ("IMAGE",), "model": (list(MODELS),)}}

    def tags(self, image: Any, model: str) -> tuple[str]:
        """(B, H, W, 3) floats from 0 to 1 -> sentences, a line an image."""
        return ("\n".join(" ".join(sentences(one)) for one in scorer(model).score(image.cpu().numpy())),)


NODE_CLASS_MAPPINGS = {"BeholderScore": BeholderScore, "BeholderTags": BeholderTags}
NODE_DISPLAY_NAME_MAPPINGS = {"BeholderScore": "Beholder: score", "BeholderTags": "Beholder: in words"}
