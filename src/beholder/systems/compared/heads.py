"""New layers of the compared systems, on average-pooled features (B, C).

Each head knows its loss, the scores that it gives, and their gradient by the pooled features in closed form, which a
model file can contain.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from beholder.models.head import head_outputs, init_glorot
from beholder.systems.compared.losses import euclidean, rank_loss, squared_emd, taken_for_rated, told_apart
from beholder.systems.compared.recipes import KongRecipe
from beholder.systems.song2023.losses import emd
from beholder.training.supervised import masked_mse

DISCRIMINATOR_UNITS = (64, 32)  # ours: the paper's layers are not known here


@dataclass(frozen=True)
class Batch:
    """What is known of the B photographs of a step.

    Attributes:
        targets: (B, K) shares of votes, or ratings in the unit interval with NaN where one is missing.
        content: (B,) class of content of each; None without classes.
        paired: whether photograph b of the first half is rated higher than photograph b of the second.
    """

    targets: Tensor
    content: Tensor | None = None
    paired: bool = False


Loss = Callable[[Tensor, Batch], Tensor]  # pooled features and batch -> one number


class Head(nn.Module):
    """Interface: pooled features (B, C) -> scores (B, T) in the unit interval, the first task first."""

    def forward(self, pooled: Tensor) -> Tensor:
        raise NotImplementedError

    def losses(self) -> Sequence[Loss]:
        """The loss, and of an adversary its own, each for a step of its own."""
        raise NotImplementedError

    def validation_loss(self, pooled: Tensor, batch: Batch) -> Tensor:
        """What the best epoch is chosen by."""
        raise NotImplementedError

    def with_slope(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Scores (B, T), their gradients by the pooled features (B, T, C), and shares of votes (B, M) if it has any."""
        raise NotImplementedError


class VotesHead(Head):
    """Dropout and one linear layer, a softmax over M ordered values; the score is its expectation.

    Args:
        channels: C.
        levels: (M,) values in the unit interval.
        dropout: rate on the features.
        squared: the loss of Hou et al. (2017); else NIMA's.
    """

    levels: Tensor

    def __init__(self, channels: int, levels: Tensor, dropout: float, *, squared: bool) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(channels, len(levels))
        self.loss = squared_emd if squared else emd
        self.register_buffer("levels", levels, persistent=False)
        init_glorot([self.out])

    def shares(self, pooled: Tensor) -> Tensor:
        logits: Tensor = self.out(self.dropout(pooled))
        return logits.float().softmax(dim=1)

    def forward(self, pooled: Tensor) -> Tensor:
        return (self.shares(pooled) @ self.levels)[:, None]

    def losses(self) -> Sequence[Loss]:
        return [self.validation_loss]

    def validation_loss(self, pooled: Tensor, batch: Batch) -> Tensor:
        return self.loss(self.shares(pooled), batch.targets)

    def with_slope(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        shares = self.shares(pooled)
        mean = (shares @ self.levels)[:, None]
        slope = (shares * (self.levels - mean)) @ self.out.weight
        return mean, slope[:, None], shares


class KongHead(Head):
    """Branches for the score and for each of A attributes, joined for the score; one output a class of content.

    512 units -> score; with attributes, 256 units -> each of them, and all units -> 128 -> score. With classes of
    content the score is the mean over their outputs, weighed by a softmax that guesses the class; that they share what
    is before their outputs is *ours*.

    Args:
        channels: C.
        attributes: A, 0 for none.
        recipe: settings.
    """

    def __init__(self, channels: int, attributes: int, recipe: KongRecipe) -> None:
        super().__init__()
        width, joined = recipe.hidden
        self.recipe, self.width, self.attributes = recipe, width, attributes
        self.branches = nn.Linear(channels, width + attributes * recipe.attribute_units)  # the score's units first
        self.attribute_weight = nn.Parameter(torch.zeros(attributes, recipe.attribute_units))
        self.attribute_bias = nn.Parameter(torch.full((attributes,), 0.5))
        nn.init.normal_(self.attribute_weight, std=recipe.attribute_units**-0.5)
        self.join = nn.Linear(self.branches.out_features, joined) if attributes else None
        self.out = nn.Linear(joined if attributes else width, max(1, recipe.classes))
        nn.init.constant_(self.out.bias, 0.5)  # the middle of the scale
        self.gate = nn.Linear(channels, recipe.classes) if recipe.classes else None

    def forward(self, pooled: Tensor) -> Tensor:
        return self._scores(pooled)[0]

    def _scores(self, pooled: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, 1 + A) scores, and (B, classes) logits of the content."""
        hidden = torch.relu(self.branches(pooled))
        by_class = self.out(hidden if self.join is None else torch.relu(self.join(hidden)))
        logits = None if self.gate is None else self.gate(pooled)
        score = by_class if logits is None else (by_class * logits.softmax(dim=1)).sum(dim=1, keepdim=True)
        units = hidden[:, self.width :].reshape(-1, *self.attribute_weight.shape) if self.attributes else None
        if units is None:
            return score, logits
        return torch.cat([score, (units * self.attribute_weight).sum(dim=2) + self.attribute_bias], dim=1), logits

    def losses(self) -> Sequence[Loss]:
        return [self._loss]

    def _loss(self, pooled: Tensor, batch: Batch) -> Tensor:
        recipe = self.recipe
        found, logits = self._scores(pooled)
        loss = euclidean(found[:, :1], batch.targets[:, :1])
        if self.attributes:
            loss = loss + recipe.weight_attributes * euclidean(found[:, 1:], batch.targets[:, 1:])
        if batch.paired:
            higher, lower = found[:, 0].chunk(2)
            loss = loss + recipe.weight_rank * rank_loss(higher, lower, torch.ones_like(higher), recipe.margin)
        if logits is not None and batch.content is not None:
            loss = loss + recipe.weight_content * F.cross_entropy(logits.float(), batch.content)
        return loss

    def validation_loss(self, pooled: Tensor, batch: Batch) -> Tensor:
        return euclidean(self(pooled)[:, :1], batch.targets[:, :1])

    def with_slope(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        before = self.branches(pooled)
        hidden, on = torch.relu(before), (before > 0).float()
        through: Tensor = self.out.weight[None]  # (1 or B, classes, units)
        if self.join is None:
            by_class = self.out(hidden)
        else:
            before_out = self.join(hidden)
            by_class = self.out(torch.relu(before_out))
            through = (self.out.weight * (before_out > 0).float()[:, None]) @ self.join.weight
        slope = (through * on[:, None]) @ self.branches.weight  # (B, classes, C)
        if self.gate is None:
            scores = by_class
        else:
            shares = self.gate(pooled).softmax(dim=1)
            scores = (by_class * shares).sum(dim=1, keepdim=True)
            of_gate = (shares * (by_class - scores)) @ self.gate.weight
            slope = ((shares[:, :, None] * slope).sum(dim=1) + of_gate)[:, None]
        if self.attributes:
            units = hidden[:, self.width :].reshape(-1, *self.attribute_weight.shape)
            scores = torch.cat([scores, (units * self.attribute_weight).sum(dim=2) + self.attribute_bias], dim=1)
            weight = self.branches.weight[self.width :].reshape(*self.attribute_weight.shape, -1)
            active = on[:, self.width :].reshape(-1, *self.attribute_weight.shape) * self.attribute_weight
            slope = torch.cat([slope, torch.einsum("bau,auc->bac", active, weight)], dim=1)
        return scores, slope, None


class PanHead(Head):
    """Two fully connected layers and T linear outputs; with an adversary, a discriminator of its own beside it.

    The discriminator's layers are *ours*, and so is the form of its loss: that of Goodfellow et al. (2014), with the
    rating network's part as they advise (not saturating). Its step and the rating network's come in turn.

    Args:
        channels: C.
        outputs: T.
        hidden: units of the two layers.
        adversarial: weight of the loss against the discriminator; 0 for none.
    """

    def __init__(self, channels: int, outputs: int, hidden: tuple[int, int], adversarial: float) -> None:
        super().__init__()
        self.adversarial = adversarial
        self.fc1, self.fc2 = nn.Linear(channels, hidden[0]), nn.Linear(hidden[0], hidden[1])
        self.out = nn.Linear(hidden[1], outputs)
        init_glorot([self.fc1, self.fc2, self.out])
        nn.init.constant_(self.out.bias, 0.5)  # the middle of the scales
        wide, slim = DISCRIMINATOR_UNITS
        self.discriminator = (
            nn.Sequential(
                nn.Linear(outputs, wide),
                nn.LeakyReLU(0.2),
                nn.Linear(wide, slim),
                nn.LeakyReLU(0.2),
                nn.Linear(slim, 1),
            )
            if adversarial
            else None
        )

    def forward(self, pooled: Tensor) -> Tensor:
        outputs: Tensor = self.out(torch.relu(self.fc2(torch.relu(self.fc1(pooled)))))
        return outputs

    def losses(self) -> Sequence[Loss]:
        return [self._rating_loss] if self.discriminator is None else [self._rating_loss, self._discriminator_loss]

    def _rating_loss(self, pooled: Tensor, batch: Batch) -> Tensor:
        found = self(pooled)
        loss = masked_mse(found, batch.targets)
        if self.discriminator is not None:
            fixed = {name: value.detach() for name, value in self.discriminator.named_parameters()}
            judged = torch.func.functional_call(self.discriminator, fixed, (found,))
            loss = loss + self.adversarial * taken_for_rated(judged)
        return loss

    def _discriminator_loss(self, pooled: Tensor, batch: Batch) -> Tensor:
        assert self.discriminator is not None
        whole = torch.isfinite(batch.targets).all(dim=1)  # a vector with a gap would tell itself
        predicted = self(pooled).detach()
        if not whole.any():
            return self.discriminator(predicted).sum() * 0
        return told_apart(self.discriminator(batch.targets[whole]), self.discriminator(predicted))

    def validation_loss(self, pooled: Tensor, batch: Batch) -> Tensor:
        return masked_mse(self(pooled), batch.targets)

    def with_slope(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        outputs, slope = head_outputs(pooled, self.fc1, self.fc2, self.out.weight, self.out.bias)
        return outputs, slope, None
