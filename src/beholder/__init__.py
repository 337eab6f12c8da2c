"""How beautiful people would find a photograph, attribute by attribute, where in the picture, and how sure.

>>> import beholder
>>> scorer = beholder.load()
>>> scores = scorer.score("examples/photos/rocket.jpg")  # doctest: +SKIP
>>> scores.overall, scores.interval, scores.attributes  # doctest: +SKIP
"""

from beholder.errors import BeholderError, ModelError, PhotoError
from beholder.scoring.explain import Explanation
from beholder.scoring.scorer import Scorer, load
from beholder.scoring.scores import Scores
from beholder.tasks import Task

__version__ = "0.1.0"
__all__ = ["BeholderError", "Explanation", "ModelError", "PhotoError", "Scorer", "Scores", "Task", "load"]
