"""`beholder info`, `models` and `weights`."""

import copy
import functools
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import beholder as package
from beholder.models.registry import backbone_names
from beholder.scoring import model_file
from beholder.scoring.model_file import EMBEDDED, learned_photos
from beholder.systems.registry import COMPARED, SOURCES, SYSTEMS, find_trained
from helpers.broken_models import save_sealed, with_graph, with_metadata
from helpers.commands import Done, apart, on_terminal
from helpers.extras import needs_torch
from helpers.factories import save_model, save_photos
from helpers.rated_photos import save_changed


def test_info(beholder: Callable[..., Done], colour_model: Path) -> None:
    done = beholder("info")
    assert done.code == 0 and "warmth" in done.out and "colour@" in done.out
    assert json.loads(beholder("info", colour_model, "--json").out)["recipe"] == {"seed": 0}


def test_info_of_a_model_with_brackets_in_its_words(beholder: Callable[..., Done], tmp_path: Path) -> None:
    model = save_model(tmp_path / "odd.onnx", words="[/] of [bold]mine[/bold]")
    assert beholder("info", model).out.count("[/] of [bold]mine[/bold]") == 4


def test_info_of_photographs_that_are_known_one_by_one(beholder: Callable[..., Done], tmp_path: Path) -> None:
    digests = np.array([f"{number:064x}" for number in range(12)])
    for predicted, said in ((1.0, "with what was predicted of them out of fold"), (np.nan, "")):
        kept = learned_photos(digests, np.full((12, 3), predicted))
        out = beholder("info", save_changed(tmp_path / "mine.onnx", learned=kept)).out
        assert "hashes of 12 photographs that it learned from" in out and said in out
        assert bool(said) == ("out of fold" in out)


def test_info_of_the_embedded_model(scorer: package.Scorer) -> None:
    done = apart("info")
    for task in scorer.info.tasks:
        assert task.name in done.out
    for said in (scorer.id, "oasis", "biq2021", "srcc", "licence", scorer.info.data[0].sha256):
        assert said in done.out


def test_info_runs_nothing(
    beholder: Callable[..., Done], colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a graph computes what is constant in it: kilobytes that double themselves would take all memory."""
    import onnxruntime

    def double(model: onnx.ModelProto) -> None:
        nodes = [onnx.helper.make_node("Concat", [f"x{n}", f"x{n}"], [f"x{n + 1}"], axis=0) for n in range(60)]
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(1, np.float32), "x0"))
        model.graph.node.extend(nodes)

    model = tmp_path / "doublings.onnx"
    shutil.copy(colour_model, model)
    with_graph(double)(model)
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: pytest.fail("the runtime was given the file"))
    assert "colour@" in beholder("info", model).out


def test_info_of_a_model_that_is_not_what_it_says(
    beholder: Callable[..., Done], colour_model: Path, tmp_path: Path
) -> None:
    model = tmp_path / "bad.onnx"
    shutil.copy(colour_model, model)
    with_graph(lambda found: found.graph.output.pop())(model)
    done = beholder("info", model)
    assert done.code == 1 and "bad.onnx: its inputs and outputs are not" in done.err


def test_info_prints_no_control_characters(beholder: Callable[..., Done], tmp_path: Path) -> None:
    words = "\x1b[31mred\x9b0m\r\x07\nnext \x1b]0;title\x07 \ud800"
    model = save_model(tmp_path / "odd.onnx", words=words)
    with_metadata(recipe={words: [words]}, licence=words)(model)
    for arguments in ((), ("--json",)):
        done = beholder("info", model, *arguments)
        assert done.code == 0 and "red" in done.out
        assert all(char.isprintable() or char == "\n" for char in done.out)


BAD_VALUES: list[Any] = [None, True, -1, 1e300, float("nan"), 10**400, "x", "\x1b[31m\n", "", [], {}, "y" * 20_000]
BAD_VALUES.append(functools.reduce(lambda inner, _: [inner], range(600), []))


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every value in a document, of a long list the first and last."""
    yield place
    inside = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, each in inside if isinstance(value, dict) or len(inside) < 9 else (inside[0], inside[-1]):
        yield from places(each, (*place, key))


@pytest.mark.parametrize("kind", ["colour_model", "detailed_model"])
@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.slow), pytest.param(47)], ids=["all", "some"])
def test_whatever_a_model_says_of_itself_ends_well(
    every: int, kind: str, beholder: Callable[..., Done], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Each value of the metadata replaced: what is accepted can be shown, scored with, reported and explained."""
    model, accepted = onnx.load(request.getfixturevalue(kind)), 0
    document = json.loads(model.metadata_props[0].value)
    document["recipe"] = {"seed": 0, "blend": [1, {"share": 0.17}]}
    [photo] = save_photos(tmp_path / "photos", 1)
    commands: list[tuple[str, ...]] = [
        ("info", "m.onnx"),
        ("info", "m.onnx", "--json"),
        ("score", photo, "-m", "m.onnx", "--details"),
    ]
    commands += [
        (name, photo, "-m", "m.onnx", "--out", out) for name, out in (("report", "r.html"), ("explain", "e.png"))
    ]
    cases = [(place, bad) for place in places(document) for bad in BAD_VALUES]
    assert len(cases) > 800
    for place, bad in cases[::every]:
        changed = copy.deepcopy(document)
        if place:
            functools.reduce(lambda found, key: found[key], place[:-1], changed)[place[-1]] = bad
        model.metadata_props[0].value = json.dumps(changed if place else bad)
        save_sealed(model, tmp_path / "m.onnx")
        first = beholder(*commands[0])
        assert first.code == 0 or (first.err.count("\n") == 1 and len(first.err) < 500), (place, first)
        assert first.code == 0 or place[:1] == () or str(place[0]).rstrip("s") in first.err or "format" in first.err, (
            place,
            first,
        )
        for command in commands[1:] if first.code == 0 else ():
            done = beholder(*command)
            assert done.code == 0 and "\x1b" not in done.out + done.err, (place, command)
        accepted += first.code == 0
    assert 0 < accepted < len(cases) / every / 4


def test_weights_list(beholder: Callable[..., Done]) -> None:
    done = beholder("weights", "list")
    assert done.code == 0 and "dinov2_vits14" in done.out and "vgg16" in done.out


@needs_torch
@pytest.mark.slow
def test_weights_from_a_file(beholder: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file

    from beholder.models.backbones.base import create_backbone

    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path / "cache"))
    save_file(create_backbone("resnet50", pretrained=False).state_dict(), "given.safetensors")
    done = beholder("weights", "fetch", "resnet50", "--from", "given.safetensors")
    assert done.code == 0 and re.search(r"digest [0-9a-f]{64}, which nothing here can be compared with", done.out)
    assert '"here": true' in beholder("models", "--json").out
    done = beholder("weights", "fetch", "resnet50", "vgg16", "--from", "given.safetensors")
    assert done.code == 1 and "give one NAME" in done.err


@needs_torch
def test_models(beholder: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path / "cache"))
    done = beholder("models")
    assert done.code == 0 and done.err == ""
    lines = [line.split() for line in done.out.splitlines()]
    assert [*("vgg16", "14,714,688", "40.1", "256", "x", "256", "no", "BSD-3-Clause")] in lines
    assert ["vgg16", "14,789,388", "14,788,933", "74,700", "4,794,316"] in lines
    assert "Soydaner & Wagemans 2023" in done.out
    found = json.loads(beholder("models", "--json").out)
    rows = {row["name"]: row for row in found["backbones"]}
    assert list(rows) == backbone_names()
    assert rows["vgg16"] == {
        **{"name": "vgg16", "backbone": 14_714_688, "outputs_12": 14_789_388, "outputs_5": 14_788_933},
        **{"stage_1": 74_700, "stage_2": 4_794_316, "gflop": pytest.approx(40.1, abs=0.05), "side": 256},
        **{"weights": "vgg16", "here": False, "licence": "BSD-3-Clause"},
    }
    assert all(row["stage_1"] < row["stage_2"] < row["outputs_12"] for row in rows.values())
    systems = {row["name"]: row for row in found["systems"]}
    assert systems.pop("probe")["parameters"] is None
    assert list(systems) == [*SYSTEMS, *COMPARED] == list(SOURCES)
    assert systems["soydaner2023"]["parameters"] == rows["vgg16"]["outputs_12"]
    for name, row in systems.items():  # a network is its backbone and new layers
        assert row["parameters"] > rows[row["backbone"]]["backbone"], name
        assert row["backbone"] == find_trained(name).recipe().backbone and row["source"] == SOURCES[name]
    for row, name in zip(found["embedded"], EMBEDDED, strict=True):
        assert row["name"] == name and row["bytes"] == model_file.embedded_path(name).stat().st_size
        assert row["id"].rpartition("@")[0] and row["tasks"] > 0


@needs_torch
def test_models_fit_a_terminal() -> None:
    """On 80 columns words go to the next line, and numbers and names stay whole."""
    shown = on_terminal(80, ["models"])
    assert all(len(line.rstrip("\r\n")) <= 80 for line in shown.splitlines())
    for whole in ("efficientnet_lite0   3,371,008", "14,788,933   74,700  4,794,316", "14,789,388"):
        assert whole in shown
