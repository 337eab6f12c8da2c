"""What a search for photographs passes over, and how that is reported."""

from collections import Counter

from beholder.photos.formats import UNREAD_SUFFIXES
from beholder.text import printable

# Folders in which systems, disks on the network and photo programs keep thumbnails and what was thrown away.
MACHINE_FOLDERS = frozenset(
    name.casefold()
    for name in (
        *("@eaDir", "#recycle", "#snapshot", "@tmp", "@Recycle", "@Recently-Snapshot", "~snapshot"),
        *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "lost+found"),
        *("__MACOSX", "Network Trash Folder", "Temporary Items"),
        *("THMBNL",),  # of Sony cameras: a still of each video
    )
)
_LIGHTROOM = ".lrdata"  # its previews
_LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary", ".aplibrary")  # of Apple's programs
_ORIGINALS = ("originals", "masters")  # in them; beside these are thumbnails and edited versions

IN_LIBRARY = "folders of thumbnails and edits in an Apple library"
LINKS = "links to folders, which are not followed"
LOOPS = "folders that are inside themselves"
EXCLUDED = "by --exclude"
HIDDEN = "hidden (the name begins with a dot)"
IN_CLOUD = "only in iCloud, not on this disk (.icloud)"
PAIRED = "by --pairs one (the JPEG or HEIC of the same shot is taken)"


def machine_folder(folder: str, name: str) -> str | None:
    """How a folder that a program made for itself is called in a summary; None for any other folder.

    Args:
        folder: path of the folder it is in.
        name: of the folder.

    >>> machine_folder("photos", "@eaDir"), machine_folder("Photos Library.photoslibrary", "originals")
    ('@eaDir/', None)
    """
    folded = name.casefold()
    if folder.rstrip("/\\").casefold().endswith(_LIBRARIES):
        return None if folded in _ORIGINALS else IN_LIBRARY
    if folded.endswith(_LIGHTROOM):
        return f"*{_LIGHTROOM}/"
    return f"{name}/" if folded in MACHINE_FOLDERS else None


def unread(suffix: str) -> str | None:
    """What is said of a picture that is not read, by its suffix in lower case; None for any other file.

    >>> unread(".jxl"), unread(".txt")
    ('.jxl (JPEG XL is not read)', None)
    """
    kind = UNREAD_SUFFIXES.get(suffix)
    return f"{suffix} ({kind} is not read)" if kind else None


def summary(passed_over: Counter[str]) -> str:
    """One line of what was passed over, the most frequent first; empty if nothing was.

    >>> summary(Counter({".jxl (JPEG XL is not read)": 2, "@eaDir": 1}))
    'passed over: 2 .jxl (JPEG XL is not read), 1 @eaDir'
    """
    counts = sorted(
        ((count, kind) for kind, count in passed_over.items() if count), key=lambda each: (-each[0], each[1])
    )
    kinds = ", ".join(f"{count:,} {printable(kind)}" for count, kind in counts)
    return f"passed over: {kinds}" if kinds else ""
