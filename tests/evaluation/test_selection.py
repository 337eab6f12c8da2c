"""What an evaluation measures: pairs of tasks, and warnings of photographs that a model knows from its training."""

from dataclasses import replace
from pathlib import Path

import pytest

from beholder import load
from beholder.data.registry import load_data
from beholder.evaluation.learned import leak_warning
from beholder.evaluation.selection import EVALUATION_PARTS, select_part, task_pairs
from beholder.scoring.model_file import TrainingData
from beholder.splits import split_hash
from beholder.tasks import Task
from helpers.rated_photos import N, save_ratings


def test_pairs_are_overall_and_same_names(tmp_path: Path, colour_model: Path) -> None:
    ratings = save_ratings(tmp_path, {"overall": 1, "warmth": 1, "colour": 1})
    photos, info = load_data(str(ratings)), load(colour_model).info

    def named(first: Task) -> list[str]:
        return [pair.name for pair in task_pairs(replace(photos, tasks=(first, *photos.tasks[1:])), info)]

    assert named(Task("overall", 1, 7)) == ["overall", "warmth"]
    assert named(Task("beauty", 1, 7)) == ["beauty by overall", "warmth"]
    assert named(Task("quality", 1, 7)) == ["quality by overall", "quality", "warmth"]


def test_predicted_edits_are_compared_with_no_rating(tmp_path: Path, detailed_model: Path) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"beauty": 1, "contrast": 1, "familiarity": 1})))
    pairs = task_pairs(photos, load(detailed_model).info)
    assert [pair.name for pair in pairs] == ["beauty by overall", "beauty"]


@pytest.mark.parametrize("part", EVALUATION_PARTS)
@pytest.mark.parametrize("recipe", ["same", "other", "none"])
@pytest.mark.parametrize("learned", ["this", "namesake", "another"])
def test_leaks(tmp_path: Path, colour_model: Path, part: str, recipe: str, learned: str) -> None:
    photos = load_data(str(save_ratings(tmp_path, {"overall": 1}, split=True)))
    noted = {
        "same": {"split": split_hash(photos.files, photos.splits or ())},
        "other": {"split": "f" * 64},
        "none": {},
    }[recipe]
    about = {"this": ("mine", photos.content_hash), "namesake": ("ratings", "0" * 64), "another": ("mine", "0" * 64)}
    name, sha256 = about[learned]
    info = replace(load(colour_model).info, data=(TrainingData(name, N, sha256, ("overall",)),), recipe=dict(noted))
    warning = leak_warning(info, "colour", select_part(photos, part, 0)[0], photos.content_hash, part)
    if learned == "another" or (learned == "this" and recipe == "same" and part == "test"):
        assert warning is None
        return
    assert warning is not None
    if learned == "namesake":
        assert "also called ratings, with other content" in warning
    elif recipe == "same" and part == "validation":
        assert "validation" in warning
    else:
        assert "not held-out" in warning and photos.content_hash[:12] in warning
        if part in ("test", "validation"):
            assert ("another split" in warning) == (recipe == "other")
