"""The default model in small: features by a network of three blocks with drawn weights, and drawn heads."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from beholder.embedded.int8_encoder import placeholder_info
from beholder.models.backbones.dinov2 import DinoV2
from beholder.models.dinov2_linear import TokenFeatures
from beholder.models.kernel_head import KernelHead, LinearHead, Projection, on_grid
from beholder.models.kernel_model import Blocks, Familiarity, KernelModel, MachineSpec
from beholder.models.photo_features import DETAIL, DIM, SCENE, FeatureParts, PhotoFeatures
from beholder.photos.edits import add_noise, blur, expose
from beholder.photos.resize import resize_exact
from beholder.scoring.model_file import ModelInfo
from beholder.tasks import Task
from beholder.training.seeding import seeded
from helpers.photo_files import CHINA, FLOWER

SIZE = (224, 224)
FEATURES = (SCENE, DETAIL, 574)  # numbers of scene, detail and statistics
WIDTHS = (12, 9, 12)  # of their blocks
TASKS = (
    Task("overall", 1, 7),
    Task("beauty", 1, 7),
    Task("appeal", 1, 5),
    Task("quality", 0, 1),
    Task("exposure", -3, 3, "", "edit", "EV", 0),
    Task("disagreement", 0, 3, "", "disagreement", "points"),
    Task("familiarity", 0, 100, "", "familiarity", "%"),
)
# weights of the blocks, positions of the tasks, how many of them are ratings, photographs in the support
MACHINES = (
    ((1.0, 0.0, 0.0), (1, 2, 5), 2, 30),
    ((0.7, 0.0, 0.3), (0, 4), 1, 25),
    ((0.5, 0.3, 0.2), (3,), 1, 20),
)


@cache
def photographs() -> Tensor:
    """Eight different ones, (8, 3, 224, 224) uint8."""
    pictures = [CHINA, FLOWER, CHINA[:, ::-1], expose(FLOWER, -2), blur(CHINA, 4), FLOWER[:200, :300], expose(CHINA, 2)]
    pictures.append(add_noise(FLOWER, 60, np.random.default_rng(0)))
    resized = np.stack([resize_exact(np.ascontiguousarray(each), SIZE) for each in pictures])
    return torch.from_numpy(resized.transpose(0, 3, 1, 2).copy())


@seeded(0)
def photo_features() -> PhotoFeatures:
    """With parameters that half precision stores exactly."""
    network = DinoV2(DIM, depth=3)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            torch.nn.init.normal_(parameter, std=0.05)
            if "norm" in name and name.endswith("weight"):
                parameter.add_(1)
            if "gamma" in name:
                parameter.fill_(1)
            parameter.copy_(parameter.half())
    return PhotoFeatures(TokenFeatures(network, (0, 1, 2, 0, 1, 0, 1, 2))).eval()  # layers of detail, then of scene


@cache
def parts() -> FeatureParts:
    """Features of :func:`photographs`."""
    with torch.inference_mode():
        return photo_features().parts(photographs())


@dataclass(frozen=True)
class Small:
    """What a model is made of."""

    blocks: Blocks
    machines: tuple[MachineSpec, ...]
    linear: LinearHead
    familiarity: Familiarity
    typical: Tensor

    def model(self, tasks: tuple[Task, ...] = TASKS) -> KernelModel:
        low, high = torch.tensor([(task.low, task.high) for task in tasks], dtype=torch.float32).T
        return KernelModel(
            photo_features(), self.blocks, self.machines, self.linear, self.familiarity, self.typical, low, high
        ).eval()


def small() -> Small:
    """Machines and a plane of ratings whose scores are different for each photograph, and inside their scales."""
    rng = np.random.default_rng(0)

    def drawn(*shape: int, scale: float = 1.0) -> Tensor:
        return torch.from_numpy(rng.normal(0, scale, shape).astype(np.float32))

    blocks = []
    for part, width in zip(parts()[:3], WIDTHS, strict=True):
        mean, spread = part.mean(dim=0), part.std(dim=0, correction=0) + 1e-3
        matrix = drawn(part.shape[1], width, scale=0.5 / (width * part.shape[1]) ** 0.5)
        blocks.append(Projection(mean, spread, matrix.half().float()))
    machines = []
    for weights, positions, ratings, support in MACHINES:
        width = sum(size for size, weight in zip(WIDTHS, weights, strict=True) if weight)
        spans = torch.tensor([TASKS[task].high - TASKS[task].low for task in positions], dtype=torch.float32)
        middle = torch.tensor([TASKS[task].high + TASKS[task].low for task in positions], dtype=torch.float32) / 2
        known = on_grid(drawn(support, width, scale=0.3))
        head = KernelHead(known, 0.15 * spans * drawn(support, len(positions)), middle)
        machines.append(MachineSpec(head, weights, positions, ratings))
    weights = MACHINES[1][0]
    width = WIDTHS[0] + WIDTHS[2]
    near = on_grid(drawn(15, width, scale=0.3))
    familiarity = Familiarity(near, weights, 4.0, -(torch.linspace(3.5, 1, 101) ** 2))
    typical = drawn(3 * DIM, scale=0.1)
    spans = torch.tensor([(task.high - task.low) * (task.kind == "rating") for task in TASKS[:-1]])
    linear = LinearHead((drawn(sum(FEATURES), len(spans), scale=5e-4) * spans).half().float(), -0.05 * spans)
    return Small(Blocks(*blocks), tuple(machines), linear, familiarity, typical)


def info(tasks: tuple[Task, ...] = TASKS) -> ModelInfo:
    return replace(
        placeholder_info(SIZE),
        tasks=tasks,
        half_width=(0.1,) * len(tasks),
        reference=tuple(tuple(np.linspace(task.low, task.high, 101).tolist()) for task in tasks),
        unlike=2.0,
    )
