"""Harms, measured on photographs that the heads were not fitted to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from beholder.data.rated_photos import RatedPhotos
from beholder.embedded import held_out_harms
from beholder.embedded.harms import HARMLESS, HARMS, SERIES
from beholder.embedded.held_out_harms import measure_harms
from beholder.embedded.kernel_heads import Heads
from beholder.embedded.material import Parts
from beholder.metrics import Estimate
from beholder.tasks import Task
from helpers.factories import save_photos
from helpers.kernel_models import small
from helpers.quick_encoder import quick_encoder

PHOTOS, SERIES_PHOTOS = 6, 3
FOLDS = np.arange(9) % 2
Rule = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ruled:
    """Heads that score by a rule, and note which fold they are of."""

    rule: Rule

    def predict(self, parts: Parts) -> dict[str, np.ndarray]:
        x = torch.cat(parts.blocks, dim=1).numpy()
        return {"overall": self.rule(x), "quality": -self.rule(x), "beauty": x[:, 0]}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> RatedPhotos:
    folder = tmp_path_factory.mktemp("harms") / "photos"
    names = tuple(Path(path).name for path in save_photos(folder, 9, side=40))
    return RatedPhotos("oasis", folder, names, (Task("beauty", 1, 7),), np.full((9, 1), 4.0))


def found(photos: RatedPhotos, rules: list[Rule]) -> dict[tuple[str, str, str], Estimate]:
    """(metric, task, name) -> estimate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_out_harms, "PHOTOS", PHOTOS)
        patch.setattr(held_out_harms, "SERIES_PHOTOS", SERIES_PHOTOS)
        heads = cast(list[Heads], [Ruled(rule) for rule in rules])
        estimates = measure_harms(quick_encoder()[0], small().blocks, heads, photos, FOLDS, "split")
    assert all(each.split.endswith(", split") and each.data == "oasis" for each in estimates)
    return {(each.metric, each.task, each.split.removesuffix(", split")): each for each in estimates}


def by_feature(x: np.ndarray) -> np.ndarray:
    return x[:, 3]


def test_all_harms_are_measured_for_both_tasks(photos: RatedPhotos) -> None:
    estimates = found(photos, [by_feature] * 2)
    series = f"{len(SERIES)} series of harms"
    harmless = set(HARMLESS) - {"reduced to 1,024 px"}
    assert set(estimates) == {
        *(("above_harmed", task, name) for task in ("overall", "quality") for name in HARMS),
        *(("mean_change", "overall", name) for name in harmless),
        *(("falling_series", task, series) for task in ("overall", "quality")),
    }
    assert {each.n for key, each in estimates.items() if key[0] == "above_harmed"} == {PHOTOS}
    for name in HARMS:  # quality is the opposite of overall here
        both = [estimates["above_harmed", task, name].value for task in ("overall", "quality")]
        assert sum(both) == pytest.approx(1)
    assert any(0 < estimates["above_harmed", "overall", name].value < 1 for name in HARMS)
    assert estimates["mean_change", "overall", "mirrored"].value > 1e-4


def test_the_same_score_is_half_above_and_does_not_fall(photos: RatedPhotos) -> None:
    estimates = found(photos, [lambda x: np.ones(len(x))] * 2)
    values = {"above_harmed": 0.5, "mean_change": 0.0, "falling_series": 0.0}
    assert all(each.value == values[key[0]] for key, each in estimates.items())


def test_each_photograph_is_scored_by_the_heads_of_its_fold(photos: RatedPhotos) -> None:
    """Heads of one fold say the same of everything, those of the other do not."""
    halves = [
        found(photos, rules) for rules in ([by_feature, lambda x: 0 * x[:, 0]], [lambda x: 0 * x[:, 0], by_feature])
    ]
    whole = found(photos, [by_feature] * 2)
    key = ("mean_change", "overall", "mirrored")
    assert halves[0][key].value + halves[1][key].value == pytest.approx(whole[key].value)
    assert min(half[key].value for half in halves) > 0


def test_the_same_again(photos: RatedPhotos) -> None:
    first, again = (found(photos, [by_feature] * 2) for _ in range(2))
    assert first == again
