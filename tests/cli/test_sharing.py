"""`beholder card` and `beholder push`, and models on the hub in other commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import beholder as package
from beholder.scoring.model_file import read_model
from beholder.sharing.card import model_card
from helpers.commands import Done
from helpers.factories import save_photo
from helpers.hub_server import GATED, PRIVATE, Hub

REPO = "someone/aesthetics"


def test_card_is_printed_or_written(beholder: Callable[..., Done], colour_model: Path, tmp_path: Path) -> None:
    printed = beholder("card", colour_model)
    assert printed.code == 0 and printed.out == model_card(*read_model(colour_model))
    for _ in range(2):  # its own file is replaced
        assert beholder("card", colour_model, "--out", "README.md").code == 0
    assert (tmp_path / "README.md").read_text() == printed.out
    (tmp_path / "README.md").write_text("# Mine\n")
    refused = beholder("card", colour_model, "--out", "README.md")
    assert refused.code == 1 and (tmp_path / "README.md").read_text() == "# Mine\n"
    assert json.loads(beholder("info", colour_model, "--json").out)["name"] in printed.out


def test_what_is_pushed_comes_back(hub: Hub, beholder: Callable[..., Done], colour_model: Path) -> None:
    done = beholder("push", colour_model, REPO)
    assert done.code == 0 and done.err == ""
    (oid, files), address = hub.repos[REPO][-1], done.out.strip()
    assert address == f"hf://{REPO}@{oid}" and sorted(files) == ["README.md", "model.onnx"]
    assert files["model.onnx"] == colour_model.read_bytes()
    assert package.load(address).id == package.load(colour_model).id
    again = package.push(colour_model, f"hf://{REPO}")  # a card of beholder is replaced
    assert again == f"hf://{REPO}@{hub.repos[REPO][-1][0]}"


def test_what_is_no_model_is_not_pushed(hub: Hub, beholder: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "weights.onnx").write_bytes(b"\x80\x04pickle")
    done = beholder("push", "weights.onnx", REPO)
    assert done.code == 1 and "not a model file" in done.err and hub.asked == []


def test_without_a_commit_a_line_says_which_was_taken_once(
    hub: Hub, beholder: Callable[..., Done], colour_model: Path, tmp_path: Path
) -> None:
    save_photo(tmp_path / "1.jpg", 1)
    commit = hub.commit(REPO, {"model.onnx": colour_model.read_bytes()})  # without a card
    done = beholder("score", "1.jpg", "--model", f"hf://{REPO}", "--out", "x.csv")
    assert done.code == 0 and "colour@" in (tmp_path / "x.csv").read_text()
    assert done.err.count(f"took commit {commit}") == 1 and f"name it: hf://{REPO}@{commit}\n" in done.err
    assert beholder("info", f"hf://{REPO}@main").code == 0


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("hf://nobody/nothing", "no such repository, or it is private"),
        (f"hf://{PRIVATE}", "no such repository, or it is private and you are not logged in"),
        (f"hf://{GATED}@{'ab' * 20}", "ask for their terms to be accepted"),
        (f"hf://{REPO}@v9", "no such commit, branch or tag"),
        (f"hf://{REPO}@{'ab' * 20}", "no such commit, branch or tag"),
        (f"hf://{REPO}@main/other.onnx", "no such file; name one: hf://ORG/REPO"),
        ("hf://alone", "is no model on the hub; write it as hf://ORG/REPO@COMMIT"),
        ("hf://a/b@c/d.pkl", "is no model on the hub"),
        ("hf://a--b/..", "write it as hf://ORG/REPO@COMMIT"),
    ],
)
def test_what_cannot_be_had_is_one_line(
    hub: Hub, beholder: Callable[..., Done], address: str, says: str, colour_model: Path
) -> None:
    hub.commit(REPO, {"model.onnx": colour_model.read_bytes()})
    hub.commit(PRIVATE, {"model.onnx": colour_model.read_bytes()})
    done = beholder("info", address)
    line = done.err.splitlines()[-1]
    assert done.code == 1 and line.startswith(f"error: {address}: ") and says in line
    assert [each for each in done.err.splitlines()[:-1] if "took commit" not in each] == []
