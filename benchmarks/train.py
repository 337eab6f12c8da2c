"""How fast the two-stage training is: our recipe, a plain PyTorch loop, and plain Keras, one after the other.

`python -m benchmarks train --root DATA`

All three train the same network (VGG16, FC128, FC64) on the same photographs with the paper's epochs (5 and 3) and the
same batches, from files on disk to trained weights. The plain loops are what a script of one's own does: they decode
and run the whole network in every step. Keras starts from random weights, which takes as long. Ours begins with an
empty cache. Absolute seconds belong to the machine; the ratios are from one run.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image
from rich.table import Table
from torch import nn

from beholder.data.rated_photos import RatedPhotos
from beholder.data.registry import load_data
from beholder.models.backbones.base import create_backbone
from beholder.systems.soydaner2023.network import MultiTask
from beholder.systems.soydaner2023.recipe import SoydanerRecipe
from beholder.systems.soydaner2023.train import fit
from beholder.systems.soydaner2023.train import inputs as training_inputs
from beholder.training.device import choose_device
from benchmarks.competitors import why

SIDE = 256


def compare(root: Path, photographs: int, batch: int) -> list[Table | str]:
    """Seconds for both stages, and each as a multiple of ours; and a line for each rival that does not run here."""
    photos = load_data("oasis", root).subset(np.arange(photographs))
    # A validation part of two: choosing epochs is left out, for the plain loops do not do it.
    parts = ("validation",) * 2 + ("train",) * (photographs - 2)
    photos = replace(photos, splits=parts)
    recipe = SoydanerRecipe(batch=batch, steps1=0)
    create_backbone(recipe.backbone)  # weights are fetched before the clock runs
    systems: dict[str, Callable[[RatedPhotos, SoydanerRecipe], None]] = {
        "beholder, cached": _ours,
        "beholder, --no-cache": _uncached,
        **RIVALS,
    }
    seconds, left_out = {}, []
    for name, system in systems.items():
        started = time.monotonic()
        try:
            system(photos, recipe)
        except Exception as error:  # a rival that does not start does not end the comparison
            if name not in RIVALS:
                raise
            left_out.append(f"left out: {name}: {why(error)}")
        else:
            seconds[name] = time.monotonic() - started
    table = Table(
        title=f"{photographs - 2} photographs, 5 + 3 epochs, batches of {batch}, {torch.get_num_threads()} threads"
    )
    for column in ("", "seconds", "seconds a photograph and epoch", "times ours"):
        table.add_column(column)
    ours = seconds["beholder, cached"]
    for name, value in seconds.items():
        table.add_row(name, f"{value:.0f}", f"{value / (photographs - 2) / 8:.3f}", f"{value / ours:.2f}")
    return [table, *left_out]


def _ours(photos: RatedPhotos, recipe: SoydanerRecipe) -> None:
    with TemporaryDirectory() as cache:
        source = training_inputs(photos, recipe, choose_device(), cache=Path(cache))
        fit(photos, recipe, source=source)


def _uncached(photos: RatedPhotos, recipe: SoydanerRecipe) -> None:
    fit(photos, recipe, source=training_inputs(photos, recipe, choose_device(), keep=False))


class _Files(torch.utils.data.Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Decode, resize, flip: what torchvision's transforms do."""

    def __init__(self, photos: RatedPhotos) -> None:
        self.paths, self.targets = photos.paths[2:], _targets(photos)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        pixels = _pixels(self.paths[row])
        if np.random.rand() < 0.5:
            pixels = pixels[:, ::-1]
        return torch.from_numpy(pixels.transpose(2, 0, 1).copy()), torch.from_numpy(self.targets[row])


def _torch(photos: RatedPhotos, recipe: SoydanerRecipe) -> None:
    network = MultiTask(create_backbone(recipe.backbone), len(photos.tasks))
    loader = torch.utils.data.DataLoader(_Files(photos), batch_size=recipe.batch, shuffle=True)
    for stage, epochs, rate in ((1, recipe.epochs1, recipe.lr_head), (2, recipe.epochs2, recipe.lr_finetune)):
        trained = network.trainable_parameters(stage)
        for parameter in trained.values():
            parameter.requires_grad_(True)
        optimizer = torch.optim.Adam(trained.values(), lr=rate)
        for _ in range(epochs):
            for pixels, targets in loader:
                optimizer.zero_grad()
                nn.functional.mse_loss(network(pixels), targets).backward()  # type: ignore[no-untyped-call]
                optimizer.step()


def _keras(photos: RatedPhotos, recipe: SoydanerRecipe) -> None:
    import keras
    import tensorflow as tf

    paths, targets = photos.paths[2:], _targets(photos)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for path, target in zip(paths, targets, strict=True):
            yield _pixels(path), target

    shapes = (tf.TensorSpec((SIDE, SIDE, 3), tf.uint8), tf.TensorSpec((targets.shape[1],), tf.float32))
    files = tf.data.Dataset.from_generator(batches, output_signature=shapes)
    files = files.apply(tf.data.experimental.assert_cardinality(len(paths))).batch(recipe.batch).prefetch(2)
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(SIDE, SIDE, 3), pooling="avg")
    inputs = keras.Input((SIDE, SIDE, 3))
    pooled = base(keras.layers.RandomFlip("horizontal")(inputs))
    hidden = keras.layers.Dense(64, "relu")(keras.layers.Dense(128, "relu")(pooled))
    outputs = keras.layers.Dense(targets.shape[1], "sigmoid")(keras.layers.Dropout(recipe.dropout)(hidden))
    network = keras.Model(inputs, outputs)
    for stage, epochs, rate in ((1, recipe.epochs1, recipe.lr_head), (2, recipe.epochs2, recipe.lr_finetune)):
        for layer in base.layers:
            layer.trainable = stage == 2 and layer.name in ("block4_conv2", "block4_conv3")
        network.compile(keras.optimizers.Adam(rate), "mse")
        network.fit(files, epochs=epochs, verbose=0)


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _targets(photos: RatedPhotos) -> np.ndarray:
    columns = [task.to_unit(column) for task, column in zip(photos.tasks, photos.ratings.T, strict=True)]
    return np.stack(columns, axis=1)[2:].astype(np.float32)


RIVALS: dict[str, Callable[[RatedPhotos, SoydanerRecipe], None]] = {"plain PyTorch loop": _torch, "plain Keras": _keras}
