"""Model cards: the hub's metadata is read by the hub's library, and nothing in a model can add to it."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from beholder.metrics import Estimate
from beholder.scoring.hub import SHA256_KEY
from beholder.scoring.model_file import EMBEDDED, model_path, read_model
from beholder.sharing.card import PIPELINE_TAG, model_card
from helpers.rated_photos import save_changed

NASTY = 'a"b: |\n---\n# <b>x</b> \U0001f600'


@pytest.mark.parametrize("name", EMBEDDED)
def test_the_hub_reads_the_metadata(name: str) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="needs huggingface_hub: pip install 'beholder[hub]'")
    content, info = read_model(model_path(name))
    card = hub.ModelCard(model_card(content, info), ignore_metadata_errors=False)
    data = card.data
    assert (data.license, data.library_name, data.pipeline_tag) == ("apache-2.0", "beholder", PIPELINE_TAG)
    assert data.datasets == [each.name for each in info.data] and data.tags[0] == "beholder"
    assert data.get(SHA256_KEY) == hashlib.sha256(content).hexdigest()
    known = {(each.task, each.data, each.value) for each in info.metrics}
    assert len(data.eval_results) >= 20
    for result in data.eval_results:  # nothing but what the file knows
        assert (result.task_name, result.dataset_name, result.metric_value) in known
        assert result.metric_type in data.metrics
    for text in (info.description, info.attribution, *(each.sha256 for each in info.data)):
        assert text in card.text.replace("\\", "")


def test_words_of_a_model_stay_words(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    made = save_changed(tmp_path / "odd.onnx", description=NASTY, licence=NASTY, attribution=NASTY)
    content, info = read_model(made)
    nan = Estimate("srcc", info.tasks[0].name, NASTY, NASTY, 9, float("nan"), 0.1, 0.2)
    text = model_card(content, replace(info, metrics=(nan, replace(nan, value=0.5))))
    _, front, body = text.split("---\n", 2)
    read = yaml.safe_load(front)
    assert read["license"] == "other" and read["license_name"] == "a-b-b-x-b"
    (result,) = read["model-index"][0]["results"]
    assert result["dataset"]["name"] == NASTY.replace("\n", "\\n")
    assert result["metrics"] == [{"type": "spearmanr", "value": 0.5, "name": "SRCC 0.500 (0.100 to 0.200)"}]
    assert "<b>" not in body and "\n---\n" not in body and "\n# <" not in body


def test_a_model_without_metrics_has_no_index(colour_model: Path) -> None:
    content, info = read_model(colour_model)
    text = model_card(content, replace(info, metrics=()))
    assert "model-index" not in text and "metrics: []" in text
