"""What is measured of amounts of edits."""

import numpy as np

from beholder.embedded.edit_checks import (
    draw_amount,
    draw_combination,
    extremes,
    false_alarms,
    light_and_colour,
    taken_for,
)
from beholder.photos.edits import EDITS


def test_amounts_are_on_their_scales() -> None:
    rng = np.random.default_rng(0)
    for name, edit in EDITS.items():
        drawn = [draw_amount(name, rng) for _ in range(200)]
        assert edit.low <= min(drawn) < max(drawn) <= edit.high
        assert np.ptp(drawn) > 0.9 * (edit.high - edit.low)


def test_combinations_are_two_edits_or_more() -> None:
    drawn = [draw_combination(np.random.default_rng(seed)) for seed in range(300)]
    assert min(map(len, drawn)) == 2 and {name for each in drawn for name in each} == set(EDITS)
    assert drawn[:9] == [draw_combination(np.random.default_rng(seed)) for seed in range(9)]


def test_what_is_furthest_from_neutral_is_what_it_is_taken_for() -> None:
    predicted = np.array([[1.0, 1.0], [1.0, 3.0], [0.4, 1.2], [-3.0, 1.0]])
    assert taken_for(["exposure", "contrast"], predicted, np.array([0, 1]), np.array([0.5, 0.5])) == [
        "exposure",
        "contrast",
        "nothing",
        "exposure",
    ]


def test_extremes_and_false_alarms() -> None:
    grey, red = np.full((4, 4, 3), 10, np.uint8), np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    red[:2] //= 2
    groups = extremes([light_and_colour(grey), light_and_colour(red)], 0.5)
    assert {name: rows.tolist() for name, rows in groups.items()} == {
        "darkest": [0],
        "brightest": [1],
        "greyest": [0],
        "least saturated": [0],
    }
    assert false_alarms(np.array([-1.0, -0.2, 0.1]), np.array([-0.1, 0.2, 0.3]), 0) == 2 / 3
