"""`beholder review` as a program."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from http.cookiejar import CookieJar

import pytest

pytest.importorskip("fastapi")

from helpers.factories import COMMAND, save_photos

LINK = re.compile(r"http://127\.0\.0\.1:\d+/\?token=\S+")
PATIENCE = 120


class Review:
    """The program, and a browser that has opened its link."""

    def __init__(self, *args, **environment):
        self.process = subprocess.Popen(
            [*COMMAND, "review", *map(str, args), "--no-browser"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        )
        self._timer = threading.Timer(PATIENCE, self.process.kill)  # then the pipe ends, and the test fails
        self._timer.start()
        self.said = ""
        while not (found := LINK.search(self.said)):
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line
        self.home = found[0].partition("?")[0]
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        try:
            self._browser.open(found[0]).read()
        except urllib.error.HTTPError as error:  # where the page is not built, the cookie is there all the same
            assert error.code == 404

    def get(self, path):
        return json.load(self._browser.open(self.home + path))

    def post(self, path, document):
        request = urllib.request.Request(
            self.home + path, json.dumps(document).encode(), {"Content-Type": "application/json"}
        )
        return json.load(self._browser.open(request))

    def end(self, number):
        self.process.send_signal(number)
        self.said += self.process.stderr.read()
        self._timer.cancel()
        return self.process.wait()


@pytest.fixture
def folder(tmp_path):
    save_photos(tmp_path / "shoot", 3)
    return tmp_path / "shoot"


def test_decisions_outlive_every_way_to_end(folder, tmp_path, colour_model):
    for number, (way, status) in enumerate(((signal.SIGKILL, -9), (signal.SIGINT, 0), (signal.SIGTERM, 0))):
        review = Review(folder, "--model", colour_model, XDG_DATA_HOME=tmp_path / "data")
        before = review.get("api/photos")["photos"]
        assert [photo["flag"] for photo in before] == ["pick"] * number + [None] * (3 - number)
        review.post("api/decide", {"items": [{"i": number, "flag": "pick"}], "what": f"P {number}"})
        assert review.get("api/state")["undo"] == f"P {number}"
        assert review.end(way) == status, review.said
    assert review.said.endswith("stopped; what was decided is kept\n")
    (kept,) = (tmp_path / "data" / "beholder" / "review").glob("*.sqlite")
    assert kept.name.startswith("shoot-") and sorted(path.name for path in folder.iterdir()) == [
        "1.jpg",
        "2.jpg",
        "3.jpg",
    ]


def test_a_damaged_state_file_is_set_aside_and_told(folder, tmp_path, colour_model):
    state = tmp_path / "state.sqlite"
    review = Review(folder, "--model", colour_model, "--state", state)
    assert review.end(signal.SIGINT) == 0
    state.write_bytes(state.read_bytes()[:4096] + b"\xff" * 8192)
    review = Review(folder, "--model", colour_model, "--state", state)
    assert f"it is kept as {state}.damaged-1" in review.said
    assert review.end(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("none",), "none: no such folder"),
        (("shoot/1.jpg",), "is not a folder"),
        (("empty",), "no photographs in this folder"),
        (("shoot", "--state", "shoot/1.jpg"), "no state file of beholder"),
        (("shoot", "--state", "none/state.sqlite"), "cannot be opened"),
        (("shoot", "--model", "none.onnx"), "no such file"),
    ],
)
def test_what_cannot_be_reviewed_is_told_in_one_line(beholder, folder, tmp_path, args, said):
    (tmp_path / "empty").mkdir()
    done = beholder("review", *args, "--no-browser")
    assert done.code == 1 and said in done.err and done.err.count("\n") == 1, done


def test_a_port_in_use_is_told(beholder, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = beholder("review", folder, "--port", port, "--state", "state.sqlite")
    assert done.code == 1 and f"port {port}: cannot listen there" in done.err and "choose another --port" in done.err
