"""Every command in odd surroundings: hostile names and models, poor encodings, forced colours, odd terminals."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from helpers.commands import on_terminal
from helpers.factories import COMMAND, save_model, save_photo

HOSTILE = "\x1b]0;own\x07\x9b31m\x7f\u202egpj\u200b\n\r[bold]x[/]"
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
# All in one process, because a start takes longer than a command: the status of each, then its name, on standard error.
ALL = """
import json, sys
from beholder.terminal import prepare, say
prepare()
from beholder.cli.app import app
for words in json.load(open("commands.json")):
    try:
        app(words, prog_name="beholder")
    except SystemExit as end:
        say(f"status {end.code} {words[0]}")
"""


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder of photographs, a model and tables with hostile names and texts."""
    save_model(tmp_path / "m.onnx", words=HOSTILE)
    photos = tmp_path / f"photos {HOSTILE[:-4]}"  # without its slash
    photos.mkdir()
    for number in range(12):
        save_photo(photos / f"{number} {HOSTILE[:-4]} r\u00f6ck \u65e5.jpg", number)
    (photos / f"bad {HOSTILE[:-4]}.jpg").write_text("no")
    names = [path.name for path in sorted(photos.glob("[0-9]*"))]
    rows = "".join(f'"{name}",{number % 5 + 1},"{HOSTILE}"\n' for number, name in enumerate(names))
    (photos / "r.csv").write_text(f'image,"score [bold]\x1b]0;own",notes\n{rows}', newline="")
    return tmp_path


def commands(odd: Path) -> list[list[str]]:
    """One of each, right and wrong."""
    (photos,) = odd.glob("photos*")
    one, table, model = str(next(iter(sorted(photos.glob("[0-9]*"))))), str(photos / "r.csv"), ["-m", "m.onnx"]
    return [
        ["info", "m.onnx"],
        ["info", "m.onnx", "--json"],
        ["score", str(photos), *model],
        ["score", str(photos), *model, "--json"],
        ["score", str(photos), *model, "--out", f"out {HOSTILE[:-4]}.csv", "-q"],
        ["score", one, *model, "--sort", HOSTILE],
        ["score", HOSTILE, *model],
        ["score", one, "-m", HOSTILE],
        ["score", one, "-m", one],
        ["score", f"--{HOSTILE}"],
        [HOSTILE],
        ["score", one, "--top", HOSTILE],
        ["explain", one, *model, "--grid", "2", "--out", f"out {HOSTILE[:-4]}.png"],
        ["explain", one, *model, "--task", HOSTILE],
        ["report", str(photos), *model, "--title", HOSTILE, "--out", f"out {HOSTILE[:-4]}.html"],
        ["taste", "fit", "m.onnx", table, "--out", f"out {HOSTILE[:-4]}.json"],
        ["score", one, *model, "--taste", table],
        ["evaluate", "m.onnx", "--data", table, "--split", "all"],
        ["evaluate", "m.onnx", "--data", table, "--split", "all", "--json"],
        ["evaluate", "m.onnx", "--data", HOSTILE],
        ["data", "stats", table],
        ["weights", "fetch", HOSTILE],
        ["train", "probe", "--data", table, "--out", HOSTILE],
        ["--version"],
    ]


FORCED = dict.fromkeys(("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "TTY_COMPATIBLE", "GITHUB_ACTIONS"), "1")
TAKES_SECONDS = ("evaluate", "train")


@pytest.mark.parametrize(
    ("encoding", "environment", "left_out"),
    [
        ("cp1252", {**FORCED, "COLUMNS": "1"}, TAKES_SECONDS),
        pytest.param("utf-8", FORCED, (), marks=pytest.mark.slow),
        pytest.param("ascii", {"COLUMNS": "100000", "TERM": "xterm-256color"}, (), marks=pytest.mark.slow),
    ],
)
def test_no_command_lets_anything_harmful_out(
    encoding: str, environment: dict[str, str], left_out: tuple[str, ...], odd: Path
) -> None:
    chosen = [words for words in commands(odd) if words[0] not in left_out]
    (odd / "commands.json").write_text(json.dumps(chosen))
    done = subprocess.run(
        [sys.executable, "-c", ALL],
        cwd=odd,
        env={**os.environ, **environment, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=240,
        check=False,
    )
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert done.returncode == 0, err[-2000:]
    for text in (out, err):
        found = HARMFUL.search(text)
        assert not found, ascii(text[max(found.start() - 200, 0) :][:400])
        assert "Traceback" not in text and "fault of beholder" not in text
    statuses = "".join(line.split()[1] for line in err.splitlines() if line.startswith("status "))
    assert statuses == ("00333111122201301010" if left_out else "003331111222013010010110")
    assert r"\x1b]0;own" in out and "[bold]x[/]" in out and ("r\u00f6ck" in out or encoding == "ascii")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COLUMNS", "0"),
        pytest.param("TERM", "dumb", marks=pytest.mark.slow),
        *(
            pytest.param(name, value, marks=pytest.mark.slow)
            for name, values in {"COLUMNS": ("1", "abc", "100000", "40"), "TERM": ("", "unknown")}.items()
            for value in values
        ),
    ],
)
def test_terminals_of_any_kind(name: str, value: str, odd: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", name: value}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(
        [*COMMAND, "info", "m.onnx"], cwd=odd, env=environment, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # by which Linux says that the other side is closed
            while part := os.read(ours, 65536):
                shown += part
        os.close(ours)
    assert process.returncode == 0
    assert b"\x1b" not in shown or value != "dumb"
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).replace("\r\n", "\n")
    assert "warmth" in text and not HARMFUL.search(text)


def test_a_terminal_gets_only_our_own_sequences(odd: Path) -> None:
    (photos,) = odd.glob("photos*")
    shown = on_terminal(100, ["score", photos, "-m", odd / "m.onnx"]).replace("\r\n", "\n")
    shown = shown.replace("\r", "")  # a progress bar goes back to the beginning of its line
    assert not HARMFUL.search(shown) and "own" in shown, ascii(shown)


def test_a_table_on_a_terminal_has_escapes(odd: Path) -> None:
    (photos,) = odd.glob("photos*")
    shown = on_terminal(100, ["score", photos, "-m", odd / "m.onnx", "--out", "-", "-q"]).replace("\r\n", "\n")
    assert not HARMFUL.search(shown) and shown.startswith("path,") and "own" in shown, ascii(shown)
