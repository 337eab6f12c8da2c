"""What docs/serve.md shows works: each line of curl and the Python code, asked of a service that runs."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.factories import REPOSITORY, save_model, save_photo
from helpers.services import Running, running
from helpers.shell_examples import blocks, pipelines

BLOCKS = blocks(REPOSITORY / "docs" / "serve.md")
URL = "http://127.0.0.1:8017"
CURL = [words for block in BLOCKS for (words,) in pipelines(block.text) if words[0] == "curl"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    model = save_model(tmp_path_factory.mktemp("model") / "m.onnx")
    with running(model, "--timeout", "60") as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("photo.jpg", "a.jpg", "b.jpg"):
        save_photo(tmp_path / name, 7)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("words", [pytest.param(words, id=words[-1]) for words in CURL])
def test_curl(served: Running, folder: Path, words: list[str]) -> None:
    command = [word.replace(URL, served.url) for word in words]
    done = subprocess.run(
        [*command, "--silent", "--fail", "--noproxy", "*"], capture_output=True, check=True, timeout=60
    )
    if "why.png" in words:
        assert (folder / "why.png").read_bytes().startswith(b"\x89PNG")
    elif "readyz" in words[-1]:
        assert done.stdout == b"ready\n"
    else:
        assert json.loads(done.stdout)


def test_python(served: Running, folder: Path) -> None:
    (code,) = (block.text for block in BLOCKS if block.language == "python")
    exec(compile(code.replace(URL, served.url), "serve.md", "exec"), {})


def test_the_table_of_options_has_the_defaults_of_the_command() -> None:
    from beholder.serving.limits import Limits

    text, limits = (REPOSITORY / "docs" / "serve.md").read_text(), Limits()
    assert f"| `--max-body` | {limits.max_body // 10**6}MB |" in text
    assert f"| `--max-pixels` | {limits.max_pixels // 10**6}MP |" in text
    assert f"| `--queue` | {limits.queue} |" in text and f"| `--timeout` | {limits.timeout:g} |" in text


def test_the_example_of_two_replicas_fits_the_image() -> None:
    """Only read: there is no Docker daemon where the tests run."""
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    compose = (REPOSITORY / "examples" / "serve" / "compose.yaml").read_text()
    nginx = (REPOSITORY / "examples" / "serve" / "nginx.conf").read_text()
    for name in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE):
        assert all((REPOSITORY / each).exists() for each in name.split()), name
    allowed = (REPOSITORY / ".dockerignore").read_text()
    assert all(f"!{name}\n" in allowed for name in ("src", "pyproject.toml", "constraints.txt", "README.md"))
    (secret,) = re.findall(r"/run/secrets/(\w+)", dockerfile.split("ENTRYPOINT")[1])
    assert f"secrets: [{secret}]" in compose and "replicas: 2" in compose and "read_only: true" in compose
    assert "USER 10001:10001" in dockerfile and "HEALTHCHECK" in dockerfile and "EXPOSE 8017" in dockerfile
    assert (
        "server beholder:8017;" in nginx
        and "client_max_body_size 64m;" in nginx
        and nginx.count("{") == nginx.count("}")
    )
