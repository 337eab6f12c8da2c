"""Config of a training of Song et al. (2023)."""

from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.systems.song2023.losses import ACTIVATION
from beholder.training.settings import MAX_SETTING


@dataclass(frozen=True)
class SongRecipe:
    """Config; what the paper's text gives is its, the rest was chosen on a validation part of OASIS.

    Attributes:
        backbone: name in `beholder.models.backbones.base`; convolutional.
        side: pixels of the short edge (256 in the paper).
        maps: P feature maps for each value that can be voted.
        act: with the activation loss.
        separate: the *split* regressor, one for each group of maps; else a joint one.
        activation: form of that loss: l1 (the paper's choice), kl or js.
        weight_emd, weight_act, weight_rebuilt: of the three losses in their sum; a loss of weight 0 is not computed.
        mirror: show each photograph or its mirror image, by chance.
        batch: photographs a step.
        momentum: of SGD (0.9 in the paper).
        epochs1, lr_head: of stage 1, and its first learning rate.
        epochs2, lr_finetune: of stage 2 (0 epochs leave it out), and its first rate for what stage 1 trains too.
        lr_encoder: first rate of the encoder's last layers in stage 2.
        decay: rates are multiplied by it after each epoch.
        seed: of the first weights, the order and mirroring.

    Raises:
        BeholderError: a number that nothing can be trained with, or an unknown form of the loss.
    """

    backbone: str = "vgg16"
    side: int = 256
    maps: int = 16
    act: bool = True
    separate: bool = True
    activation: str = "l1"
    weight_emd: float = 1.0
    weight_act: float = 0.1
    weight_rebuilt: float = 1.0
    mirror: bool = True
    batch: int = 32
    momentum: float = 0.9
    epochs1: int = 12
    lr_head: float = 0.03
    epochs2: int = 2
    lr_finetune: float = 0.01
    lr_encoder: float = 1e-3
    decay: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("side", "maps", "batch", "epochs1", "lr_head", "lr_finetune", "lr_encoder", "decay"):
            if not 0 < getattr(self, name) <= MAX_SETTING:
                raise BeholderError(f"{name} is {getattr(self, name)}; give a number above 0, up to {MAX_SETTING:g}")
        for name in ("weight_emd", "weight_act", "weight_rebuilt", "epochs2"):
            if not 0 <= getattr(self, name) <= MAX_SETTING:
                raise BeholderError(f"{name} is {getattr(self, name)}; give 0 or more")
        if not 0 <= self.momentum < 1:
            raise BeholderError(f"momentum is {self.momentum}; give a number from 0 to below 1")
        if self.activation not in ACTIVATION:
            raise BeholderError(f"no activation loss is called {self.activation!r}; there are {', '.join(ACTIVATION)}")
