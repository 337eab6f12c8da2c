"""The report's figures of what the network sees: activations, rebuilt photographs, features."""

from typing import Any

import numpy as np
import torch

from beholder.data.rated_photos import VotedPhotos
from beholder.data.vote_distributions import distribution
from beholder.extras import require
from beholder.models.gradcam import grad_cam
from beholder.reporting import charts, photo_sheets
from beholder.reporting.document import Part, Picture
from beholder.systems.song2023.distribution_metrics import metric_values, true_distribution
from beholder.systems.song2023.experiment import COMPLETE, TRAINING, WITHOUT_ACTIVATION
from beholder.systems.song2023.inputs import VariableSizeInputs, by_shape
from beholder.systems.song2023.network import Semantic
from beholder.systems.song2023.recipe import NONE, SongRecipe
from beholder.systems.song2023.train import (
    PREDICTION_BATCH,
    make_network,
    predict,
    reconstruction_error,
    reconstructions,
)
from beholder.systems.study import Study

TSNE_COUNT = 1000  # photographs of a t-SNE at most; the paper's number is lost
EXTREMES_SHOWN = 2  # photographs of a low and of a high rating in a sheet


def _extremes(study: Study) -> np.ndarray:
    """Rows of tested photographs of the first round with low and with high ratings."""
    test = np.flatnonzero(np.array(study.fold_splits[0].splits) == "test")
    order = test[np.argsort(study.photos.ratings[test, 0])]
    return np.concatenate([order[:EXTREMES_SHOWN], order[-EXTREMES_SHOWN:]])


def _as_seen(source: VariableSizeInputs, row: int) -> np.ndarray:
    """(H, W, 3) a photograph as the network sees it."""
    return source.pixels(np.array([row]), np.zeros(1, bool))[0].permute(1, 2, 0).byte().cpu().numpy()


def votes_part(study: Study) -> Part:
    """Figure 8: one photograph and its distribution of votes."""
    photos = VotedPhotos.of(study.photos)
    place = int(study.truth[:, 0].argmax())
    row = study.rows[place]
    values, counts, predicted = photos.histogram.values, photos.histogram.counts[row], study.final(COMPLETE)[0, place]
    label = f"{photos.tasks[0].name} ({values[0]:g} to {values[-1]:g})"
    return Picture(
        "Figure 8",
        "One photograph and its votes",
        photo_sheets.beside(photos.paths[row], charts.as_image(charts.votes(values, counts, predicted, label))),
        "A photograph, and how many people gave it each vote.",
        f"The tested photograph with the highest mean, {study.truth[place, 0]:.2f}. Votes are counted at the left and "
        "divided by their number at the right, which is what is learned; the points are what the complete model "
        "predicts, which is ours.",
    )


def rebuilt_part(study: Study, source: VariableSizeInputs, networks: dict[str, tuple[Semantic, SongRecipe]]) -> Part:
    """What the decoders make of the features."""
    rows = _extremes(study)
    pictures, captions = [], []
    test = np.flatnonzero(np.array(study.fold_splits[0].splits) == "test")
    errors = {
        name: reconstruction_error(network, source, recipe.stages[-1], test)
        for name, (network, recipe) in networks.items()
    }
    for row in rows:
        pictures += [_as_seen(source, row)]
        captions += ["photograph"]
        for name, (network, recipe) in networks.items():
            [(_, rebuilt)] = reconstructions(network, source, recipe.stages[-1], row[None])
            pictures.append((rebuilt[0].permute(1, 2, 0) * 255).round().byte().cpu().numpy())
            captions.append(name)
    greys = [
        ((source.pixels(part, np.zeros(len(part), bool)) / 255 - 0.5) ** 2).mean().item() * len(part)
        for part in by_shape(source.shapes, test, PREDICTION_BATCH)
    ]
    errors["middle grey for every pixel"] = sum(greys) / len(test)
    told = "; ".join(f"{name} {error:.4f}" for name, error in errors.items())
    return Picture(
        "",
        "Photographs rebuilt from the features",
        photo_sheets.gallery(pictures, captions, 1 + len(networks)),
        "Photographs, and what two decoders make of their features.",
        f"Mean squared error of pixels, 0 to 1, over the {len(test)} tested photographs of the first round: {told}.",
    )


def maps_part(study: Study, source: VariableSizeInputs, networks: dict[str, Semantic]) -> list[Part]:
    """Figure 10: Grad-CAM of what group average pooling predicts in three networks, and of three values' shares."""
    rows, values, truth = _extremes(study), metric_values(study), distribution(study.photos.histogram)  # type: ignore[arg-type]
    shown = [_as_seen(source, row) for row in rows]
    most = [int(truth[row].argmax()) for row in rows]

    def cam(network: Semantic, row: int, bucket: int, activated: bool) -> np.ndarray:
        pixels = source.pixels(np.array([row]), np.zeros(1, bool)).byte()

        def target(answer: Any) -> torch.Tensor:
            return (answer.activated if activated else answer.distribution)[:, bucket]

        found: np.ndarray = 100 * grad_cam(network, pixels, target, "project")[0].cpu().numpy()
        return found

    captions = [f"rated {study.photos.ratings[row, 0]:.2f}" for row in rows]
    unit = "percentage points"
    chosen = [0, len(values) // 2, len(values) - 1]
    return [
        Picture(
            "Figure 10",
            "Grad-CAM of the group of the value that most people voted",
            photo_sheets.heat_maps(
                shown,
                [
                    [cam(network, row, bucket, True) for network in networks.values()]
                    for row, bucket in zip(rows, most, strict=True)
                ],
                list(networks),
                [f"{text}, most voted {values[bucket]:g}" for text, bucket in zip(captions, most, strict=True)],
                unit,
            ),
            "Photographs with signed heat maps of three networks.",
            "Of the share that group average pooling predicts for that value, at the projected features: orange "
            "raises it, blue lowers it. The paper's columns: auto-encoder alone, without activation loss, complete.",
        ),
        Picture(
            "",
            "Grad-CAM of the predicted share of three values, complete model",
            photo_sheets.heat_maps(
                shown,
                [[cam(networks[COMPLETE], row, bucket, False) for bucket in chosen] for row in rows],
                [f"votes of {values[bucket]:g}" for bucket in chosen],
                captions,
                unit,
            ),
            "Photographs with signed heat maps for the lowest, the middle and the highest vote.",
            "At the projected features, in points of the predicted share.",
        ),
    ]


def tsne_part(study: Study, source: VariableSizeInputs, recipe: SongRecipe, device: torch.device) -> Part:
    """Figure 11."""
    manifold = require("sklearn.manifold", "train", "t-SNE")
    rows = np.sort(np.random.default_rng(0).permutation(len(study.rows))[:TSNE_COUNT])
    truth = true_distribution(study)[rows]
    drawn = predict(make_network(recipe, truth.shape[1]).to(device), source, NONE, study.rows[rows])
    panels = []
    for name, predicted in (
        ("random", drawn),
        (WITHOUT_ACTIVATION, study.predicted[WITHOUT_ACTIVATION, TRAINING][0][rows]),
        ("complete", study.final(COMPLETE)[0][rows]),
    ):
        places = manifold.TSNE(2, perplexity=min(30, len(truth) / 2), init="pca", random_state=0).fit_transform(
            np.concatenate([truth, predicted]).astype(np.float32)
        )
        apart = float(np.abs(truth.cumsum(axis=1) - predicted.cumsum(axis=1)).mean())
        panels.append((f"{name}, EMD {apart:.3f}", places[: len(truth)], places[len(truth) :]))
    return Picture(
        "Figure 11",
        "t-SNE of the votes and of the predicted distributions",
        charts.embeddings(panels, ("votes", "predicted")),
        "Three scatter plots of truth and prediction: random, without activation loss, complete.",
        f"{len(truth)} of {len(study.rows)} tested photographs; votes and predictions are laid out together, for each "
        "model anew (scikit-learn, seed 0). The random model is the network before training, whose encoder is "
        "pretrained. Places and distances between groups mean little in t-SNE; what counts is whether the two kinds of "
        "points mix.",
    )
