"""Shards beside a folder, Ray beside one process, memory, kills, and a bad store: `python -m benchmarks scale`

- **Speed**: whole runs of the command over the same photographs as a folder, as tar shards and as a Parquet table, in
  turns. From a run over some and one over three times as many comes the time of a photograph after the start.
- **Ray**: the same with `--engine ray`, on the cores of this machine.
- **Memory**: the most that runs over many small pictures in tar shards take, with a model that takes no time.
- **Kills**: a run that is killed with SIGKILL at random moments and taken up again, against one that nobody disturbed.
- **Store**: a simulated one with latency, failing reads and a connection that is cut, against the local files.
- **Cost**: what follows for 10⁹ images. What is extrapolated is marked.
"""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from PIL import Image
from rich.table import Table

from beholder.cli.tables import plain
from beholder.scoring.batch import batch_threads
from beholder.scoring.cores import CORES
from beholder.scoring.scorer import Scorer
from benchmarks.fuzz import REPOSITORY
from benchmarks.serve import make_photographs

SMALL_SIDE = 500  # pixels of the longer side of a photograph, about that of crawled sets
SHARD_ROWS, SMALL_SHARD_ROWS = 100, 5_000
GOAL_SHARDS, GOAL_RAY = 0.95, 0.90
LATENCY, FAILING, CUT_SHARE = 0.05, 0.01, 0.01
STORED_ROWS = 20
BILLION = 1_000_000_000
Pictures = Sequence[tuple[str, bytes]]


def measure(model: str, photographs: int, rounds: int, rows: int, kills: int, ray: bool) -> Iterator[Table | str]:
    """The tables, as they are done."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        distinct = [path.read_bytes() for path in make_photographs(folder, SMALL_SIDE)]
        pictures = [(f"{number:07d}.jpg", distinct[number % len(distinct)]) for number in range(photographs)]
        yield from speed(folder, model, pictures, rounds, ray)
        yield kept(folder, kills)
        yield bad_store(folder, model, pictures[:200])
        if rows:
            yield memory(folder, rows)


def save_tars(folder: Path, pictures: Pictures, rows: int) -> str:
    """Shards of so many rows, each with a text and a JSON beside it, as img2dataset writes them; their pattern."""
    folder.mkdir()
    for first in range(0, len(pictures), rows):
        with tarfile.open(folder / f"{first // rows:05d}.tar", "w") as tar:
            for name, content in pictures[first : first + rows]:
                key = name.removesuffix(".jpg")
                about = json.dumps({"caption": f"caption of {key}", "url": f"https://example.org/{name}"}).encode()
                for member, data in ((name, content), (f"{key}.txt", b"a caption"), (f"{key}.json", about)):
                    info = tarfile.TarInfo(member)
                    info.size = len(data)
                    tar.addfile(info, BytesIO(data))
    return str(folder / "*.tar")


def save_table(path: Path, pictures: Pictures) -> str:
    """A Parquet table with pictures as Hugging Face stores them."""
    import pyarrow
    from pyarrow import parquet

    cells = [{"bytes": content, "path": name} for name, content in pictures]
    parquet.write_table(pyarrow.table({"image": cells}), path, row_group_size=SHARD_ROWS)
    return str(path)


def save_folder(folder: Path, pictures: Pictures) -> str:
    folder.mkdir()
    for name, content in pictures:
        (folder / name).write_bytes(content)
    return str(folder)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "beholder", "score", *arguments, "-q"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"}


def seconds(*arguments: str) -> float:
    """That a whole run of the command takes."""
    began = time.monotonic()
    subprocess.run(command(*arguments), env=environment(), check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def speed(folder: Path, model: str, pictures: Pictures, rounds: int, ray: bool) -> Iterator[Table | str]:
    """Photographs a second of each kind of input and engine, in turns."""
    few = pictures[: len(pictures) // 3]
    inputs = {}
    for size, chosen in (("few", few), ("all", pictures)):
        inputs[size] = {
            "folder": [save_folder(folder / f"{size}-photos", chosen)],
            "tar": [save_tars(folder / f"{size}-tars", chosen, SHARD_ROWS)],
            "Parquet": [save_table(folder / f"{size}.parquet", chosen)],
        }
        if ray:
            inputs[size]["tar, Ray"] = [*inputs[size]["tar"], "--engine", "ray"]
    names = list(inputs["all"])
    taken: dict[str, list[float]] = {name: [] for name in names}  # seconds of a photograph after the start
    starts: dict[str, list[float]] = {name: [] for name in names}
    written = 0
    for turn in range(rounds + 1):
        for name in names:
            spent = {}
            for size in ("few", "all"):
                with tempfile.TemporaryDirectory() as out:
                    to = f"{out}/x.parquet" if name == "folder" else f"{out}/{{unit}}.parquet"
                    spent[size] = seconds(*inputs[size][name], "-m", model, "-o", to)
                    written = sum(path.stat().st_size for path in Path(out).glob("*.parquet"))
            if turn:  # the first warms the machine up
                taken[name].append((spent["all"] - spent["few"]) / (len(pictures) - len(few)))
                starts[name].append(spent["few"] - taken[name][-1] * len(few))
    table = plain(
        f"{len(pictures)} photographs of {SMALL_SIDE} px in shards of {SHARD_ROWS}, model {model}, {rounds} rounds",
        *("input", "a second", "start, s", "beside", "ratio", "goal"),
        numbers=True,
    )
    beside = {"tar": "folder", "Parquet": "folder", "tar, Ray": "tar"}
    for name in names:
        row = [name, f"{1 / statistics.median(taken[name]):.1f}", f"{statistics.median(starts[name]):.1f}"]
        if other := beside.get(name):
            ratios = [theirs / own for own, theirs in zip(taken[name], taken[other], strict=True)]
            goal = GOAL_RAY if "Ray" in name else GOAL_SHARDS
            shown = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            row += [other, shown, f"{goal:.2f}"]
        table.add_row(*row)
    yield table
    yield cost(1 / statistics.median(taken["tar"]), pictures, written / len(pictures))


def cost(rate: float, pictures: Pictures, row_bytes: float) -> str:
    """What a billion images need. Measured: the rate, bytes of an image and of a row. All else is extrapolated."""
    hours = BILLION / rate / 3600 * CORES
    image_bytes = statistics.mean(len(content) for _, content in pictures)
    return (
        f"measured: {rate:.1f} images a second on {CORES} cores, {image_bytes / 1e3:.0f} kB an image, "
        f"{row_bytes:.0f} bytes a row of Parquet\n"
        f"extrapolated to 10⁹ images: {hours:,.0f} core hours; {image_bytes * BILLION / 1e12:.0f} TB in, "
        f"{row_bytes * BILLION / 1e9:,.0f} GB out; money = core hours x price of a core hour + TB in x price of a TB"
    )


def kept(folder: Path, kills: int) -> str:
    """A run that is killed again and again ends with the files of an undisturbed one, and each unit once."""
    from tests.helpers.factories import save_model

    model = str(save_model(folder / "model.onnx"))
    pictures = small_pictures(6_000)
    pattern = save_tars(folder / "killed-tars", pictures, 200)
    whole, out = folder / "whole", folder / "killed"
    spent = seconds(pattern, "-m", model, "-o", f"{whole}/{{unit}}.parquet")
    draw = random.Random(0)
    killed = 0
    while killed < kills:
        process = subprocess.Popen(
            command(pattern, "-m", model, "-o", f"{out}/{{unit}}.parquet"), env=environment(), stderr=subprocess.DEVNULL
        )
        try:
            process.wait(timeout=draw.uniform(0.1, 0.6) * spent)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
        else:  # all units are done: half of them are lost, so that there is something to kill
            for path in sorted(out.glob("*.done.json"))[::2]:
                path.unlink()
    seconds(pattern, "-m", model, "-o", f"{out}/{{unit}}.parquet")
    same = contents(whole) == contents(out)
    beside = sorted(set(os.listdir(out)) - set(os.listdir(whole)))
    return (
        f"{killed} times kill -9 in a run over {len(pictures):,} pictures in {len(pictures) // 200} units: "
        f"{'the same tables, byte for byte' if same else 'OTHER TABLES'}; "
        f"{'nothing' if not beside else ', '.join(beside)} left beside them"
    )


def contents(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.parquet"))}


def bad_store(folder: Path, model: str, pictures: Pictures) -> str:
    """The same tables from a store that is slow, fails and cuts connections."""
    from tests.helpers.flaky_store import FlakyStore, Trouble, empty_store, put

    from beholder.scale.run import Options, run_units
    from beholder.scale.store import read_small
    from beholder.scale.units import list_units

    scorer, stored = Scorer(model, batch_threads(None)), folder / "stored"
    save_tars(stored, pictures, STORED_ROWS)
    save_folder(stored / "photos", pictures)
    empty_store()
    for path in stored.rglob("*.*"):
        put(f"flaky://in/{path.relative_to(stored)}", path.read_bytes())
    FlakyStore.trouble = Trouble(latency=LATENCY, failing=FAILING, cut=CUT_SHARE)
    spent, reports = {}, []
    for place, out in ((str(stored), str(folder / "near")), ("flaky://in", "flaky://out")):
        began = time.monotonic()
        units = list_units([f"{place}/*.tar", f"{place}/photos"])
        reports = list(run_units(units, scorer, Options(f"{out}/{{unit}}.parquet", model, retries=5)))
        spent[out] = time.monotonic() - began
    same = all(
        read_small(f"flaky://out/{report.unit.name}.parquet")
        == (folder / "near" / f"{report.unit.name}.parquet").read_bytes()
        for report in reports
    )
    near, far = spent.values()
    return (
        f"a store with {1000 * LATENCY:.0f} ms latency, {FAILING:.0%} of requests failing and {CUT_SHARE:.0%} cut: "
        f"{sum(report.rows for report in reports):,} rows of {len(reports)} units (tar, and single objects), "
        f"{sum(report.retries for report in reports)} requests tried again, "
        f"{'the same tables, byte for byte' if same else 'OTHER TABLES'}; {far / near:.2f} of the time of local files"
    )


def small_pictures(count: int) -> Pictures:
    """JPEG files of less than a kilobyte."""
    distinct = []
    for number in range(50):
        file = BytesIO()
        Image.new("RGB", (64, 48), (number * 5, 200 - number, 90)).save(file, "JPEG")
        distinct.append(file.getvalue())
    return [(f"{number:07d}.jpg", distinct[number % len(distinct)]) for number in range(count)]


CODE = """import re, sys; from beholder.cli.app import app
try: app(sys.argv[1:])
finally: print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])"""  # KiB; its own, not its parent's


def memory(folder: Path, rows: int) -> Table:
    """The most memory of a run against the number of pictures."""
    from tests.helpers.factories import save_model

    model = str(save_model(folder / "memory.onnx"))
    pattern = save_tars(folder / "many-tars", small_pictures(rows), SMALL_SHARD_ROWS)
    table = plain("Memory of a run over small pictures in tar shards", "pictures", "peak MB", "seconds", numbers=True)
    shards = sorted(Path(pattern).parent.glob("*.tar"))
    for count in (rows // 10, rows):
        with tempfile.TemporaryDirectory() as out:
            chosen = list(map(str, shards[: max(1, count // SMALL_SHARD_ROWS)]))
            arguments = ["score", *chosen, "-m", model, "-o", f"{out}/{{unit}}.parquet", "-q"]
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-c", CODE, *arguments], env=environment(), capture_output=True, text=True, check=True
            )
            table.add_row(f"{count:,}", f"{int(done.stdout) / 1024:,.0f}", f"{time.monotonic() - began:.0f}")
    return table
