"""Settings of the two-stage training of Soydaner & Wagemans (2023, Section 4.2)."""

from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.systems.options import option
from beholder.training.settings import check_hidden, check_positive


@dataclass(frozen=True)
class SoydanerRecipe:
    """Settings; the defaults are the paper's for AADB (Section 4.2).

    Attributes:
        backbone: name in `beholder.models.backbones.base`.
        side: pixels a side that photographs are squashed to; None for the backbone's own.
        hidden: units of the two fully connected layers.
        dropout: rate before the output layer (0.35 AADB, 0.25 EVA).
        separate: an output layer of its own for each task.
        single: learn the first task only.
        mirror: show each photograph or its mirror image, at random.
        batch: photographs a step.
        epochs1: epochs of stage 1.
        steps1: stage 1 takes at least this many steps. The paper's 5 epochs are 665 steps on AADB and 275 on EVA,
            but only 40 on 500 photographs. The best epoch by validation loss is kept in any case.
        lr_head: learning rate of Adam (0.9, 0.999) in stage 1.
        epochs2: epochs of stage 2; 0 leaves the stage out.
        lr_finetune: first learning rate of Adam in stage 2.
        decay, decay_steps: the rate in stage 2 is ``lr_finetune * decay ** (step / decay_steps)``.
        staircase: the exponent is rounded down, so that the rate changes every ``decay_steps`` steps only. The paper's
            words fit both.
        seed: of the initial weights, the order, mirroring and dropout.

    Raises:
        BeholderError: a number outside its range.
    """

    backbone: str = option("vgg16", "As `beholder models` shows.")
    side: int | None = option(None, "Pixels a side.  [default: the backbone's]", min=32)
    hidden: tuple[int, int] = option((128, 64), "Units of the two fully connected layers.")
    dropout: float = option(0.35, "Rate before the output layer.", min=0, max=0.95, by_data={"eva": 0.25})
    separate: bool = option(False, "An output layer of its own for each task.")
    single: bool = option(False, "Learn the first task only.")
    mirror: bool = option(True, "Show mirror images too.")
    batch: int = option(64, "Photographs a step.", min=1)
    epochs1: int = option(5, "Epochs of stage 1.", min=1)
    steps1: int = option(250, "Stage 1 takes at least this many steps.", min=0)
    lr_head: float = option(1e-3, "Learning rate of stage 1.")
    epochs2: int = option(3, "Epochs of stage 2; 0 leaves it out.", min=0)
    lr_finetune: float = option(1e-4, "First learning rate of stage 2.")
    decay: float = option(0.5, "Factor of that rate, every --decay-steps steps.")
    decay_steps: float = option(125, "Steps of stage 2 in which the rate is multiplied by --decay once.", min=1)
    staircase: bool = option(False, "Multiply it once every --decay-steps steps, not a little in each.")
    seed: int = option(0, "Seed of weights, order, mirroring, dropout.", min=0)

    def __post_init__(self) -> None:
        check_positive(self, ("batch", "epochs1", "lr_head", "lr_finetune", "decay", "decay_steps"))
        check_hidden(self.hidden)
        if not 0 <= self.dropout < 1:
            raise BeholderError(f"dropout is {self.dropout}; give a share from 0 to below 1")
