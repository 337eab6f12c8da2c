"""Edited copies: the same ones again for the same photograph, all kinds, with amounts that say what was done."""

from collections.abc import Iterable

import numpy as np
import pytest

from beholder.embedded.copies import (
    COMBINATION,
    COSTS,
    OTHER_COSTS,
    UNEDITED,
    UPRIGHT,
    WITHOUT_AMOUNT,
    Copy,
    cost,
    draw_amount,
    draw_copies,
)
from beholder.embedded.harms import HARMS
from beholder.photos.edits import EDITS, edit, tilt
from beholder.photos.read import Pixels
from helpers.photo_files import SMALL

ALL = [copy for row in range(40) for copy in draw_copies(row)]
ONE_OF_EACH = list({copy.kind: copy for copy in ALL}.values())


def kinds(copies: Iterable[Copy]) -> list[str]:
    return [copy.kind for copy in copies]


def test_copies_depend_on_the_number_alone() -> None:
    assert [draw_copies(row) for row in (3, 4)] == [draw_copies(row) for row in (3, 4)]
    first, second = draw_copies(3), draw_copies(4)
    assert kinds(first) != kinds(second)
    amounts = [dict(copy.amounts or {}) for row in range(40) for copy in draw_copies(row) if copy.kind == "exposure"]
    assert len({each["exposure"] for each in amounts}) == 40
    assert len({copy.seed for copy in ALL}) == len(ALL)


def test_all_kinds_are_there() -> None:
    for row in range(5):
        found = kinds(draw_copies(row))
        assert found[:2] == [UNEDITED, UPRIGHT] and len(found) == 2 + len(EDITS) + 2 + 5
        assert sorted(found[2:12]) == sorted(EDITS) and found[12:14] == [COMBINATION] * 2
        assert sorted(found[14:]) == sorted(WITHOUT_AMOUNT)
    assert set(WITHOUT_AMOUNT) <= set(HARMS)


@pytest.mark.parametrize(("edits", "combinations", "harms"), [(3, 1, 1), (0, 0, 0), (1, 4, 2)])
def test_as_many_as_asked_each_of_another_kind(edits: int, combinations: int, harms: int) -> None:
    seen: set[str] = set()
    for row in range(60):
        found = draw_copies(row, edits, combinations, harms)
        single = [copy.kind for copy in found if copy.kind in EDITS]
        other = [copy.kind for copy in found if copy.kind in WITHOUT_AMOUNT]
        assert (len(set(single)), len(set(other))) == (len(single), len(other)) == (edits, harms)
        assert kinds(found).count(COMBINATION) == combinations
        seen |= {*single, *other}
    assert not edits or seen >= set(EDITS)
    assert not harms or seen >= set(WITHOUT_AMOUNT)


def test_combinations_are_of_two_or_three_edits() -> None:
    found = [copy.amounts for copy in ALL if copy.kind == COMBINATION]
    assert {len(amounts or {}) for amounts in found} == {2, 3}
    assert {name for amounts in found for name in amounts or {}} == set(EDITS)


@pytest.mark.parametrize("name", EDITS)
def test_amounts_are_on_their_scale_and_mostly_small(name: str) -> None:
    each, rng = EDITS[name], np.random.default_rng(0)
    drawn = np.array([draw_amount(name, rng) for _ in range(400)])
    assert each.low <= drawn.min() and drawn.max() <= each.high and (drawn != each.neutral).all()
    for end in {each.low, each.high} - {each.neutral}:
        shares = ((drawn - each.neutral) / (end - each.neutral))[(drawn > each.neutral) == (end > each.neutral)]
        assert len(shares) > 120 and 0.03 <= shares.min() < 0.1 and 0.9 < shares.max() <= 1
        assert np.median(shares) < 0.45


def test_vector_has_the_amounts_in_the_order_of_edits() -> None:
    order = list(EDITS)
    for copy in ALL:
        vector = copy.vector()
        assert vector.shape == (len(EDITS),)
        if copy.kind in WITHOUT_AMOUNT:
            assert copy.amounts is None and np.isnan(vector).all()
            continue
        assert copy.amounts is not None
        changed = {order[place] for place in np.flatnonzero(vector != [each.neutral for each in EDITS.values()])}
        assert changed == set(copy.amounts)
        assert all(vector[order.index(name)] == amount for name, amount in copy.amounts.items())
        assert copy.kind not in EDITS or changed == {copy.kind}
    assert not draw_copies(0)[0].vector()[order.index("tilt")]
    assert Copy(UNEDITED, {}, (0, 0)).vector()[order.index("compression")] == 100


@pytest.mark.parametrize("copy", ONE_OF_EACH, ids=kinds(ONE_OF_EACH))
def test_copies_are_at_most_as_large_and_the_same_again(copy: Copy) -> None:
    pixels: Pixels = np.kron(SMALL, np.ones((3, 3, 1), np.uint8))
    before = pixels.copy()
    made, again = copy.make(pixels), copy.make(pixels)
    np.testing.assert_array_equal(made, again)
    np.testing.assert_array_equal(pixels, before)
    assert made.dtype == np.uint8 and made.shape[2] == 3
    assert 0.5 * pixels.shape[0] < made.shape[0] <= pixels.shape[0] and made.shape[1] <= pixels.shape[1]
    same = made.shape == pixels.shape and (made == pixels).all()
    assert not same


def test_copies_are_edited_as_they_say() -> None:
    pixels: Pixels = np.kron(SMALL, np.ones((3, 3, 1), np.uint8))
    darker = Copy("exposure", {"exposure": -2.0}, (0, 0))
    np.testing.assert_array_equal(darker.make(pixels), edit(pixels, {"exposure": -2}))
    np.testing.assert_array_equal(Copy(UPRIGHT, {}, (0, 0)).make(pixels), tilt(pixels, 0, cropped_for=5))
    moved = Copy(UNEDITED, {}, (0, 0)).make(pixels)
    height, width = moved.shape[:2]
    corners = [
        pixels[top : top + height, left : left + width]
        for top in (0, pixels.shape[0] - height)
        for left in (0, pixels.shape[1] - width)
    ]
    assert any((moved == corner).all() for corner in corners)
    assert (Copy("negative", None, (0, 0)).make(pixels).astype(int) + pixels == 255).all()


@pytest.mark.parametrize("name", EDITS)
def test_cost_rises_with_strength(name: str) -> None:
    """Nothing at the neutral amount; at both ends of the scale as much as a fifth of a standard deviation or more."""
    each = EDITS[name]
    for end in {each.low, each.high} - {each.neutral}:
        found = [COSTS[name](each.neutral + share * (end - each.neutral)) for share in np.linspace(0, 1, 9)]
        assert found[0] == 0 and found == sorted(found) and found[-1] > 0.2
    assert cost(Copy(name, {name: each.neutral}, (0, 0))) == 0


def test_costs_of_edits_add_up() -> None:
    single = [cost(Copy("x", amounts, (0, 0))) for amounts in ({"exposure": -2.0}, {"noise": 20.0})]
    assert cost(Copy(COMBINATION, {"exposure": -2.0, "noise": 20.0}, (0, 0))) == pytest.approx(sum(single))
    assert [cost(copy) for copy in draw_copies(0)[:2]] == [0, 0]
    assert set(OTHER_COSTS) == set(WITHOUT_AMOUNT) and min(OTHER_COSTS.values()) > 0.25
    assert [cost(copy) for copy in ONE_OF_EACH if copy.kind == "negative"] == [OTHER_COSTS["negative"]]
