"""Model files of Song et al. (2023)."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

import beholder
from beholder.data.rated_photos import RatedPhotos
from beholder.errors import ModelError, PhotoError
from beholder.photos.read import read_photo
from beholder.photos.resize import short_edge
from beholder.scoring.batch import score_photos
from beholder.systems.song2023.export import typical_pyramid
from beholder.systems.song2023.inputs import VariableSizeInputs
from beholder.systems.song2023.network import pyramid
from beholder.systems.song2023.recipe import LAST, NONE, WHOLE
from beholder.systems.song2023.train import SongResult, fit
from helpers.broken_models import save_sealed
from helpers.song2023 import CPU, RECIPE


def test_model_file_scores_as_the_network(
    model: Path, whole: SongResult, photos: RatedPhotos, source: VariableSizeInputs
) -> None:
    scorer = beholder.load(model)
    assert scorer.info.score_levels == (1, 2, 3) and scorer.info.resize == "short edge"
    held_out = [row for row, part in enumerate(photos.splits or ()) if part != "train"]
    found = scorer.score([photos.paths[row] for row in held_out])
    np.testing.assert_allclose(found.distribution, whole.final[held_out], atol=5e-3)
    np.testing.assert_allclose(found.distribution.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found.overall, found.distribution @ [1, 2, 3], rtol=1e-5)
    np.testing.assert_allclose(
        found.sd, np.sqrt(found.distribution @ [1, 4, 9] - found.overall.astype(float) ** 2), rtol=1e-3
    )
    for row in held_out[:3]:
        np.testing.assert_array_equal(scorer.pixels(read_photo(photos.paths[row])), _seen(source, row))
    columns = found.to_dict()
    assert list(columns) == ["overall", "low", "high", "percentile", "sd", "p_1", "p_2", "p_3", "width", "height"]
    np.testing.assert_array_equal(found[1:3].to_dict()["p_2"], columns["p_2"][1:3])


@pytest.mark.parametrize("shared", [WHOLE, LAST, NONE])
def test_places_are_compared_with_what_the_trained_network_sees(
    shared: str, photos: RatedPhotos, source: VariableSizeInputs
) -> None:
    """Typical features are of the network from pixels on, whatever of its encoder was trained."""
    recipe = replace(RECIPE, shared=shared, epochs1=1, epochs2=1)
    result = fit(photos, recipe, source=source, device=CPU).keeping("last")
    rows = np.flatnonzero(np.array(photos.splits) == "train")
    network, seen = result.network, []
    with torch.inference_mode():
        for row in rows:
            pixels = source.pixels(np.array([row]), np.zeros(1, bool))
            seen.append(pyramid(network.project(network.backbone.forward_features(pixels)))[0].numpy())
    np.testing.assert_allclose(typical_pyramid(photos, result, recipe, source), np.mean(seen, axis=0), atol=2e-3)


def _seen(source: VariableSizeInputs, row: int) -> np.ndarray:
    return source.pixels(np.array([row]), np.zeros(1, bool))[0].permute(1, 2, 0).byte().numpy()


@pytest.mark.parametrize("batch", [2, 3, 8])
def test_a_photograph_scores_the_same_in_any_batch(batch: int, model: Path, photos: RatedPhotos) -> None:
    scorer = beholder.load(model)
    expected = scorer.score(photos.paths)
    results = list(score_photos(scorer, photos.paths, batch=batch))
    for index, result in enumerate(results):
        assert result.scores is not None
        np.testing.assert_array_equal(result.scores.distribution[0], expected.distribution[index])
        np.testing.assert_array_equal(result.scores.evidence[0], expected.evidence[index])


def test_graph_resizes_by_its_own_rule(model: Path) -> None:
    """Pixels of any size, as another program would hand them over."""
    scorer = beholder.load(model)
    rng = np.random.default_rng(0)
    for height, width in ((40, 40), (90, 41), (33, 71)):
        smooth = Image.fromarray(rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)).resize((width, height))
        whole = scorer.run(np.asarray(smooth)[None], np.zeros((1, 2), int))
        prepared = scorer.score(smooth)
        np.testing.assert_allclose(whole.distribution, prepared.distribution, atol=5e-3)
        assert scorer.pixels(read_photo(smooth)).shape[:2] == short_edge(height, width, 16)


def test_too_long_a_photograph_is_a_row_with_a_reason(model: Path, photos: RatedPhotos, tmp_path: Path) -> None:
    Image.new("RGB", (10, 101)).save(tmp_path / "long.png")
    scorer = beholder.load(model)
    long, fine = score_photos(scorer, [tmp_path / "long.png", photos.paths[0]])
    assert (
        long.error == f"{tmp_path}/long.png: 10 x 101 pixels, more than 10:1, where the aspect ratio is kept; crop it"
    )
    assert fine.scores is not None
    with pytest.raises(PhotoError, match=r"long\.png: 10 x 101"):
        scorer.score(tmp_path / "long.png")


def test_a_file_with_another_number_of_values_is_refused(model: Path, tmp_path: Path) -> None:
    found = onnx.load(model)
    entry = found.metadata_props[0]
    document = json.loads(entry.value)
    for values, words in (
        ([1, 2], "describes 2 score levels and computes distribution of 3"),
        ([1, 1, 2], "not two or more rising"),
    ):
        entry.value = json.dumps(document | {"score_levels": values})
        save_sealed(found, tmp_path / "other.onnx")
        with pytest.raises(ModelError, match=words):
            beholder.load(tmp_path / "other.onnx")
