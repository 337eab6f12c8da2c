"""Damaged photographs, thousands of them, from bytes to score: `python -m benchmarks fuzz --count 20000 --seed 0`

Each mutation is drawn from (seed, number) alone, so that any of them can be made again: `mutation(seed, number)`.
A child process scores them one after the other, under a cap on its address space and a limit of time, and says what
became of each in a line; its parent watches. A crash, a hang, or anything else than one score or one reason in a line
is a finding, and its file is kept.
"""

import io
import json
import os
import random
import re
import resource
import select
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, features
from rich.table import Table

import beholder
from beholder.output.rows import columns_of, row_of
from beholder.scoring.batch import score_photos
from beholder.scoring.extra_columns import model_extras

REPOSITORY = Path(__file__).parent.parent
LIMIT = 30  # seconds of computing for one mutation; the slowest photograph of 250 megapixels takes a third of it
SILENCE = 300.0  # seconds without a word, by which a child that waits for itself is known
CAP = 4 << 30  # bytes of address space: a decode at the cap of pixels needs 3.5 GB
LONGEST = 1_000_000  # bytes of a mutation
CHILD = ["-m", "benchmarks.fuzz"]  # what scores mutations
SPAN = 1000  # mutations of one child
NUMBERS = (0, 1, 2, 7, 127, 128, 255, 256, 4095, 15_000, 16_383, 32_767, 65_535, 1 << 24, (1 << 31) - 1, (1 << 32) - 1)
SIZES = {  # where a header gives the size, and how
    "JPEG": (rb"\xff[\xc0-\xc2]...", ">HH"),
    "PNG": (rb"IHDR", ">II"),
    "WebP": (rb"VP8X.{8}|VP8 .{10}", "<HH"),
    "TIFF": (rb"[\x00\x01]\x01[\x03\x04]\x00\x01\x00\x00\x00", "<I"),
    "GIF": (rb"GIF8.a|,....", "<HH"),
    "BMP": (rb"BM.{16}", "<II"),
    "AVIF": (rb"ispe....", ">II"),
    "HEIC": (rb"ispe....", ">II"),
    "DNG": (rb"[\x00\x01]\x01[\x03\x04]\x00\x01\x00\x00\x00", "<I"),
}

Draw = random.Random


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    if kind == "HEIC":
        import pillow_heif

        pillow_heif.from_pillow(image.convert("RGB")).save(file, **options)
    else:
        image.copy().save(file, kind, **options)  # saving leaves settings on a picture that trip the next format
    return file.getvalue()


@cache
def pictures() -> list[Image.Image]:
    """The example photographs, small: what is mutated should be header more than pixels."""
    paths = sorted((REPOSITORY / "examples" / "photos").glob("*.jpg"))
    return [Image.open(path).convert("RGB").resize((64, 48) if number else (200, 150)) for number, path in
            enumerate(paths)]  # fmt: skip


@cache
def kinds() -> list[str]:
    found = ["JPEG", "PNG", "WebP", "TIFF", "GIF", "BMP"]
    found += ["AVIF"] if features.check("avif") else []
    found += ["HEIC"] if find_spec("pillow_heif") else []
    return found + (["DNG"] if find_spec("rawpy") else [])


@cache
def seeds(kind: str) -> list[bytes]:
    """Whole files of a kind, in the forms that its decoder tells apart."""
    large, one, two = pictures()[:3]
    grey, alpha = one.convert("L"), one.copy()
    alpha.putalpha(grey)
    deep = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    real = Image.fromarray(np.asarray(grey, np.float32) / 255)
    more: dict[str, Any] = {"save_all": True, "append_images": [two]}
    forms: dict[str, list[tuple[Image.Image, dict[str, Any]]]] = {
        "JPEG": [(large, {}), (large, {"progressive": True}), (grey, {}), (one.convert("CMYK"), {})],
        "PNG": [(one, {}), (alpha, {}), (one.quantize(16), {"transparency": 3}), (deep, {}), (one, more), (grey, {})],
        "WebP": [(large, {}), (alpha, {"lossless": True}), (one, more)],
        "TIFF": [(one, {}), (deep, {}), (real, {}), (one.convert("1"), {"compression": "group4"}), (one, more)]
        + [(one, {"compression": f"{name}"}) for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")],
        "GIF": [(one.quantize(64), {}), (one.quantize(16), {"transparency": 3}), (one, more)],
        "BMP": [(one, {}), (grey, {}), (one.quantize(16), {})],
        "AVIF": [(large, {}), (alpha, {}), (one, more)],
        "HEIC": [(large, {}), (one, {})],
        "DNG": [],
    }
    if kind == "DNG":
        from tests.helpers.factories import dng

        return [dng(), dng(6, encoded(one, "JPEG"), (64, 64)), dng(1, np.asarray(one), (64, 64))]
    return [encoded(image, kind, **options) for image, options in forms[kind]]


def with_tag(profile: bytes, name: bytes, content: bytes) -> bytes:
    """A profile with its first tag replaced."""
    first = struct.pack(">4sII", name, len(profile), len(content))
    return struct.pack(">I", len(profile) + len(content)) + profile[4:132] + first + profile[144:] + content


@cache
def profiles() -> list[bytes]:
    srgb: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    count = struct.pack(">I", 0xFFFFFFF0)
    element = b"matf\0\0\0\0" + struct.pack(">HH12f", 3, 3, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    chain = b"mpet\0\0\0\0" + struct.pack(">HHI", 3, 3, 9000) + struct.pack(">II", 72_016, 60) * 9000 + element
    tables = {b"D2B0": chain, b"D2B1": chain, b"A2B0": b"mft2\0\0\0\0\3\3\xff\0" + bytes(44)}
    return [
        *(with_tag(srgb, *table) for table in tables.items()),
        srgb,
        srgb[:128] + count + srgb[132:],
        srgb * 40,
        srgb[:200] + bytes(3_000_000),
        b"acsp" * 5000,
        b"",
    ]


@cache
def exifs() -> list[bytes]:
    """Directories that lead to themselves, counts beyond the end, thousands of entries."""

    def tags(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
        body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following)

    loops = tags((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x0112, 3, 1, 6), following=8)
    lies = tags((0x0112, 3, 0xFFFFFFFF, 8), (0x010F, 2, 0x7FFFFFFF, 0xFFFFFFF0), (0x0112, 12, 1, 4))
    return [tags((0x0112, 3, 1, 6)), loops, lies, tags(*[(0x0112, 3, 1, 5)] * 4000), b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]


def dressed(draw: Draw, kind: str, data: bytes) -> bytes:
    """Another file of the kind, with odd metadata."""
    if kind in ("GIF", "BMP", "DNG"):
        return data
    exif, icc = draw.choice(exifs()), bytearray(draw.choice(profiles()))
    for _ in range(draw.choice((0, 0, 1, 8)) if icc else 0):
        icc[draw.randrange(min(len(icc), 600))] = draw.randrange(256)
    options: dict[str, Any] = {"icc_profile": bytes(icc)} if icc else {}
    if kind != "TIFF" and len(exif) < 65_000:
        options["exif"] = exif
    return encoded(draw.choice(pictures()), kind, **options)


def place(draw: Draw, data: bytes) -> int:
    """Mostly near the beginning, where headers are."""
    return draw.randrange(min(len(data), draw.choice((32, 256, 2048, len(data), len(data)))) or 1)


def flipped(draw: Draw, kind: str, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice((1, 2, 8, 64))):
        changed[place(draw, data)] ^= 1 << draw.randrange(8)
    return bytes(changed)


def overwritten(draw: Draw, kind: str, data: bytes) -> bytes:
    at, number = place(draw, data), draw.choice(NUMBERS)
    form = draw.choice(("B", "<H", ">H", "<I", ">I"))
    limit = (1 << 8 * struct.calcsize(form)) - 1
    return data[:at] + struct.pack(form, min(number, limit)) + data[at + struct.calcsize(form) :]


def shortened(draw: Draw, kind: str, data: bytes) -> bytes:
    return data[: draw.randrange(len(data)) + 1]


def moved(draw: Draw, kind: str, data: bytes) -> bytes:
    """A part left out, or repeated up to a hundred times."""
    start, end = sorted((place(draw, data), place(draw, data)))
    part, times = data[start:end], draw.choice((0, 2, 100))
    return data[:start] + part * min(times, LONGEST // (len(part) or 1)) + data[end:]


def crowded(draw: Draw, kind: str, data: bytes) -> bytes:
    """Thousands of one segment, scan, chunk, box or of the byte that fills."""
    pattern = rb"\xff[\xc4\xda-\xfe]" if kind == "JPEG" else rb"(?s)....(?=[A-Za-z]{4})"
    marks = [mark.start() for mark in re.finditer(pattern, data[:100_000])]
    if len(marks) < 2:
        return data
    number = draw.randrange(len(marks) - 1)
    start, end = marks[number : number + 2]
    part = b"\xff" if draw.random() < 0.2 else data[start:end]
    room = draw.choice((10_000, 100_000, LONGEST)) - len(data)
    return data[:start] + part * (room // len(part)) + data[start:]


def spliced(draw: Draw, kind: str, data: bytes) -> bytes:
    """The head of one file, the tail of another, often of another kind."""
    other = draw.choice(seeds(draw.choice((kind, *kinds()))))
    return data[: place(draw, data)] + other[place(draw, other) :]


def resized(draw: Draw, kind: str, data: bytes) -> bytes:
    """A header that lies about width and height."""
    pattern, form = SIZES[kind]
    limit = (1 << 8 * struct.calcsize(form[:2])) - 1
    changed = data
    for match in re.finditer(pattern, data, re.DOTALL):
        numbers = [min(draw.choice(NUMBERS), limit) for _ in form[1:]]
        changed = changed[: match.end()] + struct.pack(form, *numbers) + changed[match.end() + struct.calcsize(form) :]
    return changed


def stretched(draw: Draw, kind: str, data: bytes) -> bytes:
    """A chunk, segment or box that lies about its length."""
    marks = list(re.finditer(rb"[A-Za-z]{4}|\xff[\xc4-\xef]", data[:20_000]))
    if not marks:
        return data
    mark = draw.choice(marks)
    form = ">H" if len(mark[0]) == 2 else "<I" if kind == "WebP" else ">I"
    at = mark.start() - 4 if form == ">I" else mark.end()
    number = struct.pack(form, min(draw.choice(NUMBERS), (1 << 8 * struct.calcsize(form)) - 1))
    return data[: max(at, 0)] + number + data[max(at, 0) + len(number) :]


MUTATIONS: tuple[Callable[[Draw, str, bytes], bytes], ...] = (
    flipped, flipped, overwritten, overwritten, shortened, moved, spliced, resized, stretched,
    crowded,
)  # fmt: skip


def mutation(seed: int, number: int) -> tuple[str, bytes]:
    """Kind of the seed file, and its mutation; always the same for the same numbers and decoders."""
    draw = Draw(f"{seed} {number}")
    kind = draw.choice(kinds())
    data = draw.choice(seeds(kind))
    if draw.random() < 0.15:
        data = dressed(draw, kind, data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        data = draw.choice(MUTATIONS)(draw, kind, data)[:LONGEST] or data
    return kind, checked(data) if draw.random() < 0.7 else data


def checked(data: bytes) -> bytes:
    """A PNG with the checksums of its chunks put right, so that what is in them is looked at."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    changed, at = bytearray(data), 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        changed[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(changed)


def fault(scorer: beholder.Scorer, path: str) -> tuple[str, str]:
    """What became of a photograph, and what is wrong with that, if anything is."""
    (result,) = score_photos(scorer, [path], batch=1, workers=1)
    extras = model_extras(scorer.info)
    columns = columns_of(scorer.info.tasks, extras)
    row = row_of(result, columns, extras)
    if result.scores is None:
        said = result.error or ""
        good = said.startswith(f"{path}: ") and said.isprintable() and len(said) < 600
        return said.removeprefix(f"{path}: "), "" if good else f"not a reason in a line: {said!r}"
    return "", "" if all(row[name] is not None for name in columns if name != "error") else f"not a row: {row}"


def child(seed: int, start: int, stop: int, cap: int, folder: str) -> None:
    """Score mutations; a line of JSON for each."""
    from tests.helpers.factories import save_model

    scorer = beholder.load(save_model(Path(folder, "model.onnx")), threads=1)
    path = os.path.join(folder, "photo")
    resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in range(start, stop):
        kind, data = mutation(seed, number)
        Path(path).write_bytes(data)
        began = time.process_time()  # not by the clock: the machine may be busy with other things
        resource.setrlimit(resource.RLIMIT_CPU, (int(began) + LIMIT, resource.RLIM_INFINITY))
        try:
            said, wrong = fault(scorer, path)
        except BaseException:
            said, wrong = "", traceback.format_exc()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps([kind, said, wrong, time.process_time() - began, peak]), flush=True)


@dataclass
class Outcome:
    """What became of many mutations."""

    scored: Counter[str] = field(default_factory=Counter)  # by kind
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0  # seconds of computing
    peak: int = 0  # KiB resident

    def add(self, other: "Outcome") -> None:
        for name in ("scored", "refused", "reasons"):
            getattr(self, name).update(getattr(other, name))
        self.findings += other.findings
        self.slowest, self.peak = max(self.slowest, other.slowest), max(self.peak, other.peak)

    @property
    def count(self) -> int:
        return self.scored.total() + self.refused.total() + len(self.findings)


def watch(seed: int, start: int, stop: int, cap: int = CAP, silence: float = SILENCE) -> Outcome:
    """Have mutations scored by child processes, one at a time: the next begins after the mutation that ended one."""
    outcome = Outcome()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")])}
    while start < stop:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as words:
            arguments = [sys.executable, *CHILD, *map(str, (seed, start, stop, cap)), folder]
            process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=words, env=environment)
            assert process.stdout is not None
            patience = max(silence, SILENCE)  # until the first line, for on a busy machine a start takes long
            while start < stop:
                ready, _, _ = select.select([process.stdout], [], [], patience)
                line = process.stdout.readline() if ready else b""
                if not line:
                    break
                kind, said, wrong, seconds, peak = json.loads(line)
                patience = silence
                outcome.slowest, outcome.peak = max(outcome.slowest, seconds), max(outcome.peak, peak)
                if wrong:
                    outcome.findings.append((start, wrong))
                elif said:
                    outcome.refused[kind] += 1
                    outcome.reasons[re.sub(r"\d[\d,.]*", "N", said)] += 1
                else:
                    outcome.scored[kind] += 1
                start += 1
            else:
                process.wait()
                break
            silent = process.poll() is None and not ready
            process.kill()
            process.wait()
            words.seek(0)
            told = words.read().decode(errors="replace").strip().splitlines()[-1:]
            what = f"silent for {silence:g} s" if silent else f"ended with status {process.returncode}"
            outcome.findings.append((start, " ".join([what, *told])))
            start += 1
    return outcome


def run(count: int, seed: int, jobs: int = 1, first: int = 0, keep: Path | None = None) -> Outcome:
    """Score so many mutations; keep the files of findings in a folder."""
    spans = [(start, min(start + SPAN, first + count)) for start in range(first, first + count, SPAN)]
    whole = Outcome()
    with ThreadPoolExecutor(jobs) as pool:
        for part in pool.map(lambda span: watch(seed, *span), spans):
            whole.add(part)
            for number, what in part.findings:
                print(f"mutation {number} of seed {seed}: {what}", file=sys.stderr, flush=True)
                if keep:
                    keep.mkdir(parents=True, exist_ok=True)
                    kind, data = mutation(seed, number)
                    (keep / f"{seed}-{number}.{kind.lower()}").write_bytes(data)
    return whole


def table(outcome: Outcome) -> Table:
    title = (
        f"{outcome.count:,} mutations: {len(outcome.findings)} findings; slowest {outcome.slowest:.1f} s of computing, "
        f"at most {outcome.peak / 1024:,.0f} MB resident, {len(outcome.reasons)} different reasons"
    )
    shown = Table(title=title)
    for name in ("kind of the seed", "scored", "refused with a reason"):
        shown.add_column(name, justify="left" if name.startswith("kind") else "right")
    for kind in kinds():
        shown.add_row(kind, f"{outcome.scored[kind]:,}", f"{outcome.refused[kind]:,}")
    shown.add_row("all", f"{outcome.scored.total():,}", f"{outcome.refused.total():,}")
    return shown


if __name__ == "__main__":
    seed, start, stop, cap = map(int, sys.argv[1:5])
    child(seed, start, stop, cap, sys.argv[5])
