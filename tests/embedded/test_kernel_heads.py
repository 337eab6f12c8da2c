"""Machines and planes learn what was planted, from the photographs that they are given and from no other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.embedded.copies import is_reference
from beholder.embedded.kernel_heads import EDIT_TASKS, RATED, Heads, Rows, fit_heads, plane_scale
from beholder.embedded.material import Material
from beholder.metrics import srcc
from beholder.models.kernel_head import on_grid
from beholder.photos.edits import EDITS
from helpers.material import COUNTS, SETTINGS, TASKS, all_alike, material, rated_otherwise

LEARNED = {"oasis": (*RATED, "disagreement", "overall"), "biq2021": ("quality",)}
LEARNED |= {"appeal": ("appeal",), "composition": ("simplicity",)}
ALL = (*RATED, "disagreement", "overall", "quality", "appeal", "simplicity", *EDIT_TASKS)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(tmp_path_factory.mktemp("heads") / "all")


def kept(every: int = 4, without: tuple[str, ...] = ()) -> Rows:
    """All but one photograph in so many."""
    return {name: np.arange(count) % every > 0 for name, count in COUNTS.items() if name not in without}


@pytest.fixture(scope="module")
def heads(given: Material) -> Heads:
    return fit_heads(given, kept(), SETTINGS)


def predicted(heads: Heads, given: Material, name: str, view: int = 0) -> dict[str, np.ndarray]:
    return heads.predict(given.views[name].parts[view])


def test_every_task_has_a_machine(heads: Heads) -> None:
    tasks = [task for machine in heads.machines for task in machine.tasks]
    assert set(tasks) == set(ALL) and set(EDIT_TASKS) == set(EDITS)
    twice = {task for task in tasks if tasks.count(task) > 1}
    assert twice == {"overall", "quality"}  # what is rated, and what harm takes from it
    by_first = {machine.tasks[0]: machine for machine in heads.machines}
    assert by_first["beauty"].tasks[-1] == "disagreement"  # what has evidence comes first
    assert by_first["overall"].tasks == ("overall", "quality", *EDIT_TASKS)
    assert by_first["beauty"].weights == SETTINGS.scene and by_first["quality"].weights == SETTINGS.quality
    for machine in heads.machines:
        assert machine.head.weight.shape == (len(machine.head.support), len(machine.tasks))
        assert torch.equal(on_grid(machine.head.support), machine.head.support)  # as a model file stores it
    assert [plane.tasks for plane in heads.planes] == [by_first["beauty"].tasks, ("quality",)]


def test_supports_are_as_large_as_they_may_be(given: Material) -> None:
    few = replace(SETTINGS, support=150, plain_support=40, quality_support=30)
    sizes = {machine.tasks[0]: len(machine.head.support) for machine in fit_heads(given, kept(), few).machines}
    of_oasis, of_appeal = (int(kept()[name].sum()) for name in ("oasis", "appeal"))
    assert sizes["overall"] == 150 and sizes["quality"] == 30
    assert sizes["beauty"] == 4 * of_oasis + 2 * of_appeal


@pytest.mark.parametrize("name", LEARNED)
def test_what_was_planted_is_found_in_other_photographs(heads: Heads, given: Material, name: str) -> None:
    held_out = ~kept()[name]
    found = predicted(heads, given, name)
    photos = given.photos[name]
    truths = dict(zip([task.name for task in photos.tasks], photos.ratings.T, strict=True))
    if name == "oasis":
        assert photos.sd is not None
        truths |= {"overall": photos.ratings[:, 0], "disagreement": photos.sd[:, 0]}
    assert set(truths) == set(LEARNED[name])
    for task, truth in truths.items():
        assert srcc(truth[held_out], found[task][held_out]) > 0.8, task
        error = np.abs(truth - found[task])[held_out].mean()
        assert task == "overall" or error < 0.5 * truth.std(), task  # in native units


def test_machines_and_planes_find_it_each_alone(given: Material) -> None:
    """And together they are averaged."""
    quiet = replace(SETTINGS, harm=0.0, quality_harm=0.0)
    machines, planes, both = (
        fit_heads(given, kept(), replace(quiet, plane_part=part)) for part in (0.0, 1.0, quiet.plane_part)
    )
    for name in ("oasis", "appeal", "biq2021"):  # simplicity has no plane
        held_out = ~kept()[name]
        by_machine, by_plane, found = (predicted(each, given, name) for each in (machines, planes, both))
        for task in LEARNED[name]:
            a, b, truth = by_machine[task], by_plane[task], given.photos[name].ratings[:, 0]
            assert srcc(a[held_out], b[held_out]) > 0.7 and np.abs(a - b).mean() > 0.02 * a.std(), task
            assert task != LEARNED[name][0] or srcc(truth[held_out], b[held_out]) > 0.8
            part = quiet.plane_part
            np.testing.assert_allclose(found[task], (1 - part) * a + part * b, atol=1e-3, err_msg=task)


def test_noise_of_planes_is_in_that_of_machines(heads: Heads, given: Material) -> None:
    names = ("noise", "small_noise", "appeal_noise", "disagreement_noise", "quality_noise")
    twice = {name: 2 * getattr(SETTINGS, name) for name in names}
    again = fit_heads(given, kept(), replace(SETTINGS, **twice, plane_noise=SETTINGS.plane_noise / 2))
    for before, after in zip(heads.planes, again.planes, strict=True):
        torch.testing.assert_close(before.head.weight, after.head.weight, atol=1e-5, rtol=1e-3)
    assert (heads.machines[0].head.weight - again.machines[0].head.weight).abs().max() > 0.01


def test_squares_of_a_block_add_up_to_its_weight_in_a_plane(given: Material) -> None:
    """Where features have a standard deviation of 1."""
    weights = (0.5, 0.2, 0.0)
    scale = plane_scale(given.blocks, weights)
    by_block = torch.split(scale.square(), [len(block.mean) for block in given.blocks])
    assert [float(block.sum()) for block in by_block] == pytest.approx(weights)


def test_amounts_are_found_in_their_units(heads: Heads, given: Material) -> None:
    """Of copies with that edit alone, and no such edit where there is none."""
    copies = given.copies["oasis"]
    held_out = ~kept()["oasis"]
    found = [heads.predict(version) for version in copies.parts]
    for task in EDIT_TASKS:
        each, place = EDITS[task], list(EDITS).index(task)
        values = np.stack([view[task] for view in found])[:, held_out]
        amounts, kinds = copies.amounts[:, held_out, place], copies.kinds[:, held_out]
        made = kinds == task
        span = each.high - each.low
        assert made.sum() == held_out.sum()
        assert np.abs(values - amounts)[made].mean() < 0.08 * span, task
        assert np.abs(values - each.neutral)[is_reference(kinds)].mean() < 0.03 * span, task
        others = singles(kinds) & ~made
        assert np.abs(values - each.neutral)[others].mean() < 0.08 * span, task


@pytest.mark.parametrize(
    ("task", "name", "setting"), [("overall", "oasis", "harm"), ("quality", "biq2021", "quality_harm")]
)
def test_harmed_copies_fall_by_what_they_lose(given: Material, task: str, name: str, setting: str) -> None:
    copies = given.copies[name]
    slopes = []
    for harm in (0.0, 0.7):
        heads = fit_heads(given, kept(), replace(SETTINGS, **{setting: harm}))
        values = np.stack([heads.predict(version)[task] for version in copies.parts])
        fall = values[is_reference(copies.kinds).all(axis=1)].mean(axis=0) - values
        slopes.append(np.polyfit(copies.costs.ravel(), fall.ravel(), 1)[0])
    scale = given.photos[name].ratings[kept()[name], 0].std()
    assert abs(slopes[0]) < 0.15 * scale and slopes[1] == pytest.approx(0.7 * scale, rel=0.5)


def test_overall_is_beauty_and_appeal(given: Material) -> None:
    """Photographers' pictures are as their votes say; where these are turned round and certain, it follows them."""
    votes = given.photos["appeal"].ratings[:, 0]
    sure = replace(SETTINGS, appeal_noise=0.02, appeal_part=1.0, related=(0.0, 0.0, 0.0), harm=0.0)
    opposite = rated_otherwise(given, "appeal", np.ones(len(votes), bool))
    for rated, settings, sign in ((given, SETTINGS, 1), (given, sure, 1), (opposite, sure, -1)):
        found = predicted(fit_heads(rated, kept(), settings), given, "appeal")["overall"]
        assert sign * srcc(votes, found) > 0.8


@pytest.mark.parametrize("name", LEARNED)
def test_ratings_that_were_held_out_are_not_learned_from(heads: Heads, given: Material, name: str) -> None:
    """Nor those of copies and of small versions of the same photographs; others are."""

    def moved(rows: np.ndarray) -> list[float]:
        again = fit_heads(rated_otherwise(given, name, rows), kept(), SETTINGS)
        before, after = (predicted(each, given, name) for each in (heads, again))
        return [float(np.abs(after[task] - before[task]).max()) for task in LEARNED[name]]

    learned = np.flatnonzero(kept()[name])[:5]
    assert moved(~kept()[name]) == [0] * len(LEARNED[name])
    assert min(moved(np.isin(np.arange(COUNTS[name]), learned))) > 1e-3


@pytest.mark.parametrize("name", LEARNED)
def test_photographs_that_were_held_out_are_in_no_support(heads: Heads, given: Material, name: str) -> None:
    """Whatever they look like, and their copies."""
    again = fit_heads(all_alike(given, name, ~kept()[name]), kept(), SETTINGS)
    for before, after in zip(heads.machines, again.machines, strict=True):
        assert torch.equal(before.head.support, after.head.support)
        assert torch.equal(before.head.weight, after.head.weight)
    for of_before, of_after in zip(heads.planes, again.planes, strict=True):
        assert torch.equal(of_before.head.weight, of_after.head.weight)


MISSING: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "appeal": (("appeal",), {"appeal"}),
    "composition": (("composition",), {"simplicity"}),
    "both": (("appeal", "composition"), {"appeal", "simplicity"}),
}


@pytest.mark.parametrize(("without", "lost"), MISSING.values(), ids=MISSING)
def test_data_sets_that_are_missing_leave_out_their_tasks(
    without: tuple[str, ...], lost: set[str], tmp_path: Path
) -> None:
    less = material(tmp_path / "less", without)
    found = predicted(fit_heads(less, kept(without=without), SETTINGS), less, "oasis")
    assert set(found) == set(ALL) - lost
    beauty = less.photos["oasis"].ratings[:, 0]
    held_out = ~kept()["oasis"]
    assert srcc(beauty[held_out], found["beauty"][held_out]) > 0.9 and srcc(beauty, found["overall"]) > 0.9


def test_without_votes_there_is_no_disagreement(given: Material) -> None:
    oasis = replace(given.photos["oasis"], sd=None)
    found = fit_heads(replace(given, photos={**given.photos, "oasis": oasis}), kept(), SETTINGS)
    assert set(predicted(found, given, "oasis")) == set(ALL) - {"disagreement"}


def test_a_photograph_without_a_mark_is_left_out(given: Material) -> None:
    photos = given.photos["composition"]
    ratings = photos.ratings.copy()
    ratings[1:4] = np.nan
    unmarked = replace(given, photos={**given.photos, "composition": replace(photos, ratings=ratings)})
    fewer = kept()["composition"] & np.isfinite(ratings[:, 0])
    found, expected = (
        predicted(fit_heads(each, {**kept(), "composition": rows}, SETTINGS), given, "composition")["simplicity"]
        for each, rows in ((unmarked, kept()["composition"]), (given, fewer))
    )
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("names", "tasks"),
    [
        ("noise small_noise", ("arousal",)), ("appeal_noise", ("appeal",)), ("simplicity_noise", ("simplicity",)),
        ("disagreement_noise", ("disagreement",)), ("quality_noise", ("quality",)), ("amount_noise", EDIT_TASKS),
    ],
)  # fmt: skip
def test_noise_brings_predictions_nearer_to_the_mean(given: Material, names: str, tasks: tuple[str, ...]) -> None:
    spreads = []
    for noise in (0.02, 20.0):
        heads = fit_heads(given, kept(), replace(SETTINGS, **dict.fromkeys(names.split(), noise)))
        found = heads.predict(given.copies["oasis"].parts[5])
        spreads.append(np.array([found[task].std() for task in tasks]))
    assert (spreads[1] < 0.9 * spreads[0]).all()


def singles(kinds: np.ndarray) -> np.ndarray:
    """Whether copies of these kinds have one edit alone."""
    return np.isin(kinds, list(EDITS))


def test_kinds_of_copies() -> None:
    kinds = np.array(["unedited", "upright", "tilt", "combination", "negative", "exposure"])
    assert is_reference(kinds).tolist() == [True, True, False, False, False, False]
    assert singles(kinds).tolist() == [False, False, True, False, False, True]


def test_tasks_of_the_small_data_are_those_of_the_published() -> None:
    assert [task.name for task in TASKS["oasis"]] == list(RATED)
