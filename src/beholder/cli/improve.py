"""`beholder improve`."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from beholder.cli.options import Exclude, Fast, Model, Paths, Recursive, Threads, open_scorer
from beholder.cli.outputs import free_picture_path, numbered, save_picture
from beholder.cli.session import InputPhotos, RunSummary, finish
from beholder.cli.stopping import stoppable
from beholder.errors import BeholderError
from beholder.terminal import show, show_json
from beholder.text import printable

if TYPE_CHECKING:
    from beholder.improving.improve import Improvement


def improve(
    paths: Paths,
    crop: Annotated[
        str | None,
        typer.Option(
            help="Crop to this shape first: 1:1, 4:5, 3:2, 16:9 or another; upright or across, as the photograph is.",
            metavar="W:H",
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Folder for changed copies, at full size: the depth, colour profile and EXIF data of the original are "
            "kept. Never the folder of an original.",
            metavar="DIR",
            file_okay=False,
        ),
    ] = None,
    sheets: Annotated[
        Path | None,
        typer.Option(
            help="Folder for sheets of before and after, PHOTO-improve.png.  [default: this folder; none with --json]",
            metavar="DIR",
            file_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and draw no sheets.")] = False,
    recursive: Recursive = False,
    exclude: Exclude = None,
    model: Model = None,
    fast: Fast = False,
    threads: Threads = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")] = False,
) -> None:
    """Find the edits and crops that would raise the score of a photograph.

    Tries crops, straightening, exposure, white balance, contrast, saturation and sharpening, and lets the model judge.
    Prints each edit that raises the score beyond its own noise, the best first, with what it gains; and the best two or
    three of them together. A fault that the model sees clearly, such as a colour cast, counts too, even where
    correcting it hardly moves the score. Says so where nothing helps.

    Draws a sheet of before and after. The originals are never changed. Takes about 5 seconds a photograph on two cores,
    with --fast one or two.

    \b
    Examples:
      beholder improve examples/photos/coffee.jpg
      beholder improve trip/ --crop 4:5 --save improved/
    """
    from beholder.improving.frames import ratio
    from beholder.improving.improve import improve as find_improvement

    if crop:
        ratio(crop, 1.0)
    scorer = open_scorer(model, fast=fast, threads=threads)
    photos = InputPhotos(paths, recursive=recursive, exclude=exclude or (), quiet=quiet)
    for folder, what in ((save, "changed copies"), (sheets, "sheets")):
        if folder is not None:
            _check_folder(folder, what)
    if save is not None:
        _check_apart(save, photos)
    run, found_of = RunSummary(), []
    with stoppable(run):
        for path in _readable(photos, run):
            try:
                found = find_improvement(scorer, path, crop or "")
                if as_json:
                    found_of.append(_as_dict(path, found))
                else:
                    _show(path, found)
                    if found.changes:
                        sheet = _draw(path, found, sheets or Path())
                        if not quiet:
                            show(f"  {sheet}")
                if save is not None and found.changes:
                    copy = _save(path, found, save)
                    if as_json:
                        found_of[-1]["saved"] = str(copy)
                    else:
                        show(f"  {copy}")
                run.scored += 1
            except BeholderError as error:
                run.reasons.add(path, str(error))
            if run.stopped:
                break
    if as_json:
        show_json(found_of)
    finish(run, None, quiet=quiet)


def _readable(photos: InputPhotos, run: RunSummary) -> Iterator[str]:
    for item in photos:
        if isinstance(item, str):
            yield item
        else:
            run.reasons.add(item.path, item.error)


def _check_folder(folder: Path, what: str) -> None:
    """Make a folder that is written to. Raises BeholderError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BeholderError(f"{folder}: cannot make the folder for {what}: {error.strerror}; give another") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BeholderError(f"{folder}: the folder for {what} cannot be written to; give another")


def _check_apart(save: Path, photos: InputPhotos) -> None:
    """Check that no original is in the folder of the copies."""
    for item in photos:
        if isinstance(item, str) and Path(item).exists() and os.path.samefile(Path(item).parent, save):
            raise BeholderError(f"{save}: holds the original {Path(item).name}; give another folder for changed copies")


def _show(path: str, found: "Improvement") -> None:
    from beholder.improving.sheet import report

    first, *others = report(found)
    show(f"{path}: {first}")
    for line in others:
        show(f"  {line}")


def _as_dict(path: str, found: "Improvement") -> dict[str, Any]:
    return {
        "path": path,
        "model": found.scores.model,
        "overall": round(float(found.scores.values[0, 0]), 4),
        "noise": round(found.noise, 4),
        "crop": found.crop.as_dict() if found.crop else None,
        "single": [each.as_dict() for each in found.single],
        "together": found.together.as_dict() if found.together else None,
    }


def _draw(path: str, found: "Improvement", folder: Path) -> Path:
    """Write the sheet of a photograph under a name that is free, or has an earlier sheet of the same photograph."""
    import hashlib

    from beholder.improving.sheet import draw
    from beholder.photos.read import read_bytes

    comment = f"improvement of sha256 {hashlib.sha256(read_bytes(path)).hexdigest()}"
    target = free_picture_path(folder, f"{Path(path).stem}-improve", comment)
    save_picture(draw(found, printable(path)), target, "the sheet", comment)
    return target


def _save(path: str, found: "Improvement", folder: Path) -> Path:
    """Write the changed copy at full size under a name that is free."""
    from beholder.files import explained, replacing
    from beholder.improving.changes import apply, cropped
    from beholder.photos.original import open_original, store

    original = open_original(path)
    pixels, changes = original.pixels, found.changes
    if found.crop is not None:
        pixels, changes = cropped(pixels, found.crop.box, path), changes[1:]
    changed = apply(pixels, changes, path)
    names = (folder / f"{Path(path).stem}{numbered(place)}{original.suffix}" for place in count(1))
    target = next(name for name in names if not name.exists())
    with replacing(target, "the changed copy") as partial, explained(target, "the changed copy"):
        store(original, changed, partial)
    return target
