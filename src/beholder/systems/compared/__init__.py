"""Systems that the papers compare themselves with, on the same data: their records. Torch is imported with their code.

NIMA (Talebi & Milanfar 2018), Hou et al. (2017), Kong et al. (2016) and Pan et al. (2019), each a recipe on the shared
loop; `beholder reproduce compared` puts them beside the multi-task network of Soydaner & Wagemans (2023).
"""

from typing import TYPE_CHECKING, Any

from beholder.systems.compared.recipes import HouRecipe, KongRecipe, NimaRecipe, PanRecipe
from beholder.systems.system import System

if TYPE_CHECKING:
    from beholder.systems.protocol import TrainFunctions

SHARED = """By default the new layers alone are trained, on pooled features of a frozen backbone that are computed once,
which takes minutes on a CPU; --epochs2 trains the backbone's last layers as well, at a rate of their own. What the
paper does not say, or says for a whole network on many photographs, is ours: rates, Adam, how long. A run that was
stopped resumes with the epoch that it was in when the same command is given again.

\b
Examples:
"""

NIMA_HELP = f"""Train NIMA (Talebi & Milanfar 2018) on votes: how many people give which score.

Dropout and one layer over the M values that can be voted, a softmax, and the earth mover's distance with r = 2. Needs
the numbers of votes: a CSV file has a column `image` and columns votes_1, votes_2, ..., one for each value.

{SHARED}  beholder train nima2018 --data votes.csv
  beholder train nima2018 --data oasis --backbone vgg16 --epochs2 3
  beholder train nima2018 --data ava --drop-missing
"""

HOU_HELP = f"""Train the network of Hou, Yu & Samaras (2017): ordered bins by the squared earth mover's distance.

A softmax over ordered bins; the score is its expectation. The bins are the values that can be voted where numbers of
votes are known; else a mean rating is divided between the two nearest of --bins values.

{SHARED}  beholder train hou2017 --data ratings.csv
  beholder train hou2017 --data oasis
"""

KONG_HELP = f"""Train the network of Kong et al. (2016): regression, with ranked pairs, attributes and content.

Each is an option: --rank for pairs of photographs that are ranked (`within` a rater, which needs a table with one row
a rater and photograph; `across` raters, by mean ratings; `both`), --attributes for a branch for each task after the
first, --classes for classes of content. Without them it is regression alone.

The authors mention a US patent application on this, US20170294010A1: read it before a use that is not research.

{SHARED}  beholder train kong2016 --data oasis --rank within
  beholder train kong2016 --data ratings.csv --rank across --classes 10
"""

PAN_HELP = f"""Train the network of Pan, Wang & Jiang (2019): score and attributes together, and an adversary.

Two layers of 512 and 128 units and an output for each task. With --adversarial, a discriminator learns to tell
predicted vectors of score and attributes from rated ones, and the network learns to be taken for rated.

{SHARED}  beholder train pan2019 --data oasis
  beholder train pan2019 --data ratings.csv --adversarial 0.01
"""


def _functions() -> "TrainFunctions[Any, Any, Any]":
    from beholder.systems.compared import system

    return system


RECORDS = {
    name: System(name=name, recipe=recipe, data_role=role, help=help, functions=_functions, drop_missing=True)
    for name, recipe, role, help in (
        ("nima2018", NimaRecipe, "Photographs with numbers of votes", NIMA_HELP),
        ("hou2017", HouRecipe, "Photographs and ratings, or numbers of votes", HOU_HELP),
        ("kong2016", KongRecipe, "Photographs and ratings", KONG_HELP),
        ("pan2019", PanRecipe, "Photographs and ratings", PAN_HELP),
    )
}
