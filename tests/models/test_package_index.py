"""One file out of a package: from the index that pip knows, checked before it is opened, with nothing of it run."""

import base64
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from beholder.errors import BeholderError
from beholder.models import package_index
from beholder.models.package_index import fetch_member

RUNS = b"open('it-ran', 'w').close()\n"
MEMBER = "toy/values.bin"


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def in_tar(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, content


def sdist(content: bytes = b"values", **kind: object) -> bytes:
    """A source archive that would run code, were it built."""
    project = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    outside = [in_tar("../../escaped", b"x"), in_tar("toy-1/pyproject.toml", project)]
    code = [in_tar("toy-1/setup.py", RUNS), in_tar("toy-1/backend.py", RUNS)]
    return tar_of(*outside, *code, in_tar(f"toy-1/{MEMBER}", content, **kind))  # type: ignore[arg-type]


def wheel(content: bytes = b"values", mode: int = 0o100644, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        info = zipfile.ZipInfo(MEMBER)
        info.external_attr = mode << 16
        archive.writestr(info, content)
    return packed.getvalue()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Puts an archive on a local index that pip is set to use; returns its sha256."""

    def put(archive: bytes, name: str = "toy-1.tar.gz", *, listed: bytes | None = None) -> str:
        sha256 = hashlib.sha256(archive if listed is None else listed).hexdigest()
        page = tmp_path / "simple" / "to-y" / "index.html"
        page.parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(archive)
        page.write_text(f'<a href="../../{name}#sha256={sha256}">{name}</a>')
        monkeypatch.setattr(package_index, "_pip", lambda *_: f"global.index-url='{(tmp_path / 'simple').as_uri()}'\n")
        monkeypatch.chdir(tmp_path)
        return sha256

    return put


@pytest.mark.parametrize(
    ("make", "name"), [(sdist, "toy-1.tar.gz"), (wheel, "toy-1-py3-none-any.whl")], ids=["sdist", "wheel"]
)
def test_one_file_is_read_and_nothing_is_run(
    make: Callable[[], bytes], name: str, serve: Callable[..., str], tmp_path: Path
) -> None:
    sha256 = serve(make(), name)
    before = sorted(tmp_path.rglob("*"))
    assert fetch_member("To_Y==1", sha256, MEMBER, tmp_path) == b"values"
    assert sorted(tmp_path.rglob("*")) == before and not (tmp_path.parent / "escaped").exists()


def test_another_archive_is_not_opened(
    serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = serve(wheel(b"others"), listed=wheel())
    monkeypatch.setattr(package_index, "_read_member", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(BeholderError, match=r"archive has sha256 \w{12}\.\.\., not \w{12}"):
        fetch_member("to-y==1", sha256, MEMBER, tmp_path)
    with pytest.raises(BeholderError, match=r"the index has no file of to-y==1 with sha256 000000"):
        fetch_member("to-y==1", "0" * 64, MEMBER, tmp_path)


ODD_ARCHIVES = {
    "a link out of the archive": sdist(b"", kind=tarfile.SYMTYPE, link="/etc/passwd"),
    "a hard link": sdist(b"", kind=tarfile.LNKTYPE, link="toy-1/setup.py"),
    "a device": sdist(b"", kind=tarfile.CHRTYPE),
    "a folder": sdist(b"", kind=tarfile.DIRTYPE),
    "a link in a wheel": wheel(b"/etc/passwd", mode=0o120777),
    "another file": tar_of(in_tar("toy-1/other.bin")),
    "too large": sdist(b"x" * 2001),
    "too large in a wheel": wheel(b"x" * 2001),
    "no archive": b"no archive at all",
    "a tar cut short": sdist(bytes(1000))[:250],
    "a wheel of junk": wheel().replace(b"values", b"valued"),
}


@pytest.mark.parametrize("kind", ODD_ARCHIVES)
def test_only_a_regular_file_of_a_sensible_size_is_read(
    kind: str, serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_index, "MAX_MEMBER_BYTES", 2000)
    sha256 = serve(ODD_ARCHIVES[kind])
    with pytest.raises(BeholderError, match=r"no regular file toy/values.bin|cannot be read") as caught:
        fetch_member("to-y==1", sha256, MEMBER, tmp_path)
    assert str(caught.value).isprintable()


def test_an_endless_archive_is_given_up(
    serve: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_index, "MAX_ARCHIVE_BYTES", 100)
    sha256 = serve(sdist())
    with pytest.raises(BeholderError, match="more than 100 bytes"):
        fetch_member("to-y==1", sha256, MEMBER, tmp_path)


@pytest.fixture
def private_index() -> Iterator[str]:
    """An index that asks for a name and password, and sends on to another address."""
    archive = wheel()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "").removeprefix("Basic ")
            if base64.b64decode(given) != b"me@work:a/b":
                self.send_error(403)
            elif self.path == "/simple/to-y/":
                self.send_response(302)
                self.send_header("Location", "/all/to-y/")
                self.end_headers()
            else:
                self.send_response(200)
                self.end_headers()
                page = f'<a href="x.whl#sha256={hashlib.sha256(archive).hexdigest()}">'
                page += f'<a href="file:///dev/zero#sha256={"1" * 64}">'
                self.wfile.write(archive if self.path.endswith("whl") else page.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://me%40work:a%2Fb@127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def test_the_index_is_the_one_that_pip_is_set_to_use(
    private_index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pip itself: a file of settings, and variables, which count more."""
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = http://127.0.0.1:9/none\nno-index = no\n[install]\nno-index = yes\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{tmp_path.as_uri()}/none {private_index}")
    sha256 = hashlib.sha256(wheel()).hexdigest()
    assert fetch_member("to-y==1", sha256, MEMBER, tmp_path) == b"values"
    settings.write_text("")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(BeholderError, match="pip is set to use no index"):
        fetch_member("to-y==1", sha256, MEMBER, tmp_path)


def test_an_index_that_asks_for_a_password(private_index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = private_index.replace("a%2Fb", "wrong")
    monkeypatch.setattr(package_index, "_pip", lambda *_: f":env:.index-url='{wrong}'\n")
    with pytest.raises(BeholderError, match="403") as caught:
        fetch_member("to-y==1", "1" * 64, MEMBER, tmp_path)
    assert "wrong" not in str(caught.value)
    monkeypatch.setattr(package_index, "_pip", lambda *_: f":env:.index-url='{private_index}'\n")
    with pytest.raises(BeholderError, match="the index has no file of to-y==1"):  # nor is a file of this machine
        fetch_member("to-y==1", "1" * 64, MEMBER, tmp_path)


def test_the_index_that_pip_uses_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_INDEX_URL", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    assert package_index._default_index().startswith("https://")


def test_without_pip_there_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_index.sys, "executable", "/bin/false")
    with pytest.raises(BeholderError, match="pip does not say which index to use"):
        fetch_member("to-y==1", "1" * 64, MEMBER, tmp_path)
