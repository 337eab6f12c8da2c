"""Photographs over the limit are refused by their header; large ones share a budget and wait for each other."""

import contextlib
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from beholder.photos import memory
from beholder.photos.memory import PixelBudget
from beholder.photos.read import read_photo
from helpers.factories import dng
from helpers.hostile_photos import jpeg_of_scans
from helpers.known_picture import tiff
from helpers.photo_files import SMALL, chunk, encode, reason

BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(100_000)))
)


def test_bomb_is_refused_by_its_header():
    assert "50000 x 50000 pixels, more than the 250,000,000" in reason(BOMB)


def test_bomb_takes_no_memory(tmp_path):
    resource = pytest.importorskip("resource")
    assert resource
    (tmp_path / "bomb.png").write_bytes(BOMB)
    (tmp_path / "small.png").write_bytes(encode(SMALL, "PNG"))
    program = (
        "import resource, sys; from beholder import errors\nfrom beholder.photos import read\n"
        "read.read_photo(sys.argv[2])\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: read.read_photo(sys.argv[1])\n"
        "except errors.PhotoError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "bomb.png"), str(tmp_path / "small.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000 and done.stderr == ""  # kB on Linux


def test_our_cap_and_not_pillows(monkeypatch):
    data = encode(SMALL, "PNG")
    for theirs in (SMALL.size // 3 - 1, 100):  # where Pillow would warn, and where it would refuse
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", theirs)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for kind in ("PNG", "JPEG", "BMP", "WebP", "GIF", "TIFF"):
                assert read_photo(encode(SMALL, kind)).width == 96
            assert read_photo(encode(SMALL, "TIFF", compression="tiff_lzw")).width == 96
            assert read_photo(tiff((SMALL.transpose(2, 0, 1), {258: [8] * 3, 262: 2, 277: 3, 284: 2}))).width == 96
        assert theirs == Image.MAX_IMAGE_PIXELS
    monkeypatch.setattr(memory, "MAX_PIXELS", SMALL.size // 3 - 1)
    files = [encode(SMALL, kind) for kind in ("JPEG", "WebP", "TIFF", "GIF", "BMP")]
    for source in (data, SMALL, Image.fromarray(SMALL), *files):
        assert "96 x 64 pixels, more than the" in reason(source, (8, 8))


def test_no_pixels():
    assert "has no pixels" in reason(Image.new("RGB", (0, 5)))
    empty = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 9, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
    assert "PNG" in reason(empty)


def test_budget_is_never_exceeded_and_every_thread_gets_some():
    budget, used, most = PixelBudget(10), [], []
    lock = threading.Lock()

    def take(pixels):
        with budget.reserved(pixels):
            with lock:
                used.append(min(pixels, 10))
                most.append(sum(used))
            time.sleep(0.0005)
            with lock:
                used.remove(min(pixels, 10))

    with ThreadPoolExecutor(16) as pool:
        done = [pool.submit(take, pixels) for pixels in np.random.default_rng(0).integers(1, 13, 300).tolist()]
        for each in done:
            each.result(20)
    assert max(most) == 10 and len(most) == 300


def test_those_who_need_little_do_not_overtake_for_ever():
    budget, stop, got = PixelBudget(10), threading.Event(), threading.Event()

    def nibble():
        while not stop.is_set():
            with budget.reserved(2):
                time.sleep(0.001)

    def swallow():
        with budget.reserved(10):
            got.set()

    with ThreadPoolExecutor(9) as pool:
        for _ in range(8):  # together they need more than there is
            pool.submit(nibble)
        time.sleep(0.02)
        pool.submit(swallow)
        try:
            assert got.wait(10)
        finally:
            stop.set()


def test_an_interrupted_wait_leaves_the_budget_as_it_was():
    budget, full, let_go = PixelBudget(10), threading.Event(), threading.Event()

    def hold():
        with budget.reserved(10):
            full.set()
            let_go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert full.wait(5)
        with pytest.raises(KeyboardInterrupt):
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            with budget.reserved(1):
                pytest.fail("all pixels were reserved")
        let_go.set()
    with budget.reserved(10), pytest.raises(ValueError):
        raise ValueError
    with budget.reserved(10):
        pass


@pytest.mark.parametrize("size", [(1_000_001, 1), (1, 1_000_001)])
def test_a_side_that_resizing_could_not_take(size, monkeypatch):
    grey = np.zeros(size[::-1], np.uint8)
    for source in (grey, encode(grey, "PNG"), encode(grey, "BMP")):
        assert f"{size[0]} x {size[1]} pixels; a side is longer than 1,000,000: crop it" in reason(source)
    monkeypatch.setattr(memory, "MAX_SIDE", 1_000_001)
    assert read_photo(grey).width == size[0]


LARGE_ONES = {
    "PNG": encode(SMALL, "PNG"),
    "progressive JPEG": encode(SMALL, "JPEG", progressive=True),
    "JPEG in a pass for each colour": jpeg_of_scans(96, 64, 3, progressive=False, components=3),
    "DNG": dng(size=(96, 64)),
}


@pytest.mark.parametrize("kind", LARGE_ONES)
def test_large_pictures_wait_for_each_other_and_small_ones_pass(kind, monkeypatch):
    monkeypatch.setattr(memory, "LARGE_PIXELS", 6000)  # of the 6,144 that SMALL has
    monkeypatch.setattr(memory, "PIXEL_BUDGET", PixelBudget(3 * 6144))
    tiny = encode(SMALL[:32, :32], "PNG")
    with ThreadPoolExecutor(8) as pool, contextlib.ExitStack() as until:
        for _ in range(3):
            read_photo(LARGE_ONES[kind], (8, 8), name="a.dng", reservation=until)
        waiting = [pool.submit(read_photo, LARGE_ONES[kind], (8, 8), name="a.dng") for _ in range(4)]
        assert pool.submit(read_photo, tiny).result(10).width == 32
        assert pool.submit(read_photo, encode(SMALL, "JPEG"), (8, 8)).result(10).width == 96  # reduced, so small
        with pytest.raises(TimeoutError):
            waiting[0].result(0.2)
        assert not any(each.done() for each in waiting)
        until.close()
        assert [each.result(10).width for each in waiting] == [96] * 4


def test_a_picture_that_fails_gives_its_pixels_back(monkeypatch):
    monkeypatch.setattr(memory, "LARGE_PIXELS", 100)
    monkeypatch.setattr(memory, "PIXEL_BUDGET", PixelBudget(6144))
    cut = LARGE_ONES["PNG"][:-4000]
    damaged = bytearray(chunk(b"tEXt", b"x\0y"))
    damaged[-1] ^= 1
    for _ in range(3):
        assert "PNG" in reason(cut)
        assert "JPEG" in reason(LARGE_ONES["progressive JPEG"][:-900])
        assert read_photo(LARGE_ONES["progressive JPEG"][:-2]).width == 96
        assert read_photo(LARGE_ONES["PNG"][:-12] + bytes(damaged)).width == 96
    assert read_photo(LARGE_ONES["PNG"]).width == 96


@pytest.mark.parametrize(("tile", "pixels"), [((16, 16), 48 * 64), ((640, 480), 640 * 480)])
def test_tiles_larger_than_the_picture_count(tile, pixels, monkeypatch):
    asked = []

    class Budget(PixelBudget):
        def reserved(self, pixels):
            asked.append(pixels)
            return super().reserved(pixels)

    monkeypatch.setattr(memory, "LARGE_PIXELS", 100)
    monkeypatch.setattr(memory, "PIXEL_BUDGET", Budget(10**6))
    count = -(-64 // tile[0]) * -(-48 // tile[1])
    data = tiff(([bytes(tile[0] * tile[1])] * count, {256: 64, 257: 48, 322: tile[0], 323: tile[1]}))
    assert read_photo(data).width == 64
    assert len(asked) == 1 and pixels <= asked[0] <= 1.3 * pixels
