"""How fast photographs are scored, beside what the machine could do and beside other programs.

`python -m benchmarks scoring [--quick] [--json FILE]`

One run, the same photographs for all. The programs are processes that take turns, so whatever else the machine does
meets all of them; numbers are medians over rounds, and ratios are medians of the rounds' ratios. Photographs are made
from the examples (and from OASIS, with --root): each another cut, resized, with the noise of a sensor, as JPEG of
quality 90.

The bound of a folder is what N cores could do if none ever waited: N / (d + N i) photographs a second, with d seconds
of one core to decode for the model and i seconds of all cores in it, both measured alone in the same run.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from rich.table import Table

import beholder
from beholder.cli.tables import plain
from beholder.data.registry import load_data as load_rated
from beholder.embedded import default as recipe
from beholder.models.backbones.base import create_backbone
from beholder.models.cost import gflop
from beholder.photos.read import read_photo
from beholder.photos.resize import decode_size, resize_exact
from beholder.scoring.batch import THREADS, concurrent_batches, default_batch
from beholder.scoring.cores import CORES
from beholder.scoring.model_file import default_path
from beholder.systems.soydaner2023.network import MultiTask, ScoringMultiTask
from beholder.training.export import export
from beholder.training.quantize import quantize

EXAMPLES = Path(__file__).parent.parent / "examples" / "photos"
FAST_MODEL = default_path().with_name("fast.onnx")
SIZES = {"256px": (256, 256), "2mp": (1732, 1155), "12mp": (4243, 2828)}
PLAIN, DEFAULT, FAST = "plain script (Pillow, torch, VGG16)", "beholder", "beholder, fast"
FP32, INT8 = "beholder, VGG16 file", "beholder, VGG16 file in int8"
OTHERS = {
    PLAIN: "plain",
    "idealo's NIMA-MobileNet, torch": "nima",
    "pyiqa's NIMA, random weights": "pyiqa",
    "Keras VGG16, random weights": "keras",
}
MEASURED = """
import atexit
from beholder.cli.app import main
from benchmarks.competitors import most_memory
atexit.register(lambda: print(most_memory()))
main()
"""
DECODED, WHOLE = 4, "whole, 224 x 224"
MATRIX = 1536  # a side of the product that stands for what the machine can do


def measure(root: Path | None, quick: bool) -> tuple[list[Table], dict[str, Any]]:
    """All tables, and the same numbers by name."""
    counts = {"256px": 24, "2mp": 8, "12mp": 12} if quick else {"256px": 128, "2mp": 48, "12mp": 32}
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = {size: make_photographs(folder / size, size, counts[size], root) for size in SIZES}
        models = model_files(folder, [Path(path) for path in paths["256px"][:32]])
        looks = {name: beholder.load(model).info.size for name, model in models.items()}
        parts, compared = compare(models, looks, paths, 2 if quick else 5)
        started = [start_up(paths["256px"][0]) for _ in range(3 if quick else 7)]
        growing = growth(folder / "growth", paths["256px"], (25, 100) if quick else (100, 1_000, 10_000))
        costs = {name: gflop_of(model) for name, model in models.items()}
    seconds = {name: statistics.median(found) for name, found in parts.items()}
    found: dict[str, Any] = {
        "quick": quick,
        "cores": CORES,
        "gflops_fp32": 2 * MATRIX**3 / seconds["fp32"] / 1e9,
        "gops_int8": 2 * MATRIX**3 / seconds["int8"] / 1e9,
        "decode_seconds": {
            size: {how: seconds[f"{size} {how}"] for how in (*map(_across, sorted(set(looks.values()))), WHOLE)}
            for size in SIZES
        },
        "networks": {name: {"seconds": seconds[name], "gflop": costs[name]} for name in models},
        "command_to_first_score_seconds": statistics.median(started),
        "growth": growing,
        "programs": summary(compared, parts, looks),
    }
    found |= headline(found["programs"])
    return tables(found), found


def make_photographs(folder: Path, size: str, count: int, root: Path | None) -> list[str]:
    """JPEG files, all different."""
    folder.mkdir()
    sources = sorted(EXAMPLES.glob("*.jpg"))
    if root is not None:
        sources += list(load_rated("oasis", root).paths[::9])
    width, height = SIZES[size]

    def make(number: int) -> str:
        rng = np.random.default_rng(number)
        image = Image.open(sources[number % len(sources)]).convert("RGB")
        left, top = rng.random(2) * 0.2 * np.array(image.size)
        box = (left, top, left + 0.8 * image.width, top + 0.8 * image.height)
        pixels = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, box))
        noise = rng.standard_normal((256, width, 3), np.float32) * 4  # repeated: drawing takes longer than encoding
        noise = np.resize(noise, pixels.shape)
        path = folder / f"{number:05}.jpg"
        Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(path, quality=90)
        return str(path)

    with ThreadPoolExecutor(CORES) as pool:
        return list(pool.map(make, range(count)))


def model_files(folder: Path, photographs: Sequence[Path]) -> dict[str, Path | None]:
    """Model files by the name of their row; VGG16's with a head of drawn weights, which takes as long as another."""
    info = beholder.load().info
    vgg16 = MultiTask(create_backbone("vgg16"), outputs=len(info.tasks)).eval()
    low, high = (torch.tensor([getattr(task, end) for task in info.tasks]) for end in ("low", "high"))
    scoring = ScoringMultiTask(vgg16, low, high, torch.zeros(512))
    export(scoring, replace(info, name="vgg16", backbone="vgg16", size=(256, 256)), folder / "vgg16.onnx")
    quantize(folder / "vgg16.onnx", photographs, folder / "int8.onnx")
    files: dict[str, Path | None] = {DEFAULT: None, FP32: folder / "vgg16.onnx", INT8: folder / "int8.onnx"}
    return files | ({FAST: FAST_MODEL} if FAST_MODEL.exists() else {})


def gflop_of(model: Path | None) -> float:
    """A photograph."""
    info = beholder.load(model).info
    network = (
        recipe.frozen_features(recipe.DefaultRecipe())
        if model is None
        else create_backbone(info.backbone, pretrained=False)
    )
    return gflop(network, info.size[::-1])


Runs = dict[str, Callable[[], Any]]


def products() -> Runs:
    """Large matrix products in the runtime, in fp32 and in int8: what the machine can do."""
    rng = np.random.default_rng(0)
    node, value, kinds = onnx.helper.make_node, onnx.helper.make_tensor_value_info, onnx.TensorProto
    square = [MATRIX, MATRIX]
    runs: Runs = {}
    for name, operator, left, right, sort, result in (
        ("fp32", "MatMul", np.float32, np.float32, kinds.FLOAT, kinds.FLOAT),
        ("int8", "MatMulInteger", np.uint8, np.int8, kinds.UINT8, kinds.INT32),
    ):
        matrix = onnx.numpy_helper.from_array(rng.integers(-9, 9, square).astype(right), "b")
        graph = onnx.helper.make_graph(
            [node(operator, ["a", "b"], ["c"])], "g", [value("a", sort, square)], [value("c", result, square)], [matrix]
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        given = {"a": rng.integers(0, 9, square).astype(left)}
        runs[name] = lambda session=session, given=given: session.run(None, given)  # type: ignore[misc]
    return runs


def decoders(paths: dict[str, list[str]], looks: Collection[tuple[int, int]]) -> Runs:
    """From files to the pixels that models take, DECODED photographs on one core: as scoring does it for each size,
    and decoded whole."""
    runs: Runs = {}

    def add(name: str, some: list[str], across: tuple[int, int], least: tuple[int, int] | None) -> None:
        names = itertools.cycle(some)
        runs[name] = lambda: [resize_exact(read_photo(next(names), least), across) for _ in range(DECODED)]

    for size, some in paths.items():
        for across in looks:
            add(f"{size} {_across(across)}", some, across, decode_size(across))
        add(f"{size} {WHOLE}", some, (224, 224), None)
    return runs


def _across(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def networks(models: dict[str, Path | None]) -> tuple[Runs, dict[str, int]]:
    """Full batches in each model, as many at once as in scoring, twice; and how many photographs that is."""
    runs: Runs = {}
    photographs = {}
    for name, model in models.items():
        scorer = beholder.load(model, THREADS)
        at_once, batch = concurrent_batches(scorer), default_batch(scorer)
        width, height = scorer.info.size
        pixels = np.random.default_rng(0).integers(0, 256, (batch, height, width, 3), dtype=np.uint8)
        given = [(pixels, np.ones((batch, 2), int))] * (2 * at_once)
        pool = ThreadPoolExecutor(at_once)
        runs[name] = lambda scorer=scorer, given=given, pool=pool: list(  # type: ignore[misc]
            pool.map(lambda each: scorer.run(*each), given)
        )
        photographs[name] = len(given) * batch
    return runs, photographs


def _once(runs: Runs) -> dict[str, float]:
    """Seconds of each, the better of two."""
    seconds: dict[str, float] = {}
    for name, run in 2 * list(runs.items()):
        started = time.perf_counter()
        run()
        taken = time.perf_counter() - started
        seconds[name] = min(taken, seconds.get(name, taken))
    return seconds


class Competitor:
    """A program that waits for photographs."""

    def __init__(self, name: str, model: Path | None, first: str) -> None:
        started = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.competitors", name, *([str(model)] if model else [])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.missing = self._answer().get("missing")
        self.memory = 0
        if not self.missing:
            self.score([first])
            self.started = time.perf_counter() - started

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def score(self, paths: Sequence[str]) -> float:
        """Seconds."""
        assert self.process.stdin is not None
        print(json.dumps(list(paths)), file=self.process.stdin, flush=True)
        answer = self._answer()
        self.memory = answer["memory"]
        return float(answer["seconds"])


@contextmanager
def competitor(name: str, model: Path | None, first: str) -> Iterator[Competitor]:
    """Started, and ended at the end."""
    found = Competitor(name, model, first)
    try:
        yield found
    finally:
        assert found.process.stdin is not None
        found.process.stdin.close()
        found.process.wait()


@dataclass
class Compared:
    """What became of the programs.

    Attributes:
        speeds: program -> size -> photographs a second, a round each.
        memory: program -> bytes, the most it ever held.
        started: program -> seconds from its start to its first score.
        missing: program -> the package that it lacks.
    """

    speeds: dict[str, dict[str, list[float]]]
    memory: dict[str, int]
    started: dict[str, float]
    missing: dict[str, str]


def compare(
    models: dict[str, Path | None], looks: dict[str, tuple[int, int]], paths: dict[str, list[str]], rounds: int
) -> tuple[dict[str, list[float]], Compared]:
    """Seconds of the parts and speeds of the programs on the same photographs, in turns."""
    programs: dict[str, tuple[str, Path | None]] = {name: ("ours", model) for name, model in models.items()}
    programs |= {name: (program, None) for name, program in OTHERS.items()}
    first = paths["256px"][0]
    found = Compared({}, {}, {}, {})
    (batches, photographs), decoding = networks(models), decoders(paths, set(looks.values()))
    runs = {**products(), **decoding, **batches}
    photographs |= dict.fromkeys(decoding, DECODED)
    _once(runs)
    parts: dict[str, list[float]] = {name: [] for name in runs}
    with ExitStack() as stack:
        running = {}
        for name, (program, model) in programs.items():
            started = stack.enter_context(competitor(program, model, first))
            if started.missing:
                found.missing[name] = started.missing
            else:
                running[name] = started
                found.started[name] = started.started
                found.speeds[name] = {size: [] for size in paths}
        for _ in range(rounds):
            for name, seconds in _once(runs).items():
                parts[name].append(seconds / photographs.get(name, 1))
            for size, some in paths.items():
                for name, each in running.items():
                    # The slow ones get fewer: they have no batches to fill.
                    given = some if name in models else some[: max(4, len(some) // 4)]
                    found.speeds[name][size].append(len(given) / each.score(given))
        found.memory = {name: each.memory for name, each in running.items()}
    return parts, found


def start_up(path: str) -> float:
    """Seconds from the command to the first score, the whole process."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "beholder", "score", path, "--quiet"], check=True)
    return time.perf_counter() - started


def growth(folder: Path, paths: Sequence[str], counts: Sequence[int]) -> list[dict[str, float]]:
    """`beholder score FOLDER --out FILE` with more and more photographs: seconds of the command, most memory."""
    found = []
    for count in counts:
        place = folder / str(count)
        place.mkdir(parents=True)
        for number in range(count):
            os.link(paths[number % len(paths)], place / f"{number:06}.jpg")
        model = ["--model", str(FAST_MODEL)] if FAST_MODEL.exists() else []
        command = [sys.executable, "-c", MEASURED, "score", str(place), "--quiet", "--out", f"{place}.csv", *model]
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        seconds = time.perf_counter() - started
        found.append({"photographs": count, "seconds": seconds, "memory": int(done.stdout)})
    return found


def summary(
    compared: Compared, parts: dict[str, list[float]], looks: dict[str, tuple[int, int]]
) -> dict[str, dict[str, Any]]:
    """A row a program: photographs a second, multiples of the plain script, and the share of the bound reached."""
    rows: dict[str, dict[str, Any]] = {}
    for name, speeds in compared.speeds.items():
        row: dict[str, Any] = {"start_up_seconds": compared.started[name], "memory_bytes": compared.memory[name]}
        for size, values in speeds.items():
            row[f"photos_per_second_{size}"] = statistics.median(values)
            row[f"ratio_vs_plain_{size}"] = _ratio(values, compared.speeds[PLAIN][size])
            if name in looks:
                pairs = zip(parts[f"{size} {_across(looks[name])}"], parts[name], strict=True)
                bounds = [CORES / (decode + CORES * network) for decode, network in pairs]
                row[f"bound_{size}"] = statistics.median(bounds)
                row[f"ratio_to_bound_{size}"] = _ratio(values, bounds)
        rows[name] = row
    return rows | {name: {"missing": package} for name, package in compared.missing.items()}


def _ratio(values: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(value / other for value, other in zip(values, others, strict=True))


def headline(programs: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """The numbers that are quoted."""
    fast = programs.get(FAST, {})
    return {
        "ratio_vs_plain_vgg16_12mp": programs[DEFAULT]["ratio_vs_plain_12mp"],
        "student_ratio_vs_plain_vgg16_12mp": fast.get("ratio_vs_plain_12mp"),
        "ratio_to_bound_12mp": programs[DEFAULT]["ratio_to_bound_12mp"],
        "student_ratio_to_bound_12mp": fast.get("ratio_to_bound_12mp"),
        "student_photos_per_second_256px": fast.get("photos_per_second_256px"),
        "int8_vgg16_ratio_vs_plain_256px": programs[INT8]["ratio_vs_plain_256px"],
    }


def tables(found: dict[str, Any]) -> list[Table]:
    """For people."""
    title = "Photographs a second; times the plain script; share of the bound"
    speeds = plain(title, "program", *SIZES, "start-up, s", "memory, MB", numbers=True)
    for name, row in found["programs"].items():
        if "missing" in row:
            speeds.add_row(name, f"{row['missing']} not installed", *[""] * (len(SIZES) + 1))
            continue
        cells = []
        for size in SIZES:
            cell = f"{row[f'photos_per_second_{size}']:.1f}  {row[f'ratio_vs_plain_{size}']:.1f}x"
            share = row.get(f"ratio_to_bound_{size}")
            cells.append(cell + (f"  {share:.0%}" if share else ""))
        speeds.add_row(name, *cells, f"{row['start_up_seconds']:.2f}", f"{row['memory_bytes'] / 1e6:.0f}")
    peak = f"fp32 {found['gflops_fp32']:.0f} GFLOP/s, int8 {found['gops_int8']:.0f} GOP/s"
    title = (
        f"Networks, against a product of {MATRIX} x {MATRIX} matrices in the same run on {found['cores']} cores: {peak}"
    )
    speed_of = plain(title, "model", "ms a photograph", "GFLOP", "G a second", "of fp32", "of int8", numbers=True)
    for name, each in found["networks"].items():
        speed = each["gflop"] / each["seconds"]
        shares = [f"{speed / found[peak]:.0%}" for peak in ("gflops_fp32", "gops_int8")]
        speed_of.add_row(name, f"{each['seconds'] * 1e3:.1f}", f"{each['gflop']:.2f}", f"{speed:.0f}", *shares)
    hows = list(found["decode_seconds"]["12mp"])
    title = "From a JPEG to the pixels that a model takes, on one core, ms"
    decode = plain(title, "size", "pixels", *hows, numbers=True)
    for size, each in found["decode_seconds"].items():
        decode.add_row(size, _across(SIZES[size]), *[f"{each[how] * 1e3:.1f}" for how in hows])
    grown = plain(
        f"`beholder score FOLDER`, 256 px, {'the fast model' if FAST_MODEL.exists() else 'the default model'}; "
        f"one photograph: {found['command_to_first_score_seconds']:.2f} s from the command to the score",
        *("photographs", "seconds", "a second", "memory, MB"),
        numbers=True,
    )
    for each in found["growth"]:
        count, seconds = each["photographs"], each["seconds"]
        grown.add_row(f"{count:,}", f"{seconds:.1f}", f"{count / seconds:.1f}", f"{each['memory'] / 1e6:.0f}")
    return [speeds, speed_of, decode, grown]
