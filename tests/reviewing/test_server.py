"""The page's routes: what they answer, and to whom."""

import io
import json
import random
import shutil
from types import SimpleNamespace

import pytest
from PIL import Image

from beholder.photos.listing.find import find
from beholder.reviewing import server
from beholder.reviewing.state import State
from helpers.factories import save_photo, save_photos
from helpers.reviews import HOME, PORT, decide, filled, make_library, photos_of, visitor


@pytest.fixture(scope="module")
def review(tmp_path_factory, colour_model):
    """A review of five photographs, one of them in a folder, and a file that is none."""
    folder = tmp_path_factory.mktemp("review") / "shoot"
    save_photos(folder, 4, side=60)
    save_photos(folder / "more", 1)
    (folder / "broken.jpg").write_text("no photograph")
    state = State(folder.parent / "state.sqlite")
    library = filled(make_library(folder, colour_model, state))
    yield SimpleNamespace(library=library, folder=folder, client=visitor(library))
    library.stop()
    state.close()


@pytest.fixture
def client(review):
    yield review.client
    while review.client.post("/api/undo", json={}).json()["what"] is not None:
        pass


def _of_name(client, name):
    return photos_of(client)[name]


def test_state_tells_the_page_what_it_needs(client, review):
    state = client.get("/api/state").json()
    assert state["title"] == "shoot" and state["model"] == review.library.scorer.id
    assert [task["name"] for task in state["tasks"]] == ["overall", "warmth", "quality"]
    assert state["progress"] == {"stage": "done", "done": 6, "total": 6}
    (failed,) = state["failed"]
    assert failed["name"] == "broken.jpg" and "is not a photograph that can be read" in failed["reason"]
    assert state["taste"]["needed"] == 10 and state["taste"]["ready"] is False and state["taste"]["line"]
    assert state["undo"] is None


def test_photographs_have_all_fields_and_only_changed_ones_come(client):
    answer = client.get("/api/photos?since=0").json()
    assert [photo["i"] for photo in answer["photos"]] == list(range(6))
    names = "i name folder paired captured day camera width height scores taste unlike series kind scene size rank"
    names += " suggestion reason p_best measures flag stars label who error"
    assert all(set(photo) == set(names.split()) for photo in answer["photos"])
    photos = {(photo["folder"], photo["name"]): photo for photo in answer["photos"]}
    assert photos["more", "1.jpg"]["width"] == 24
    assert set(photos["", "1.jpg"]["scores"]) == {"overall", "warmth", "quality", "low", "high", "percentile"}
    assert photos["", "broken.jpg"]["scores"] is None and photos["", "broken.jpg"]["error"]
    assert client.get(f"/api/photos?since={answer['version']}").json()["photos"] == []
    changed = decide(client, {"i": 2, "flag": "pick"}).json()
    assert client.get(f"/api/photos?since={answer['version']}").json() == changed
    assert [photo["i"] for photo in changed["photos"]] == [2]


def test_keys_decide_and_undo_and_redo(client):
    decide(client, {"i": 0, "flag": "pick", "stars": 4}, {"i": 1, "label": "red"}, what="P on 1.jpg")
    answer = decide(client, {"i": 0, "stars": None}, what="0 on 1.jpg").json()
    assert [answer["photos"][0][name] for name in ("flag", "stars", "label", "who")] == ["pick", None, None, "person"]
    assert client.get("/api/state").json()["undo"] == "0 on 1.jpg"
    back = client.post("/api/undo", json={}).json()
    assert back["what"] == "0 on 1.jpg" and back["photos"][0]["stars"] == 4
    assert client.get("/api/state").json()["redo"] == "0 on 1.jpg"
    back = client.post("/api/undo", json={}).json()
    assert [(photo["flag"], photo["label"], photo["who"]) for photo in back["photos"]] == [(None, None, None)] * 2
    assert client.post("/api/redo", json={}).json()["photos"][0]["flag"] == "pick"
    decide(client, {"i": 0, "flag": "reject"})
    assert client.post("/api/redo", json={}).json() == {"version": back["version"] + 2, "photos": [], "what": None}


def test_a_second_window_and_a_second_program_agree(client, review):
    other = make_library(review.folder, "fast", State(review.library.state.path))
    other.scorer = review.library.scorer
    before = client.get("/api/state").json()["version"]
    step = review.library.state.last_step()
    sha256 = review.library.entry(3).photograph
    other.state.decide({sha256: {"stars": 2}}, "2 by another program")
    assert client.get("/api/state").json()["version"] > before
    assert review.library.state.changed_after(step)[1] == {sha256}
    (photo,) = client.get(f"/api/photos?since={before}").json()["photos"]
    assert photo["i"] == 3 and photo["stars"] == 2
    other.state.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"items": []}, "items"),
        ({}, "items"),
        ({"items": [{"i": 0, "flag": "maybe"}]}, "items.0.flag"),
        ({"items": [{"i": 0, "stars": 6}]}, "items.0.stars"),
        ({"items": [{"i": 0, "stars": True}]}, "items.0.stars"),
        ({"items": [{"i": 0, "label": "pink"}]}, "items.0.label"),
        ({"items": [{"i": 0, "path": "/etc/passwd"}]}, "items.0.path"),
        ({"items": [{"i": "0"}]}, "items.0.i"),
        ([1], ""),
    ],
)
def test_wrong_decisions_are_refused_in_one_line(client, body, said):
    answer = client.post("/api/decide", json=body)
    assert answer.status_code == 422 and answer.json()["detail"].startswith(said)
    assert "\n" not in answer.json()["detail"] and client.get("/api/state").json()["undo"] is None


def test_whatever_is_sent_is_answered(client, tmp_path, monkeypatch):
    """A thousand bodies of right words in wrong places: none is a failure of the service."""
    monkeypatch.chdir(tmp_path)
    chance = random.Random(5)
    words = [
        None,
        True,
        0,
        5,
        -1,
        2**70,
        1e300,
        "",
        "pick",
        "red",
        "xmp",
        "csv",
        "copy",
        "a\0b",
        "é" * 300,
        "~x/y",
        "../z",
    ]
    names = ["i", "flag", "stars", "label", "items", "what", "to", "profiles", "embed", "path", "dry_run"]

    def anything(depth=0):
        kind = chance.random()
        if kind < 0.6 or depth > 2:
            return chance.choice(words)
        if kind < 0.8:
            return [anything(depth + 1) for _ in range(chance.randint(0, 3))]
        return {chance.choice(names): anything(depth + 1) for _ in range(chance.randint(0, 4))}

    def export():
        path = chance.choice([word for word in words if isinstance(word, str)])
        return {
            "to": chance.choice(["xmp", "csv", "copy", "link"]),
            "path": path,
            "profiles": chance.choice(["", "lightroom"]),
        }

    for number in range(1000):
        path, body = (
            ("/api/export", export()) if number % 2 else (f"/api/{chance.choice(['decide', 'export'])}", anything())
        )
        answer = client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
        assert answer.status_code in (200, 404, 409, 422), (path, body, answer.text)
        assert answer.status_code == 200 or isinstance(answer.json()["detail"], str)
    assert not list(tmp_path.iterdir()), "nothing is written unless it is asked for"


def test_a_photograph_that_is_not_there_is_refused_and_nothing_is_kept(client):
    for number in (6, -1, 10**30):
        answer = decide(client, {"i": 0, "flag": "pick"}, {"i": number, "flag": "pick"})
        assert answer.status_code == 404 and answer.json() == {"detail": "there is no such photograph"}
    assert client.get("/api/state").json()["undo"] is None


def test_pictures_are_of_the_right_size_and_asked_for_once(client, review):
    number = _of_name(client, "2.jpg")["i"]
    for kind, media in (("thumb", "image/jpeg"), ("preview", "image/jpeg"), ("full", "image/jpeg")):
        answer = client.get(f"/photo/{number}/{kind}")
        assert answer.status_code == 200 and answer.headers["content-type"] == media
        assert Image.open(io.BytesIO(answer.content)).size == (60, 60)
        assert answer.headers["cache-control"].startswith("private")
        again = client.get(f"/photo/{number}/{kind}", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304 and again.content == b""
    assert answer.content == (review.folder / "2.jpg").read_bytes()
    drawn = client.get(f"/photo/{number}/map?task=warmth")
    assert drawn.headers["content-type"] == "image/png" and Image.open(io.BytesIO(drawn.content)).size == (60, 60)
    assert client.get(f"/photo/{number}/map?task=charm").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/photo/99/thumb", 404),
        ("/photo/-1/thumb", 404),
        ("/photo/0/../../etc/passwd", 404),
        ("/photo/..%2f..%2fetc%2fpasswd/thumb", 404),
        ("/photo/0/small", 404),
        ("/photo/x/thumb", 422),
        ("/assets/../review.html", 404),
        ("/assets/..%2f..%2f__init__.py", 404),
        ("/assets/review/..%2f..%2f__init__.py", 404),
        ("/assets/review/../default.onnx", 404),
        ("/assets/default.onnx", 404),
        ("/assets/%2fetc%2fpasswd", 404),
        ("/assets/review%00.js", 404),
        ("/openapi.json", 404),
        ("/docs", 404),
    ],
)
def test_nothing_is_reached_by_a_path(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status and isinstance(answer.json()["detail"], str)


def test_a_file_that_cannot_be_shown_is_told(client, review):
    number = _of_name(client, "broken.jpg")["i"]
    for kind in ("thumb", "map"):
        answer = client.get(f"/photo/{number}/{kind}")
        assert answer.status_code == 404 and "is not a photograph that can be read" in answer.json()["detail"]


def test_a_decoder_that_hangs_and_too_many_pictures_are_answered(client, monkeypatch):
    monkeypatch.setattr(server, "WAITING", 0)
    assert client.get("/photo/0/thumb").status_code == 503
    monkeypatch.undo()
    assert client.get("/photo/0/thumb").status_code == 200


def test_only_who_has_the_link_comes_in(review):
    stranger = visitor(review.library, enters=False)
    for path in ("/", "/api/state", "/api/photos", "/photo/0/thumb", "/assets/review.js"):
        answer = stranger.get(path)
        assert answer.status_code == 401 and "link" in answer.json()["detail"]
    assert stranger.post("/api/undo", json={}).status_code == 401
    assert stranger.get("/?token=guess").status_code == 401
    stranger.cookies.set(stranger.door.cookie_name, "guess")
    assert stranger.get("/api/state").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": f"evil.example:{PORT}"}, 403),
        ({"host": "127.0.0.1"}, 403),
        ({"host": f"localhost:{PORT}"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"http://127.0.0.1:{PORT + 1}"}, 403),
        ({"origin": f"https://127.0.0.1:{PORT}"}, 403),
        ({"origin": HOME}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_other_pages_and_other_hosts_are_refused(client, headers, status):
    cookie = {"cookie": f"{client.door.cookie_name}={client.cookies[client.door.cookie_name]}"}
    for answer in (
        client.get("/api/state", headers=headers | cookie),
        client.post("/api/undo", json={}, headers=headers | cookie),
        client.get("/photo/0/thumb", headers=headers | cookie),
    ):
        assert answer.status_code == status
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers


def test_a_form_of_another_page_cannot_post(client):
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = client.post(
            "/api/decide", content=b'{"items": [{"i": 0, "flag": "reject"}]}', headers={"content-type": media}
        )
        assert answer.status_code == 415
    assert client.get("/api/state").json()["undo"] is None


def test_large_bodies_are_refused(client, monkeypatch):
    monkeypatch.setattr("beholder.reviewing.guard.MAX_BODY", 1000)
    assert decide(client, *[{"i": 0, "flag": "pick"}] * 100).status_code == 413

    async def pieces():
        for _ in range(100):
            yield b" " * 100

    answer = client.post("/api/decide", content=pieces(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_the_service_stays_when_the_folder_vanishes(tmp_path, colour_model):
    folder = tmp_path / "shoot"
    save_photos(folder, 3)
    state = State(tmp_path / "state.sqlite")
    library = filled(make_library(folder, colour_model, state))
    client = visitor(library)
    shutil.rmtree(folder)
    answer = client.get("/photo/0/preview")
    assert answer.status_code == 404 and "no such file" in answer.json()["detail"]
    assert decide(client, {"i": 0, "flag": "pick"}).status_code == 200
    assert client.post("/api/export", json={"to": "xmp", "dry_run": False}).json()["summary"].endswith("refused 1")
    library.stop()
    state.close()


def test_a_decision_that_cannot_be_kept_is_told(tmp_path, colour_model):
    folder = tmp_path / "shoot"
    save_photos(folder, 1)
    state = State(tmp_path / "state.sqlite")
    library = filled(make_library(folder, colour_model, state))
    client = visitor(library)
    state.path.unlink()
    answer = decide(client, {"i": 0, "flag": "pick"})
    assert answer.status_code == 409 and "was not kept" in answer.json()["detail"]
    assert photos_of(client)["1.jpg"]["flag"] is None
    library.stop()
    state.close()


def test_names_that_are_no_text_and_markup_are_shown(tmp_path, colour_model):
    folder = tmp_path / "shoot"
    folder.mkdir()
    save_photo(bytes(folder) + b"/caf\xe9.jpg", 1)
    save_photo(folder / "<b>&.jpg", 2)
    state = State(tmp_path / "state.sqlite")
    library = filled(make_library(folder, colour_model, state))
    client = visitor(library)
    assert list(photos_of(client)) == ["<b>&.jpg", "caf\\udce9.jpg"]
    for number in range(2):
        assert client.get(f"/photo/{number}/thumb").status_code == 200
        assert decide(client, {"i": number, "flag": "pick"}, what="P on <b>\x1b[31m").status_code == 200
    assert client.get("/api/state").json()["undo"] == "P on <b>\\x1b[31m"
    half = b'{"items": [{"i": 0, "flag": "pick"}], "what": "half a letter \\ud83d"}'
    answer = client.post("/api/decide", content=half, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 422) and client.get("/api/state").status_code == 200
    assert len(list(find([str(folder)]))) == 2
    library.stop()
    state.close()
