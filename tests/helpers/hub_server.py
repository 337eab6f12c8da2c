"""A Hugging Face hub on this machine: a folder of repositories behind the few routes that `huggingface_hub` asks for.

The client is the real one, so what it asks for, keeps and raises is real, too.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

Files = dict[str, bytes]

PRIVATE, GATED = "secret/model", "gated/model"


class Hub:
    """Repositories by name, each a list of commits, the newest last.

    Attributes:
        repos: name -> pairs of a commit hash and all files of it.
        asked: paths of the requests.
    """

    def __init__(self) -> None:
        self.repos: dict[str, list[tuple[str, Files]]] = {}
        self.asked: list[str] = []

    def commit(self, repo: str, files: Files) -> str:
        """A new commit with these files beside those of the last one; its hash."""
        commits = self.repos.setdefault(repo, [])
        whole = {**(commits[-1][1] if commits else {}), **files}
        oid = hashlib.sha1(repr((len(commits), sorted(whole.items()))).encode()).hexdigest()
        commits.append((oid, whole))
        return oid

    def find(self, repo: str, revision: str) -> tuple[str, Files] | None:
        """A commit by its hash, or the newest by the name of the branch."""
        commits = self.repos.get(repo, [])
        return next((each for each in reversed(commits) if revision in ("main", each[0])), None)


class _Routes(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.asked.append(self.path)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", self.path.partition("?")[0]):
            repo, revision, file = found[1], found[2] or "main", None
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path):
            repo, revision, file = found[1], found[2], found[3]
        else:
            return self._send(404, b"")  # the client asks for things that are not of our concern
        return self._send(*self._answer(repo, revision, file))

    def _answer(self, repo: str, revision: str, file: str | None) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers."""
        commit = self.hub.find(repo, revision)
        refusals = (
            (repo == GATED, 403, "GatedRepo"),
            (repo not in self.hub.repos or repo == PRIVATE, 401, "RepoNotFound"),
            (commit is None, 404, "RevisionNotFound"),
            (commit is not None and file is not None and file not in commit[1], 404, "EntryNotFound"),
        )
        for is_so, status, code in refusals:
            if is_so:
                return status, b"", {"X-Error-Code": code} | ({"X-Repo-Commit": commit[0]} if commit else {})
        assert commit is not None
        oid, files = commit
        if file is None:
            return 200, json.dumps({"id": repo, "sha": oid, "siblings": []}).encode(), {}
        return 200, files[file], {"X-Repo-Commit": oid, "ETag": f'"{hashlib.sha256(files[file]).hexdigest()}"'}

    def do_POST(self) -> None:
        self.hub.asked.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/api/validate-yaml":  # of a card
            return self._send(200, b'{"errors": [], "warnings": []}')
        if self.path == "/api/repos/create":
            wanted = json.loads(body)
            repo = f"{wanted['organization']}/{wanted['name']}"
            self.hub.repos.setdefault(repo, [])
            return self._send(200, json.dumps({"url": f"http://{self.headers['Host']}/{repo}"}).encode())
        repo = re.findall(r"/api/models/([^/]+/[^/]+)/", self.path)[0]
        if "/preupload/" in self.path:
            files = [
                {"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                for each in json.loads(body)["files"]
            ]
            return self._send(200, json.dumps({"files": files}).encode())
        lines = [json.loads(line)["value"] for line in body.splitlines()]
        added = {each["path"]: base64.b64decode(each["content"]) for each in lines if "content" in each}
        oid = self.hub.commit(repo, added)
        answer = {
            "commitUrl": f"http://{self.headers['Host']}/{repo}/commit/{oid}",
            "commitOid": oid,
            "success": True,
            "hookOutput": "",
        }
        return self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def running(patch: pytest.MonkeyPatch, cache: str) -> Iterator[Hub]:
    """A hub, and the client of this process pointed at it, with an empty cache and as somebody who is logged in."""
    from huggingface_hub import constants

    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Routes", (_Routes,), {"hub": hub}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        patch.setattr(constants, "ENDPOINT", address)
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
        patch.setattr(constants, "HF_HUB_CACHE", cache)
        patch.setenv("HF_ENDPOINT", address)
        patch.setenv("HF_TOKEN", "hf_of_a_test")
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
