"""The deletion test against scores that are known to read one cell, and maps that are known to be right or wrong."""

import numpy as np
import pytest

from beholder.errors import BeholderError
from beholder.evaluation.faithfulness import CELL_ORDERS, Deletion, coarsen, deletion_test

GRID, SIDE, COUNT = 4, 16, 12
CELL = np.s_[:, 4:8, 8:12]  # row 1, column 2
SHARES = (1 / 16, 4 / 16, 1.0)


@pytest.fixture
def pixels() -> np.ndarray:
    """Noise, with one bright cell in each photograph."""
    made = np.random.default_rng(0).integers(0, 100, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
    made[CELL] = 255
    return made


@pytest.fixture
def right() -> np.ndarray:
    """What `reads_one_cell` depends on, and noise."""
    maps = np.random.default_rng(1).normal(0, 0.01, (COUNT, GRID, GRID))
    maps[:, 1, 2] = 1
    return maps


def reads_one_cell(pictures: np.ndarray) -> np.ndarray:
    return pictures[CELL].mean(axis=(1, 2, 3)) / 255


def test_right_map_finds_the_cell(pixels: np.ndarray, right: np.ndarray) -> None:
    result = deletion_test(reads_one_cell, pixels, right, SHARES)
    assert {kind: changes.shape for kind, changes in result.changes.items()} == {
        kind: (5 if kind == "random" else 1, COUNT, len(SHARES)) for kind in CELL_ORDERS
    }
    for kind in ("raising", "important"):
        assert (result.changes[kind] < -0.3).all()  # from the first cell on
    assert (result.changes["lowering"][..., :2] == 0).all()
    assert (result.margin().low[:2] > 0.1).all()
    curve = result.change("raising")
    assert curve.mean.shape == curve.low.shape == curve.high.shape == result.shares.shape == (3,)
    assert (curve.low <= curve.mean).all() and (curve.mean <= curve.high).all()


def test_random_map_does_not(pixels: np.ndarray) -> None:
    maps = np.random.default_rng(2).normal(size=(COUNT, GRID, GRID))
    margin = deletion_test(reads_one_cell, pixels, maps, (1 / 16, 4 / 16)).margin()
    assert (margin.low <= 0).all() and (margin.high < 0.3).all()


def test_inverted_map_has_it_the_wrong_way_round(pixels: np.ndarray, right: np.ndarray) -> None:
    result = deletion_test(reads_one_cell, pixels, -right, SHARES)
    assert (result.changes["raising"][..., :2] == 0).all()
    assert (result.changes["lowering"] < -0.3).all()
    assert (result.margin("raising").high[:2] <= 0).all()


def test_signs_have_their_meaning(pixels: np.ndarray, right: np.ndarray) -> None:
    result = deletion_test(lambda pictures: -reads_one_cell(pictures), pixels, -right, SHARES)
    assert (result.change("lowering").low > 0.3).all() and (result.movement("important").low > 0.3).all()
    assert (result.changes["raising"][..., :2] == 0).all()


def test_everything_hidden_is_the_same_for_all(pixels: np.ndarray, right: np.ndarray) -> None:
    result = deletion_test(reads_one_cell, pixels, right, [1.0], draws=2)
    for changes in result.changes.values():
        np.testing.assert_array_equal(changes, np.broadcast_to(result.changes["raising"], changes.shape))
    np.testing.assert_array_equal(result.margin().mean, 0)


def test_draws_that_cancel_out_still_move_the_score() -> None:
    changes = {"important": np.full((1, 4, 1), 0.2), "random": np.array([0.5, -0.5])[:, None, None].repeat(4, 1)}
    result = Deletion(np.array([0.1]), changes)  # type: ignore[arg-type]
    assert result.change("random").mean[0] == 0 and result.movement("random").mean[0] == 0.5
    assert result.margin().mean[0] == pytest.approx(-0.3)


def test_cells_are_replaced_and_nothing_else(pixels: np.ndarray) -> None:
    seen: list[np.ndarray] = []

    def keep(pictures: np.ndarray) -> np.ndarray:
        seen.extend(pictures)
        return np.zeros(len(pictures))

    maps = np.zeros((1, 3, 2))  # cells that do not divide the sides
    maps[0, 2, 0] = 1
    deletion_test(keep, pixels[:1], maps, [1 / 6], fill="mean", kinds=["raising"], batch=1)
    whole, hidden = seen
    np.testing.assert_array_equal(whole, pixels[0])
    expected = pixels[0].copy()
    expected[11:, :8] = pixels[0].mean((0, 1)).astype(np.uint8)
    np.testing.assert_array_equal(hidden, expected)
    deletion_test(keep, pixels[:1], maps, [1 / 6], fill="grey", kinds=["raising"], batch=1)
    expected[11:, :8] = 128
    np.testing.assert_array_equal(seen[-1], expected)
    deletion_test(keep, pixels[:1], maps, [1 / 6], kinds=["raising"])
    assert np.ptp(seen[-1][11:, :8].astype(int)) < np.ptp(pixels[0, 11:, :8].astype(int))
    np.testing.assert_array_equal(seen[-1][:11], pixels[0, :11])


def test_same_seed_same_numbers_and_lots_add_up(pixels: np.ndarray, right: np.ndarray) -> None:
    first, second, other = (deletion_test(reads_one_cell, pixels, right, SHARES, seed=seed) for seed in (3, 3, 4))
    rng = np.random.default_rng(3)
    split = np.split(np.arange(COUNT), 3)
    lots = [deletion_test(reads_one_cell, pixels[lot], right[lot], SHARES, seed=rng, batch=3) for lot in split]
    joined = Deletion.concatenate(lots)
    for kind in CELL_ORDERS:
        np.testing.assert_array_equal(first.changes[kind], second.changes[kind])
        np.testing.assert_array_equal(first.changes[kind], joined.changes[kind])
    assert (first.changes["random"] != other.changes["random"]).any()


def test_a_flat_map_is_a_random_one(pixels: np.ndarray) -> None:
    result = deletion_test(reads_one_cell, pixels, np.zeros((COUNT, GRID, GRID)), SHARES, draws=1)
    for kind in CELL_ORDERS:
        np.testing.assert_array_equal(result.changes[kind], result.changes["random"])


def test_coarsen() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 3, 8, 12))
    found = coarsen(maps, 4)
    assert found.shape == (2, 3, 4, 4)
    assert found[1, 2, 3, 0] == pytest.approx(maps[1, 2, 6:8, 0:3].sum())
    with pytest.raises(BeholderError, match="8 x 12 cells cannot be summed to 5 x 5"):
        coarsen(maps, 5)


PIXELS, MAPS = np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 4, 4))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pixels": PIXELS[0]}, r"must be \(N, H, W, 3\) uint8"),
        ({"pixels": PIXELS.astype(float)}, "float64"),
        ({"maps": MAPS[:1]}, r"maps \(1, 4, 4\) for photographs \(2, 8, 8, 3\)"),
        ({"maps": MAPS[0]}, "one map"),
        ({"maps": np.zeros((2, 9, 4))}, r"\(9, 4\) cells do not fit"),
        ({"maps": MAPS * np.nan}, "not finite"),
        ({"shares": []}, "above 0 and at most 1"),
        ({"shares": [0.1, 1.5]}, "above 0 and at most 1"),
        ({"draws": 0}, "at least one random draw"),
        ({"score": lambda pictures: np.zeros((len(pictures), 2))}, "not one number each"),
    ],
)
def test_wrong_shapes_are_one_line(given: dict, words: str) -> None:  # type: ignore[type-arg]
    right = {"score": lambda pictures: np.zeros(len(pictures)), "pixels": PIXELS, "maps": MAPS, "shares": [0.5]}
    with pytest.raises(BeholderError, match=words) as raised:
        deletion_test(**{**right, **given})
    assert "\n" not in str(raised.value)
