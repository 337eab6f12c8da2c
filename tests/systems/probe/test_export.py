"""The file of a probe: an embedded model whose features are untouched, under other heads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder import load, read_photo
from beholder.scoring.model_file import embedded_path
from beholder.scoring.scorer import Scorer
from beholder.systems.probe.export import backbone_network, extend
from beholder.systems.probe.heads import Heads
from beholder.tasks import Task
from helpers import tiny_backbones
from helpers.factories import REPOSITORY

PHOTOS = sorted((REPOSITORY / "examples" / "photos").glob("*.jpg"))[:4]
TASKS = (Task("mine", 1, 10), Task("light", 0, 1))


def drawn(scorer: Scorer) -> Heads:
    """Heads that read the scores and the embedding; the second is beyond its scale."""
    count, rng = len(scorer.info.tasks), np.random.default_rng(0)
    on_scores = rng.normal(size=(count, 2)) * (np.arange(count) < 7)[:, None] * 0.2
    return Heads(on_scores, rng.normal(size=(2304, 2)) * 0.01, np.array([3.0, 99.0]), rng.normal(size=(2304, 2)) * 0.01)


@pytest.mark.parametrize("name", ["fast", pytest.param("default", marks=pytest.mark.slow)])
def test_scores_evidence_and_embedding(name: str, tmp_path: Path) -> None:
    before, path = load(name), tmp_path / "probe.onnx"
    heads = drawn(before)
    rows = tuple(tuple(np.linspace(task.low, task.high, 101).tolist()) for task in TASKS)
    said = {"tasks": TASKS, "half_width": (0.1, 0.1), "reference": rows, "unlike": None, "widening": ()}
    extend(embedded_path(name), heads, replace(before.info, name="mine", **said), path)
    probe = load(path)
    old, new = before.score(PHOTOS), probe.score(PHOTOS)
    np.testing.assert_array_equal(new.embedding, old.embedding)
    expected = old.values @ heads.on_scores + old.embedding.astype(float) @ heads.weight + heads.bias
    assert (expected[:, 0] > 1).all() and (expected[:, 0] < 10).all()  # inside its scale, or this would show nothing
    np.testing.assert_allclose(new.values[:, 0], expected[:, 0], rtol=1e-6)
    assert (new.values[:, 1] == 1).all()
    by_scores = np.einsum("ntrc,tk->nkrc", old.evidence, heads.on_scores)
    surplus = (old.embedding[:, :, None] - heads.typical) * heads.weight  # (N, 2304, K)
    by_patches = surplus.reshape(len(PHOTOS), 3, 2, 384, 2)[:, :, 1].sum(axis=(1, 2))  # of the mean patch tokens
    np.testing.assert_allclose((new.evidence - by_scores).sum(axis=(2, 3)), by_patches, atol=2e-4)
    pixels = [probe.pixels(read_photo(photo, probe.min_size)) for photo in PHOTOS]
    in_pairs = [probe.run(pixels[start : start + 2], np.ones((2, 2), int)).values for start in (0, 2)]
    np.testing.assert_array_equal(np.concatenate(in_pairs), new.values)  # the same in any batch


def test_a_backbone_under_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_backbones.register(monkeypatch.setitem, monkeypatch.setattr)
    rng = np.random.default_rng(0)
    heads = Heads(np.zeros((0, 2)), rng.normal(size=(6, 2)), np.array([4.0, 99.0]), rng.normal(size=(6, 2)))
    network = backbone_network("tiny", heads, TASKS)
    with torch.inference_mode():
        found = network(torch.from_numpy(rng.integers(0, 256, (3, 3, 16, 16), dtype=np.uint8)))
    scores, embedding, evidence = (each.numpy() for each in found)
    expected = np.clip(embedding @ heads.weight + heads.bias, [1, 0], [10, 1])
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    surplus = embedding @ heads.weight - (heads.typical * heads.weight).sum(axis=0)
    np.testing.assert_allclose(evidence.sum(axis=(2, 3)), surplus, atol=1e-4)
    assert evidence.shape[:2] == (3, 2) and evidence.shape[2] > 1
