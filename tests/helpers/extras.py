"""Marks for tests of optional parts: the fast tests of scoring also run where only what scoring needs is installed."""

from importlib.util import find_spec

import pytest

HAVE_TORCH = find_spec("torch") is not None

needs_torch = pytest.mark.skipif(not HAVE_TORCH, reason="needs PyTorch: pip install 'beholder[train]'")

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: pip install 'beholder[ray]'")
