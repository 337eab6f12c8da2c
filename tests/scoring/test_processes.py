"""Other processes that call a function: results, errors, and processes that end. The function is `eval`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from beholder.scoring.processes import EndedError, Processes

KILL = "__import__('os').kill(__import__('os').getpid(), 9)"


def test_calls_go_to_as_many_processes_as_there_are() -> None:
    processes = Processes(2, eval)
    try:
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(processes.call, (f"{number} ** 2" for number in range(20)))) == [
                number**2 for number in range(20)
            ]
    finally:
        processes.close()


def test_errors_come_back_and_what_is_printed_is_no_answer(capfd: pytest.CaptureFixture[str]) -> None:
    processes = Processes(1, eval)
    try:
        with pytest.raises(ZeroDivisionError, match="division by zero"):
            processes.call("1 / 0")
        assert processes.call("print('lines', flush=True)") is None
        assert capfd.readouterr() == ("", "lines\n")
    finally:
        processes.close()


@pytest.mark.parametrize(("last", "why"), [(KILL, "signal SIGKILL"), ("__import__('os')._exit(3)", "status 3")])
def test_a_process_that_ends_costs_one_call(last: str, why: str) -> None:
    processes = Processes(1, eval)
    try:
        with pytest.raises(EndedError, match=f"^{why}$"):
            processes.call(last)
        assert processes.call("7") == 7
    finally:
        processes.close()


def test_nothing_is_called_after_the_end() -> None:
    processes = Processes(1, eval)
    assert processes.call("__import__('os').getpid()") > 0
    processes.close()
    with pytest.raises(EndedError):
        processes.call("7")
    never = Processes(1, eval)
    never.close()
    with pytest.raises(EndedError, match="it was stopped"):
        never.call("7")
