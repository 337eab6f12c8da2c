"""What the embedding and the kind of head of the default model were chosen from, by cross-validation.

`python -m benchmarks heads --root DATA`

One choice is changed at a time, on features in single precision. Layers, pooling and resizing are compared by ridge
regressions on the ratings of each data set alone; every ridge chooses its penalty inside the training part. OASIS alone
decides on resizing, for BIQ2021's files are square already. Then heads: the kernel machine here knows nothing but the
embedding and the ratings, while those of the default model also learn from other data sets and from edited copies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from rich.table import Table
from torch import nn

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.embedded.default import DefaultRecipe, extractor
from beholder.embedded.kernel_heads import HeadSettings
from beholder.embedded.material import WIDTHS
from beholder.metrics import srcc
from beholder.photos.read import Photo, Pixels
from beholder.photos.resize import resize_exact
from beholder.splits import grouped_folds, random_folds
from beholder.training import kernel_ridge, ridge
from beholder.training.features import compute_features
from beholder.training.projection import fit_projection
from beholder.training.seeding import seeded

FOLDS, SEED = 5, 0
ALL_LAYERS = (7, 8, 9, 10, 11)
WIDTH = 384


def compare(root: Path) -> Iterator[Table]:
    """One table of layers, pooling and mirror images; one of resizing; one of kinds of heads."""
    oasis, biq = load_data("oasis", root), load_data("biq2021", root)
    wide = DefaultRecipe(layers=ALL_LAYERS)
    oasis_views, biq_views = (list(compute_features(photos, extractor(wide))) for photos in (oasis, biq))

    def part(views: Sequence[np.ndarray], layers: Sequence[int], tokens: Sequence[int]) -> list[np.ndarray]:
        rows = [view.reshape(len(view), len(ALL_LAYERS), 2, WIDTH) for view in views]
        places = [ALL_LAYERS.index(layer) for layer in layers]
        return [view[:, places][:, :, list(tokens)].reshape(len(view), -1) for view in rows]

    table = _table("Layers, tokens and mirror images (ridge)", quality=True)
    chosen = DefaultRecipe().layers
    for name, layers, tokens, views in (
        ("last layer", (11,), (0, 1), 2),
        ("last 2 layers", (10, 11), (0, 1), 2),
        ("last 3 layers (chosen)", chosen, (0, 1), 2),
        ("last 4 layers", (8, 9, 10, 11), (0, 1), 2),
        ("last 5 layers", ALL_LAYERS, (0, 1), 2),
        ("last 3 layers, class tokens alone", chosen, (0,), 2),
        ("last 3 layers, mean patches alone", chosen, (1,), 2),
        ("last 3 layers, no mirror images", chosen, (0, 1), 1),
    ):
        on_oasis, on_biq = part(oasis_views[:views], layers, tokens), part(biq_views[:views], layers, tokens)
        table.add_row(name, *_ridge_oasis(oasis, on_oasis), *_ridge_quality(biq, on_biq))
    both = part(oasis_views, chosen, (0, 1))
    averaged = [(both[0] + both[1]) / 2]
    table.add_row(
        "last 3 layers, mirror images averaged when scoring, at twice the time", *_ridge_oasis(oasis, averaged)
    )
    yield table

    table = _table("Resizing (ridge, last 3 layers)")
    for name, size, rule in (
        ("squash to 224 x 224 (chosen)", (224, 224), resize_exact),
        ("short side to 224, centre", (224, 224), _crop),
        ("long side to 224, grey borders", (224, 224), _pad),
        ("squash to 280 x 224, the ratio of these photographs", (280, 224), resize_exact),
        ("squash to 168 x 168", (168, 168), resize_exact),
        ("squash to 336 x 336, 2.6 times the time", (336, 336), resize_exact),
    ):
        candidate = extractor(DefaultRecipe())
        if (size, rule) != (candidate.size, resize_exact):
            candidate = replace(candidate, key=f"{candidate.key} {rule.__name__} {size}", size=size, resize=rule)
        table.add_row(name, *_ridge_oasis(oasis, list(compute_features(oasis, candidate))))
    yield table

    table = _table("Heads (last 3 layers)", quality=True)
    on_oasis, on_biq = part(oasis_views, chosen, (0, 1)), part(biq_views, chosen, (0, 1))
    table.add_row("ridge", *_ridge_oasis(oasis, on_oasis), *_ridge_quality(biq, on_biq))
    table.add_row("joint MLP, 256 hidden, 2 seeds averaged", *_mlp(oasis, biq, on_oasis, on_biq))
    table.add_row("kernel machine (chosen)", *_kernel_oasis(oasis, on_oasis), *_kernel_quality(biq, on_biq))
    yield table


def _table(title: str, quality: bool = False) -> Table:
    table = Table(
        title=f"{title}: SRCC out of fold", title_justify="left", box=None, header_style="bold", pad_edge=False
    )
    columns = [f"{task}{by}" for by in ("", " by theme") for task in ("beauty", "valence", "arousal")]
    for name in ("what", *columns, *(["quality"] if quality else [])):
        table.add_column(name)
    return table


def _splits(photos: RatedPhotos) -> list[tuple[np.ndarray, Sequence[str] | None]]:
    assert photos.groups is not None
    return [(random_folds(len(photos), FOLDS, SEED), None), (grouped_folds(photos.groups, FOLDS, SEED), photos.groups)]


def _scores(photos: RatedPhotos, predicted: np.ndarray) -> list[str]:
    return [f"{srcc(photos.ratings[:, task], predicted[:, task]):.3f}" for task in range(len(photos.tasks))]


def _ridge_oasis(oasis: RatedPhotos, views: Sequence[np.ndarray]) -> list[str]:
    cells = []
    for folds, groups in _splits(oasis):
        cells += _scores(oasis, ridge.out_of_fold(views, oasis.ratings, folds, groups))
    return cells


def _ridge_quality(biq: RatedPhotos, views: Sequence[np.ndarray]) -> list[str]:
    return _scores(biq, ridge.out_of_fold(views, biq.ratings, random_folds(len(biq), FOLDS, SEED)))


def _kernel_oasis(oasis: RatedPhotos, views: Sequence[np.ndarray]) -> list[str]:
    cells = []
    for folds, _ in _splits(oasis):
        cells += _scores(oasis, _kernel_out_of_fold(views, oasis.ratings, folds, HeadSettings().noise))
    return cells


def _kernel_quality(biq: RatedPhotos, views: Sequence[np.ndarray]) -> list[str]:
    folds = random_folds(len(biq), FOLDS, SEED)
    return _scores(biq, _kernel_out_of_fold(views[:1], biq.ratings, folds, HeadSettings().quality_noise))


def _kernel_out_of_fold(
    views: Sequence[np.ndarray], ratings: np.ndarray, folds: np.ndarray, noise: float
) -> np.ndarray:
    """(N, K) predictions by kernel ridge regression on a projection that no rating goes into."""
    project = fit_projection(np.concatenate(views), WIDTHS[0])
    projected = [project(view) for view in views]
    predicted = np.zeros(ratings.shape)
    for fold in range(FOLDS):
        kept, test = (torch.from_numpy(np.flatnonzero(rows)) for rows in (folds != fold, folds == fold))
        targets = np.tile(ratings[folds != fold], (len(views), 1))
        head = kernel_ridge.fit(torch.cat([view[kept] for view in projected]), targets, noise)
        predicted[test.numpy()] = head(projected[0][test])
    return predicted


def _crop(found: Photo, size: tuple[int, int]) -> Pixels:
    return np.array(ImageOps.fit(Image.fromarray(found.pixels), size, Image.Resampling.BICUBIC))


def _pad(found: Photo, size: tuple[int, int]) -> Pixels:
    return np.array(ImageOps.pad(Image.fromarray(found.pixels), size, Image.Resampling.BICUBIC, color=(124, 116, 104)))


def _mlp(
    oasis: RatedPhotos, biq: RatedPhotos, on_oasis: Sequence[np.ndarray], on_biq: Sequence[np.ndarray]
) -> list[str]:
    """One network for all four tasks, each photograph contributing the ones that it was rated for."""
    views = [np.concatenate(pair) for pair in zip(on_oasis, on_biq, strict=True)]
    targets = np.full((len(oasis) + len(biq), 4), np.nan, dtype=np.float32)
    targets[: len(oasis), :3], targets[len(oasis) :, 3:] = oasis.ratings, biq.ratings
    folds_biq = random_folds(len(biq), FOLDS, SEED)
    cells: list[str] = []
    for folds, _ in _splits(oasis):
        fold_of = np.concatenate([folds, folds_biq])
        predicted = np.zeros_like(targets)
        for fold in range(FOLDS):
            train, test = fold_of != fold, fold_of == fold
            heads = [_fit_mlp([view[train] for view in views], targets[train], seed) for seed in range(2)]
            predicted[test] = np.mean([head(views[0][test]) for head in heads], axis=0)
        cells += _scores(oasis, predicted[: len(oasis), :3])
    return [*cells, *_scores(biq, predicted[len(oasis) :, 3:])]


def _fit_mlp(views: Sequence[np.ndarray], targets: np.ndarray, seed: int, epochs: int = 15, batch: int = 128):  # type: ignore[no-untyped-def]
    with seeded(seed):
        mean, scale = views[0].mean(axis=0), views[0].std(axis=0) + 1e-6
        centre, spread = np.nanmean(targets, axis=0), np.nanstd(targets, axis=0)
        x = torch.tensor(np.concatenate([(view - mean) / scale for view in views]))
        y = torch.tensor(np.concatenate([(targets - centre) / spread] * len(views)))
        network = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(x.shape[1], 256), nn.GELU(), nn.Dropout(0.5), nn.Linear(256, y.shape[1])
        )
        optimiser = torch.optim.AdamW(network.parameters(), lr=5e-4, weight_decay=0.1)
        # The small data set is drawn four times as often, or the large one would have the hidden layer to itself.
        chance = torch.where(torch.isnan(y[:, 0]), 1.0, 4.0)
        for _ in range(epochs * len(x) // batch):
            rows = torch.multinomial(chance, batch, replacement=True)
            rated = ~torch.isnan(y[rows])  # chosen before squaring, or the missing ones would make every gradient NaN
            loss = (network(x[rows])[rated] - y[rows][rated]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    network.eval()
    return lambda rows: network(torch.tensor((rows - mean) / scale)).detach().numpy() * spread + centre
