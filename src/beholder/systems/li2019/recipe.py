"""Settings of a training of Li et al. (2019).

The paper's own (Section 4.1) are the defaults for its data sets, AVA and AADB. They are made for 8,500 photographs and
more, on a GPU; with a few hundred they hardly move a network. For other data the defaults train the last layers of a
small backbone at larger rates, in the paper's proportion, which takes a minute or two on a CPU. DenseNet-121 is the
default for none, as no package has its weights: ``backbone="densenet121"``.
"""

from dataclasses import dataclass
from typing import TypeVar

from beholder.errors import BeholderError
from beholder.systems.options import defaults_for, option
from beholder.training.settings import check_hidden, check_positive

HIDDEN = (1024, 512)
DEFAULT_SECOND = "biq2021"  # second domain of the report
WHOLE, LAST, NONE = "whole", "last", "none"  # what of the backbone is trained
PAPERS_DATA = ("ava", "aadb")  # data sets that the paper learns aesthetics from

T = TypeVar("T")


def _papers(value: T) -> dict[str, T]:
    """A setting as the paper has it, for its own data sets."""
    return dict.fromkeys(PAPERS_DATA, value)


@dataclass(frozen=True)
class LiRecipe:
    """Settings; `beholder.systems.options.defaults_for` gives the paper's for its data sets.

    Attributes:
        backbone: name in `beholder.models.backbones.base`.
        resize: pixels a side that photographs are squashed to.
        side: pixels a side of the square that is cut out: anywhere in training, in the centre otherwise.
        hidden: units of the two fully connected layers of each branch.
        shared: what of the backbone is trained: ``whole``, its ``last`` layers, or ``none``.
        single: learn the aesthetic domain only ("only aesthetic task"); there is no stage 2.
        mirror: show each photograph or its mirror image, at random; the paper does not mention it.
        batch: photographs a step; the paper does not say how many.
        epochs1: epochs of stage 1, passes over the aesthetic domain. The paper has "total epoch of 20", which is taken
            for each of the two stages.
        epochs2: epochs of stage 2, the inter-task layer; 0 leaves the stage out.
        lr_shared, lr_branches, lr_inter_task: first learning rates of the backbone, the branches, and the inter-task
            layer.
        decay: factor of the rates, every epoch.
        momentum, weight_decay: of stochastic gradient descent.
        seed: of the initial weights, the order, crops and mirroring.

    Raises:
        BeholderError: a number outside its range, or an unknown word for ``shared``.
    """

    backbone: str = option("mobilenet_v2", "As `beholder models` shows; the paper's is densenet121.")
    resize: int = option(256, "Pixels a side that photographs are squashed to.", min=8)
    side: int = option(224, "Pixels a side of the square that is cut out.", min=8)
    hidden: tuple[int, int] = option(HIDDEN, "Units of a branch's two layers.")
    shared: str = option(
        LAST, "What of the backbone is trained: whole, its last layers, or none.", by_data=_papers(WHOLE)
    )
    single: bool = option(False, "Learn the score only, without a second domain.")
    mirror: bool = option(True, "Show mirror images too.", by_data=_papers(False))
    batch: int = option(16, "Photographs a step.", min=1, by_data=_papers(64))
    epochs1: int = option(10, "Epochs of both branches, in turn.", min=1, by_data=_papers(20))
    epochs2: int = option(20, "Epochs of the inter-task layer; 0 leaves it out.", min=0)
    lr_shared: float = option(1e-3, "First learning rate of the backbone.", by_data=_papers(1e-5))
    lr_branches: float = option(1e-2, "First learning rate of the branches.", by_data=_papers(1e-4))
    lr_inter_task: float = option(0.03, "First learning rate of the inter-task layer.", by_data=_papers(1e-4))
    decay: float = option(0.9, "Factor of the rates, every epoch.")
    momentum: float = option(0.9, "Momentum of stochastic gradient descent.")
    weight_decay: float = option(1e-5, "Weight decay of stochastic gradient descent.", min=0)
    seed: int = option(0, "Seed of weights, order, crops.", min=0)

    def __post_init__(self) -> None:
        check_positive(self, ("batch", "epochs1", "lr_shared", "lr_branches", "lr_inter_task", "decay"))
        check_hidden(self.hidden)
        if self.shared not in (WHOLE, LAST, NONE):
            raise BeholderError(f"shared is {self.shared!r}; choose {WHOLE}, {LAST} or {NONE}")
        if not 0 <= self.momentum < 1:
            raise BeholderError(f"momentum is {self.momentum}; give a share from 0 to below 1")


PAPER = LiRecipe("densenet121", **defaults_for(LiRecipe, PAPERS_DATA[0]))  # what the paper says, or is silent of
