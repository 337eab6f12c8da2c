"""Operators for programs that people run already: each module is for one of them, and imports it."""
