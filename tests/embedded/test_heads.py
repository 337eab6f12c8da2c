"""The heads of the embedded models: how quality is blended into the overall score."""

import numpy as np
import pytest

from beholder.embedded import heads
from beholder.metrics import srcc


@pytest.mark.parametrize("allowed", [0.0, 0.01, 0.05])
def test_blend_gives_up_no_more_than_allowed(allowed: float) -> None:
    rng = np.random.default_rng(0)
    rated_beauty = rng.uniform(1, 7, 400)
    beauty = [4 + 0.6 * (rated_beauty - 4) + rng.normal(0, 0.6, 400) for _ in range(2)]
    quality = rng.uniform(0, 1, 400)
    blend = heads.choose_blend(rated_beauty, beauty, quality, allowed)
    for part in beauty:
        fall = srcc(rated_beauty, part) - srcc(rated_beauty, blend(part, quality))
        assert fall <= allowed + 2e-3  # the second split is mixed on the scale of the first
    assert (blend.share > 0) == (allowed > 0)
    assert abs((blend(beauty[0], quality) - rated_beauty).mean()) < 1e-6  # on the scale of beauty
