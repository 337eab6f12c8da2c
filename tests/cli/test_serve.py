"""`beholder serve`: what is wrong is a line before anything is opened. What it does is tested in tests/serving."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.commands import Done

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            "--host 0.0.0.0",
            "--host 0.0.0.0: others can reach this address, so requests need a token: give --token-file",
        ),
        ("--host 300.1.1.1", "--host 300.1.1.1: is no address of this machine"),
        ("--max-body 64XB", "--max-body 64XB: give a number such as 500KB"),
        ("--max-pixels lots", "--max-pixels lots: give a number such as 500KP"),
        ("--token-file nowhere", "nowhere: no such file; make one: head -c 24"),
        ("--token-file short", "short: is not one word of 16 or more"),
        ("--model nowhere.onnx", "nowhere.onnx: no such file"),
        ("--model a.onnx --fast", "--fast is a model as --model is: give one of the two"),
        ("--port {port}", "cannot listen there: Address already in use; choose another --port"),
    ],
)
def test_mistakes_are_one_line(beholder: Callable[..., Done], tmp_path: Path, arguments: str, says: str) -> None:
    (tmp_path / "short").write_text("token")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = [] if "--port" in arguments else ["--port", "0"]
        done = beholder("serve", *port, *arguments.format(port=taken.getsockname()[1]).split())
    assert done.code == 1 and done.out == "" and len(done.err.splitlines()) == 1 and says in done.err


@pytest.mark.parametrize("arguments", ["--port 70000", "--queue 0", "--timeout 0", "--workers 0"])
def test_wrong_usage(beholder: Callable[..., Done], arguments: str) -> None:
    assert beholder("serve", *arguments.split()).code == 2


def test_without_the_extra_a_line_says_what_to_install(
    beholder: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fastapi", None)
    assert (
        beholder("serve").err == "error: beholder serve needs fastapi, not installed: pip install 'beholder[serve]'\n"
    )
