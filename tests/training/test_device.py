"""Where a training computes, and on how many cores."""

import pytest


def test_no_more_threads_than_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from beholder.training import device

    before = torch.get_num_threads()
    try:
        for cores, expected in ((99, before), (1, 1)):
            monkeypatch.setattr(device, "CORES", cores)
            device.choose_device("cpu")
            assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(before)
