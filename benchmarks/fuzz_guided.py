"""Damaged photographs again, led by coverage: what reaches new lines of `photo` and Pillow is kept and mutated further.

`pip install atheris && PYTHONPATH=src python -m benchmarks.fuzz_guided CORPUS -max_total_time=600`

CORPUS is a folder; the whole files of `fuzz` are put into it first. The arguments are libFuzzer's. An exception other
than PhotoError, a result that is not what `photo` promises, a crash, a silence or too much memory ends it, and the
input is left in the current folder. Compiled decoders are run but not instrumented: coverage is that of Python.
"""

import hashlib
import sys
from pathlib import Path

from benchmarks import fuzz

try:
    import atheris
except ImportError:
    sys.exit("error: guided fuzzing needs atheris, not installed: pip install atheris")

with atheris.instrument_imports(include=["beholder.photos.read", "PIL"]):
    from beholder.errors import PhotoError
    from beholder.photos import memory, read


OPTIONS = ["-max_len=20000", "-timeout=60", "-rss_limit_mb=4096"]
MAX_PIXELS = 4_000_000  # so that large pictures do not take the time; `fuzz` has them


def one(data: bytes) -> None:
    try:
        found = read.read_photo(data, (32, 32), name="photo")
    except PhotoError as error:
        said = str(error)
        assert said.startswith("photo: ") and said.isprintable() and len(said) < 600, said
    else:
        assert found.pixels.size and found.pixels.shape[2:] == (3,) and found.width * found.height > 0, (
            found.pixels.shape
        )


def main() -> None:
    corpus = next(Path(argument) for argument in sys.argv[1:] if not argument.startswith("-"))
    corpus.mkdir(parents=True, exist_ok=True)
    for kind in fuzz.kinds():
        for data in fuzz.seeds(kind):
            (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    memory.MAX_PIXELS = MAX_PIXELS
    atheris.Setup([sys.argv[0], *OPTIONS, *sys.argv[1:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
