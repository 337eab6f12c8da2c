"""torchmetrics, the real one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beholder
from beholder.errors import BeholderError, PhotoError
from helpers.hosts import host

torch = host("torch")
host("torchmetrics")
from beholder.integrations.torchmetrics import MeanScore  # noqa: E402  # needs the host


def pictures(count: int, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 20, 30), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("field", ["overall", "quality"])
def test_it_is_the_mean_score_over_all_batches(field: str, colour_model: Path) -> None:
    metric, scorer = MeanScore(colour_model, field), beholder.load(colour_model)
    batches = [pictures(3), pictures(1, seed=1), pictures(0), pictures(2, seed=2)]
    values = []
    for batch in batches:
        metric.update(batch)
        if len(batch):
            scores = scorer.score(batch.permute(0, 2, 3, 1).numpy())
            values += scores.values[:, scores.column(field)].tolist()
    assert float(metric.compute()) == pytest.approx(np.mean(values), rel=1e-6)


def test_floats_from_0_to_1_are_the_same_pictures(colour_model: Path) -> None:
    whole, floats, half = (MeanScore(colour_model) for _ in range(3))
    given = pictures(4)
    whole.update(given)
    floats.update(given / 255)
    half.update((given / 255).half())
    assert float(whole.compute()) == float(floats.compute()) == pytest.approx(float(half.compute()), abs=0.01)


@pytest.mark.parametrize(
    "given", [torch.full((2, 3, 9, 9), 255.0), torch.zeros(2, 9, 9, 5), torch.full((1, 3, 9, 9), -1.0)]
)
def test_what_is_no_picture_is_one_line_and_changes_nothing(given: Any, colour_model: Path) -> None:
    metric = MeanScore(colour_model)
    metric.update(pictures(2))
    before = float(metric.compute())
    with pytest.raises(PhotoError):
        metric.update(given)
    assert float(metric.compute()) == before


def test_states_of_processes_add_up_and_can_be_reset(colour_model: Path) -> None:
    one, other, both = (MeanScore(colour_model) for _ in range(3))
    one.update(pictures(3))
    other.update(pictures(5, seed=1))
    both.update(torch.cat([pictures(3), pictures(5, seed=1)]))
    one.merge_state(other)
    assert float(one.compute()) == pytest.approx(float(both.compute()))
    assert float(both(pictures(2))) == pytest.approx(float(MeanScore(colour_model)(pictures(2))))  # of this batch alone
    one.reset()
    assert int(one.total) == 0


def test_it_says_what_it_is(colour_model: Path) -> None:
    assert MeanScore.higher_is_better and not MeanScore.is_differentiable
    assert MeanScore(colour_model).clone().scorer is not None
    with pytest.raises(BeholderError, match="no task is called 'beuty'"):
        MeanScore(colour_model, "beuty")
