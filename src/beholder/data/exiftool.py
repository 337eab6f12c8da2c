"""Stars in a table of exiftool, such as ``exiftool -csv -Rating photos/`` writes: ``SourceFile,Rating``."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from beholder.data.tables import EMPTY, plain_name
from beholder.errors import BeholderError

REJECT = -1  # stars of a rejected photograph; 0 stars are no rating
_STARS_OF_GROUP = re.compile(r"[\w-]+:Rating", re.IGNORECASE | re.ASCII)  # as exiftool -G writes it


def is_exiftool(image: str) -> bool:
    """Whether a table is exiftool's, by the name of its column of photographs.

    >>> is_exiftool("SourceFile"), is_exiftool("image")
    (True, False)
    """
    return plain_name(image) == "sourcefile"


def one_column_of_stars(table: Mapping[str, list[str]], image: str) -> dict[str, list[str]]:
    """exiftool's stars in one column called Rating: of ``XMP:Rating`` and other groups the first that has some.

    Other tables than exiftool's, and those that have a column Rating, stay as they are.

    >>> one_column_of_stars({"SourceFile": ["a.jpg"], "EXIF:Rating": ["0"], "XMP:Rating": ["4"]}, "SourceFile")
    {'SourceFile': ['a.jpg'], 'Rating': ['4']}
    """
    grouped = [name for name in table if _STARS_OF_GROUP.fullmatch(name)]
    if not is_exiftool(image) or not grouped or any(plain_name(name) == "rating" for name in table):
        return dict(table)
    grouped.sort(key=lambda name: not name.lower().startswith("xmp"))
    stars = [
        next((cell for cell in cells if cell.strip().lower() not in EMPTY | {"0"}), "0")
        for cells in zip(*(table[name] for name in grouped), strict=True)
    ]
    place = next(name for name in table if name in grouped)
    renamed = {("Rating" if name == place else name): stars if name == place else table[name] for name in table}
    return {name: cells for name, cells in renamed.items() if name not in grouped}


def without_unrated(
    path: Path, columns: dict[str, np.ndarray], count: int, *, of_stars: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The columns with NaN for 0 stars and for rejects, and which of the photographs are rejects: (N,), True or False.

    Other tables than those of stars stay as they are.

    Args:
        path: of the table, for the message.
        columns: name -> (N,) numbers, NaN where empty.
        count: N.
        of_stars: whether the table is exiftool's, or another program's table of stars.

    Raises:
        BeholderError: stars are the only numbers, and no photograph has some.
    """
    rejected = np.zeros(count, dtype=bool)
    for name in columns if of_stars else ():
        if plain_name(name) == "rating":
            rejected = columns[name] == REJECT
            stars = np.where(rejected | (columns[name] == 0), np.nan, columns[name])
            columns = {**columns, name: stars}
            if np.isnan(stars).all():
                del columns[name]
                if not columns:
                    raise BeholderError(
                        f"{path}: no column of ratings: none of the {count} photographs has stars "
                        f"({rejected.sum()} rejected); give some stars first"
                    )
            break
    return columns, rejected
