"""Losses of the compared systems: one number each, a mean over photographs or pairs."""

import torch
import torch.nn.functional as F
from torch import Tensor

from beholder.training.supervised import masked_mse


def squared_emd(predicted: Tensor, target: Tensor) -> Tensor:
    """Squared earth mover's distance of Hou et al. (2017): sum of squared differences of cumulative shares.

    Args:
        predicted: (B, M) shares of ordered bins, each row sums to 1.
        target: (B, M) likewise; a row with NaN is left out.

    >>> round(float(squared_emd(torch.tensor([[1.0, 0, 0]]), torch.tensor([[0, 0, 1.0]]))), 6)
    2.0
    """
    known = torch.isfinite(target).all(dim=1)
    apart = predicted.float().cumsum(dim=1) - torch.nan_to_num(target).cumsum(dim=1)
    return ((apart**2).sum(dim=1) * known).sum() / known.sum().clamp(min=1)


def euclidean(predicted: Tensor, target: Tensor) -> Tensor:
    """Half the mean squared error (Kong et al. 2016, the loss of regression); ratings that are missing are left out.

    >>> float(euclidean(torch.tensor([[0.5], [1.0]]), torch.tensor([[0.0], [1.0]])))
    0.0625
    """
    return masked_mse(predicted, target) / 2


def rank_loss(first: Tensor, second: Tensor, order: Tensor, margin: float) -> Tensor:
    """Ranking loss of Kong et al. (2016): 1/2N sum_ij max(0, margin - order_ij (first_i - second_j)).

    Args:
        first, second: (N,) predicted scores of the two photographs of each pair.
        order: (N,) 1 where the first is rated higher, -1 where the second is.
        margin: how far apart they are to be.

    >>> pairs = torch.tensor([0.9, 0.5]), torch.tensor([0.1, 0.6]), torch.tensor([1.0, 1.0])
    >>> round(float(rank_loss(*pairs, margin=0.1)), 6)  # only the second pair is wrong, by 0.1 and the margin
    0.05
    """
    return torch.relu(margin - order * (first.float() - second.float())).mean() / 2


def told_apart(rated: Tensor, predicted: Tensor) -> Tensor:
    """Loss of a discriminator (Goodfellow et al. 2014) by its logits for rated and for predicted vectors.

    >>> round(float(told_apart(torch.zeros(4), torch.zeros(4))), 6)  # it cannot tell them: 2 log 2
    1.386294
    """
    return F.softplus(-rated.float()).mean() + F.softplus(predicted.float()).mean()


def taken_for_rated(predicted: Tensor) -> Tensor:
    """Loss of what a discriminator judges, by its logits: low where it takes predicted vectors for rated ones.

    >>> round(float(taken_for_rated(torch.zeros(3))), 6)
    0.693147
    """
    return F.softplus(-predicted.float()).mean()
