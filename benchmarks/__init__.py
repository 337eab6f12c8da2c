"""Measurements against what people use today. Run from a clone: `python -m benchmarks --help`."""
