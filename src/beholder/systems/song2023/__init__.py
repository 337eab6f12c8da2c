"""Song et al. (2023): record of the system. Torch is imported with its functions."""

from typing import TYPE_CHECKING

from beholder.systems.song2023.recipe import SongRecipe
from beholder.systems.system import System

if TYPE_CHECKING:
    from beholder.systems.protocol import SystemFunctions
    from beholder.systems.song2023.inputs import VariableSizeInputs
    from beholder.systems.song2023.train import SongResult

HELP = """Train a network that predicts votes, after Song et al. (2023): how many people give which score.

Needs the numbers of votes: a CSV file has a column `image` and columns votes_1, votes_2, ..., one for each value
that can be voted, whole numbers; `n` (all votes of a row), `split` and `theme` are optional. The aspect ratio of a
photograph is kept, 10:1 at most. The model file gives mean, standard deviation and the share of each value.

A reconstruction, as the text of the paper lost its equations. Stage 1 trains on the frozen encoder, stage 2 the
encoder's last layers as well. --shared whole trains all at once from pixels, as the paper does, and wants a GPU; it is
the default for ava. A run that was stopped resumes with the epoch that it was in when the same command is given again.

\b
Examples:
  beholder train song2023 --data votes.csv
  beholder train song2023 --data oasis --epochs2 0
  beholder train song2023 --data oasis --shared whole --backbone mobilenet_v2
  beholder train song2023 --data ava --drop-missing --no-cache
"""


def _functions() -> "SystemFunctions[SongRecipe, VariableSizeInputs, SongResult]":
    from beholder.systems.song2023 import system

    return system


SYSTEM = System(
    name="song2023",
    recipe=SongRecipe,
    data_role="Photographs with numbers of votes",
    help=HELP,
    functions=_functions,
    drop_missing=True,
)
