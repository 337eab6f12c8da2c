"""Ctrl-C is a KeyboardInterrupt, whatever moment it comes in; other errors stay as they are."""

import threading

import pytest
import typer

from beholder.interruption import interruptible


@pytest.mark.parametrize("between", [(), (ValueError("in between"),)], ids=["at once", "later"])
def test_an_error_of_the_lock_is_the_interruption(between: tuple[Exception, ...]) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        lock = threading.Lock()
        with lock:
            lock.release()  # as Condition.wait does
            try:
                raise KeyboardInterrupt
            finally:
                for error in between:
                    raise error


@pytest.mark.parametrize("error", [RuntimeError("of its own"), ValueError("other")])
def test_an_error_without_an_interruption_stays(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)), interruptible():
        raise error


def test_a_command_that_ends_after_an_interruption_ends_as_it_says() -> None:
    with pytest.raises(typer.Exit), interruptible():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
