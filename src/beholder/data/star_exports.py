"""Stars in a table that a photo program exports, as plug-ins of Lightroom do: flags beside them, or stars drawn."""

import re
from collections.abc import Mapping

from beholder.data.tables import plain_name

FLAG_COLUMNS = {"flag", "pick", "picked", "pickflag", "flagstatus", "pickstatus"}
_STAR = "[\u2605\u2b50]\ufe0f?"  # a star in black, or as a picture
_DRAWN = re.compile(rf"\s*({_STAR}\s*){{0,5}}[\u2606\s]*")  # then stars in white


def is_star_export(table: Mapping[str, list[str]]) -> bool:
    """Whether a table is one of stars, in which none is no rating: by a column of flags, or because stars are drawn.

    >>> is_star_export({"Filename": ["a.jpg"], "Rating": ["3"], "Pick Flag": ["1"]})
    True
    >>> is_star_export({"image": ["a.jpg"], "Rating": ["3"]})
    False
    """
    name = _rating(table)
    return name is not None and (_is_drawn(table[name]) or any(plain_name(each) in FLAG_COLUMNS for each in table))


def plain_stars(table: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The columns of such a table with stars as numbers, and without the flags. Other tables stay as they are.

    >>> plain_stars({"Filename": ["a.jpg", "b.jpg"], "Rating": ["\u2605\u2605\u2605", ""], "Flag": ["Picked", ""]})
    {'Filename': ['a.jpg', 'b.jpg'], 'Rating': ['3', '0']}
    """
    if not is_star_export(table):
        return dict(table)
    rating = _rating(table)
    found = {name: cells for name, cells in table.items() if plain_name(name) not in FLAG_COLUMNS}
    if rating is not None and _is_drawn(table[rating]):
        found[rating] = [str(len(re.findall(_STAR, cell))) for cell in table[rating]]
    return found


def _rating(table: Mapping[str, list[str]]) -> str | None:
    return next((name for name in table if plain_name(name) == "rating"), None)


def _is_drawn(cells: list[str]) -> bool:
    return any(re.search(_STAR, cell) for cell in cells) and all(_DRAWN.fullmatch(cell) for cell in cells)
