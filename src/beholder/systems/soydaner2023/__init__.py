"""Soydaner & Wagemans (2023): record of the system. Torch is imported with its functions."""

from typing import TYPE_CHECKING

from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.system import System

if TYPE_CHECKING:
    from beholder.systems.protocol import SystemFunctions
    from beholder.systems.soydaner2023.train import SoydanerResult
    from beholder.training.inputs import FeatureInputs

HELP = """Train the multi-task network of Soydaner & Wagemans (2023) on rated photographs, your own or published.

A CSV file needs a column `image` and a column of numbers for each task, the overall score first; `split` (train,
validation, test), `theme` (photographs that belong together), TASK_sd and TASK_n are optional. Without a split a fifth
is kept for the test and a tenth to choose the best epoch; a theme is never divided.

Stage 1 trains the head on the frozen backbone, stage 2 its last layers as well. A run that was stopped resumes with
the epoch that it was in when the same command is given again. 60 photographs take 2 minutes on two cores.

\b
Examples:
  beholder train soydaner2023 --data mine.csv
  beholder train soydaner2023 --data mine.csv --range beauty=1:10 --backbone mobilenet_v2
  beholder train soydaner2023 --data aadb --root data/ --drop-leaks
"""


def _functions() -> "SystemFunctions[SoydanerRecipe, FeatureInputs, SoydanerResult]":
    from beholder.systems.soydaner2023 import system

    return system


SYSTEM = System(
    name="soydaner2023",
    recipe=SoydanerRecipe,
    data_role="Photographs and ratings",
    help=HELP,
    functions=_functions,
)
