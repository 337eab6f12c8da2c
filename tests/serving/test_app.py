"""Routes: the numbers of the command line, a status and a line for every mistake, and nothing else that grows."""

import asyncio
import base64
import json
import struct
import threading
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import beholder
from beholder.cli.app import app as command_line
from beholder.errors import ModelError
from beholder.photos.memory import limited_pixels
from beholder.serving.service import Service
from helpers.commands import save_bad
from helpers.factories import save_photos
from helpers.hostile_photos import jpeg_of_scans
from helpers.services import JPEG, asked, posted, quick

IDENTITY = {"model", "model_sha256", "version", "image_sha256"}


def by_command_line(paths: list[str], *options: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(command_line, ["score", *paths, "--json", *options])
    return list(json.loads(done.stdout))


def test_numbers_are_those_of_the_command_line(service: Service, colour_model: Path, photos: list[Path]) -> None:
    rows = by_command_line([str(path) for path in photos], "--model", str(colour_model))

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        alone = [await client.post("/v1/score", content=path.read_bytes(), headers=JPEG) for path in photos]
        files = [("photo", (path.name, path.read_bytes())) for path in photos]
        images = [{"data": base64.b64encode(path.read_bytes()).decode(), "name": path.name} for path in photos]
        together = [
            await client.post("/v1/score", files=files),
            await client.post("/v1/score", json={"images": images}),
        ]
        return [*alone, *together]

    *alone, form, document = asked(service, ask)
    for row, path, answer, *listed in zip(rows, photos, alone, form.json(), document.json(), strict=True):
        wanted = {name: value for name, value in row.items() if name not in ("path", "sha256", "error")}
        wanted |= {"image_sha256": row["sha256"], **service_identity(service)}
        assert answer.status_code == 200 and answer.json() == wanted
        assert listed == [{**wanted, "name": path.name}] * 2


def service_identity(service: Service) -> dict[str, Any]:
    return {name: service.identity[name] for name in ("model", "model_sha256", "version")}


@pytest.mark.parametrize("model", ["fast", pytest.param("default", marks=pytest.mark.slow)])
def test_numbers_of_an_embedded_model_are_those_of_score_photos(model: str, photos: list[Path]) -> None:
    from beholder.serving.limits import Limits

    service = Service(model, Limits())
    paths = photos[:3]
    found = list(beholder.score_photos(model, paths, hashed=True))

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        asking = [
            client.post("/v1/score?fields=overall,embedding", content=path.read_bytes(), headers=JPEG) for path in paths
        ]
        return await asyncio.gather(*asking)

    for result, answer in zip(found, asked(service, ask), strict=True):
        assert result.scores is not None
        document = answer.json()
        assert set(document) == {*IDENTITY, "overall", "embedding"} and document["image_sha256"] == result.sha256
        assert document["overall"] == round(float(result.scores.overall[0]), 4)
        np.testing.assert_allclose(document["embedding"], result.scores.embedding[0], rtol=0, atol=1e-5)


def jpeg(side: int = 24, colour: str = "red") -> bytes:
    file = BytesIO()
    Image.new("RGB", (side, side), colour).save(file, "JPEG")
    return file.getvalue()


def as_json(*images: Any) -> bytes:
    return json.dumps({"images": list(images)}).encode()


GOOD = base64.b64encode(jpeg()).decode()
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
JSON = {"Content-Type": "application/json"}
CUT_FORM = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nhello'


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "says"),
    [
        ("", JPEG, b"", 422, "<photograph>: is empty (0 bytes)"),
        ("?name=a.jpg", JPEG, b"hello", 422, "a.jpg: is not a photograph that can be read; it looks like text"),
        ("", {"Content-Type": "application/octet-stream"}, b"hello", 422, "it looks like text"),
        ("", {"Content-Type": "text/plain"}, jpeg(), 415, "a body of type text/plain is not read"),
        ("", {}, jpeg(), 415, "a body without a Content-Type is not read"),
        ("", {**JPEG, "Content-Encoding": "gzip"}, jpeg(), 415, "leave Content-Encoding out"),
        ("?fields=fun", JPEG, jpeg(), 422, "no field is called 'fun': there are overall, warmth, quality"),
        ("?fields=", JPEG, jpeg(), 422, "no field is called ''"),
        ("", JSON, b"", 400, "the body is not JSON"),
        ("", JSON, b"{", 400, "the body is not JSON"),
        ("", JSON, b"[" * 100_000, 400, "the body is not JSON: it is nested too deeply"),
        ("", JSON, b"[]", 400, "the JSON has no list of images"),
        ("", JSON, b'{"images": []}', 400, "the JSON has no list of images"),
        ("", JSON, b'{"images": ["http://localhost/a.jpg"]}', 400, "addresses are not followed"),
        ("", JSON, as_json({"url": "http://localhost/a.jpg"}), 400, "addresses are not followed"),
        ("", JSON, as_json({"data": 0}), 400, "has no data in base64"),
        ("", JSON, as_json({"data": None}, {"data": GOOD}), 400, "has no data in base64"),
        ("", JSON, as_json(*[{"data": GOOD}] * 65), 413, "more than 64 photographs in one request"),
        ("", JSON, as_json({"data": GOOD, "more": "x" * 1_000_001}), 413, "the JSON has more than 1 MB"),
        ("", JSON, b'{"images": ' + b"[]," * 400_000, 413, "the JSON has more than 1 MB"),
        ("", FORM, b"", 400, "the form does not hold its boundary"),
        ("", FORM, b"--x--\r\n", 400, "the form holds no photograph"),
        ("", FORM, CUT_FORM, 400, "the form is cut short"),
        ("", FORM, b"--x\r\n" + b"a: b\r\n" * 3000 + b"\r\nhello\r\n--x--", 400, "the form is cut short"),
        ("", {"Content-Type": "multipart/form-data"}, CUT_FORM, 400, "has no boundary"),
        ("", FORM, b"--x\r\n\r\nhello\r\n" * 65 + b"--x--", 413, "more than 64 photographs in one request"),
    ],
)
def test_mistakes_are_a_status_and_one_line(
    service: Service, path: str, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    answer = posted(service, f"/v1/score{path}", content=body, headers=headers)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in problem["detail"] and problem["title"] and problem["type"] == "about:blank"
    assert "\n" not in problem["detail"] and problem["version"] == beholder.__version__
    assert service.places.taken == 0 and service.bodies.free == service.bodies.count


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/v1/score", 405, "does not answer that method"),
        ("GET", "/v2/score", 404, "there is no such page"),
        ("GET", "/docs", 404, "there is no such page"),
        ("POST", "/v1/explain?grid=1", 422, "grid: "),
        ("POST", "/v1/explain?grid=x", 422, "grid: "),
        ("POST", "/v1/explain?task=fun", 422, "no task is called 'fun'; this model has overall, warmth, quality"),
    ],
)
def test_other_mistakes_are_problems_too(service: Service, method: str, path: str, status: int, says: str) -> None:
    answer = asked(service, lambda client: client.request(method, path, content=jpeg(), headers=JPEG))
    assert answer.status_code == status and says in answer.json()["detail"]


def test_in_a_list_what_cannot_be_read_has_an_error_in_its_place(service: Service, tmp_path: Path) -> None:
    paths = save_bad(tmp_path / "bad")
    good, *_ = save_photos(tmp_path / "good", 1)
    names = [name for name in ("cut.jpg", "empty.png", "huge.png", "text.jpg") if (tmp_path / "bad" / name).exists()]
    files = [("p", (name, (tmp_path / "bad" / name).read_bytes())) for name in names]
    files.insert(1, ("p", ("good.jpg", Path(good).read_bytes())))
    found = posted(service, files=files).json()
    said = by_command_line([str(tmp_path / "bad" / name) for name in names])
    assert len(paths) >= 4 and [each["name"] for each in found] == [name for _, (name, _) in files]
    assert found[1]["overall"] and "error" not in found[1] and all(set(each) >= IDENTITY for each in found)
    errors = [each["error"] for each in found if "error" in each]
    assert errors == [
        row["error"].replace(f"{tmp_path}/bad/", "").replace("250,000,000", "100,000,000") for row in said
    ]


def test_base64_may_have_escapes_and_names_may_have_any_letters(service: Service) -> None:
    escaped = GOOD.replace("/", "\\/").replace("+", "\\u002B")
    body = '{"images": [{"name": "ä \\"data\\": \\"x\\".jpg", "data" : "GOOD"}, {"data": "a?"}]}'.replace(
        "GOOD", escaped
    )
    first, second = posted(service, content=body.encode(), headers=JSON).json()
    assert first["name"] == 'ä "data": "x".jpg' and first["overall"]
    assert second["error"].startswith("<photograph>: is not base64")


def test_names_of_parts_are_read_as_browsers_and_curl_write_them(service: Service) -> None:
    heads = [
        'form-data; name="p"; filename="ä b.jpg"',
        "form-data; name=p; filename*=UTF-8''%C3%A4%20b.jpg",
        'form-data; name="p"; filename="C:\\\\folder\\\\a.jpg"',
        'form-data; name="p"; filename="a\x1b]0;own.jpg"',
        "form-data; name=p; filename*=nothing''%FF",
        "",
    ]
    part = "--x\r\nContent-Disposition: {}\r\nContent-Type: image/jpeg\r\n\r\n"
    body = b"".join(part.format(head).encode() + jpeg() + b"\r\n" for head in heads) + b"--x--\r\n"
    found = posted(service, content=body, headers=FORM).json()
    names = [each.get("name") for each in found]
    assert names[:2] == ["ä b.jpg"] * 2 and names[2] == "a.jpg" and names[3] == "a\\x1b]0;own.jpg" and not names[5]
    assert all(each["overall"] for each in found)


def test_a_body_is_counted_while_it_is_read(colour_model: Path) -> None:
    service = quick(colour_model, max_body=100_000)
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 10_000
            yield bytes(10_000)

    declared = posted(service, content=bytes(100_001), headers=JPEG)
    streamed = posted(service, content=endless(), headers=JPEG)
    for answer in (declared, streamed):
        assert answer.status_code == 413 and "more than the 100 KB that are read" in answer.json()["detail"]
        assert answer.headers["connection"] == "close"
    assert sent <= 400_000
    assert posted(service, content=jpeg(), headers=JPEG).status_code == 200


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ((0, 0), "cannot decode this PNG"),
        ((50_000, 50_000), "50000 x 50000 pixels, more than the 1,000,000 that are read"),
        ((2000, 2000), "2000 x 2000 pixels, more than the 1,000,000 that are read"),
    ],
)
def test_pixels_are_counted_before_they_are_decoded(colour_model: Path, size: tuple[int, int], says: str) -> None:
    import zlib

    head = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    answer = posted(
        quick(colour_model, max_pixels=1_000_000), content=b"\x89PNG\r\n\x1a\n" + b"".join(packed), headers=JPEG
    )
    assert answer.status_code == 422 and says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (jpeg_of_scans(4000, 4000, 3000), "bomb.jpg: "),
        (jpeg_of_scans(60_000, 60_000, 1), "60000 x 60000 pixels, more than the 100,000,000 that are read"),
        (b"BM" + bytes(16) + struct.pack("<ii", 99_000_000, 1) + bytes(28), "bomb.jpg: "),
    ],
    ids=["many passes", "many pixels", "one row"],
)
def test_bombs_are_refused_with_the_line_of_the_command_line(service: Service, content: bytes, says: str) -> None:
    with limited_pixels(100_000_000), pytest.raises(beholder.PhotoError) as caught:
        beholder.read_photo(content, name="bomb.jpg")
    answer = posted(service, "/v1/score?name=bomb.jpg", content=content, headers=JPEG)
    assert answer.status_code == 422 and answer.json()["detail"] == str(caught.value) and says in str(caught.value)


def test_large_bodies_wait_for_each_other(colour_model: Path) -> None:
    service = quick(colour_model, max_body=1_000_000)
    most = 0

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        async def body() -> AsyncIterator[bytes]:
            nonlocal most
            for _ in range(10):
                most = max(most, service.bodies.count - service.bodies.free)
                await asyncio.sleep(0.001)
                yield bytes(99_000)

        posts = (client.post("/v1/score", content=body(), headers=JPEG) for _ in range(64))
        return await asyncio.gather(*posts)

    found = asked(service, ask)
    assert {answer.status_code for answer in found} == {422}
    assert most == service.bodies.count == 4_000_000 and service.bodies.free == service.bodies.count


def test_an_explanation_that_takes_too_long_is_stopped(colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = quick(colour_model, timeout=2)
    run, goes_on = service.scorer.run, threading.Event()

    def slow(pixels: Any, sizes: Any) -> Any:
        if len(pixels) == 1:  # the first run of an explanation
            goes_on.wait(60)
        return run(pixels, sizes)

    monkeypatch.setattr(service.scorer, "run", slow)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        found = [await client.post("/v1/explain", content=jpeg(), headers=JPEG)]
        goes_on.set()
        while service._explainers.running:
            await asyncio.sleep(0.01)
        return [*found, await client.post("/v1/explain?grid=2", content=jpeg(), headers=JPEG)]

    assert [answer.status_code for answer in asked(service, ask)] == [504, 200]


def held_up(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A decoder that waits for an event, but for photographs whose name begins with quick."""
    from beholder.serving import service as module

    event, prepare = threading.Event(), module.prepare

    def slow(scorer: Any, item: Any, **given: Any) -> Any:
        if not item["path"].startswith("quick"):
            event.wait(60)
        return prepare(scorer, item, **given)

    monkeypatch.setattr(module, "prepare", slow)
    return event


def test_a_full_queue_says_when_to_come_again(colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event, service = held_up(monkeypatch), quick(colour_model, queue=3)

    async def ask(client: httpx.AsyncClient) -> tuple[list[httpx.Response], list[httpx.Response]]:
        first = [asyncio.create_task(client.post("/v1/score", content=jpeg(), headers=JPEG)) for _ in range(2)]
        while service.places.taken < 2:
            await asyncio.sleep(0.01)
        many = await client.post("/v1/score", json={"images": [{"data": GOOD}] * 2})
        first.append(asyncio.create_task(client.post("/v1/score", content=jpeg(), headers=JPEG)))
        while service.places.taken < 3:
            await asyncio.sleep(0.01)
        refused = [many, await client.post("/v1/score", content=jpeg(), headers=JPEG), await client.get("/readyz")]
        event.set()
        return refused, await asyncio.gather(*first)

    (many, one, ready), first = asked(service, ask)
    assert [answer.status_code for answer in first] == [200] * 3
    assert [many.status_code, one.status_code, ready.status_code] == [429, 429, 503]
    assert (
        one.headers["retry-after"] == "1"
        and "3 photographs are being scored or wait, of 3 at most" in one.json()["detail"]
    )


def test_a_decoder_that_hangs_is_left_behind(colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event, service = held_up(monkeypatch), quick(colour_model, timeout=1.5, workers=1)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        found = [
            await client.post("/v1/score", content=jpeg(), headers=JPEG),
            await client.post("/v1/score?name=quick.jpg", content=jpeg(), headers=JPEG),
            await client.get("/livez"),
            await client.post("/v1/score", content=jpeg(), headers=JPEG),  # takes the last thread
            await client.get("/livez"),
            await client.post("/v1/score?name=quick.jpg", content=jpeg(), headers=JPEG),
        ]
        event.set()
        while service.is_stuck:
            await asyncio.sleep(0.01)
        return [*found, await client.post("/v1/score", content=jpeg(), headers=JPEG), await client.get("/livez")]

    found = asked(service, ask)
    assert [answer.status_code for answer in found] == [504, 200, 200, 504, 503, 503, 200, 200]
    assert "not done within the 1.5 s of --timeout" in found[0].json()["detail"]


def test_what_waits_too_long_is_never_decoded(colour_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event, service = held_up(monkeypatch), quick(colour_model, timeout=0.5, workers=1)
    decoded: list[str] = []
    monkeypatch.setattr(service, "_prepare", lambda upload: (decoded.append(upload.name), event.wait(60))[1])

    async def ask(client: httpx.AsyncClient) -> list[int]:
        asking = [client.post(f"/v1/score?name={name}", content=jpeg(), headers=JPEG) for name in ("a", "b")]
        found = [answer.status_code for answer in await asyncio.gather(*asking)]
        event.set()
        await asyncio.sleep(0.1)
        return found

    assert asked(service, ask) == [504, 504] and len(decoded) <= 2


def test_photographs_that_come_together_are_scored_together(
    colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beholder.serving import batching

    service = quick(colour_model, batch=4)
    paths = save_photos(tmp_path / "photos", 24)
    sizes: list[int] = []
    score_prepared = batching.score_prepared

    def counted(scorer: Any, held: Any, *given: Any) -> Any:
        sizes.append(len(held))
        return score_prepared(scorer, held, *given)

    monkeypatch.setattr(batching, "score_prepared", counted)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        asking = [client.post("/v1/score", content=Path(path).read_bytes(), headers=JPEG) for path in paths]
        return await asyncio.gather(*asking)

    rows = by_command_line(paths, "--model", str(colour_model))
    found = [answer.json() for answer in asked(service, ask)]
    assert [each["overall"] for each in found] == [row["overall"] for row in rows]
    assert sum(sizes) == 24 and 1 < max(sizes) <= 4


@pytest.mark.parametrize(
    ("error", "says"),
    [(ModelError("the model is broken"), "the model is broken"), (ZeroDivisionError(), "a fault of beholder")],
)
def test_a_fault_is_a_line_and_the_service_stays(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, says: str
) -> None:
    from beholder.serving import batching

    score_prepared, broken = batching.score_prepared, [error]

    def run(*given: Any) -> Any:
        if broken:
            raise broken.pop()
        return score_prepared(*given)

    monkeypatch.setattr(batching, "score_prepared", run)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.post("/v1/score", content=jpeg(), headers=JPEG) for _ in range(2)]

    first, second = asked(service, ask)
    assert (first.status_code, second.status_code) == (500, 200) and says in first.json()["detail"]
    assert "Traceback" not in first.text + capsys.readouterr().err


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong-token-of-mine"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Basic right-token-of-mine"}, 401),
        ({"Authorization": "Bearer right-token-of-mine\u00e9".encode("latin-1")}, 401),
        ({"Authorization": "bearer right-token-of-mine"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/metrics", "/openapi.json", "/nowhere"])
def test_a_token_is_asked_for(service: Service, headers: Any, status: int, path: str) -> None:
    service.token = "right-token-of-mine"
    answer = asked(service, lambda client: client.get(path, headers=headers), "http://elsewhere.example")
    assert answer.status_code == (404 if path == "/nowhere" and status == 200 else status)
    assert status == 200 or (answer.headers["www-authenticate"] == "Bearer" and "model" not in answer.json())
    assert asked(service, lambda client: client.get("/livez")).text == "ok\n"


@pytest.mark.parametrize(
    ("url", "headers", "status"),
    [
        ("http://127.0.0.1:8017", {}, 200),
        ("http://[::1]:8017", {}, 200),
        ("http://localhost:8017", {}, 200),
        ("http://evil.example", {}, 403),
        ("http://127.0.0.1.evil.example:8017", {}, 403),
        ("http://localhost:8017", {"Origin": "http://evil.example"}, 403),
        ("http://localhost:8017", {"Origin": "null"}, 403),
    ],
)
def test_without_a_token_pages_in_a_browser_are_refused(
    service: Service, url: str, headers: dict[str, str], status: int
) -> None:
    assert asked(service, lambda client: client.get("/v1/models", headers=headers), url).status_code == status


def test_explanations_are_those_of_the_command_line(service: Service, colour_model: Path, photos: list[Path]) -> None:
    content = photos[0].read_bytes()
    wanted = beholder.load(colour_model).explain(str(photos[0]), "warmth", grid=3)

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        path = "/v1/explain?task=warmth&grid=3&name=a.jpg"
        return [
            await client.post(path, content=content, headers=JPEG),
            await client.post(path, content=content, headers={**JPEG, "Accept": "image/png"}),
            await client.post("/v1/explain", files=[("a", content), ("b", content)]),
        ]

    numbers, sheet, two = asked(service, ask)
    document = numbers.json()
    assert (document["task"], document["name"], document["words"]) == ("warmth", "a.jpg", wanted.words())
    np.testing.assert_allclose(document["map"], wanted.evidence, atol=1e-5)
    assert document["scores"]["overall"] == pytest.approx(float(wanted.scores.overall[0]), abs=1e-4)
    assert sheet.headers["content-type"] == "image/png" and Image.open(BytesIO(sheet.content)).size[0] > 300
    assert sheet.headers["beholder-model-sha256"] == document["model_sha256"] == service.identity["model_sha256"]
    assert sheet.headers["beholder-image-sha256"] == document["image_sha256"]
    assert two.status_code == 422


def test_models_metrics_and_states(service: Service) -> None:
    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        await client.post("/v1/score", content=jpeg(), headers={**JPEG, "User-Agent": "secret-agent"})
        await client.post("/v1/score?name=secret-name.jpg", content=b"secret", headers=JPEG)
        await client.get("/secret-path")
        ready = [await client.get("/readyz")]
        service.stop()
        stopping = [
            await client.get("/readyz"),
            await client.get("/livez"),
            await client.post("/v1/score", content=jpeg(), headers=JPEG),
        ]
        return [*ready, *stopping, await client.get("/v1/models"), await client.get("/metrics")]

    *states, models, metrics = asked(service, ask)
    assert [answer.status_code for answer in states] == [200, 503, 200, 503]
    (model,) = models.json()["models"]
    assert model["name"] == "colour" and [task["name"] for task in model["tasks"]] == ["overall", "warmth", "quality"]
    assert model["sha256"] == models.json()["model_sha256"] and "reference" not in model
    assert metrics.headers["content-type"].startswith("text/plain") and "secret" not in metrics.text
    for line in (
        'beholder_requests_total{code="200",route="/v1/score"} 1.0',
        'beholder_requests_total{code="422",route="/v1/score"} 1.0',
        'beholder_requests_total{code="404",route="other"} 1.0',
        'beholder_photographs_total{result="scored"} 1.0',
        'beholder_photographs_total{result="failed"} 1.0',
        "beholder_batch_size_count 1.0",
        "beholder_queue_length 0.0",
        "beholder_body_bytes 0.0",
    ):
        assert line in metrics.text


def test_nothing_of_a_photograph_is_said(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    posted(service, "/v1/score?name=secret.jpg", content=b"secret", headers=JPEG)
    posted(service, files=[("secret", ("secret.jpg", jpeg()))])
    assert capfd.readouterr() == ("", "")
