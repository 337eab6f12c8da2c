"""Files: the folder of caches."""

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from beholder.errors import BeholderError
from beholder.files import cache_folder


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"BEHOLDER_CACHE": "/here", "XDG_CACHE_HOME": "/x", "HOME": "/home/ann"}, "/here"),
        ({"BEHOLDER_CACHE": "here"}, "here"),
        ({"BEHOLDER_CACHE": "~/here", "HOME": "/home/ann"}, "/home/ann/here"),
        ({"BEHOLDER_CACHE": "", "XDG_CACHE_HOME": "/x"}, "/x/beholder"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/home/ann"}, "/home/ann/.cache/beholder"),
        ({"XDG_CACHE_HOME": "", "HOME": "/home/ann"}, "/home/ann/.cache/beholder"),
        ({"BEHOLDER_CACHE": "~/here"}, None),
        ({"XDG_CACHE_HOME": "relative"}, None),
        ({"HOME": "relative"}, None),
        ({}, None),
    ],
)
def test_cache_folder(environment: dict[str, str], folder: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment; without one and without an entry in the list of users, a line that says what to set."""

    def nobody(*_: Any) -> None:
        raise KeyError("uid not found: 12345")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    for name in ("BEHOLDER_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if folder is None:
        with pytest.raises(BeholderError, match=r"^there is no home folder .* BEHOLDER_CACHE$"):
            cache_folder()
    else:
        assert os.fspath(cache_folder()) == os.fspath(Path(folder))
