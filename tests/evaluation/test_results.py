"""Results of an evaluation for JSON."""

import json
from pathlib import Path

import numpy as np
import pytest

from beholder.data.registry import load_data
from beholder.evaluation.results import Agreement, Difference, Evaluation, ModelEvaluation
from beholder.evaluation.selection import TaskPair
from beholder.metrics import Estimate
from beholder.tasks import Task
from beholder.text import json_text
from helpers.rated_photos import N, save_ratings


def test_numbers_that_json_does_not_have_become_null(tmp_path: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"overall": 1})))
    nan, pair = float("nan"), TaskPair(Task("beauty", 1, 7), Task("overall", 0, 1))
    estimate = Estimate("srcc", pair.name, "ratings", "all", N, 0.5, nan, float("inf"))
    agreement = Agreement(pair, N, (estimate,), nan, 4.0, 0.5)
    model = ModelEvaluation("mine", (agreement,), {pair.name: np.zeros(N)}, ("careful",), ())
    found = Evaluation(photos, "f" * 64, "all", "all", (model,), (Difference(estimate, "undefined"),), {"a.jpg": "bad"})
    document = json.loads(json_text(found.as_dict()), parse_constant=pytest.fail)
    assert (document["photographs"], document["not_evaluated"]) == (N, [{"image": "a.jpg", "error": "bad"}])
    (task,) = document["models"][0]["tasks"]
    assert (task["task"], task["predicted_by"], task["scale"], task["model_scale"]) == (
        "beauty",
        "overall",
        [1, 7],
        [0, 1],
    )
    assert task["srcc_p"] is None and document["models"][0]["warnings"] == ["careful"]
    metric = {"metric": "srcc", "task": "beauty by overall", "data": "ratings", "split": "all", "n": N}
    metric |= {"value": 0.5, "low": None, "high": None}
    assert task["metrics"] == [metric] and document["differences"] == [{**metric, "verdict": "undefined"}]
