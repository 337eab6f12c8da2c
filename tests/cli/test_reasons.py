"""Reasons are grouped, and only so many are kept."""

import pytest

from beholder.cli.reasons import MAX_REASONS, Reasons


def test_a_reason_of_several_files_is_one_line() -> None:
    reasons = Reasons()
    for number in range(10):
        reasons.add(f"{number}.heic", f"{number}.heic: HEIC needs pillow-heif")
    reasons.add("a\nb.jpg", "a\\nb.jpg: is empty")
    reasons.add("c.jpg", "another kind of message")
    assert reasons.lines() == [
        "HEIC needs pillow-heif: 10 files (0.heic, 1.heic, 2.heic, ...)",
        "a\\nb.jpg: is empty",
        "c.jpg: another kind of message",
    ]
    assert reasons.count == 12 and reasons.unlisted == 0


@pytest.mark.parametrize("number", [MAX_REASONS, 1000])
def test_only_so_many_reasons_are_kept(number: int) -> None:
    reasons = Reasons()
    for each in range(number):
        reasons.add(f"{each}.jpg", f"{each}.jpg: has {each} bytes")
    assert len(reasons.lines()) == MAX_REASONS and reasons.unlisted == number - MAX_REASONS
