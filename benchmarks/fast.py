"""Candidates for the fast model: how much faster than the default each is, and what it costs in rank correlation.

`python -m benchmarks fast --root DATA`

Each candidate is the pretrained network at another size, in eight bits and without distillation, under a ridge
regression on the ratings alone. Times are processor seconds, which other programs disturb least, and wall-clock
seconds; default and candidate take turns, and a ratio is the median of the rounds' ratios.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from rich.table import Table

import beholder
from beholder.data.registry import load_data
from beholder.embedded import default, int8_encoder
from beholder.embedded import fast as fast_model
from beholder.metrics import Estimate, measure
from beholder.scoring.batch import score_photos
from beholder.splits import grouped_folds, random_folds
from beholder.training import ridge
from beholder.training.features import compute_features

SIZES = ((112, 112), (126, 112), (140, 126), (154, 140), (168, 154), (224, 224))
PHOTOGRAPHS, ROUNDS, SIDE = 64, 7, 256


def compare(root: Path, sizes: Sequence[tuple[int, int]] = SIZES) -> Iterator[Table]:
    """A table of speed, through `score_photos` and of the model alone; one row of the frontier for each size."""
    with TemporaryDirectory() as folder:
        yield _speed(root, Path(folder))
    for size in sizes:
        yield _candidate(root, size)


def _speed(root: Path, folder: Path) -> Table:
    oasis = load_data("oasis", root)
    paths = [folder / f"{number}.jpg" for number in range(PHOTOGRAPHS)]
    for path, source in zip(paths, oasis.paths, strict=False):
        with Image.open(source) as image:
            image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(path, quality=90)
    default, fast = beholder.load(), beholder.load("fast")
    table = Table(title=f"fast beside default, {SIDE} px JPEG, {PHOTOGRAPHS} photographs, medians of {ROUNDS} rounds")
    names: tuple[str, ...] = (
        "what",
        "default, photos/s",
        "fast, photos/s",
        "default, processor ms",
        "fast, processor ms",
    )
    names += ("ratio, wall", "ratio, processor")
    for name in names:
        table.add_column(name)

    def folders(scorer: beholder.Scorer) -> Callable[[], object]:
        return lambda: list(score_photos(scorer, paths))

    table.add_row("`score_photos`", *_turns(folders(default), folders(fast), PHOTOGRAPHS))
    table.add_row("model alone, batch of 8", *_turns(alone(default), alone(fast), 8))
    return table


def alone(scorer: beholder.Scorer) -> Callable[[], object]:
    width, height = scorer.info.size
    pixels = np.random.default_rng(0).integers(0, 256, (8, height, width, 3), dtype=np.uint8)
    return lambda: scorer.run(pixels, np.ones((8, 2), int))


def _turns(slow: Callable[[], object], quick: Callable[[], object], count: int) -> tuple[str, ...]:
    times = np.zeros((2, 2, ROUNDS))  # wall and processor; slow and quick
    slow(), quick()
    for turn in range(ROUNDS):
        for which, run in enumerate((slow, quick)):
            wall, processor = time.perf_counter(), time.process_time()
            run()
            times[:, which, turn] = time.perf_counter() - wall, time.process_time() - processor
    rates = [f"{count / np.median(each):.0f}" for each in times[0]]
    spent = [f"{np.median(each) / count * 1000:.1f}" for each in times[1]]  # of one core, a photograph
    return (*rates, *spent, *(f"{np.median(each[0] / each[1]):.2f}" for each in times))


def _candidate(root: Path, size: tuple[int, int]) -> Table:
    oasis = load_data("oasis", root)
    recipe = replace(fast_model.FastRecipe(), size=size)
    network = int8_encoder.lean(default.frozen_features(default.DefaultRecipe(), recipe.layers))
    body = int8_encoder.without_heads(network)
    encoder = int8_encoder.build_encoder(
        body, size, (oasis, load_data("biq2021", root)), recipe.calibration, recipe.keep
    )
    scorer = int8_encoder.encoder_scorer(encoder)
    views = compute_features(oasis, int8_encoder.embedding_extractor(scorer))
    ratio = _turns(alone(beholder.load()), alone(scorer), 8)[-1]
    table = Table(
        title=f"{size[0]} x {size[1]} px in eight bits, ridge on ratings alone; alone {ratio} times as fast (processor)"
    )
    for name in ("split", *(task.name for task in oasis.tasks)):
        table.add_column(name)
    assert oasis.groups is not None
    for split, folds, groups in (
        ("5-fold, seed 0", random_folds(len(oasis)), None),
        ("5-fold by theme, seed 0", grouped_folds(oasis.groups), oasis.groups),
    ):
        predicted = ridge.out_of_fold(list(views), oasis.ratings, folds, groups)
        found = [
            measure("srcc", truth, column, task=task.name, data="oasis", split=split)
            for task, truth, column in zip(oasis.tasks, oasis.ratings.T, predicted.T, strict=True)
        ]
        table.add_row(split, *map(_shown, found))
    return table


def _shown(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
