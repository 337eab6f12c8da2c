"""`beholder train`: one command a system, and those that make the embedded models."""
