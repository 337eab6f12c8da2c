"""The student: the same network in another form, and heads that have not seen what they are measured on."""

from dataclasses import replace

import numpy as np
import torch

from beholder.models.dinov2 import DinoV2, LeanDinoV2
from beholder.training import ridge, student


def test_lean_form_is_the_same_function() -> None:
    torch.manual_seed(0)
    network = DinoV2(dim=48, depth=3, heads=2)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    images = torch.randn(2, 3, 42, 56)
    with torch.inference_mode():
        expected = network.forward_tokens(images, (0, 2))
        found = LeanDinoV2(network).forward_tokens(images, (0, 2))
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)


def test_rows_may_count_more_than_once() -> None:
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(30, 8)), rng.normal(size=(30, 2))
    counts = rng.integers(1, 4, 30)
    repeated = ridge.fit_path(np.repeat(features, counts, axis=0), np.repeat(targets, counts, axis=0), (0.3,))[0]
    counted = ridge.fit_path(features, targets, (0.3,), counts)[0]
    np.testing.assert_allclose(counted.weight, repeated.weight, atol=1e-6)
    np.testing.assert_allclose(counted.bias, repeated.bias, atol=1e-6)


def test_no_held_out_rating_is_learned_from() -> None:
    rng = np.random.default_rng(0)
    rated, others = rng.normal(size=(60, 12)), rng.normal(size=(200, 12))
    ratings = rated[:, :2] + rng.normal(0, 0.3, (60, 2))
    rows = np.arange(60) >= 12
    changed = np.where(rows[:, None], ratings, 99.0)
    views = (rated + 0.1, others), (rated, others)
    recipe = student.Recipe()
    first, second = (student.learner(*views, each, recipe)(rows)(rated) for each in (ratings, changed))
    np.testing.assert_array_equal(first, second)


def test_the_teacher_adds_what_few_ratings_do_not_say() -> None:
    """Thirty noisy ratings; the teacher sees what matters in two numbers, the student in forty."""
    rng = np.random.default_rng(0)
    cause = rng.normal(size=(630, 2))
    mixed = cause @ rng.normal(size=(2, 40)) + rng.normal(0, 1.0, (630, 40))
    ratings = cause[:30, :1] + rng.normal(0, 0.3, (30, 1))
    rows = np.ones(30, bool)
    views, known = (mixed[:30], mixed[30:330]), (cause[:30], cause[30:330])
    with_teacher = student.learner(views, known, ratings, student.Recipe())(rows)
    without = student.learner(views, known, ratings, replace(student.Recipe(), unrated=1e-9, trust=0.0))(rows)
    error, error_without = (
        np.square(head(mixed[330:])[:, 0] - cause[330:, 0]).mean() for head in (with_teacher, without)
    )
    assert error < 0.8 * error_without
