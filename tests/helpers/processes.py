"""Processes of this machine, found by their titles, as Ray gives them to its actors."""

from pathlib import Path


def titled(title: str) -> set[int]:
    """Ids of processes whose command line begins with a title."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and (entry / "cmdline").read_bytes().startswith(title.encode()):
                found.add(int(entry.name))
        except OSError:  # it has ended
            continue
    return found


def stat(process: int) -> list[str]:
    """State, parent and more of a process."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def parent(process: int) -> int:
    """Id of the process that started a process; 0 where it has ended."""
    try:
        return int(stat(process)[1])
    except OSError:
        return 0
