"""Settings of the systems that the papers compare themselves with.

What a paper says is said so in the text of its option; all other numbers are *ours*: `beholder reproduce compared`
chooses them on validation photographs.
"""

from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.systems.options import option
from beholder.training.settings import MAX_SETTING, check_hidden, check_positive

NO_PAIRS, WITHIN, ACROSS, BOTH = RANKS = ("none", "within", "across", "both")


@dataclass(frozen=True)
class ComparedRecipe:
    """What all of them have: new layers on pooled features of a frozen backbone, and then its last layers too.

    Attributes:
        backbone: name in `beholder.models.backbones.base`; the papers have AlexNet, VGG16, Inception, ResNet-50.
        side: pixels a side that photographs are squashed to; None for the backbone's own.
        mirror: show each photograph or its mirror image, at random.
        batch: photographs a step.
        epochs1: epochs of stage 1, the new layers.
        steps1: stage 1 takes at least this many steps.
        lr_head: learning rate of Adam in stage 1.
        epochs2: epochs of stage 2, which trains the backbone's last layers as well; 0 leaves it out.
        lr_finetune, lr_backbone: learning rates in stage 2 of the new layers and of the backbone's.
        seed: of the initial weights, the order, pairs, mirroring and dropout.

    Raises:
        BeholderError: a number outside its range.
    """

    backbone: str = option("mobilenet_v2", "As `beholder models` shows.")
    side: int | None = option(None, "Pixels a side.  [default: the backbone's]", min=32)
    mirror: bool = option(True, "Show mirror images too.")
    batch: int = option(64, "Photographs a step.", min=2)
    epochs1: int = option(5, "Epochs of stage 1, the new layers on a frozen backbone.", min=1)
    steps1: int = option(250, "Stage 1 takes at least this many steps.", min=0)
    lr_head: float = option(1e-3, "Learning rate of stage 1.")
    epochs2: int = option(0, "Epochs of stage 2, the backbone's last layers too; 0 leaves it out.", min=0)
    lr_finetune: float = option(1e-4, "Learning rate of the new layers in stage 2.")
    lr_backbone: float = option(1e-5, "Learning rate of the backbone's layers in stage 2; a tenth, as in NIMA.")
    seed: int = option(0, "Seed of weights, order, pairs, mirroring, dropout.", min=0)

    def __post_init__(self) -> None:
        check_positive(self, ("batch", "epochs1", "lr_head", "lr_finetune", "lr_backbone"))
        if self.batch < 2:
            raise BeholderError(f"batch is {self.batch}; give at least 2")


@dataclass(frozen=True)
class NimaRecipe(ComparedRecipe):
    """Talebi & Milanfar (2018): the distribution of votes, by the earth mover's distance with r = 2.

    Attributes:
        dropout: rate on the features before the output layer.
    """

    dropout: float = option(0.75, "Rate before the output layer; 0.75 in the paper.", min=0, max=0.95)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.dropout < 1:
            raise BeholderError(f"dropout is {self.dropout}; give a share from 0 to below 1")


@dataclass(frozen=True)
class HouRecipe(ComparedRecipe):
    """Hou, Yu & Samaras (2017): a softmax over ordered bins, by the squared earth mover's distance.

    Attributes:
        bins: ordered values between the ends of the scale where the numbers of votes are not known; a mean rating is
            then divided between its two nearest.
    """

    bins: int = option(5, "Ordered bins, where numbers of votes are not known.", min=2, max=100)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= self.bins <= 100:
            raise BeholderError(f"bins is {self.bins}; give 2 to 100")


@dataclass(frozen=True)
class KongRecipe(ComparedRecipe):
    """Kong et al. (2016): a score by regression, with pairs that are ranked, attributes, and classes of content.

    Attributes:
        hidden: units that the score reads, and units after they are joined with those of attributes.
        rank: pairs of photographs that are ranked: none, within a rater, across raters (by mean ratings), or both.
        margin: how far apart the scores of a pair are to be, in the unit interval.
        gap: least difference of the mean ratings of a pair across raters, in the unit interval.
        weight_rank: weight of the ranking loss.
        attributes: learn all tasks after the first as attributes, and score by their features too.
        attribute_units: units of an attribute's branch.
        weight_attributes: weight of their loss.
        classes: classes of content, by k-means on the pretrained features; 0 for none.
        weight_content: weight of the cross-entropy of these classes.
    """

    hidden: tuple[int, int] = option((512, 128), "Units for the score, and after joining attributes; the paper's.")
    rank: str = option(NO_PAIRS, f"Pairs that are ranked: {', '.join(RANKS)} (within a rater, across raters).")
    margin: float = option(0.05, "How far apart a pair's scores are to be, of a scale of 0 to 1.")
    gap: float = option(0.1, "Least difference of mean ratings of a pair across raters, of a scale of 0 to 1.")
    weight_rank: float = option(1.0, "Weight of the ranking loss.")
    attributes: bool = option(False, "Learn the tasks after the first as attributes, and score by them too.")
    attribute_units: int = option(256, "Units of an attribute's branch; the paper's.", min=1)
    weight_attributes: float = option(0.1, "Weight of the attributes' loss.")
    classes: int = option(0, "Classes of content by k-means, each with its own score; 0 for none.", min=0, max=100)
    weight_content: float = option(0.1, "Weight of the loss of content classes.")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_hidden(self.hidden)
        check_positive(self, ("margin", "gap", "attribute_units"))
        for name in ("weight_rank", "weight_attributes", "weight_content"):
            if not 0 <= getattr(self, name) <= MAX_SETTING:
                raise BeholderError(f"{name} is {getattr(self, name)}; give 0 or more")
        if self.rank not in RANKS:
            raise BeholderError(f"no pairs are called {self.rank!r}; there are {', '.join(RANKS)}")
        if self.classes == 1 or not 0 <= self.classes <= 100:
            raise BeholderError(f"classes is {self.classes}; give 2 to 100, or 0 for none")

    @property
    def within(self) -> bool:
        """Whether pairs within a rater are ranked."""
        return self.rank in (WITHIN, BOTH)

    @property
    def across(self) -> bool:
        """Whether pairs by mean ratings are ranked."""
        return self.rank in (ACROSS, BOTH)


@dataclass(frozen=True)
class PanRecipe(ComparedRecipe):
    """Pan, Wang & Jiang (2019): score and attributes together, with or without an adversary.

    Attributes:
        hidden: units of the two fully connected layers.
        adversarial: weight of the loss against a discriminator, which tells predicted from rated vectors of score and
            attributes; 0 for the multi-task network alone.
    """

    hidden: tuple[int, int] = option((512, 128), "Units of the two fully connected layers; the paper's.")
    adversarial: float = option(0.0, "Weight of the loss against a discriminator; 0 for none.")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_hidden(self.hidden)
        if not 0 <= self.adversarial <= MAX_SETTING:
            raise BeholderError(f"adversarial is {self.adversarial}; give 0 or more")
