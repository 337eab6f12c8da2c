"""Rows are found by path and by content, in little memory."""

import hashlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beholder.output.row_index import DigestTable, RowIndex


def sha256(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()


@given(st.lists(st.binary(min_size=16, max_size=16)))
def test_digests_are_numbered_in_order(digests: list[bytes]) -> None:
    table, numbers = DigestTable(), {each: number for number, each in enumerate(dict.fromkeys(digests))}
    assert [table.add(each) for each in digests] == [numbers[each] for each in digests]
    assert len(table) == len(numbers) and {each: table.find(each) for each in digests} == numbers
    assert table.find(b"another, of 16 b") is None


def test_many_digests_with_the_same_start() -> None:
    table = DigestTable()
    digests = [bytes(8) + number.to_bytes(8) for number in range(300)]
    assert [table.add(each) for each in digests] == [table.find(each) for each in digests] == list(range(300))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12"), st.booleans()), max_size=8))
def test_it_finds_what_a_dict_would(rows: list[tuple[str, str, bool]]) -> None:
    index, latest = RowIndex(), {}
    for place, (path, content, valid) in enumerate(rows):
        index.put_earlier(path, place, 1, sha256(content), valid=valid)
        latest[path] = (place, content, valid)
    for path in "abcd":
        number = index.of_path(path)
        assert (number is None) == (path not in latest)
        for content in "123":
            found, mine = index.valid_place(path, sha256(content)), latest.get(path)
            if mine and mine[1:] == (content, True):
                assert found == (mine[0], 1)
            else:
                assert (found is None) == all((each[1], each[2]) != (content, True) for each in rows)
    places, count, _ = index.final(lambda row: True)
    assert sorted(places) == sorted((place, 1) for place, *_ in latest.values()) and count == len(latest)


@pytest.mark.parametrize("gone", [True, False])
def test_a_row_that_is_left_goes_if_its_photograph_has_moved(gone: bool) -> None:
    index = RowIndex()
    for place, (path, content) in enumerate([("a", "1"), ("b", "1"), ("c", "2"), ("d", "3")]):
        index.put_earlier(path, place, 1, sha256(content), valid=True)
    index.next_in_order(index.put("new a", 4, 1), sha256("1"))
    index.next_in_order(index.put("new e", 5, 1), sha256("5"))
    index.next_in_order(2, sha256("2"))
    places, count, rising = index.final(lambda row: gone)
    assert [place for place, _ in places] == [4, 5, 2, *([] if gone else [0, 1]), 3]
    assert count == (4 if gone else 6) and not rising


def test_a_row_takes_about_a_hundred_bytes() -> None:
    paths = [(f"{'folder/' * 20}{number}.jpg", sha256(number)) for number in range(8000)]
    tracemalloc.start()
    index = RowIndex()
    for place, (path, content) in enumerate(paths):
        index.put_earlier(path, place, 1, content, valid=True)
    size, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 120 * len(paths) and most < 130 * len(paths)
