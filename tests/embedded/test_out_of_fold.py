"""Predictions of photographs by heads that have not seen them, and what a model file says because of these."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from beholder.embedded import out_of_fold
from beholder.embedded.columns import Column
from beholder.embedded.kernel_heads import EDIT_TASKS, RATED, Heads, fit_heads
from beholder.embedded.material import Material, Parts
from beholder.embedded.out_of_fold import HeldOut, predict_held_out
from beholder.errors import BeholderError
from beholder.models.kernel_head import on_grid, similarities
from beholder.models.kernel_model import weighted
from beholder.photos.edits import EDITS
from helpers.material import COUNTS, FAMILIARITY, SETTINGS, material, rated_otherwise

FOLDS, SEED = 3, 1
OF_OASIS = ("overall", *RATED, "disagreement")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material(tmp_path_factory.mktemp("out_of_fold") / "all")


def predict(given: Material) -> HeldOut:
    fit = partial(fit_heads, given, settings=SETTINGS, seed=SEED)
    return predict_held_out(given, fit, FAMILIARITY, FOLDS, SEED)


@pytest.fixture(scope="module")
def held_out(given: Material) -> HeldOut:
    return predict(given)


def test_folds(given: Material, held_out: HeldOut) -> None:
    """Random ones of each data set, of equal size; by theme no theme is in two."""
    folds = held_out.folds
    assert set(folds) == {*COUNTS, "themes"}
    for name, count in COUNTS.items():
        assert np.ptp(np.bincount(folds[name])) <= 1 and len(folds[name]) == count
    groups = np.array(given.photos["oasis"].groups)
    assert all(len(set(folds["themes"][groups == theme])) == 1 for theme in set(groups))
    assert (folds["themes"] != folds["oasis"]).any()
    with pytest.raises(BeholderError, match="no themes"):
        oasis = replace(given.photos["oasis"], groups=None)
        replace(given, photos={**given.photos, "oasis": oasis}).folds(FOLDS, SEED)


def test_each_photograph_is_predicted_by_the_heads_of_its_fold(given: Material, held_out: HeldOut) -> None:
    def of(heads: Heads, versions: tuple[Parts, ...], task: str) -> np.ndarray:
        return np.stack([heads.predict(parts)[task] for parts in versions])

    assert len(held_out.heads) == FOLDS
    for name, task in (
        ("oasis", "beauty"),
        ("appeal", "appeal"),
        ("biq2021", "quality"),
        ("composition", "simplicity"),
    ):
        assert all(
            np.isfinite(values).all() and len(values) == COUNTS[name] for values in held_out.random[name].values()
        )
        for fold, heads in enumerate(held_out.heads):
            rows = held_out.folds[name] == fold
            expected = of(heads, given.views[name].parts[:1], task)[0]
            np.testing.assert_allclose(held_out.random[name][task][rows], expected[rows], rtol=1e-5)
    for fold, heads in enumerate(held_out.heads):  # copies are in the fold of their photograph
        rows = held_out.folds["oasis"] == fold
        expected = of(heads, given.copies["oasis"].parts, "tilt")
        np.testing.assert_allclose(held_out.copies["tilt"][:, rows], expected[:, rows], rtol=1e-3, atol=1e-4)
    assert all(np.isfinite(values).all() for values in held_out.copies.values())
    assert set(held_out.themes) == set(held_out.random["oasis"])


RATED_IN = {"oasis": OF_OASIS, "biq2021": ("quality",), "appeal": ("appeal",), "composition": ("simplicity",)}


@pytest.mark.parametrize("name", RATED_IN)
def test_no_photograph_is_predicted_from_its_own_rating(given: Material, held_out: HeldOut, name: str) -> None:
    """Turned round, the ratings of a fold change the predictions of all others, and none of their own."""
    fold = 1
    groups = {name: held_out.folds[name], **({"themes": held_out.folds["themes"]} if name == "oasis" else {})}
    for by, folds in groups.items():
        rows = folds == fold
        again = predict(rated_otherwise(given, name, rows))
        before, after = (each.themes if by == "themes" else each.random[name] for each in (held_out, again))
        for task in RATED_IN[name]:
            moved = np.abs(after[task] - before[task])
            assert not moved[rows].any(), (by, task)
            assert moved[~rows].mean() > 1e-3, (by, task)
        if by == "oasis":
            moved = np.abs(again.copies["overall"] - held_out.copies["overall"])
            assert not moved[:, rows].any() and moved[:, ~rows].mean() > 1e-3


def test_support_of_familiarity_is_evenly_from_all(given: Material) -> None:
    support, sets, rows = out_of_fold.familiarity_support(given, FAMILIARITY)
    assert len(support) == len(sets) == len(rows)
    shares = {}
    for number, name in enumerate(given.photos):
        own = rows[sets == number]
        assert own[0] == 0 and own[-1] == COUNTS[name] - 1 and np.ptp(np.diff(own)) <= 1
        blocks = weighted(given.views[name].parts[0].blocks, FAMILIARITY.weights)
        assert torch.equal(support[torch.from_numpy(sets == number)], on_grid(blocks[torch.from_numpy(own)]))
        shares[name] = len(own) / COUNTS[name]
    assert shares["oasis"] == pytest.approx(shares["appeal"], rel=0.1)
    assert shares["oasis"] == pytest.approx(3 * shares["biq2021"], rel=0.2)
    assert FAMILIARITY.support * 0.8 < len(support) < FAMILIARITY.support * 1.3


def test_level_is_the_mean_similarity_of_what_counts() -> None:
    x, support = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0], [2.0]])
    one, four = np.exp(-2), np.exp(-8)
    found = out_of_fold.levels(x, support, 2.0)
    np.testing.assert_allclose(np.exp(found), [(1 + one + four) / 3, (1 + 2 * one) / 3], rtol=1e-4)
    leave_out = np.array([[True, False, False], [False, True, False]])
    found = out_of_fold.levels(x, support, 2.0, leave_out)
    np.testing.assert_allclose(np.exp(found), [(one + four) / 2, one], rtol=1e-4)
    assert np.isfinite(out_of_fold.levels(x + 1e4, support, 2.0)).all()


def test_familiarity_is_without_photographs_of_the_same_fold(given: Material, held_out: HeldOut) -> None:
    """For OASIS of the same fold by theme. Computed one by one."""
    support, sets, rows = out_of_fold.familiarity_support(given, FAMILIARITY)
    for number, name in enumerate(given.photos):
        folds = held_out.folds["themes" if name == "oasis" else name]
        x = weighted(given.views[name].parts[0].blocks, FAMILIARITY.weights)
        near = similarities(x, support).numpy() ** FAMILIARITY.sharpness
        for row in range(0, COUNTS[name], 7):
            own = [sets[at] == number and folds[rows[at]] == folds[row] for at in range(len(sets))]
            expected = np.log(near[row][~np.array(own)].mean())
            assert any(own) and held_out.familiarity[name][row] == pytest.approx(expected, rel=1e-4)


def test_thresholds_rise_and_each_data_set_counts_the_same(held_out: HeldOut) -> None:
    thresholds = out_of_fold.thresholds_of(held_out)
    assert thresholds.shape == (101,) and (np.diff(thresholds.astype(np.float32)) > 0).all()
    rng = np.random.default_rng(0)
    few, many = rng.uniform(0, 1, 50), rng.uniform(2, 3, 5000)
    found = out_of_fold.thresholds_of(replace(held_out, familiarity={"a": few, "b": many}))
    assert found[49] <= 1 and found[51] >= 2
    same = out_of_fold.thresholds_of(replace(held_out, familiarity={"a": np.full(30, -3.0)}))
    assert (np.diff(same.astype(np.float32)) > 0).all()  # the file divides by these steps


def test_percentages() -> None:
    thresholds = np.linspace(-5, 0, 101)
    found = out_of_fold.percentages(np.array([-9, -5, -2.5, -2.49, 0, 1]), thresholds)
    np.testing.assert_allclose(found, [0, 0, 50, 50.2, 100, 100], atol=1e-9)


def test_held_out_photographs_are_of_all_percentiles(given: Material, held_out: HeldOut) -> None:
    thresholds = out_of_fold.thresholds_of(held_out)
    known = np.concatenate([out_of_fold.percentages(each, thresholds) for each in held_out.familiarity.values()])
    assert 0 <= known.min() < 3 and 97 < known.max() <= 100 and 40 < known.mean() < 60


def test_columns_of_ratings(given: Material, held_out: HeldOut) -> None:
    columns = list(out_of_fold.rating_columns(given, held_out, FOLDS, SEED))
    random, by_theme = "3-fold, seed 1", "3-fold by theme, seed 1"
    of_oasis = [(task, "oasis") for task in OF_OASIS]
    others = [("appeal", "appeal"), ("simplicity", "composition"), ("quality", "biq2021")]
    assert [(each.task, each.data, each.split) for each in columns] == [
        *((*each, random) for each in (*of_oasis, *others)),
        *((*each, by_theme) for each in of_oasis),
    ]
    oasis = given.photos["oasis"]
    assert oasis.sd is not None
    truths = {task: given.photos[data].ratings[:, 0] for task, data in others}
    truths |= {"overall": oasis.ratings[:, 0], "disagreement": oasis.sd[:, 0]}
    truths |= dict(zip(RATED, oasis.ratings.T, strict=True))
    for column in columns:
        found = held_out.themes if column.split == by_theme else held_out.random[column.data]
        np.testing.assert_array_equal(column.truth, truths[column.task])
        np.testing.assert_array_equal(column.predicted, found[column.task])
        folds = held_out.folds["themes" if column.split == by_theme else column.data]
        np.testing.assert_array_equal(column.folds, folds)


def test_photographs_without_a_mark_are_not_measured(given: Material, held_out: HeldOut) -> None:
    photos = given.photos["composition"]
    ratings = photos.ratings.copy()
    ratings[::4] = np.nan
    unmarked = replace(given, photos={**given.photos, "composition": replace(photos, ratings=ratings)})
    columns = out_of_fold.rating_columns(unmarked, held_out, FOLDS, SEED)
    (column,) = (each for each in columns if each.task == "simplicity")
    known = np.isfinite(ratings[:, 0])
    assert len(column.truth) == known.sum() == 30
    np.testing.assert_array_equal(column.predicted, held_out.random["composition"]["simplicity"][known])
    np.testing.assert_array_equal(column.folds, held_out.folds["composition"][known])


def test_columns_of_edits_are_of_copies_with_it_and_of_unedited_ones(given: Material, held_out: HeldOut) -> None:
    copies = given.copies["oasis"]
    columns = {each.task: each for each in out_of_fold.edit_columns(given, held_out, "split")}
    assert tuple(columns) == EDIT_TASKS
    for task, column in columns.items():
        amounts = copies.amounts[:, :, list(EDITS).index(task)]
        with_it = (copies.kinds == task) | ((copies.kinds == "combination") & (amounts != EDITS[task].neutral))
        neutral = column.truth == EDITS[task].neutral
        assert neutral.sum() == COUNTS["oasis"] and (~neutral).sum() == with_it.sum() > COUNTS["oasis"]
        assert sorted(column.truth[~neutral]) == sorted(amounts[with_it])
        assert np.corrcoef(column.truth, column.predicted)[0, 1] > 0.9  # in the same order
        for row in np.flatnonzero(with_it.any(axis=0))[:5]:
            view = np.flatnonzero(with_it[:, row])[0]
            at = np.flatnonzero(column.predicted == held_out.copies[task][view, row])
            assert held_out.folds["oasis"][row] in column.folds[at]


def test_references_of_edits_are_of_what_is_as_good_as_the_photograph(given: Material, held_out: HeldOut) -> None:
    found = out_of_fold.unedited(given, held_out, "exposure")
    assert len(found) == 2 * COUNTS["oasis"] and np.abs(found).mean() < 0.2
    np.testing.assert_array_equal(found, held_out.copies["exposure"][:2].ravel())


def test_overall_and_appeal_by_source(given: Material, held_out: HeldOut) -> None:
    sources = ["own", "ava"] * (COUNTS["appeal"] // 2)
    columns = list(out_of_fold.overall_by_appeal(given, held_out, sources, "split"))
    assert [(each.task, each.data) for each in columns] == [
        ("overall", "appeal"),
        ("overall", "appeal, ava"),
        ("overall", "appeal, own"),
        ("appeal", "appeal, ava"),
        ("appeal", "appeal, own"),
    ]
    votes = given.photos["appeal"].ratings[:, 0]
    for column in columns:
        rows = slice(None) if column.data == "appeal" else slice(int(column.data == "appeal, ava"), None, 2)
        np.testing.assert_array_equal(column.truth, votes[rows])
        np.testing.assert_array_equal(column.predicted, held_out.random["appeal"][column.task][rows])


def columns_of(errors: Mapping[str, np.ndarray]) -> list[Column]:
    """One column a data set, with these errors of predictions."""
    return [
        Column(name, name, np.zeros(len(values)), values, np.arange(len(values)) % 5, "split")
        for name, values in errors.items()
    ]


COVERAGE = 0.9
RNG = np.random.default_rng(0)
KNOWN = {name: RNG.uniform(0, 100, 2000) for name in ("a", "b")}


@pytest.mark.parametrize(
    ("spread", "factors"),
    [
        (lambda known: 2 - known / 100, "falling"),  # the less familiar, the larger the errors
        (lambda known: 1 + known / 100, "the same"),  # the other way round
        (np.ones_like, "the same"),
    ],
    ids=["larger where unfamiliar", "smaller where unfamiliar", "the same"],
)
def test_intervals_are_never_narrower_for_the_less_familiar(
    spread: Callable[[np.ndarray], np.ndarray], factors: str
) -> None:
    errors = {
        name: RNG.normal(0, 1, len(known)) * spread(known) * (1 + 9 * (name == "b")) for name, known in KNOWN.items()
    }
    knots = out_of_fold.widening_of(columns_of(errors), KNOWN, COVERAGE)
    at, found = zip(*knots, strict=True)
    assert at == (10, 30, 50, 70, 90) and (np.diff(found) <= 0).all()
    if factors == "falling":
        assert found[0] > 1.15 and found[-1] < 0.85 and found[0] / found[-1] == pytest.approx(1.9 / 1.1, rel=0.1)
    else:
        assert found[0] == pytest.approx(found[-1], rel=0.12) and found[-1] > 0.9


def test_widened_intervals_cover_each_fifth_as_promised() -> None:
    """Errors that are larger for the unfamiliar; without a factor the least familiar fifth would be covered less."""
    errors = {name: RNG.normal(0, 2.5 - known / 50, len(known)) for name, known in KNOWN.items()}
    columns = columns_of(errors)
    least, most = out_of_fold.coverage_by_fifth(columns, KNOWN, COVERAGE, "split")
    assert (least.split, most.split) == ("least familiar fifth, split", "most familiar fifth, split")
    assert least.metric == most.metric == "coverage90"
    inside = {fifth: np.concatenate([(each // 20) == fifth for each in KNOWN.values()]) for fifth in (0, 4)}
    assert (least.n, most.n) == tuple(int(rows.sum()) for rows in inside.values())
    plain = np.concatenate([np.abs(each.predicted) <= each.half_width(COVERAGE) for each in columns])
    assert plain[inside[0]].mean() < 0.85
    assert 0.87 < least.value < 0.93 and most.value > 0.87


def test_coverage_of_a_fold_comes_from_the_others() -> None:
    """A fold with errors that no other has is not covered."""
    errors = {name: np.where(np.arange(2000) % 5 == 2, 50.0, RNG.normal(0, 1, 2000)) for name in KNOWN}
    least, most = out_of_fold.coverage_by_fifth(columns_of(errors), KNOWN, 0.5, "split")
    assert least.value < 0.85 and most.value < 0.85
    only = {name: values[np.arange(2000) % 5 != 2] for name, values in errors.items()}
    known = {name: values[np.arange(2000) % 5 != 2] for name, values in KNOWN.items()}
    folds = [replace(each, folds=np.delete(np.arange(2000) % 5, np.s_[2::5])) for each in columns_of(only)]
    assert out_of_fold.coverage_by_fifth(folds, known, 0.5, "split")[0].value == pytest.approx(0.5, abs=0.05)
