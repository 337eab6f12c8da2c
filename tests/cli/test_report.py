"""`beholder report`."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from helpers.commands import SLOWLY, Done, save_bad
from helpers.factories import save_photos


def size_of_all(folder: Path) -> int:
    """Of the files in it. The command removes the empty one by which it tries the folder, maybe while this looks."""
    size = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def test_report(beholder: Callable[..., Done], tmp_path: Path) -> None:
    good, bad = save_photos(tmp_path / "photos", 3), save_bad(tmp_path / "photos")
    done = beholder("report", "photos")
    assert done.code == 3 and done.out == "report.html\n"
    text = (tmp_path / "report.html").read_text("utf-8")
    assert text.count('class="photograph"') == len(good) and text.count('class="failure"') == len(bad)
    assert beholder("report", *bad).code == 1
    assert (tmp_path / "report.html").read_text("utf-8") == text


def test_stopped_report_holds_what_was_done(crowd: Path, colour_model: Path, tmp_path: Path) -> None:
    arguments = ["report", crowd, "-m", colour_model, "-o", tmp_path / "r.html"]
    command = [*SLOWLY, *map(str, arguments), "--workers", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        while process.poll() is None and size_of_all(tmp_path) < 90_000:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert os.listdir(tmp_path) == ["r.html"]
    count = (tmp_path / "r.html").read_text("utf-8").count('class="photograph"')
    assert f"\n{count} scored in " in f"\n{err.decode()}" and 1 < count < 294
