"""`beholder card` and `beholder push`."""

from pathlib import Path
from typing import Annotated

import typer

from beholder.cli.options import ModelArgument
from beholder.files import check_writable, explained, file_head, replacing
from beholder.terminal import say, show


def card(
    model: ModelArgument = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write it to this file.  [default: print it]", metavar="FILE.md")
    ] = None,
) -> None:
    """Print the model card of a model file, as the Hugging Face hub reads it.

    Markdown with the hub's metadata on top: licence, tags, data sets, metrics. It says what the file knows: tasks,
    ranges, training data by hash, held-out metrics with intervals, settings. Who may use the model for what is for you
    to add. `beholder push` puts it beside the model.

    \b
    Examples:
      beholder card mine.onnx --out README.md
      beholder card fast
    """
    from beholder.scoring.model_file import model_path, read_model
    from beholder.sharing.card import model_card

    if out is not None:
        check_writable(out, "the card", _is_card, (model,))
    text = model_card(*read_model(model_path(model)))
    if out is None:
        for line in text.splitlines():
            show(line)
        return
    with replacing(out, "the card") as partial, explained(out, "the card"):
        partial.write_text(text, encoding="utf-8")
    say(f"{out} written")


def push(
    model: Annotated[str, typer.Argument(help="Model file.", metavar="MODEL")],
    repo: Annotated[str, typer.Argument(help="Repository; it is made where there is none.", metavar="ORG/REPO")],
    private: Annotated[
        bool, typer.Option("--private", help="A repository that is made is for its owner only.")
    ] = False,
    replace_card: Annotated[
        bool, typer.Option("--replace-card", help="Replace a card there that beholder did not make.")
    ] = False,
) -> None:
    """Put a model file and its card on the Hugging Face hub.

    Prints the address with the commit, by which anybody gets the same scores: `beholder.load("hf://ORG/REPO@COMMIT")`,
    or --model of every command. Log in first: hf auth login, or HF_TOKEN. Needs beholder[hub].

    \b
    Example:
      beholder push mine.onnx someone/aesthetics
    """
    from beholder.sharing.push import push

    show(push(model, repo, private=private, replace_card=replace_card))


def _is_card(path: Path) -> bool:
    """Whether a file is a model card, as far as its beginning says."""
    head = file_head(path, 4096)
    return head.startswith(b"---\n") and b'library_name: "beholder"' in head
