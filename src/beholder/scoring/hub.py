"""Model files on the Hugging Face hub: ``hf://org/repo@commit`` becomes a file on this machine.

A commit hash is what pins a model: a branch or a tag can be moved, so that the same name gives other scores tomorrow.
Without one the newest commit is taken, and a line says which. The file comes from `huggingface_hub`, which keeps it in
its own cache and knows tokens; it is read as any model file is, and where the card of the repository gives its sha256,
that must match. Nothing else of the repository is read, and nothing of it is run.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from beholder.errors import BeholderError, ModelError
from beholder.extras import require
from beholder.terminal import say
from beholder.text import one_line, printable

SCHEME = "hf://"
MODEL_FILE = "model.onnx"  # in a repository, unless the address names another
CARD_FILE = "README.md"
SHA256_KEY = "model_sha256"  # in the metadata of the card: of MODEL_FILE
MAX_CARD_BYTES = 1_000_000

_FORM = "hf://ORG/REPO@COMMIT, or hf://ORG/REPO@COMMIT/FILE.onnx"
_ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([^@/\s]+))?(?:/([^@\s]+\.onnx))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_GIVEN_SHA256 = re.compile(rf"^{SHA256_KEY}: ['\"]?([0-9a-f]{{64}})['\"]?$", re.MULTILINE)


class Address(NamedTuple):
    """A model file on the hub.

    Attributes:
        repo: ``org/repo``.
        revision: commit hash, branch or tag; None for the newest commit.
        file: path in the repository.
    """

    repo: str
    revision: str | None
    file: str


def parse_address(text: str) -> Address:
    """An address, taken apart. Raises ModelError where it is none.

    >>> parse_address("hf://someone/aesthetics@" + "ab" * 20).revision[:4]
    'abab'
    >>> parse_address("hf://someone/aesthetics/small.onnx")
    Address(repo='someone/aesthetics', revision=None, file='small.onnx')
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ModelError(f"{printable(text)}: is no model on the hub; write it as {_FORM}")
    return Address(match[1], match[2], match[3] or MODEL_FILE)


@cache  # one process keeps to the commit that it took first
def fetch_model(text: str) -> Path:
    """The file of a model on the hub, fetched unless it is in the cache of `huggingface_hub`.

    Args:
        text: ``hf://org/repo@commit``, with ``/FILE.onnx`` for another file than ``model.onnx``.

    Raises:
        BeholderError: huggingface_hub is not installed, or the hub cannot be reached.
        ModelError: there is no such repository, revision or file, or the file is not what its card says.
    """
    address = parse_address(text)
    hub = client("a model on the hub")
    with hub_errors(text, hub):
        commit = address.revision
        if commit is None or not _COMMIT.fullmatch(commit):
            commit = hub.HfApi().model_info(address.repo, revision=commit).sha
            pinned = text.partition("@")[0] if address.revision else f"{SCHEME}{address.repo}"
            file = "" if address.file == MODEL_FILE else f"/{address.file}"
            say(f"{text}: took commit {commit}; for the same scores tomorrow name it: {pinned}@{commit}{file}")
        # The card comes first, so that a file which is kept here was checked when it came, or is now.
        kept = isinstance(hub.try_to_load_from_cache(address.repo, address.file, revision=commit), str)
        card = _card(hub, address.repo, commit, kept=kept) if address.file == MODEL_FILE else ""
        path = Path(hub.hf_hub_download(address.repo, address.file, revision=commit))
    _check_sha256(path, card, text)
    return path


def client(purpose: str) -> ModuleType:
    """`huggingface_hub`. Raises BeholderError where it is not installed."""
    require("huggingface_hub.errors", "hub", purpose)
    return require("huggingface_hub", "hub", purpose)


def _card(hub: ModuleType, repo: str, commit: str, *, kept: bool) -> str:
    """The card of a repository, empty where it has none; without asking the hub where the model is kept here."""
    try:
        path = hub.hf_hub_download(repo, CARD_FILE, revision=commit, local_files_only=kept)
    except hub.errors.EntryNotFoundError as error:
        if isinstance(error, hub.errors.LocalEntryNotFoundError) and not kept:
            raise  # the hub was not reached
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(MAX_CARD_BYTES)


def _check_sha256(path: Path, card: str, text: str) -> None:
    given = _GIVEN_SHA256.search(card)
    if given is None:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != given[1]:
        raise ModelError(
            f"{text}: the file has sha256 {found[:12]}..., its card says {given[1][:12]}...; one of them was replaced "
            f"without the other: ask its authors, or take an earlier commit"
        )


@contextmanager
def hub_errors(text: str, hub: ModuleType) -> Iterator[None]:
    """Turn errors of `huggingface_hub` into a BeholderError of one line that says what to do."""
    errors = hub.errors
    try:
        yield
    except BeholderError:
        raise
    except errors.GatedRepoError:
        raise ModelError(
            f"{text}: its authors ask for their terms to be accepted on its page; then log in: hf auth login"
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelError(
            f"{text}: the hub has no such repository, or it is private and you are not logged in; check the name, or "
            "log in: hf auth login"
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(f"{text}: its repository has no such commit, branch or tag; see the history there") from None
    except errors.LocalEntryNotFoundError as error:  # before its base class, which is about the hub
        raise BeholderError(_unreachable(text, error)) from None
    except errors.EntryNotFoundError:
        raise ModelError(f"{text}: its repository has no such file; name one: {_FORM}") from None
    except errors.HFValidationError as error:
        raise ModelError(f"{text}: {one_line(error)}; write it as {_FORM}") from None
    except errors.HfHubHTTPError as error:
        raise BeholderError(f"{text}: the hub refused: {one_line(error)}") from None
    except Exception as error:  # of the HTTP client, whose types differ from version to version
        raise BeholderError(_unreachable(text, error)) from None


def _unreachable(text: str, error: Exception) -> str:
    host = os.environ.get("HF_ENDPOINT", "huggingface.co")
    why = error.__cause__ or error  # what was met, rather than that nothing is kept here
    return (
        f"{text}: {host} could not be reached ({type(why).__name__}: {one_line(why)}); check the network, name "
        "a commit that was fetched before, or give a file"
    )
