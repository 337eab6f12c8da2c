"""Shares with their intervals, as tables show them."""

from collections.abc import Sequence

import numpy as np


def share_of(right: Sequence[bool]) -> tuple[str, str]:
    """A share and its Wilson interval."""
    count, share, z = len(right), float(np.mean(right)), 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return f"{share:.2f}", f"{middle - half:.2f} to {middle + half:.2f}"
