"""`beholder info`, `models` and `weights`."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import beholder as package
from helpers.commands import Done, apart
from helpers.extras import needs_torch
from helpers.factories import save_model


def test_info(beholder: Callable[..., Done], colour_model: Path) -> None:
    done = beholder("info")
    assert done.code == 0 and "warmth" in done.out and "colour@" in done.out
    assert json.loads(beholder("info", colour_model, "--json").out)["recipe"] == {"seed": 0}


def test_info_of_a_model_with_brackets_in_its_words(beholder: Callable[..., Done], tmp_path: Path) -> None:
    model = save_model(tmp_path / "odd.onnx", words="[/] of [bold]mine[/bold]")
    assert beholder("info", model).out.count("[/] of [bold]mine[/bold]") == 4


def test_info_of_the_embedded_model(scorer: package.Scorer) -> None:
    done = apart("info")
    for task in scorer.info.tasks:
        assert task.name in done.out
    for said in (scorer.id, "oasis", "biq2021", "srcc", "licence", scorer.info.data[0].sha256):
        assert said in done.out


def test_weights_list(beholder: Callable[..., Done]) -> None:
    done = beholder("weights", "list")
    assert done.code == 0 and "dinov2_vits14" in done.out and "vgg16" in done.out


@needs_torch
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
    line = next(line for line in done.out.splitlines() if line.startswith("vgg16"))
    assert line.split() == [
        *("vgg16", "14,714,688", "14,789,388", "14,788,933", "74,700", "4,794,316", "40.1", "256", "x", "256", "no"),
        "BSD-3-Clause",
    ]
    rows = {row["name"]: row for row in json.loads(beholder("models", "--json").out)}
    assert next(iter(rows)) == "vgg16" and len(rows) == len(done.out.splitlines()) - 1
    assert rows["vgg16"] == {
        **{"name": "vgg16", "backbone": 14_714_688, "outputs_12": 14_789_388, "outputs_5": 14_788_933},
        **{"stage_1": 74_700, "stage_2": 4_794_316, "gflop": pytest.approx(40.1, abs=0.05), "side": 256},
        **{"weights": "vgg16", "here": False, "licence": "BSD-3-Clause"},
    }
    assert all(row["stage_1"] < row["stage_2"] < row["outputs_12"] for row in rows.values())
