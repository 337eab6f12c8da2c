"""A model and its card on the hub, and back."""

from pathlib import Path

import pytest

import beholder as package
from beholder.errors import BeholderError
from helpers.hub_server import Hub

REPO = "someone/aesthetics"


def test_a_card_of_somebody_stays(hub: Hub, colour_model: Path) -> None:
    hub.commit(REPO, {"README.md": b"# Mine"})
    with pytest.raises(BeholderError, match="has a card that beholder did not make; --replace-card"):
        package.push(colour_model, REPO)
    assert len(hub.repos[REPO]) == 1
    package.push(colour_model, REPO, replace_card=True)
    assert b"model_sha256" in hub.repos[REPO][-1][1]["README.md"]


@pytest.mark.parametrize("repo", ["alone", f"{REPO}@main", f"{REPO}/x.onnx"])
def test_only_a_repository_can_be_named(hub: Hub, colour_model: Path, repo: str) -> None:
    with pytest.raises(BeholderError, match="ORG/REPO"):
        package.push(colour_model, repo)
