"""Links from a report page to the photographs themselves."""

import os
from pathlib import Path
from urllib.parse import quote


def link_to(path: str | os.PathLike[str], page: str | os.PathLike[str]) -> str:
    """The URL of a photograph from the folder of a page, so that both can be moved together.

    Every byte of a name that could mean something else in a URL is escaped, also those that are no UTF-8.

    Args:
        path: of the photograph.
        page: path of the page.

    >>> link_to("shoot 1/50% #2.jpg", "pages/report.html")
    '../shoot%201/50%25%20%232.jpg'
    """
    target, folder = os.path.abspath(path), os.path.dirname(os.path.abspath(page))
    try:
        relative = os.path.relpath(target, folder)
    except ValueError:  # on another drive of Windows
        return Path(target).as_uri()
    return "/".join(quote(os.fsencode(part), safe="") for part in relative.split(os.sep))
