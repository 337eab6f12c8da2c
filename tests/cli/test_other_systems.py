"""Commands without what Windows and macOS lack. Neither was at hand: what Linux has beyond them is taken away."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from helpers.factories import save_model, save_photo

MACOS = {"os": ("posix_fallocate", "sched_getaffinity", "sched_setaffinity", "memfd_create", "O_TMPFILE")}
WINDOWS = {
    "os": (
        *MACOS["os"],
        *("fork", "forkpty", "register_at_fork", "fchown", "chown", "fchmod", "getuid", "geteuid", "mkfifo", "killpg"),
        *(
            "statvfs",
            "fstatvfs",
            "sysconf",
            "pread",
            "O_NOFOLLOW",
            "O_NONBLOCK",
            "O_NOCTTY",
            "O_CLOEXEC",
            "O_DIRECTORY",
        ),
    ),
    "signal": ("SIGHUP", "SIGALRM", "SIGUSR1", "setitimer", "pthread_sigmask"),
    "": ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp"),  # modules
}
# All in one process, because a start takes longer than a command.
ALL = """
import importlib, json, multiprocessing, os, sys
missing, commands = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for name in missing.pop("", []):
    sys.modules[name] = None
for module, names in missing.items():
    for name in names:
        vars(importlib.import_module(module)).pop(name, None)
multiprocessing.set_start_method("spawn")
from beholder.terminal import prepare, say
prepare()
from beholder.cli.app import app
for words in commands:
    try:
        app(words, prog_name="beholder")
    except SystemExit as end:
        say(f"status {end.code} {' '.join(words)}")
"""
COMMANDS = (
    "score photos -m m.onnx --out scores.csv --quiet",
    "score photos -m m.onnx --out scores.csv --resume --quiet",
    "score a.tar -m m.onnx --out out/{unit}.csv --quiet",
    "merge out --out merged.csv",
    "report photos -m m.onnx --out page.html --quiet",
    "explain photos/0.jpg -m m.onnx --grid 2 --out why.png",
    "evaluate m.onnx --data photos/r.csv --split all",
    "info m.onnx",
    "score photos/0.jpg -m fast",
    "cull photos --model fast --out cull.csv --copy-picks picks --quiet",
    "score missing.jpg -m m.onnx",
)


@pytest.mark.parametrize(
    "missing", [pytest.param(MACOS, id="macos", marks=pytest.mark.slow), pytest.param(WINDOWS, id="windows")]
)
def test_commands_without_what_a_system_lacks(missing: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    save_model(tmp_path / "m.onnx")
    (tmp_path / "photos").mkdir()
    for number in range(12):
        save_photo(tmp_path / "photos" / f"{number}.jpg", number)
    rows = "".join(f"{number}.jpg,{number + 1}\n" for number in range(12))
    (tmp_path / "photos" / "r.csv").write_text(f"image,score\n{rows}")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(tmp_path / "photos" / "0.jpg", "0.jpg")
    given = json.dumps(missing), json.dumps([each.split() for each in COMMANDS])
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [sys.executable, "-c", ALL, *given],
        check=False,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=300,
    )
    said = done.stderr.decode("cp1252")
    status = [line.split()[1] for line in said.splitlines() if line.startswith("status ")]
    assert status == ["0"] * (len(COMMANDS) - 1) + ["1"], said
    assert "Traceback" not in said
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 13
    assert len((tmp_path / "merged.csv").read_text().splitlines()) == 2
