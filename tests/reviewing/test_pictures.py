"""Pictures for the page: small ones are kept by content, the file itself where a browser shows it."""

import io

import numpy as np
import pytest
from PIL import Image

from beholder.errors import PhotoError
from beholder.reviewing.pictures import Maps, picture
from beholder.scoring.scorer import Scorer
from helpers.factories import save_photo


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("BEHOLDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_small_picture_is_kept_by_content(tmp_path, cache, monkeypatch):
    path = tmp_path / "a.jpg"
    save_photo(path, 1, side=800)
    first = picture(str(path), "thumb")
    assert Image.open(io.BytesIO(first.content)).size == (360, 360)
    (kept,) = cache.rglob("*.jpg")
    assert kept.read_bytes() == first.content and first.sha256 in kept.name
    assert (cache / "review").stat().st_mode & 0o077 == 0, "others see nothing of private photographs"
    monkeypatch.setattr("beholder.reviewing.pictures.read_photo", None)
    assert picture(str(path), "thumb") == first == picture(str(path.rename(tmp_path / "b.jpg")), "thumb", first.sha256)


def test_a_kept_picture_that_was_cut_off_is_made_again(tmp_path, cache):
    path = tmp_path / "a.jpg"
    save_photo(path, 1, side=80)
    first = picture(str(path), "thumb")
    (kept,) = cache.rglob("*.jpg")
    kept.write_bytes(first.content[:100])
    assert picture(str(path), "thumb", first.sha256) == first


def test_without_a_cache_there_are_pictures(tmp_path, monkeypatch):
    path, file = tmp_path / "a.jpg", tmp_path / "file"
    save_photo(path, 1)
    file.write_text("in the way")
    monkeypatch.setenv("BEHOLDER_CACHE", str(file))
    assert picture(str(path), "thumb").media == "image/jpeg"


@pytest.mark.parametrize(
    ("form", "media"), [("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/gif"), ("TIFF", "image/jpeg")]
)
def test_the_whole_picture_is_the_file_where_a_browser_shows_it(tmp_path, form, media):
    path = tmp_path / f"a.{form.lower()}"
    Image.fromarray(np.full((40, 50, 3), 99, np.uint8)).save(path, form)
    found = picture(str(path), "full")
    assert found.media == media and (found.content == path.read_bytes()) == (form != "TIFF")
    assert Image.open(io.BytesIO(found.content)).size == (50, 40)


def test_the_picture_is_upright(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.zeros((40, 80, 3), np.uint8)).save(tmp_path / "a.jpg", exif=exif.tobytes())
    assert Image.open(io.BytesIO(picture(str(tmp_path / "a.jpg"), "preview").content)).size == (40, 80)


def test_what_is_no_photograph_is_told(tmp_path, colour_model):
    (tmp_path / "a.jpg").write_text("text")
    for kind in ("thumb", "preview"):
        with pytest.raises(PhotoError, match="is not a photograph that can be read"):
            picture(str(tmp_path / "a.jpg"), kind)
    with pytest.raises(PhotoError, match="no such file"):
        Maps(Scorer(colour_model))(str(tmp_path / "none.jpg"), "", "overall")


def test_a_map_is_drawn_once(tmp_path, colour_model, monkeypatch):
    save_photo(tmp_path / "a.jpg", 1)
    maps = Maps(Scorer(colour_model))
    first = maps(str(tmp_path / "a.jpg"), "0", "warmth")
    monkeypatch.setattr(Scorer, "explain", None)
    assert maps(str(tmp_path / "a.jpg"), "0", "warmth") is first
