"""Seeds decide what is drawn, and leave no trace."""

import pytest
import torch

from beholder.training.seeding import seeded


def draw(seed: int) -> torch.Tensor:
    with seeded(seed):
        return torch.rand(8)


def test_the_seed_alone_decides() -> None:
    first = draw(3)
    torch.rand(5)  # what is drawn in between plays no part
    assert torch.equal(draw(3), first) and not torch.equal(draw(4), first)


def test_it_draws_what_a_seeded_generator_draws() -> None:
    assert torch.equal(draw(3), torch.rand(8, generator=torch.Generator().manual_seed(3)))


def test_the_generator_of_the_caller_goes_on_where_it_was() -> None:
    state = torch.random.get_rng_state()
    expected = torch.rand(4)
    torch.random.set_rng_state(state)
    draw(3)
    assert torch.equal(torch.rand(4), expected)


def test_also_after_an_error() -> None:
    state = torch.random.get_rng_state()
    with pytest.raises(ZeroDivisionError), seeded(3):
        torch.rand(1)
        raise ZeroDivisionError
    assert torch.equal(torch.random.get_rng_state(), state)
