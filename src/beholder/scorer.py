"""What :mod:`beholder.scoring.scorer` was called in version 0.1, for scripts; new code calls `beholder.load`."""

from beholder.scoring.cores import CORES
from beholder.scoring.scorer import Scorer, load

__all__ = ["CORES", "Scorer", "load"]
