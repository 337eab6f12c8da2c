"""The same picture in two splits is refused, or kept in one."""

import dataclasses
from pathlib import Path

from beholder.data.leaks import check_leaks
from helpers.layouts import refused, split_photos


def test_leaks_by_content_are_refused_or_dropped(tmp_path: Path) -> None:
    splits = ["train", "validation", "test", "train", "train", "validation"]
    photos = split_photos(tmp_path, [0, 0, 0, 1, 1, 2], splits)
    refused(
        r"2 photographs .* 1\.png \(validation\) is 2\.png \(test\), 0\.png \(train\) is .* --drop-leaks",
        check_leaks,
        photos,
    )
    kept = check_leaks(photos, drop=True)
    assert kept.files == ("2.png", "3.png", "4.png", "5.png")  # twice inside training is allowed
    assert kept.splits == ("test", "train", "train", "validation")
    assert kept.ratings[:, 0].tolist() == [0.2, 0.3, 0.4, 0.5]
    assert kept.votes is not None
    assert kept.votes.photo.tolist() == [0, 1, 2, 3] and kept.votes.value.tolist() == [0.2, 0.3, 0.4, 0.5]
    assert check_leaks(kept) is kept
    assert check_leaks(dataclasses.replace(photos, splits=None)).files == photos.files
