"""What is printed is harmless and can be said, whoever wrote it, and goes through one place."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from beholder.console import make_console
from beholder.terminal import SafeStream, say, show, show_json
from helpers.factories import SOURCE

HOSTILE = "\x1b]0;own\x07 \x9b31m \x7f \u202egpj \u200b \u2028 \r [bold]x[/] \udc80"
ESCAPED = r"\x1b]0;own\x07 \x9b31m \x7f \u202egpj \u200b \u2028 \r [bold]x[/] \udc80"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii", "latin-1", "utf-16"])
def test_a_safe_stream_says_everything_and_does_nothing(encoding: str) -> None:
    raw = io.BytesIO()
    stream = SafeStream(raw, encoding, "beholder.escapes")
    print(HOSTILE, "\t…\u65e5", file=stream)
    stream.writelines([HOSTILE])
    stream.write_styled("\x1b[1m")
    stream.flush()
    say_it = {"utf-8": "\u2026\u65e5", "utf-16": "\u2026\u65e5", "cp1252": "\u2026\\u65e5"}.get(encoding, "...\\u65e5")
    assert raw.getvalue().decode(encoding) == f"{ESCAPED} \t{say_it}\n{ESCAPED}\x1b[1m"


def test_lines_and_documents(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"a\n{HOSTILE}")
    show(f"b\n{HOSTILE}")
    show_json({"a": HOSTILE})
    say("x" * 10**6)
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert first == f"a\\n{ESCAPED}" and len(second) < 6000
    assert out.startswith(f"b\\n{ESCAPED}\n{{\n") and out.isascii() and "\x1b" not in out and "\x7f" not in out


def test_a_console_has_no_markup_and_no_colours_in_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "GITHUB_ACTIONS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COLUMNS", "1")
    make_console().print(HOSTILE, ":smile:", style="bold red")
    assert (
        capsys.readouterr().out == ESCAPED.replace(r"\r", "").replace(r"\x07", "") + " :smile:\n"
    )  # rich drops the two


def prepared(code: str, closed: tuple[int, ...] = (), **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A program that begins as the command line does, in a process of its own, some of whose streams are closed."""
    close = "".join(f"{number}>&- " if number else "<&- " for number in closed)
    before = "import sys, os; from beholder.terminal import prepare; prepare(); "
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {close}', sys.executable, before + code],
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_nothing_takes_the_place_of_a_closed_stream(closed: tuple[int, ...], tmp_path: Path) -> None:
    code = (
        f"file = open({str(tmp_path / 'x.csv')!r}, 'w'); print('out'); print('err', file=sys.stderr); os.write(1, b'C')"
    )
    done = prepared(f"{code}; os.write(2, b'C'); assert sys.stdin.read() == ''; prepare(); file.write('mine')", closed)
    assert done.returncode == 0
    assert (tmp_path / "x.csv").read_text() == "mine"
    assert (b"out" in done.stdout) == (1 not in closed) and (b"err" in done.stderr) == (2 not in closed)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii:strict", "latin-1", "utf-16", "utf-8"])
def test_every_encoding_is_written(encoding: str) -> None:
    done = prepared(
        "print('r\u00f6ck \u65e5 \u2026 \x1b')".encode("unicode_escape").decode(), PYTHONIOENCODING=encoding
    )
    assert done.returncode == 0 and done.stderr == b""
    text = done.stdout.decode(encoding.partition(":")[0])
    assert text.startswith("r\u00f6ck" if "ascii" not in encoding else "r\\xf6ck") and text.endswith(" \\x1b\n")


def test_nothing_is_printed_past_it() -> None:
    """Only `beholder.terminal` prints; consoles of rich are those of `beholder.console`."""
    around = re.compile(r"typer\.echo|click\.echo|\bprint\(|sys\.std(out|err)\.write|[^_.]Console\(|traceback\.print")
    allowed = {"terminal.py": 0, "console.py": 2, "last_net.py": 1}  # a traceback is for who asks for it
    for path in (SOURCE / "beholder").rglob("*.py"):
        code = [line for line in path.read_text("utf-8").splitlines() if not re.match(r"\s*(>>>|\.\.\.|#)", line)]
        found = [line for line in code if around.search(line) and ".print(" not in line.replace("traceback.print", "")]
        assert len(found) <= allowed.get(path.name, 0), (path, found)
