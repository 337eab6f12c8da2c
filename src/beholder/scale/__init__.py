"""Scoring shards: tar files, Parquet tables and folders, here or in an object store, each row exactly once."""
