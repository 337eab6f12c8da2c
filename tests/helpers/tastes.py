"""Photographs and ratings of people whose taste is known."""

import numpy as np

from beholder.scoring.model_file import ModelInfo
from beholder.scoring.scores import Scores
from beholder.tasks import Task

SCALE = Task("stars", 1, 10)


WIDTH = 60


def seen(info: ModelInfo, count: int, seed: int) -> Scores:
    """Photographs of a world in which the overall score and two others are directions of the embedding."""
    embedding = np.random.default_rng(seed).normal(size=(count, WIDTH)).astype(np.float32)
    values = np.stack([4 + 1.75 * embedding[:, 0], 4 + 1.75 * embedding[:, 1], 0.5 + 0.3 * embedding[:, 2]], axis=1)
    evidence, sizes = np.zeros((count, 3, 1, 1)), np.full((count, 2), 100)
    return Scores(info.tasks, values, values, values, values, embedding, evidence, sizes, "colour@00000000")


def rated(scores: Scores, own: float, noise: float, seed: int) -> np.ndarray:
    """Ratings that follow the overall score, a direction of this person's own, and chance."""
    rng = np.random.default_rng([seed, 1])
    direction = rng.normal(size=WIDTH) * (np.arange(WIDTH) > 2)
    liking = scores.embedding[:, 0] + own * scores.embedding @ (direction / np.linalg.norm(direction))
    return np.clip(np.round(5.5 + liking + noise * rng.normal(size=len(scores))), 1, 10)
