"""Programs that score photographs, each in a process of its own: `python -m benchmarks.competitors NAME [MODEL]`.

Standard input: a JSON list of paths a line. Standard output: a line of JSON when the program is ready, then one for
each list: seconds from before the first photograph was opened to after the last was scored, and the most memory that
the process has held, in bytes. Where something fails, the line has the reason instead, as ``failed``. What the programs
print themselves goes to standard error.

Another interpreter may run this, one that has the packages of a peer: so nothing here imports more than the standard
library until a program is chosen.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Program = Callable[[Sequence[str]], int]  # scores photographs, says how many


def ours(model: str | None) -> Program:
    """beholder with a model file, or with the embedded model."""
    from beholder.scoring.batch import THREADS, score_photos
    from beholder.scoring.scorer import Scorer

    scorer = Scorer(model, THREADS)
    return lambda paths: sum(result.scores is not None for result in score_photos(scorer, paths))


def _one_by_one(score: Callable[[str], float]) -> Program:
    return lambda paths: sum(score(path) > -1e9 for path in paths)


def plain(_: str | None) -> Program:
    """What most repositories have: Pillow decodes whole, torch runs VGG16 eagerly, one photograph after the other."""
    import numpy as np
    import torch
    from PIL import Image

    from beholder.models.backbones.base import create_backbone
    from beholder.systems.soydaner2023.network import MultiTask

    network = MultiTask(create_backbone("vgg16", pretrained=False), outputs=3).eval()

    def score(path: str) -> float:
        pixels = np.asarray(Image.open(path).convert("RGB").resize((256, 256), Image.Resampling.BICUBIC))
        with torch.no_grad():
            return float(network(torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None])[0, 0])

    return _one_by_one(score)


def nima(_: str | None) -> Program:
    """NIMA on MobileNet with idealo's weights, in torch, one photograph after the other."""
    import numpy as np
    from PIL import Image

    from benchmarks.nima import extractor

    compute = extractor().compute

    def score(path: str) -> float:
        pixels = np.array(Image.open(path).convert("RGB").resize((224, 224), Image.Resampling.NEAREST))
        return float(compute(pixels[None])[0, 0])

    return _one_by_one(score)


def pyiqa(_: str | None) -> Program:
    """pyiqa's NIMA with random weights, for its own cannot always be fetched."""
    from pyiqa import create_metric

    metric = create_metric("nima", device="cpu", pretrained=False)
    return _one_by_one(lambda path: float(metric(path)))


def keras(_: str | None) -> Program:
    """Keras' VGG16 with random weights, one photograph after the other."""
    import keras as package
    import numpy as np

    base = package.applications.VGG16(weights=None, include_top=False, input_shape=(256, 256, 3), pooling="avg")
    network = package.Sequential([base, package.layers.Dense(1, "sigmoid")])

    def score(path: str) -> float:
        image = package.utils.load_img(path, target_size=(256, 256), interpolation="bicubic")
        return float(network(np.asarray(image, np.float32)[None], training=False)[0, 0])

    return _one_by_one(score)


PROGRAMS: dict[str, Callable[[str | None], Program]] = {
    "ours": ours,
    "plain": plain,
    "nima": nima,
    "pyiqa": pyiqa,
    "keras": keras,
}


def most_memory() -> int:
    """Bytes that this process has held at most."""
    status = Path("/proc/self/status")
    if status.exists():  # on Linux what getrusage says begins with what the process that started this one held
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) * 1024  # type: ignore[index]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def why(error: BaseException) -> str:
    """Why a program does not run, in one line."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"{error.name} is not installed"
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return said if type(error).__name__ == "BeholderError" else f"{type(error).__name__}: {said}".rstrip(": ")


def main(name: str, model: str | None = None) -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(**values: object) -> None:
        print(json.dumps(values), file=answers, flush=True)

    try:
        program = PROGRAMS[name](model or None)
    except Exception as error:
        answer(failed=why(error))
        return
    answer(ready=name)
    for line in sys.stdin:
        paths = json.loads(line)
        started = time.perf_counter()
        try:
            count = program(paths)
        except Exception as error:
            answer(failed=why(error))
            return
        seconds = time.perf_counter() - started
        if count != len(paths):
            answer(failed=f"{len(paths) - count} of {len(paths)} photographs were not scored")
            return
        answer(seconds=seconds, memory=most_memory())


if __name__ == "__main__":
    main(*sys.argv[1:])
