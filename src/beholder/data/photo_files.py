"""The photographs that a table of ratings names, as files under a folder.

Tables come from other machines. A name may have backslashes, letters composed in another way, or be the whole path of
a file that now lies somewhere else.
"""

import os
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from beholder.data.tables import EMPTY
from beholder.errors import BeholderError
from beholder.reading import find_spelling
from beholder.terminal import say
from beholder.text import cut

_ABSOLUTE = re.compile(r"[A-Za-z]:/|/")  # C:/Users/a.jpg, //server/share/a.jpg, /home/me/a.jpg


def photo_files(path: Path, texts: Sequence[str], root: Path) -> tuple[str, ...]:
    r"""The photographs, relative to ``root``, as their folder spells them.

    The absolute path of a file that is not there (``C:\Users\me\Pictures\a.jpg``, ``\\server\share\a.jpg``) is
    replaced by its longest tail that is a file under ``root``, which a line on standard error says. Other files that
    are not there stay as they are.

    Args:
        path: of the table, for messages.
        texts: N names, one a row.
        root: folder that they are relative to.

    Raises:
        BeholderError: a row names no photograph, or two different paths have the same longest tail.
    """
    plain = [text.strip().replace("\\", "/") for text in texts]
    for row, text in enumerate(plain, 2):
        if not text or (text.lower() in EMPTY and not (root / text).exists()):
            raise BeholderError(f"{path}: row {row} names no photograph; give it one or leave the row out")
    names = [PurePosixPath(text).as_posix() for text in plain]  # ./a.jpg is a.jpg
    found = {name: name if name.isascii() else _spelled(root, name) for name in dict.fromkeys(names)}
    tails = {name: tail for name, file in found.items() if (tail := _tail(root, file)) is not None}
    if tails:
        found |= tails
        _check_unambiguous(path, found, tails)
        name, tail = next(iter(tails.items()))
        say(
            f"{path}: {len(tails)} absolute paths of another place were found in {root} by their ends: "
            f"{cut(name)} as {cut(tail)}"
        )
    return tuple(found[name] for name in names)


def _tail(root: Path, file: str) -> str | None:
    """The longest tail of an absolute path that is a file under ``root``; None if there is none, or none is needed."""
    if not _ABSOLUTE.match(file) or os.path.isfile(os.path.join(root, file)):
        return None
    parts = [part for part in file.split("/") if part]
    while ".." in parts:  # what follows is below another folder than its name says
        parts = parts[parts.index("..") + 1 :]
    for start in range(1, len(parts)):
        tail = _spelled(root, "/".join(parts[start:]))
        if os.path.isfile(os.path.join(root, tail)):
            return tail
    return None


def _check_unambiguous(path: Path, found: dict[str, str], tails: dict[str, str]) -> None:
    """Raises BeholderError if two names of the table are one file, where at least one was found by its tail."""
    first: dict[str, str] = {}
    for name, file in found.items():
        other = first.setdefault(file, name)
        if other != name and (name in tails or other in tails):
            raise BeholderError(
                f"{path}: {cut(other)} and {cut(name)} would both be {cut(file)}; "
                "--root names the folder that both are below"
            )


def _spelled(root: Path, file: str) -> str:
    """The photograph as its folder spells it, where only the letters are composed in another way."""
    given = os.path.join(root, file)
    found = find_spelling(given)
    return file if found == given else posixpath.relpath(Path(found).as_posix(), root.as_posix())
