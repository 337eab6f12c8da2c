"""A release: its number is the same everywhere, its models are named, and what it cites is cited alike."""

import re

import pytest

import beholder
from beholder.scoring.model_file import EMBEDDED, model_id, model_path, read_model
from helpers.factories import REPOSITORY

CHANGES = (REPOSITORY / "CHANGELOG.md").read_text()
BIBTEX = (REPOSITORY / "docs" / "citing.md").read_text()
NEWEST = CHANGES.split("\n## ")[1]  # the section of the newest release


def test_changelog_is_of_this_version() -> None:
    assert NEWEST.startswith(f"{beholder.__version__}\n")


@pytest.mark.parametrize("name", EMBEDDED)
def test_scores_of_a_release_never_change(name: str) -> None:
    """Another model is another release: the section of the release names its models by their content."""
    content, info = read_model(model_path(name))
    assert f"`{model_id(info.name, content)}`" in NEWEST


def test_citation_file_and_bibtex_say_the_same() -> None:
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors", "type", "license"} <= set(cited)
    assert cited["version"] == beholder.__version__
    entries = [dict(re.findall(r"(\w+) += \{(.+)\},", entry)) for entry in re.split(r"^@", BIBTEX, flags=re.M)[1:]]
    assert len(entries) == 1 + len(cited["references"]) and entries[0]["version"] == beholder.__version__
    for entry, reference in zip(entries, [cited, *cited["references"]], strict=True):
        assert entry["title"] == reference["title"]
        people = [f"{each['family-names']}, {each['given-names']}" for each in reference["authors"] if len(each) == 2]
        assert entry["author"] == (" and ".join(people) or f"{{{reference['authors'][0]['name']}}}")
        where = {"journal": "journal", "collection-title": "booktitle", "doi": "doi", "url": "url", "year": "year"}
        for key, field in where.items():
            assert str(reference.get(key, "")) == entry.get(field, ""), key
