"""The page needs the extra [serve]; without it there is nothing to test here."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("fastapi") and find_spec("httpx") else ["test_*.py"]
