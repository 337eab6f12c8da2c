"""Kernel ridge regression and ridge regression: the posterior means of a Gaussian process with similarities or products
of features as its covariance, also of two related quantities."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from beholder.models.kernel_head import KernelHead, LinearHead, on_grid, similarities
from beholder.training.kernel_ridge import fit, fit_linear, fit_reduced, solve

N, D = 40, 3
RNG = np.random.default_rng(0)
KNOWN, NEW = (on_grid(torch.from_numpy(RNG.normal(0, 0.6, (count, D)))).numpy() for count in (N, 15))
TARGETS = np.stack([5 + np.sin(2 * KNOWN[:, 0]), 40 - 20 * KNOWN[:, 1]], axis=1) + RNG.normal(0, 0.1, (N, 2))
DIFFERENT = RNG.uniform(0.05, 0.8, N)  # noise of each photograph
RELATED = np.arange(N) % 3 == 0


def tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))


def gram(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """exp(-d), pair by pair."""
    return np.array([[np.exp(-((one - other) ** 2).sum()) for other in b] for one in a])


Fit = Callable[..., KernelHead | LinearHead]
Covariance = Callable[[np.ndarray, np.ndarray], np.ndarray]
FITS: dict[str, tuple[Fit, Covariance]] = {
    "similarities": (fit, gram),
    "plane": (fit_linear, lambda a, b: a @ b.T),
}
BOTH = pytest.mark.parametrize(("fitting", "covariance_of"), FITS.values(), ids=FITS)


def posterior_mean(covariance_of: Covariance, noise: np.ndarray | float) -> np.ndarray:
    """Rasmussen & Williams 2006, eq. 2.23, of standardised targets."""
    centre, scale = TARGETS.mean(axis=0), TARGETS.std(axis=0)
    covariance = covariance_of(KNOWN, KNOWN) + np.diag(np.broadcast_to(noise, N))
    return covariance_of(NEW, KNOWN) @ np.linalg.inv(covariance) @ ((TARGETS - centre) / scale) * scale + centre


def test_similarity_is_one_for_the_same_and_falls_with_distance() -> None:
    np.testing.assert_allclose(similarities(tensor(NEW), tensor(KNOWN)), gram(NEW, KNOWN), atol=1e-5)
    np.testing.assert_allclose(similarities(tensor(KNOWN), tensor(KNOWN)).diagonal(), 1, atol=1e-5)


@BOTH
@pytest.mark.parametrize("noise", [0.1, 0.5, DIFFERENT], ids=["little", "much", "different"])
def test_fit_is_the_posterior_mean(fitting: Fit, covariance_of: Covariance, noise: np.ndarray | float) -> None:
    found = fitting(tensor(KNOWN), TARGETS, noise)(tensor(NEW))
    expected = posterior_mean(covariance_of, noise)
    assert np.ptp(expected, axis=0).min() > 0.3
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("noise", [0.1, DIFFERENT], ids=["same", "different"])
def test_fit_is_what_scikit_learn_finds(noise: np.ndarray | float) -> None:
    kernel_ridge = pytest.importorskip("sklearn.kernel_ridge", reason="needs scikit-learn")
    centre, scale = TARGETS.mean(axis=0), TARGETS.std(axis=0)
    model = kernel_ridge.KernelRidge(alpha=1.0, kernel="precomputed")
    # a penalty of each photograph, by weights of samples: K + alpha / w
    model.fit(gram(KNOWN, KNOWN), (TARGETS - centre) / scale, sample_weight=1 / np.broadcast_to(noise, N))
    expected = model.predict(gram(NEW, KNOWN)) * scale + centre
    np.testing.assert_allclose(fit(tensor(KNOWN), TARGETS, noise)(tensor(NEW)), expected, rtol=1e-4)


@pytest.mark.parametrize("noise", [0.1, DIFFERENT], ids=["same", "different"])
def test_plane_is_what_scikit_learn_finds(noise: np.ndarray | float) -> None:
    """Features are not centred: what is predicted at 0 is the mean of the targets."""
    linear_model = pytest.importorskip("sklearn.linear_model", reason="needs scikit-learn")
    centre = TARGETS.mean(axis=0)
    model = linear_model.Ridge(alpha=1.0, fit_intercept=False)
    model.fit(KNOWN, TARGETS - centre, sample_weight=1 / np.broadcast_to(noise, N))
    plane = fit_linear(tensor(KNOWN), TARGETS, noise)
    np.testing.assert_allclose(plane.weight, model.coef_.T, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(plane.bias, centre, rtol=1e-6)


def test_supports_are_as_a_model_file_stores_them() -> None:
    """Rounded first, then fitted to: rounded photographs are the same ones."""
    between = tensor(KNOWN) + 5e-4
    for head, expected in (
        (fit(between, TARGETS, 0.2), fit(tensor(KNOWN), TARGETS, 0.2)),
        (
            fit_reduced(between[::4], tensor(KNOWN), TARGETS, 0.2),
            fit_reduced(tensor(KNOWN[::4]), tensor(KNOWN), TARGETS, 0.2),
        ),
    ):
        assert torch.equal(head.support, expected.support) and torch.equal(head.weight, expected.weight)
        assert torch.equal(head.support.half().float(), head.support)


def test_what_is_solved_with_stays_as_it_was() -> None:
    """The same covariance serves several quantities."""
    covariance = similarities(tensor(KNOWN), tensor(KNOWN))
    before = covariance.clone()
    for related in (None, (RELATED, 0.5)):
        solve(covariance, TARGETS, DIFFERENT, related)
        assert torch.equal(covariance, before)


def test_a_noisy_photograph_says_less() -> None:
    wrong = TARGETS.copy()
    wrong[0] += 10 * TARGETS.std(axis=0)
    errors = []
    for noise in (0.05, 5.0):
        noises = np.full(N, 0.05)
        noises[0] = noise
        errors.append(np.abs(fit(tensor(KNOWN), wrong, noises)(tensor(KNOWN))[0] - TARGETS[0]))
    assert (errors[1] < 0.5 * errors[0]).all()


@BOTH
@pytest.mark.parametrize("correlation", [0.0, 0.6, 1.0])
def test_related_targets_are_those_of_a_process_of_two_tasks(
    fitting: Fit, covariance_of: Covariance, correlation: float
) -> None:
    """The explicit covariance of (photograph, task) pairs, B kron K, at the pairs that were rated."""
    targets = (TARGETS[:, :1] - TARGETS[:, 0].mean()) / TARGETS[:, 0].std()
    between = np.array([[1, correlation], [correlation, 1]])
    of_all = np.kron(between, covariance_of(np.concatenate([KNOWN, NEW]), np.concatenate([KNOWN, NEW])))
    total = N + len(NEW)
    rated = np.where(RELATED, total + np.arange(N), np.arange(N))  # rows of the second task, and of the first
    asked = N + np.arange(len(NEW))  # of the first
    covariance = of_all[np.ix_(rated, rated)] + np.diag(DIFFERENT)
    centre, scale = targets[~RELATED].mean(), targets.std()
    solved = np.linalg.solve(covariance, (targets - centre) / scale)
    expected = of_all[np.ix_(asked, rated)] @ solved * scale + centre
    found = fitting(tensor(KNOWN), targets, DIFFERENT, related=(RELATED, correlation))(tensor(NEW))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_related_ratings_help_as_far_as_they_are_correlated() -> None:
    """Without correlation they are as good as left out; with it they come nearer to the truth."""
    rng = np.random.default_rng(1)
    x = rng.normal(0, 0.6, (300, D))
    truth = np.sin(2 * x[:, :1]) + x[:, 1:2]
    rows = np.arange(300) >= 12  # many of the related quantity, few of the one that is asked for
    apart = fit(tensor(x), truth, 0.1, related=(rows, 0.0))
    assert not apart.weight[torch.from_numpy(rows)].any()
    helped = fit(tensor(x), truth, 0.1, related=(rows, 0.9))
    seen = rng.normal(0, 0.6, (200, D))
    errors = [np.square(head(tensor(seen)) - np.sin(2 * seen[:, :1]) - seen[:, 1:2]).mean() for head in (apart, helped)]
    assert errors[1] < 0.2 * errors[0]


def test_a_support_of_all_photographs_is_no_approximation() -> None:
    x = tensor(KNOWN)
    np.testing.assert_allclose(
        fit_reduced(x, x, TARGETS, 0.2)(tensor(NEW)), fit(x, TARGETS, 0.2)(tensor(NEW)), rtol=2e-3
    )


def test_a_smaller_support_is_the_subset_of_regressors() -> None:
    """Rasmussen & Williams 2006, eq. 8.14; targets centred and scaled by what their noise lets them say."""
    support = KNOWN[::4]
    weights = (1 / DIFFERENT) / (1 / DIFFERENT).sum()
    centre = weights @ TARGETS
    scale = np.sqrt(weights @ (TARGETS - centre) ** 2)
    across = gram(KNOWN, support)
    inner = across.T @ (across / DIFFERENT[:, None]) + gram(support, support) + 1e-4 * np.eye(len(support))
    solved = np.linalg.solve(inner, across.T @ ((TARGETS - centre) / scale / DIFFERENT[:, None]))
    expected = gram(NEW, support) @ solved * scale + centre
    head = fit_reduced(tensor(support), tensor(KNOWN), TARGETS, DIFFERENT)
    assert head.support.shape == (10, D) and head.weight.shape == (10, 2)
    np.testing.assert_allclose(head(tensor(NEW)), expected, rtol=1e-3)


def test_photographs_in_parts_are_photographs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    x, support = tensor(KNOWN), tensor(KNOWN[::4])
    whole = fit_reduced(support, x, TARGETS, DIFFERENT)
    expected = whole(tensor(NEW))
    monkeypatch.setattr("beholder.training.kernel_ridge.ROWS", 7)
    monkeypatch.setattr("beholder.models.kernel_head.ROWS", 4)
    np.testing.assert_allclose(fit_reduced(support, x, TARGETS, DIFFERENT)(tensor(NEW)), expected, rtol=1e-4)


@pytest.mark.parametrize("reduced", [False, True])
def test_predictions_are_in_units_of_the_targets(reduced: bool) -> None:
    """Other units, other predictions, in the same way; far from all that is known the mean."""
    x = tensor(KNOWN)

    def predicted(targets: np.ndarray, at: torch.Tensor) -> np.ndarray:
        return (fit_reduced(x, x, targets, 0.2) if reduced else fit(x, targets, 0.2))(at)

    of_new = predicted(TARGETS, tensor(NEW))
    np.testing.assert_allclose(predicted(1000 + 7 * TARGETS, tensor(NEW)), 1000 + 7 * of_new, rtol=1e-4)
    far = torch.full((1, D), 50.0)
    np.testing.assert_allclose(predicted(TARGETS, far)[0], TARGETS.mean(axis=0), rtol=1e-5)


def test_targets_that_are_all_the_same_are_predicted() -> None:
    same = np.full((N, 1), 3.0)
    for head in (fit(tensor(KNOWN), same, 0.1), fit_reduced(tensor(KNOWN), tensor(KNOWN), same, 0.1)):
        np.testing.assert_allclose(head(tensor(NEW)), 3, atol=1e-4)


def test_many_photographs_that_look_alike_can_be_the_support() -> None:
    """The same ones again and again, with very little noise: similarities alone cannot be solved for."""
    again = np.tile(KNOWN[:10], (30, 1)) + np.random.default_rng(2).normal(0, 1e-4, (300, D))
    targets = np.tile(TARGETS[:10], (30, 1))
    head = fit_reduced(tensor(again), tensor(again), targets, 1e-3)
    np.testing.assert_allclose(head(tensor(KNOWN[:10])), TARGETS[:10], rtol=0.05)
