"""The default model in small: scores, evidence and familiarity are what machines and plane say."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from beholder.models.kernel_head import KernelHead, on_grid, similarities
from beholder.models.kernel_model import Machine, weighted
from helpers.kernel_models import MACHINES, TASKS, Small, parts, photographs, small

DIM = 384
RATINGS = [place for place, task in enumerate(TASKS) if task.kind == "rating"]
NEW = torch.randn(6, 9, generator=torch.Generator().manual_seed(0))


@cache
def outputs() -> tuple[Tensor, Tensor, Tensor]:
    with torch.inference_mode():
        return small().model()(photographs())


def blocks() -> list[Tensor]:
    return [project(part.numpy()) for project, part in zip(small().blocks, parts()[:3], strict=True)]


def standard() -> Tensor:
    """All features, standardised."""
    return torch.cat(
        [project.standard(part.numpy()) for project, part in zip(small().blocks, parts()[:3], strict=True)], dim=1
    )


def drawn(*shape: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(shape[0]))


def test_blocks_are_weighted_by_roots_and_left_out_without_weight() -> None:
    a, b, c = torch.ones(1, 1), torch.full((1, 2), 2.0), torch.full((1, 1), 3.0)
    assert weighted((a, b, c), (1.0, 0.25, 0.0)).tolist() == [[1, 1, 1]]
    both = torch.cat([a, b, c], dim=1)
    apart = weighted((both, -both), (0.7, 0.3))  # distances add up with these weights
    assert float((apart * apart).sum()) == pytest.approx(float((both * both).sum()))


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_gradient_is_that_of_autograd(weight: float) -> None:
    """By the first block as it was before its weight."""
    head = KernelHead(on_grid(drawn(5, 9)), drawn(5, 3), drawn(3))
    machine = Machine(head, first=4, weight=weight)
    first, rest = NEW[:, :4].clone().requires_grad_(), NEW[:, 4:]
    x = torch.cat([first * weight**0.5, rest], dim=1)
    near = machine.similarities(x)
    np.testing.assert_allclose(machine.scores(near).detach(), head(x.detach()), atol=1e-6)
    found = machine.gradient(x, near, 2).detach()
    assert found.shape == (6, 4, 2) and found.abs().max() > 0.01
    for task in range(2):
        (expected,) = torch.autograd.grad(machine.scores(near)[:, task].sum(), first, retain_graph=True)
        torch.testing.assert_close(found[:, :, task], expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_similarities_are_exact_in_any_batch(batch: int) -> None:
    """Sums in single precision are off by 1e-7, otherwise in batches of other sizes: large weights would show it."""
    x = drawn(8, 700, scale=0.03)
    head = KernelHead(on_grid(drawn(300, 700, scale=0.03)), drawn(300, 2, scale=100), drawn(2))
    machine = Machine(head, first=4, weight=1.0)
    expected = torch.exp(-(x.double()[:, None] - head.support.double()).square().sum(dim=2))  # pair by pair
    assert 0.1 < expected.mean() < 0.9
    near = torch.cat([machine.similarities(part) for part in x.split(batch)])
    assert near.dtype == torch.float64
    torch.testing.assert_close(near, expected, atol=1e-9, rtol=0)
    scores = expected @ head.weight.double() + head.bias
    torch.testing.assert_close(machine.scores(near), scores, atol=1e-6, rtol=0)


def test_scores_are_those_of_machines_and_plane_each_in_its_place() -> None:
    made, scores = small(), outputs()[0]
    plane = made.linear(standard())
    for weights, positions, _, _ in MACHINES:
        spec = next(each for each in made.machines if each.tasks == positions)
        low, high = (np.array([getattr(TASKS[task], end) for task in positions]) for end in ("low", "high"))
        of_machine, of_plane = spec.head(weighted(blocks(), weights)), plane[:, list(positions)]
        rated = np.isin(positions, RATINGS)
        assert (of_machine.std(axis=0) > 0.005 * (high - low)).all()
        assert (of_plane.std(axis=0) > 0.005 * (high - low))[rated].all() and not of_plane[:, ~rated].any()
        np.testing.assert_allclose(scores[:, list(positions)], np.clip(of_machine + of_plane, low, high), atol=1e-4)
    torch.testing.assert_close(outputs()[1], parts().scene, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0)])
def test_the_order_of_machines_does_not_matter(order: tuple[int, ...]) -> None:
    made = small()
    with torch.inference_mode():
        again = replace(made, machines=tuple(made.machines[place] for place in order)).model()(photographs()[:2])
    for mine, theirs in zip(again, outputs(), strict=True):
        torch.testing.assert_close(mine, theirs[:2], atol=1e-4, rtol=1e-3)


def test_scores_stay_on_their_scales() -> None:
    """Heads that say a hundred times as much reach both ends of each scale."""
    made = small()
    loud = [replace(each, head=replace(each.head, weight=1e4 * each.head.weight)) for each in made.machines]
    with torch.inference_mode():
        scores = replace(made, machines=tuple(loud)).model()(photographs())[0][:, :-1]
    ends = torch.tensor([(task.low, task.high) for task in TASKS[:-1]]).T
    assert ((scores == ends[0]) | (scores == ends[1])).all()


def changed_patches(made: Small, patches: Tensor) -> Tensor:
    """Scores of the first photograph, not clipped, if its mean patch tokens were these (3 * 384,)."""
    scene = parts().scene[0].reshape(3, 2, DIM)
    scene = torch.stack([scene[:, 0], patches.reshape(3, DIM)], dim=1).reshape(1, -1)
    first = (scene - made.blocks.scene.mean) / made.blocks.scene.scale
    own = [first @ made.blocks.scene.matrix, *(block[:1] for block in blocks()[1:])]
    others = standard()[:1, scene.shape[1] :]
    found = torch.zeros(len(TASKS))
    found[:-1] += (torch.cat([first, others], dim=1) @ made.linear.weight + made.linear.bias)[0]
    for spec in made.machines:
        near = similarities(weighted(own, spec.weights), spec.head.support)
        found[list(spec.tasks)] += (near @ spec.head.weight + spec.head.bias)[0]
    return found


def test_evidence_is_the_first_order_share_of_each_patch() -> None:
    """The gradient by the mean patch, times how a patch differs from the typical one, over the number of patches."""
    made, evidence = small(), outputs()[2][0]
    patches = parts().patches[0]  # (256, 3 * 384)
    jacobian = torch.autograd.functional.jacobian(lambda mean: changed_patches(made, mean), patches.mean(dim=0))
    expected = (jacobian @ (patches - made.typical).T / len(patches)).reshape(len(TASKS), 16, 16)
    assert evidence.shape == (7, 16, 16)
    for task in RATINGS:
        largest = float(expected[task].abs().max())
        assert largest > 1e-4
        torch.testing.assert_close(evidence[task], expected[task], atol=1e-3 * largest, rtol=1e-3)


def test_evidence_sums_to_what_a_small_step_changes() -> None:
    """A step from the mean patch towards the typical one takes that share of all evidence away."""
    made, mean, step = small(), parts().patches[0].mean(dim=0).double().float(), 0.02
    after, before = (changed_patches(made, mean + sign * step * (made.typical - mean)) for sign in (0.5, -0.5))
    lost = (before - after) / step
    total = outputs()[2][0].sum(dim=(1, 2))
    for task in RATINGS:
        assert float(total[task]) == pytest.approx(float(lost[task]), rel=0.02, abs=1e-4)


def test_what_is_no_rating_has_no_evidence() -> None:
    others = [place for place in range(len(TASKS)) if place not in RATINGS]
    assert len(others) == 3 and not outputs()[2][:, others].any()
    assert outputs()[2][:, RATINGS].abs().amax(dim=(2, 3)).min() > 1e-5


def test_familiarity_is_the_percentile_of_mean_similarity() -> None:
    made = small()
    familiarity = made.familiarity
    near = similarities(weighted(blocks(), familiarity.weights), familiarity.support) ** familiarity.sharpness
    levels = np.log(near.mean(dim=1).numpy())
    for thresholds in (familiarity.thresholds.numpy(), np.linspace(np.median(levels), levels.max() - 0.1, 101)):
        changed = replace(familiarity, thresholds=torch.from_numpy(thresholds.astype(np.float32)))
        with torch.inference_mode():
            found = replace(made, familiarity=changed).model()(photographs())[0][:, -1].numpy()
        np.testing.assert_allclose(found, np.interp(levels, thresholds, np.arange(101)), atol=0.05)
    assert found.min() == 0 and found.max() == 100  # below all and above all


def test_nothing_like_it_is_not_familiar() -> None:
    """Where all similarities are 0 there is still a number."""
    made = small()
    far = replace(made.familiarity, support=made.familiarity.support + 100)
    with torch.inference_mode():
        scores = replace(made, familiarity=far).model()(photographs()[:2])[0]
    assert scores[:, -1].tolist() == [0, 0]
