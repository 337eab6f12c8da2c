"""What is free goes back to the system, and what is taken is told."""

import subprocess
import sys

import pytest

from beholder.serving.memory import resident_bytes

# Blocks as decoders take them for large pictures, between small ones that stay.
PROGRAM = """
import numpy as np
from beholder.serving.memory import resident_bytes, return_memory
return_memory()
def blocks():
    return [np.ones(16_000_000, np.uint8) for _ in range(20)], [np.ones(2000, np.uint8) for _ in range(1000)]
blocks()
before = resident_bytes()
large, small = blocks()
most = resident_bytes()
del large
print(most - before, resident_bytes() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system gives blocks back as it likes")
def test_large_blocks_go_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    most, after = map(int, done.stdout.split())
    assert most > 300_000_000 and after < 30_000_000


def test_what_is_taken_is_told() -> None:
    held = bytearray(b"x") * 50_000_000
    assert 50_000_000 < resident_bytes() < 10**12 and len(held) == 50_000_000
