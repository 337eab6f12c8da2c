"""The student learns what its teachers predict, and the truths, of the photographs that it is given and of no other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from beholder.embedded.kernel_heads import EDIT_TASKS, RATED, Heads, Rows, fit_heads
from beholder.embedded.material import Material, Parts
from beholder.embedded.student_heads import LEARNED, StudentSettings, fit_student
from beholder.metrics import srcc
from beholder.models.kernel_head import on_grid
from beholder.photos.edits import EDITS
from helpers.material import COUNTS, SETTINGS, all_alike, material, rated_otherwise, seen_otherwise

RATINGS = (*RATED, "appeal", "simplicity", "overall", "quality")
ALL = (*RATINGS, "disagreement", *EDIT_TASKS)
STUDENT = StudentSettings(support=400)
TRUTHS = {**LEARNED, "edits": EDIT_TASKS}  # data set, or amounts of edits -> tasks whose truth is known


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """As the teachers see it."""
    return material(tmp_path_factory.mktemp("student") / "all")


@pytest.fixture(scope="module")
def given(known: Material) -> Material:
    """As the student sees it: other numbers, which say a little less."""
    rng = np.random.default_rng(1)

    def other(parts: Parts, numbers: np.ndarray) -> Parts:
        return Parts(*(0.02 * torch.from_numpy(rng.normal(size=each.shape)).to(each.dtype) - each for each in parts))

    found = known
    for name in COUNTS:
        found = seen_otherwise(found, name, other)
    return found


def kept(without: tuple[str, ...] = ()) -> Rows:
    return {name: np.arange(count) % 4 > 0 for name, count in COUNTS.items() if name not in without}


@pytest.fixture(scope="module")
def teachers(known: Material) -> Heads:
    return fit_heads(known, kept(), SETTINGS)


def student(given: Material, known: Material, teachers: Heads, settings: StudentSettings = STUDENT) -> Heads:
    return fit_student(given, known, teachers, kept(), settings, seed=0)


@pytest.fixture(scope="module")
def heads(given: Material, known: Material, teachers: Heads) -> Heads:
    return student(given, known, teachers)


def test_each_task_has_one_machine_and_what_has_evidence_comes_first(heads: Heads) -> None:
    assert sorted(task for machine in heads.machines for task in machine.tasks) == sorted(ALL)
    assert [plane.tasks for plane in heads.planes] == [("quality",)]
    for machine in heads.machines:
        rated = [task in RATINGS for task in machine.tasks]
        assert rated == sorted(rated, reverse=True)
        assert machine.head.weight.shape == (len(machine.head.support), len(rated))
        assert len(machine.head.support) <= STUDENT.support and machine.head.weight.isfinite().all()
        assert torch.equal(on_grid(machine.head.support), machine.head.support)  # as a model file stores it
    weights = {task: machine.weights for machine in heads.machines for task in machine.tasks}
    assert (weights["beauty"], weights["overall"]) == (STUDENT.scene, STUDENT.picture)
    assert weights["exposure"] == STUDENT.picture and weights["quality"] == STUDENT.quality


def test_a_student_that_trusts_predicts_what_its_teachers_do(given: Material, known: Material, teachers: Heads) -> None:
    """Of photographs that were held out and of their copies, rated or not."""
    found = student(given, known, teachers, replace(STUDENT, trust=1.0))
    held_out = np.flatnonzero(~kept()["oasis"])
    versions = zip(
        (*given.views["oasis"].parts, *given.copies["oasis"].parts),
        (*known.views["oasis"].parts, *known.copies["oasis"].parts),
        strict=True,
    )
    predicted, expected = (
        {task: np.concatenate([each[task] for each in values]) for task in ALL}
        for values in zip(
            *(
                (found.predict(mine.rows(held_out)), teachers.predict(theirs.rows(held_out)))
                for mine, theirs in versions
            ),
            strict=True,
        )
    )
    for task, values in predicted.items():
        assert np.corrcoef(values, expected[task])[0, 1] > 0.85, task
        assert np.abs(values - expected[task]).mean() < 0.5 * expected[task].std(), task


def told_otherwise(given: Material, name: str, rows: np.ndarray | None = None) -> Material:
    """With opposite truths of some photographs, by default of all."""
    if name == "edits":
        neutral = np.array([each.neutral for each in EDITS.values()])
        copies = {key: replace(views, amounts=2 * neutral - views.amounts) for key, views in given.copies.items()}
        return replace(given, copies=copies)
    return rated_otherwise(given, name, np.ones(COUNTS[name], bool) if rows is None else rows)


@pytest.mark.parametrize("name", TRUTHS)
def test_targets_are_between_what_teachers_say_and_the_truth(
    given: Material, known: Material, teachers: Heads, name: str
) -> None:
    """Told the opposite of the truth, a student that trusts its teachers stays, one that does not follows."""
    learned = np.flatnonzero(kept()["oasis" if name == "edits" else name])
    versions = given.copies["oasis"].parts if name == "edits" else given.views[name].parts[:1]

    def predicted(material: Material, trust: float) -> dict[str, np.ndarray]:
        found = student(material, known, teachers, replace(STUDENT, trust=trust))
        values = [found.predict(parts.rows(learned)) for parts in versions]
        return {task: np.concatenate([each[task] for each in values]) for task in ALL}

    otherwise = told_otherwise(given, name)
    right, trusting, between, wrong = (
        predicted(*each) for each in ((given, 1.0), (otherwise, 1.0), (otherwise, 0.3), (otherwise, 0.0))
    )
    for task in ALL:
        np.testing.assert_array_equal(trusting[task], right[task])
        if task in TRUTHS[name]:
            span, moved = right[task].std(), wrong[task] - right[task]
            assert moved.std() > 0.25 * span and srcc(moved, right[task]) < -0.7, task
            np.testing.assert_allclose(between[task], 0.3 * right[task] + 0.7 * wrong[task], atol=0.01 * span)


def test_quality_that_was_rated_says_more_than_what_teachers_guess_of_others(
    given: Material, known: Material, teachers: Heads
) -> None:
    """The larger the noise of guesses, the more a student follows ratings that were turned round."""
    otherwise = told_otherwise(given, "biq2021")
    learned = given.views["biq2021"].parts[0].rows(np.flatnonzero(kept()["biq2021"]))
    moved = []
    for noise in (0.1, 10.0):
        settings = replace(STUDENT, trust=0.0, guessed_noise=noise)
        right, wrong = (student(each, known, teachers, settings).predict(learned) for each in (given, otherwise))
        moved.append((wrong["quality"] - right["quality"]).std())
    assert moved[1] > 1.2 * moved[0]


@pytest.mark.parametrize("part", [0.0, 1.0], ids=["machine", "plane"])
def test_machine_and_plane_each_find_quality_alone(
    given: Material, known: Material, teachers: Heads, part: float
) -> None:
    found = student(given, known, teachers, replace(STUDENT, plane_part=part))
    held_out = ~kept()["biq2021"]
    predicted = found.predict(given.views["biq2021"].parts[0])["quality"]
    assert srcc(given.photos["biq2021"].ratings[held_out, 0], predicted[held_out]) > 0.8
    (machine,) = (each for each in found.machines if "quality" in each.tasks)
    assert machine.head.weight.any() == (part == 0) and found.planes[0].head.weight.any() == (part == 1)


@pytest.mark.parametrize("name", LEARNED)
def test_what_was_held_out_is_not_learned_from(
    heads: Heads, given: Material, known: Material, teachers: Heads, name: str
) -> None:
    """Neither ratings nor what photographs, their copies and small versions look like; others are."""

    def again(rows: np.ndarray) -> list[torch.Tensor]:
        mine, theirs = (all_alike(told_otherwise(each, name, rows), name, rows) for each in (given, known))
        return tensors(student(mine, theirs, teachers))

    held_out = ~kept()[name]
    assert all(map(torch.equal, tensors(heads), again(held_out)))
    assert not all(map(torch.equal, tensors(heads), again(~held_out)))


def tensors(heads: Heads) -> list[torch.Tensor]:
    of_machines = [part for each in heads.machines for part in (each.head.support, each.head.weight)]
    return [*of_machines, *(each.head.weight for each in heads.planes)]


@pytest.mark.parametrize(("without", "lost"), [("appeal", "appeal"), ("composition", "simplicity")])
def test_data_sets_that_are_missing_leave_out_their_tasks(without: str, lost: str, tmp_path: Path) -> None:
    less = material(tmp_path / "less", (without,))
    rows = kept((without,))
    found = fit_student(less, less, fit_heads(less, rows, SETTINGS), rows, STUDENT, 0)
    assert {task for machine in found.machines for task in machine.tasks} == set(ALL) - {lost}


def test_a_photograph_without_a_mark_is_known_from_its_teachers(
    given: Material, known: Material, teachers: Heads
) -> None:
    photos = given.photos["composition"]
    unmarked = replace(photos, ratings=np.full_like(photos.ratings, np.nan))
    marks = replace(given, photos={**given.photos, "composition": unmarked})
    found, expected = (
        student(each, known, teachers, replace(STUDENT, trust=trust)).predict(given.views["composition"].parts[0])
        for each, trust in ((marks, 0.0), (given, 1.0))
    )
    np.testing.assert_array_equal(found["simplicity"], expected["simplicity"])
