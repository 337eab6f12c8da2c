"""Photographs that ask for much: what they are made of, and what reading them takes."""

import json
import os
import struct
import subprocess
import sys

from helpers.factories import REPOSITORY, SOURCE
from helpers.photo_files import xyz

PROGRAM = """
import json, resource, sys, time
from beholder.errors import PhotoError
from beholder.photos.read import read_photo
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
read_photo(sys.argv[1])
for path in sys.argv[1:]:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(began) + 12, resource.RLIM_INFINITY))
    try:
        read_photo(path, (336, 336))
        said = ""
    except PhotoError as error:
        said = str(error)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps([said, time.process_time() - began, grown / 1024]), flush=True)
"""


def costs(folder, files):
    """Name -> (reason or empty, seconds of processor time, megabytes more), read in a process of its own.

    A file that takes 12 seconds ends the process, and is missing as all after it are.
    """
    for name, data in files.items():
        (folder / name).write_bytes(data)
    paths = [str(REPOSITORY / "examples" / "photos" / "rocket.jpg"), *(str(folder / name) for name in files)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *paths]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=600)
    return dict(zip(files, map(json.loads, done.stdout.splitlines()[1:]), strict=False))


def segment(marker, content):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def frame(marker, width, height, components):
    layers = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    return segment(marker, struct.pack(">BHHB", 8, height, width, components) + layers)


def jpeg_of_scans(width, height, scans, *, progressive=True, components=1):
    """A JPEG of zeros in so many scans.

    Codes: 0 is a DC of zero, 00 the end of a block, 01 and 14 bits the end of 2**14 blocks.
    """
    blocks = -(-width // 8) * -(-height // 8)
    head = b"\xff\xd8" + segment(0xDB, b"\0" + bytes([1] * 64))
    head += frame(0xC2 if progressive else 0xC0, width, height, components)
    head += segment(0xC4, b"\x00" + bytes([1, 1, *[0] * 14, 0, 1]))
    head += segment(0xC4, b"\x10" + bytes([0, 3, *[0] * 14, 0x00, 0xE0, 0x01]))
    if progressive:
        whole, rest = divmod(blocks, 2**14)
        codes = ("01" + "0" * 14) * whole + "00" * rest
        codes += "1" * (-len(codes) % 8)
        first = segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(-(-blocks // 8))
        again = segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + int(codes, 2).to_bytes(len(codes) // 8, "big")
        body = first + again * (scans - 1)
    else:
        zeros = bytes(-(-3 * blocks // 8))
        body = b"".join(segment(0xDA, bytes([1, 1 + n % components, 0, 0, 63, 0])) + zeros for n in range(scans))
    return head + body + b"\xff\xd9"


def chain(count, kind=b"matf"):
    """The content of a D2Bx tag: one processing element, named `count` times."""
    if kind == b"matf":
        element = b"matf\0\0\0\0" + struct.pack(">HH12f", 3, 3, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    else:  # three curves of two segments
        part = b"parf\0\0\0\0" + struct.pack(">HH4f", 0, 0, 1, 1, 0, 0)
        curve = b"curf\0\0\0\0" + struct.pack(">HHf", 2, 0, 0.5) + part * 2
        element = b"cvst\0\0\0\0" + struct.pack(">HH", 3, 3) + struct.pack(">II", 36, len(curve)) * 3 + curve
    head = b"mpet\0\0\0\0" + struct.pack(">HHI", 3, 3, count)
    return head + struct.pack(">II", 16 + 8 * count, len(element)) * count + element


def table(kind, inputs, outputs, points, content):
    """An A2Bx tag of type mft1 or mft2 with this content after its curves."""
    curves = b"" if kind == b"mft1" else struct.pack(">HH", 2, 2)
    entries = 256 if kind == b"mft1" else 4
    ramp = bytes(range(256)) if kind == b"mft1" else b"\0\0\xff\xff"
    assert len(ramp) == entries
    matrix = struct.pack(">9i", *(65536 if n % 4 == 0 else 0 for n in range(9)))
    return (
        kind
        + bytes([0, 0, 0, 0, inputs, outputs, points, 0])
        + matrix
        + curves
        + ramp * inputs
        + content
        + ramp * outputs
    )


def grid_tag(inputs, outputs, points, content):
    """An A2Bx tag of type mAB with one grid of bytes."""
    linear = b"curv\0\0\0\0\0\0\0\0"
    at = 32 + 12 * outputs
    head = b"mAB \0\0\0\0" + bytes([inputs, outputs, 0, 0])
    sizes = bytes([points] * inputs).ljust(16, b"\0") + bytes([1, 0, 0, 0])
    offsets = struct.pack(">5I", 32, 0, 0, at, at + 20 + len(content))
    return head + offsets + linear * outputs + sizes + content + linear * inputs


def primaries(columns, curve):
    return {f"{c}XYZ".encode(): xyz(columns[:, i]) for i, c in enumerate("rgb")} | {
        f"{c}TRC".encode(): curve for c in "rgb"
    }
