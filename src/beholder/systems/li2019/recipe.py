"""Config of a training of Li et al. (2019)."""

from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.systems.li2019.network import HIDDEN
from beholder.training.settings import check_hidden, check_positive

WHOLE, LAST, NONE = "whole", "last", "none"  # what of the backbone is trained


@dataclass(frozen=True)
class LiRecipe:
    """Config; the defaults are the paper's (Section 4.1), where it gives them.

    Attributes:
        backbone: name in `beholder.models.backbones.base`.
        resize: pixels a side that photographs are squashed to.
        side: pixels a side of the square that is cut out: anywhere in training, in the centre otherwise.
        hidden: units of the two fully connected layers of each branch.
        shared: what of the backbone is trained: ``whole``, its ``last`` layers, or ``none``.
        single: learn the aesthetic domain only ("only aesthetic task"); there is no stage 2.
        mirror: show each photograph or its mirror image, by chance; the paper does not say so.
        batch: photographs a step; the paper does not say how many.
        epochs1: of stage 1, passes over the aesthetic domain.
        epochs2: of stage 2, the inter-task layer; 0 leaves it out.
        lr_shared, lr_branches, lr_inter_task: first learning rates of the backbone, the branches, and the inter-task
            layer.
        decay: of the rates, every epoch.
        momentum, weight_decay: of stochastic gradient descent.
        seed: of the first weights, the order, crops and mirroring.

    Raises:
        BeholderError: a number that nothing can be trained with, or another word than those for ``shared``.
    """

    backbone: str = "densenet121"
    resize: int = 256
    side: int = 224
    hidden: tuple[int, int] = HIDDEN
    shared: str = WHOLE
    single: bool = False
    mirror: bool = False
    batch: int = 64
    epochs1: int = 20
    epochs2: int = 20
    lr_shared: float = 1e-5
    lr_branches: float = 1e-4
    lr_inter_task: float = 1e-4
    decay: float = 0.9
    momentum: float = 0.9
    weight_decay: float = 1e-5
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("batch", "epochs1", "lr_shared", "lr_branches", "lr_inter_task", "decay"))
        check_hidden(self.hidden)
        if self.shared not in (WHOLE, LAST, NONE):
            raise BeholderError(f"shared is {self.shared!r}; choose {WHOLE}, {LAST} or {NONE}")
        if not 0 <= self.momentum < 1:
            raise BeholderError(f"momentum is {self.momentum}; give a share from 0 to below 1")
