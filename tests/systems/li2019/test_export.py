"""Model files of Li et al. (2019)."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.photos.read import read_photo
from beholder.photos.resize import resize_exact
from beholder.systems.li2019.export import describe, remarks, scoring
from beholder.systems.li2019.network import Centred, ScoringPersonality
from beholder.systems.li2019.train import LiResult, fit
from beholder.systems.two_stages import Keep
from beholder.training.inputs import FeatureInputs
from helpers.li2019 import CPU, RECIPE, SCORE, TRAITS

# The model file


@pytest.mark.parametrize(
    ("helped", "keep", "said"),
    [
        (False, "best", "it is no lower, the file has 0 for each weight"),
        (False, "last", "it is no lower, the file has these weights"),
        (True, "best", "the file has these weights"),
    ],
)
def test_weights_are_printed_also_where_the_file_has_none(
    helped: bool, keep: Keep, said: str, photos: RatedPhotos, second: RatedPhotos, whole: LiResult
) -> None:
    history = [
        row | {"validation_loss": 0.01 if row["stage"] == 2 and helped else 0.02, "best": row["epoch"] == 1}
        for row in whole.history
    ]
    result = replace(whole, history=history, best=2 if helped else 1).keeping(keep)
    *weights, how = remarks(describe(photos, second, result, RECIPE))
    assert [line.split()[2] for line in weights] == ["warm", "detail"]
    assert how.startswith("inter-task layer: epoch 1 of 3, validation loss 0.0")
    assert how.split(": ")[-1] == said


@pytest.mark.parametrize("single", [False, True])
def test_scoring_network_is_the_trained_one(
    single: bool, photos: RatedPhotos, second: RatedPhotos, sources: list[FeatureInputs]
) -> None:
    """Its evidence is the first-order contribution, with the inter-task layer in it."""
    recipe = replace(RECIPE, single=single, epochs1=6, epochs2=20, lr_inter_task=0.5)
    network = fit(photos, recipe, second=second, source=sources, device=CPU).network
    if not single:
        torch.nn.init.constant_(network.inter_task, 0.07)
    tasks = (SCORE,) if single else (SCORE, *TRAITS)
    low_high = torch.tensor([[task.low, task.high] for task in tasks], dtype=torch.float32)
    low, span = low_high[:, 0], low_high[:, 1] - low_high[:, 0]
    pixels = np.stack([resize_exact(read_photo(path), (24, 24)) for path in photos.paths])
    larger = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    centre = larger[:, :, 4:20, 4:20]
    whole = scoring(network, recipe, low_high, torch.full((6,), 0.3))
    assert isinstance(whole, Centred) and isinstance(whole.scoring, ScoringPersonality)
    scores, pooled, maps = whole(larger)
    inputs = pooled.detach().clone().requires_grad_()
    head = network.forward_head(inputs)
    unit = torch.cat([head[:, :1], (head[:, 1:] + 1) / 2], dim=1)[:, : len(tasks)]
    torch.testing.assert_close(pooled, network.backbone(centre))
    torch.testing.assert_close(scores, low + unit.clamp(0, 1) * span)
    assert maps.shape == (30, len(tasks), 12, 12)  # 8 cells of 2 px in the centre
    for index in range(len(tasks)):
        slope = torch.autograd.grad((unit * span)[:, index].sum(), inputs, retain_graph=True)[0]
        first_order = (slope * (inputs - 0.3)).sum(1)
        torch.testing.assert_close(maps[:, index].sum((1, 2)), first_order, rtol=1e-4, atol=1e-5)
