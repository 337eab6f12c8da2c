"""Tokens, places and bytes."""

import asyncio
from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.serving.admission import ByteBudget, Places, is_loopback, read_token
from beholder.serving.problems import Problem


@pytest.mark.parametrize(
    "text", ["", "short", "two words of a token", "a-token-with-an-é-in-it", "a-token-of\nmany-lines"]
)
def test_a_token_is_one_long_word(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text, "utf-8")
    with pytest.raises(BeholderError, match=r"is not one word of 16 or more.*make one: head -c 24"):
        read_token(tmp_path / "token")
    (tmp_path / "token").write_text("a-token-of-many-letters\n")
    assert read_token(tmp_path / "token") == "a-token-of-many-letters"


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("10.0.0.1", False),
        ("::", False),
        ("", False),
    ],
)
def test_loopback(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here


def test_places_are_given_back() -> None:
    places = Places(3)
    with places.take(2), pytest.raises(Problem) as caught, places.take(2):
        pass
    assert caught.value.status == 429 and places.taken == 0


def test_bytes_are_given_in_order_and_none_is_lost() -> None:
    async def main() -> None:
        budget = ByteBudget(10)
        came: list[str] = []

        async def use(name: str, count: int, gate: asyncio.Event) -> None:
            async with budget.reserved(count):
                came.append(name)
                await gate.wait()

        gates = {name: asyncio.Event() for name in "abcd"}
        tasks = {}
        for name, count in (("a", 6), ("b", 6), ("c", 100), ("d", 1)):
            tasks[name] = asyncio.create_task(use(name, count, gates[name]))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert came == ["a"] and budget.free == 4  # the small one does not overtake the large ones
        tasks["b"].cancel()
        gates["a"].set()
        await asyncio.sleep(0.01)
        assert came == ["a", "c"] and budget.free == 0  # the whole budget at most
        tasks["c"].cancel()
        gates["d"].set()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        assert came == ["a", "c", "d"] and budget.free == 10

    asyncio.run(main())


def test_what_is_not_kept_is_given_back_at_once() -> None:
    async def main() -> None:
        budget = ByteBudget(10)
        async with budget.reserved(8) as keep:
            for count, free in ((3, 7), (5, 7), (0, 10)):
                keep(count)
                assert budget.free == free
        assert budget.free == 10

    asyncio.run(main())


def test_who_is_cancelled_in_the_moment_of_their_turn_gives_it_back() -> None:
    async def main() -> None:
        budget = ByteBudget(10)

        async def use() -> None:
            async with budget.reserved(10):
                await asyncio.sleep(0)

        async with budget.reserved(10):
            task = asyncio.create_task(use())
            await asyncio.sleep(0)
        task.cancel()  # its turn has come, and it has not seen it
        await asyncio.gather(task, return_exceptions=True)
        assert budget.free == 10

    asyncio.run(main())
