"""Config of the two-stage training of Soydaner & Wagemans (2023, Section 4.2)."""

from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.training.settings import check_hidden, check_positive


@dataclass(frozen=True)
class SoydanerRecipe:
    """Config; the defaults are the paper's for AADB (Section 4.2).

    Attributes:
        backbone: name in `beholder.models.backbones.base`.
        side: pixels a side that photographs are squashed to; None for the backbone's own.
        hidden: units of the two fully connected layers.
        dropout: rate before the output layer (0.35 AADB, 0.25 EVA).
        separate: an output layer of its own for each task.
        single: learn the first task only.
        mirror: show each photograph or its mirror image, by chance.
        batch: photographs a step.
        epochs1: of stage 1.
        steps1: stage 1 goes on for at least this many steps. The paper's 5 epochs are 665 steps on AADB and 250 on EVA,
            but only 40 on 500 photographs. The best epoch by validation loss is kept in any case.
        lr_head: learning rate of Adam (0.9, 0.999) in stage 1.
        epochs2: of stage 2; 0 leaves it out.
        lr_finetune: first learning rate of Adam in stage 2.
        decay, decay_steps: the rate in stage 2 is ``lr_finetune * decay ** (step / decay_steps)``.
        seed: of the first weights, the order, mirroring and dropout.

    Raises:
        BeholderError: a number that nothing can be trained with.
    """

    backbone: str = "vgg16"
    side: int | None = None
    hidden: tuple[int, int] = (128, 64)
    dropout: float = 0.35
    separate: bool = False
    single: bool = False
    mirror: bool = True
    batch: int = 64
    epochs1: int = 5
    steps1: int = 250
    lr_head: float = 1e-3
    epochs2: int = 3
    lr_finetune: float = 1e-4
    decay: float = 0.5
    decay_steps: float = 125
    seed: int = 0

    def __post_init__(self) -> None:
        check_positive(self, ("batch", "epochs1", "lr_head", "lr_finetune", "decay", "decay_steps"))
        check_hidden(self.hidden)
        if not 0 <= self.dropout < 1:
            raise BeholderError(f"dropout is {self.dropout}; give a share from 0 to below 1")
