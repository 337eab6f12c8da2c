"""Device and precision of a training."""

import torch

from beholder.errors import BeholderError
from beholder.scoring.cores import CORES


def choose_device(name: str = "auto") -> torch.device:
    """A torch device; ``auto`` is CUDA where available. Raises BeholderError for a device that is not available.

    PyTorch, which knows no quotas of containers, gets as many threads as this process may use cores.
    """
    if torch.get_num_threads() > CORES:
        torch.set_num_threads(CORES)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name).cpu()
    except (RuntimeError, AssertionError) as error:
        raise BeholderError(f"--device {name}: {str(error).splitlines()[0]}; choose auto or cpu") from None
    return torch.device(name)


def precision(device: torch.device) -> torch.autocast:
    """bf16 on CUDA; single precision on the CPU, where bf16 is slower."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")
