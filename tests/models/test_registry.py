"""The table of weights and backbones: one entry makes a backbone, and reading the table needs no torch."""

import importlib
import subprocess
import sys

import pytest

from beholder.errors import BeholderError
from beholder.models import registry
from beholder.models.backbones.base import Backbone
from beholder.models.registry import backbone_class, backbone_names, find_weights


@pytest.mark.parametrize("name", backbone_names())
def test_an_entry_names_the_class_of_its_backbone(name: str) -> None:
    module, network = backbone_class(name)
    assert issubclass(getattr(importlib.import_module(module), network), Backbone)


def test_weights_may_belong_to_no_backbone() -> None:
    assert find_weights("nima_mobilenet").backbone is None and "nima_mobilenet" not in backbone_names()
    with pytest.raises(BeholderError, match=r"called 'nima_mobilenet'; there are vgg16, .*dinov2_vits14"):
        backbone_class("nima_mobilenet")


@pytest.mark.parametrize("find", [backbone_class, find_weights])
def test_unknown_names_are_answered_by_the_known_ones(find) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BeholderError, match=r"is called|are called 'vgg99'; there are vgg16, resnet50"):
        find("vgg99")


def test_one_entry_makes_a_backbone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.WEIGHTS, "mine", registry.Weights("mine", "CC0", "0" * 64, "a.module:MyNetwork"))
    assert backbone_names()[-1] == "mine" and backbone_class("mine") == ("a.module", "MyNetwork")


def test_registry_and_fetching_do_without_torch() -> None:
    code = "import sys, beholder.models.registry, beholder.models.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
