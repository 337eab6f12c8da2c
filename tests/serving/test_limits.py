"""Numbers with units, and the memory that follows from limits."""

import pytest

from beholder.errors import BeholderError
from beholder.serving.limits import Limits, in_words, number_of


@pytest.mark.parametrize(
    ("text", "number"),
    [("64MB", 64_000_000), ("64mb", 64_000_000), ("1.5 GB", 1_500_000_000), ("2K", 2000), ("7", 7), ("7B", 7)],
)
def test_numbers(text: str, number: int) -> None:
    assert number_of(text, "B", "--max-body") == number


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "0", "0.0000001KB", "1TB", "64MP", "1e9", "nan", "٣MB", "9" * 40])
def test_what_is_no_number_is_a_line(text: str) -> None:
    with pytest.raises(BeholderError, match=r"^--max-body .*give a number such as 500KB, 64MB or 1GB$"):
        number_of(text, "B", "--max-body")


def test_memory_grows_with_each_limit() -> None:
    least = Limits(workers=1).memory_at_most(100, 9)
    for more in (Limits(workers=2), Limits(workers=1, queue=999), Limits(workers=1, max_body=10**9)):
        assert more.memory_at_most(100, 9) > least
    assert (
        Limits(workers=1, max_pixels=10**9).memory_at_most(0, 9) > 14 * 10**9
        and Limits(workers=1).memory_at_most(200, 9) == least + 100
    )


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 KB"), (1_500_000, "2 MB"), (12_345_678_901, "12 GB"), (2_649_000_000, "2.6 GB")]
)
def test_words(count: int, words: str) -> None:
    assert in_words(count, "B") == words
