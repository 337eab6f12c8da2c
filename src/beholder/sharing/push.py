"""A model file and its card, put on the Hugging Face hub."""

import os

from beholder.errors import BeholderError
from beholder.reporting.markdown import GENERATOR
from beholder.scoring.hub import CARD_FILE, MODEL_FILE, SCHEME, client, hub_errors, parse_address
from beholder.scoring.model_file import model_id, model_path, read_model
from beholder.sharing.card import model_card


def push(
    model: str | os.PathLike[str], repo: str, *, private: bool = False, replace_card: bool = False, message: str = ""
) -> str:
    """Put a model file and its card into a repository of the Hugging Face hub, as one commit.

    Args:
        model: a model file, or the name of an embedded model. It is read and checked before.
        repo: ``org/repo``; made where there is none. You are logged in: ``hf auth login``, or HF_TOKEN.
        private: whether a repository that is made can be seen by its owner only.
        replace_card: whether a card there that beholder did not make is replaced.
        message: of the commit; by default it names the model.

    Returns:
        The address that :func:`beholder.load` takes, with the commit: ``hf://org/repo@commit``.

    Raises:
        ModelError: the file is not a beholder model.
        BeholderError: huggingface_hub is not installed, the hub cannot be reached or refuses, or the repository has a
            card of somebody else.

    >>> import beholder
    >>> beholder.push("mine.onnx", "someone/aesthetics")  # doctest: +SKIP
    'hf://someone/aesthetics@5c0c8a2f6a1b4c9e8d7f6a5b4c3d2e1f0a9b8c7d'
    """
    name = repo.removeprefix(SCHEME)
    address = parse_address(f"{SCHEME}{name}")
    if address.revision or address.file != MODEL_FILE:
        raise BeholderError(f"{repo}: give the repository alone, ORG/REPO; the commit is what comes of it")
    content, info = read_model(model_path(model))
    card = model_card(content, info)
    hub = client("push")
    api = hub.HfApi()
    with hub_errors(f"{SCHEME}{name}", hub):
        api.create_repo(name, private=private, exist_ok=True)
        if not replace_card and api.file_exists(name, CARD_FILE):
            with open(hub.hf_hub_download(name, CARD_FILE), encoding="utf-8", errors="replace") as file:
                if GENERATOR not in file.read():
                    raise BeholderError(
                        f"{SCHEME}{name}: has a card that beholder did not make; --replace-card (replace_card=True) "
                        "puts a new one in its place"
                    )
        done = api.create_commit(
            name,
            [
                hub.CommitOperationAdd(MODEL_FILE, content),
                hub.CommitOperationAdd(CARD_FILE, card.encode()),
            ],
            commit_message=message or f"beholder model {model_id(info.name, content)}",
        )
    return f"{SCHEME}{name}@{done.oid}"
