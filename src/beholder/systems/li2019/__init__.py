"""Li et al. (2019): record of the system. Torch is imported with its functions."""

from typing import TYPE_CHECKING

from beholder.systems.li2019.recipe import DEFAULT_SECOND, LiRecipe
from beholder.systems.system import SecondDomain, System

if TYPE_CHECKING:
    from beholder.systems.li2019.train import LiResult
    from beholder.systems.protocol import SystemFunctions
    from beholder.training.inputs import FeatureInputs

HELP = """Train the personality-driven network of Li et al. (2019) on two sets of rated photographs in turn.

One gives the score, the other the traits, in the paper the Big Five of who likes a photograph; any ratings will do.
A weighted sum of both is the final score. The model file gives it, and each trait as a column. CSV files as for
beholder train soydaner2023; for traits from -1 to 1 say so: --second-range warmth=-1:1.

By default the last layers of MobileNetV2 are trained, in a minute or two on a CPU for a few hundred photographs. For
the paper's data, ava and aadb, the defaults are the paper's: the whole backbone, at small rates, which wants a GPU. Its
backbone is DenseNet-121, whose weights come from a file: beholder weights fetch densenet121 --from FILE.

\b
Examples:
  beholder train li2019 --data mine.csv --second biq2021 --second-root data/
  beholder train li2019 --data ava --second psychoflickr --root photographs/ --backbone densenet121
"""


def _functions() -> "SystemFunctions[LiRecipe, list[FeatureInputs], LiResult]":
    from beholder.systems.li2019 import system

    return system


SYSTEM = System(
    name="li2019",
    recipe=LiRecipe,
    data_role="The score is its first task",
    help=HELP,
    functions=_functions,
    second=SecondDomain(
        help="All its tasks are the traits; as --data, in the paper psychoflickr.",
        missing="psychoflickr, biq2021 or FILE.csv",
        default=DEFAULT_SECOND,
        needed=lambda recipe: not recipe.single,
    ),
)
