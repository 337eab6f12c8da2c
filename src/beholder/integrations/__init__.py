"""Operators for programs that people already run; each module imports its host only when it is used."""
