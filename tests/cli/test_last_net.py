"""Whatever goes wrong is one line on standard error, and a traceback only for who asks for one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beholder.scoring import batch
from helpers.commands import apart, read_table
from helpers.factories import COMMAND, REPOSITORY, SOURCE, save_model, save_photo, save_photos

ERRORS = [
    (
        RuntimeError("boom\nand \x1b[31m"),
        "RuntimeError: boom and \\x1b[31m; this is a fault of beholder, please report",
    ),
    (KeyError(3), "KeyError: 3; this is a fault"),
    (AssertionError(), "AssertionError: AssertionError; this is a fault"),
    (RecursionError("too deep"), "RecursionError: too deep; this is a fault"),
    (UnicodeEncodeError("ascii", "\xe9", 0, 1, "no"), "UnicodeEncodeError: 'ascii' codec"),
    (UnicodeDecodeError("ascii", b"\xe9", 0, 1, "no"), "UnicodeDecodeError: 'ascii' codec"),
    (MemoryError(), "there is not enough memory"),
    (ImportError("libfoo.so: no such file", name="foo.bar"), "foo cannot be loaded (libfoo.so: no such file); install"),
    (ImportError("no part", name="PIL"), "pip install --force-reinstall pillow"),
    (ImportError("no part", name="beholder.nothing"), "ImportError: no part; this is a fault"),
    (EOFError(), "EOFError: EOFError; this is a fault"),
]


@pytest.mark.parametrize(("error", "says"), ERRORS)
@pytest.mark.parametrize("debug", [False, True])
def test_an_unexpected_error_is_one_line(
    beholder: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: Exception, says: str, debug: bool
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("beholder.scoring.scorer.Scorer.__init__", fail)
    if debug:
        monkeypatch.setenv("BEHOLDER_DEBUG", "1")
        monkeypatch.setattr("helpers.commands.TRACEBACKS_ALLOWED", True)
    done = beholder("score", "x.jpg")
    assert done.code == 1 and done.out == ""
    assert done.err.splitlines()[-1].startswith("error: ") and says in done.err.splitlines()[-1]
    assert ("Traceback" in done.err) == debug and (debug or done.err.count("\n") == 1)


@pytest.mark.parametrize("error", [RuntimeError("boom"), MemoryError(), RecursionError("deep")])
@pytest.mark.parametrize("part", ["read_photo", "read_bytes"])
def test_an_unexpected_error_of_a_decoding_thread_is_one_line(
    beholder: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part: str, error: Exception
) -> None:
    """Most of what was scored before it is kept."""

    def fail_once(*given: Any, **options: Any) -> Any:
        if "7.jpg" in f"{given[0] if part == 'read_bytes' else options.get('name')}":
            raise error
        return whole(*given, **options)

    whole = getattr(batch, part)
    monkeypatch.setattr(batch, part, fail_once)
    save_photos(tmp_path / "photos", 9)
    done = beholder("score", "photos", "--out", "x.csv", "-q", "--workers", 1, "--batch", 1)
    assert done.code in (1, 3) and done.err.count("\n") == 1
    assert "7.jpg" in done.err or done.err.startswith("error: ")
    assert [row["path"] for row in read_table(tmp_path / "x.csv")][:3] == [f"photos/{n}.jpg" for n in (1, 2, 3)]


def run(code: str, **environment: str) -> tuple[int, str]:
    """Status and standard error of a program in a process of its own."""
    given = {"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin", **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("library", ["numpy", "onnxruntime", "PIL", "typer"])
def test_a_library_that_cannot_be_loaded_is_one_line(library: str, colour_model: Path, tmp_path: Path) -> None:
    (tmp_path / library).mkdir()
    (tmp_path / library / "__init__.py").write_text("raise ImportError('IMPORTANT:\\n\\nlibx.so: no such file')")
    environment = {"PYTHONPATH": f"{tmp_path}:{REPOSITORY / 'src'}"}
    save_photo(tmp_path / "a.jpg", 1)
    words = ["score", str(tmp_path / "a.jpg"), "-m", str(colour_model)]
    command = f"import sys; sys.argv[1:] = {words}; from beholder.cli import main; main()"
    status, err = run(command, **environment)
    assert status == 1 and err.count("\n") == 1
    assert err.startswith(
        f"error: {library} cannot be loaded (IMPORTANT: libx.so: no such file); install it again: pip"
    )


def test_an_error_in_a_thread_is_one_line() -> None:
    threads = "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start(); thread.join()"
    status, err = run(f"from beholder.cli import last_net\nlast_net.install()\n{threads}")
    assert (
        status == 0 and err.count("\n") == 1 and err.startswith("error: ZeroDivisionError: division by zero; this is")
    )
    assert (
        "Traceback" in run(f"from beholder.cli import last_net\nlast_net.install()\n{threads}", BEHOLDER_DEBUG="1")[1]
    )


def test_an_error_while_python_ends_is_not_mentioned() -> None:
    code = "from beholder.cli import last_net\nlast_net.install()\nclass A:\n    def __del__(self): 1 / 0\nA()"
    assert run(code) == (0, "")
    assert "ZeroDivisionError" in run(code, BEHOLDER_DEBUG="1")[1]


@pytest.mark.slow
def test_python_options_change_nothing(colour_model: Path) -> None:
    for options in (["-OO"], ["-X", "dev", "-W", "error"]):
        command = [COMMAND[0], *options, *COMMAND[1:]]
        done = subprocess.run([*command, "info", colour_model], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == apart("info", colour_model).out


def test_a_warning_is_one_line(tmp_path: Path) -> None:
    photos = save_photos(tmp_path / "photos", 40)
    done = apart("score", *photos, "-m", save_model(tmp_path / "m.onnx", shift=20), "-q")
    assert done.code == 0 and done.err.count("\n") == 1
    assert done.err.startswith("warning: model colour@") and "beyond its scale, 1 to 7" in done.err
