"""Settings of a training of Song et al. (2023)."""

from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.systems.options import option
from beholder.training.settings import MAX_SETTING

ACTIVATION_LOSSES = ("l1", "kl", "js")
AVERAGE, CONNECTED = "average", "connected"  # what the activation loss reads
WHOLE, LAST, NONE = "whole", "last", "none"  # what of the encoder is trained


@dataclass(frozen=True)
class SongRecipe:
    """Settings; what the text of the paper leaves open was chosen on a validation part of OASIS.

    Attributes:
        backbone: name in `beholder.models.backbones.base`; convolutional.
        side: pixels of the short edge (256 in the paper).
        maps: P feature maps for each value that can be voted.
        act: with the activation loss.
        separate: the *split* regressor, one for each group of maps; else a joint one.
        activation: form of that loss: l1 (the paper's choice), kl or js.
        pooling: what it reads: the ``average`` of each group (the paper's choice), or a ``connected`` layer.
        weight_emd, weight_act, weight_rebuilt: weights of the three losses; a loss of weight 0 is not computed.
        mirror: show each photograph or its mirror image, at random.
        shared: what of the encoder is trained: ``whole``, in one stage with all that is new, as in the paper; its
            ``last`` layers, in a stage after one that trains what is new; or ``none``.
        batch: photographs a step.
        momentum: of SGD (0.9 in the paper).
        epochs1, lr_head: epochs of the only stage, or of the first of two, and the first learning rate of what is new.
        epochs2, lr_finetune: epochs of stage 2 (0 leaves it out), and its first rate for what stage 1 trains too.
        lr_encoder: first rate of the encoder.
        decay: rates are multiplied by it after each epoch.
        seed: of the initial weights, the order and mirroring.

    Raises:
        BeholderError: a number outside its range, or an unknown word for ``activation``, ``pooling`` or ``shared``.
    """

    backbone: str = option("vgg16", "Encoder: a convolutional one of `beholder models`.")
    side: int = option(256, "Pixels of the short edge.", min=32)
    maps: int = option(16, "Feature maps for each value that can be voted.", min=1)
    act: bool = option(True, "With the activation loss.")
    separate: bool = option(
        True, "A regressor for each group of maps, or one that reads all.", flag="--separate/--joint"
    )
    activation: str = option("l1", f"Form of the activation loss: {', '.join(ACTIVATION_LOSSES)}.")
    pooling: str = option(
        AVERAGE, f"What that loss reads: the {AVERAGE} of each group of maps, or a {CONNECTED} layer."
    )
    weight_emd: float = option(1.0, "Weight of the earth mover's distance.")
    weight_act: float = option(0.1, "Weight of the activation loss.")
    weight_rebuilt: float = option(1.0, "Weight of the auto-encoder's loss; 0 leaves it out, which is faster.")
    mirror: bool = option(True, "Show mirror images too.")
    shared: str = option(
        LAST,
        f"What of the encoder is trained: {WHOLE} (the paper's), its {LAST} layers, or {NONE}.",
        by_data={"ava": WHOLE},
    )
    batch: int = option(32, "Photographs a step, of one shape.", min=1)
    momentum: float = option(0.9, "Momentum of stochastic gradient descent.")
    epochs1: int = option(12, "Epochs of stage 1.", min=1)
    lr_head: float = option(0.03, "First learning rate of stage 1.")
    epochs2: int = option(2, "Epochs of stage 2; 0 leaves it out.", min=0)
    lr_finetune: float = option(0.01, "First learning rate of stage 2, for what stage 1 trains too.")
    lr_encoder: float = option(1e-3, "First learning rate of the encoder.")
    decay: float = option(0.9, "Factor of the rates, every epoch.")
    seed: int = option(0, "Seed of weights, order, mirroring.", min=0)

    def __post_init__(self) -> None:
        for name in ("side", "maps", "batch", "epochs1", "lr_head", "lr_finetune", "lr_encoder", "decay"):
            if not 0 < getattr(self, name) <= MAX_SETTING:
                raise BeholderError(f"{name} is {getattr(self, name)}; give a number above 0, up to {MAX_SETTING:g}")
        for name in ("weight_emd", "weight_act", "weight_rebuilt", "epochs2"):
            if not 0 <= getattr(self, name) <= MAX_SETTING:
                raise BeholderError(f"{name} is {getattr(self, name)}; give 0 or more")
        if not 0 <= self.momentum < 1:
            raise BeholderError(f"momentum is {self.momentum}; give a number from 0 to below 1")
        if self.activation not in ACTIVATION_LOSSES:
            raise BeholderError(
                f"no activation loss is called {self.activation!r}; there are {', '.join(ACTIVATION_LOSSES)}"
            )
        if self.pooling not in (AVERAGE, CONNECTED):
            raise BeholderError(f"pooling is {self.pooling!r}; choose {AVERAGE} or {CONNECTED}")
        if self.shared not in (WHOLE, LAST, NONE):
            raise BeholderError(f"shared is {self.shared!r}; choose {WHOLE}, {LAST} or {NONE}")

    @property
    def stages(self) -> tuple[str, ...]:
        """What of the encoder each stage trains, stage 1 first.

        >>> SongRecipe().stages, SongRecipe(epochs2=0).stages, SongRecipe(shared="whole").stages
        (('none', 'last'), ('none',), ('whole',))
        """
        if self.shared == LAST:
            return (NONE, LAST) if self.epochs2 else (NONE,)
        return (self.shared,)
