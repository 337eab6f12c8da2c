"""Stopping a program from outside: by any signal that stops, whatever a model or a decoder is doing."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beholder.cli import app
from helpers.broken_models import endless, with_graph
from helpers.commands import Done, read_table
from helpers.factories import COMMAND, MAIN, save_model, save_photos, slowed

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
DEADLINE = 60


def slowly(*each: object) -> list[Any]:
    """Cases that take a second or two each, and are much like another."""
    return [pytest.param(one, marks=pytest.mark.slow) for one in each]


def stuck(where: str) -> list[str]:
    """Beholder with a decoder that says when it begins and computes for minutes, in C, where no signal reaches it."""
    decoder = "lambda *a, **k: (os.write(1, b'begun'), hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9))"
    return [sys.executable, "-c", f"import hashlib, os\nimport {where} as place\nplace.read_photo = {decoder}\n{MAIN}"]


def busy(command: list[str]) -> list[str]:
    """The same, saying when a model begins to run."""
    run = "lambda *a, **k: (os.write(1, b'begun'), run(*a, **k))[1]"
    before = f"import os\nimport beholder.scoring.scorer as place\nrun = place.run_session\nplace.run_session = {run}\n"
    return [sys.executable, "-c", before + command[-1]]


def between_locks(command: list[str]) -> list[str]:
    """The same, stopping itself while the main thread waits for a model, where it has just given back a lock."""
    before = """import os, signal, threading
import beholder.scoring.scorer as place
run, release = place.run_session, threading.Condition._release_save
def released(self):
    state = release(self)
    if running and threading.current_thread() is threading.main_thread():
        signal.raise_signal(running.pop())
    return state
running = []
place.run_session = lambda *a, **k: (running.append(signal.SIGTERM), os.write(1, b'begun'), run(*a, **k))[2]
threading.Condition._release_save = released
"""
    return [sys.executable, "-c", before + command[-1]]


def stop(command: list[object], *numbers: int) -> Done:
    """Runs a command, and once it has begun sends it these signals."""
    parts = [str(part) for part in command]
    with subprocess.Popen(parts, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"begun"
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.3)  # two signals at once may come as one
        try:
            _, err = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    return Done(process.returncode, "", err.decode())


@pytest.fixture(scope="module", autouse=True)
def _hangup_is_not_ignored() -> Iterator[None]:
    """As it is where the tests themselves were started by nohup; programs that they start would inherit it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few") / "photos"
    save_photos(folder, 9)
    return folder


@pytest.fixture(scope="module")
def endless_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that loads as any other, and never ends."""
    path = save_model(tmp_path_factory.mktemp("model") / "endless.onnx")
    with_graph(endless)(path)
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, *slowly(signal.SIGINT, signal.SIGHUP)])
def test_a_model_that_never_ends_is_stopped_in_order(
    number: int, photos: Path, endless_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.csv"
    done = stop([*busy(COMMAND), "score", photos, "-m", endless_model, "-o", out], number)
    assert done.code == 130 and done.err.splitlines()[-1] == "stopped"
    assert read_table(out) == [] and os.listdir(tmp_path) == ["x.csv"]


@pytest.mark.parametrize("name", ["explain", *slowly("score")])
def test_a_stop_between_the_locks_of_python_is_a_stop(
    name: str, photos: Path, endless_model: Path, tmp_path: Path
) -> None:
    """Python itself then says that a lock is unlocked which it wanted to unlock."""
    out = tmp_path / {"explain": "e.png", "score": "x.csv"}[name]
    done = stop([*between_locks(COMMAND), name, photos / "1.jpg", "-m", endless_model, "-o", out])
    assert done.code == 130 and done.err.splitlines()[-1] == "stopped"


@pytest.mark.parametrize("command", [["explain", "-o", "e.png"], *slowly(["report", "-o", "r.html"])])
def test_nothing_half_written_is_left(command: list[str], photos: Path, endless_model: Path, tmp_path: Path) -> None:
    name, option, out = command
    given = photos if name == "report" else photos / "1.jpg"
    done = stop([*busy(COMMAND), name, given, "-m", endless_model, option, tmp_path / out], signal.SIGINT)
    assert done.code == 130 and done.err.splitlines()[-1] == "stopped"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("numbers", [[signal.SIGINT], *slowly([signal.SIGTERM, signal.SIGINT])], ids=["once", "twice"])
def test_a_decoder_that_takes_minutes_is_not_waited_for(
    numbers: list[int], photos: Path, colour_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.csv"
    done = stop([*stuck("beholder.scoring.batch"), "score", photos, "-m", colour_model, "-o", out], *numbers)
    assert done.code == 130 and "stopped" in done.err and out.read_bytes().startswith(b"path,")


@pytest.mark.parametrize("number", [signal.SIGHUP, *slowly(signal.SIGINT, signal.SIGTERM)])
def test_a_second_signal_ends_what_no_handler_reaches(
    number: int, photos: Path, colour_model: Path, tmp_path: Path
) -> None:
    """Here the main thread is in the decoder."""
    out = tmp_path / "x.png"
    command = [*stuck("beholder.scoring.scorer"), "explain", photos / "1.jpg", "-m", colour_model, "-o", out]
    assert stop(command, number, signal.SIGINT).code == 130
    assert os.listdir(tmp_path) == []


def test_a_signal_that_was_ignored_stays_ignored(photos: Path, colour_model: Path) -> None:
    """As nohup starts a program."""
    ignoring = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
    command = [*slowed(0.1, b"begun"), "score", photos, "-m", colour_model]
    assert stop([*ignoring, *command], signal.SIGHUP, signal.SIGHUP).code == 0


@pytest.mark.parametrize("suffix", [".csv", *slowly(".html")])
def test_a_terminal_that_is_closed_is_a_stop(suffix: str, photos: Path, colour_model: Path, tmp_path: Path) -> None:
    """What is finished is put away, though nothing can be said any more."""
    out, name = tmp_path / f"x{suffix}", "score" if suffix == ".csv" else "report"
    command = [*slowed(0.1, b"begun"), name, photos, "-m", colour_model, "-o", out, "--batch", "1", "--workers", "1"]
    child, terminal = pty.fork()
    if not child:
        os.execv(command[0], [str(part) for part in command])
    shown, until = b"", time.monotonic() + DEADLINE
    while shown.count(b"begun") < 4 and time.monotonic() < until:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    text = out.read_text("utf-8")
    done = text.count("\n") - 1 if suffix == ".csv" else text.count('class="photograph"')
    assert 1 <= done < 9 and os.listdir(tmp_path) == [out.name]


def test_main_in_another_thread(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """There signals cannot be handled, and are not."""
    monkeypatch.setattr(sys, "argv", ["beholder", "--version"])
    codes: list[object] = []

    def run() -> None:
        with pytest.raises(SystemExit) as caught:
            app.main()
        codes.append(caught.value.code)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert codes == [0] and capsys.readouterr().out.startswith("beholder ")


def test_the_program_leaves_signals_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["beholder", "--version"])
    before: list[Callable[..., object] | int | None] = [signal.getsignal(each) for each in SIGNALS]  # type: ignore[misc]
    with pytest.raises(SystemExit):
        app.main()
    assert [signal.getsignal(each) for each in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.slow
def test_threads_are_few_where_few_are_asked_for(photos: Path, colour_model: Path) -> None:
    """The main thread, one that decodes, one that runs the model, one that counts signals."""
    count = "lambda *a, **k: (os.write(1, f'{len(os.listdir(\"/proc/self/task\"))} '.encode()), run(*a, **k))[1]"
    before = (
        f"import os\nimport beholder.scoring.scorer as place\nrun = place.run_session\nplace.run_session = {count}\n"
    )
    options = ["--threads", "1", "--workers", "1", "-q"]
    command = [sys.executable, "-c", before + MAIN, "score", str(photos), "-m", str(colour_model), *options]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # numpy's own
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert max(map(int, done.stdout.split())) <= 4
