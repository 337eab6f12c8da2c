"""Predict how beautiful people find a photograph: overall and by attribute, with intervals and heat maps.

>>> import beholder
>>> scorer = beholder.load()
>>> scores = scorer.score("examples/photos/rocket.jpg")
>>> scores.overall.round(1), scores.interval.round(1)
(array([4.3], dtype=float32), array([[3.3, 5.4]], dtype=float32))
>>> scorer.explain("examples/photos/rocket.jpg").draw().save("why.png")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING

from beholder.errors import BeholderError, ModelError, PhotoError

if TYPE_CHECKING:
    from beholder.client import Client
    from beholder.personal.taste import Taste
    from beholder.photos.read import read_photo
    from beholder.scoring.batch import Result, score_photos
    from beholder.scoring.explain import Explanation
    from beholder.scoring.scorer import Scorer, load
    from beholder.scoring.scores import Scores
    from beholder.sharing.push import push
    from beholder.tasks import Task

__version__ = "0.2.0"
__all__ = [
    "BeholderError",
    "Client",
    "Explanation",
    "ModelError",
    "PhotoError",
    "Result",
    "Scorer",
    "Scores",
    "Task",
    "Taste",
    "load",
    "push",
    "read_photo",
    "score_photos",
]
# Imported on first use, so that the command line can say in a line that NumPy, say, cannot be loaded.
_LAZY = {
    "Client": "beholder.client",
    "Explanation": "beholder.scoring.explain",
    "Result": "beholder.scoring.batch",
    "Scorer": "beholder.scoring.scorer",
    "Scores": "beholder.scoring.scores",
    "Task": "beholder.tasks",
    "Taste": "beholder.personal.taste",
    "load": "beholder.scoring.scorer",
    "push": "beholder.sharing.push",
    "read_photo": "beholder.photos.read",
    "score_photos": "beholder.scoring.batch",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
