"""Decoders are silent, and the host program's warnings stay as they were."""

import io
import struct
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, JpegImagePlugin

from beholder.errors import PhotoError
from beholder.photos.read import read_photo
from helpers.photo_files import DEEP, GREY, SMALL, encode, tiff


def test_no_warnings_and_none_taken_from_the_host(capfd):
    odd_exif = tiff(DEEP, 16).replace(struct.pack("<HHII", 277, 4, 1, 1), struct.pack("<HHII", 33723, 4, 9999, 1))
    palette = Image.fromarray(GREY % 4).convert("P")
    sources = [encode(palette, "PNG", transparency=b"\xff\x00\xff\xff"), odd_exif]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Image.open(io.BytesIO(odd_exif)).load()
        assert caught, "this file makes Pillow warn"
        caught.clear()
        for source in sources:
            read_photo(source)
        assert not caught
        warnings.warn("ours", stacklevel=1)
        Image.open(io.BytesIO(odd_exif)).load()
        assert len(caught) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for source in sources:
            read_photo(source)
        warnings.simplefilter("error", UserWarning)  # first of the filters
        for source in sources:
            read_photo(source)
    assert capfd.readouterr() == ("", "")


def test_filters_stay_as_they_were():
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_photo, [encode(SMALL, "JPEG")] * 20))
    with pytest.raises(PhotoError):
        read_photo(b"GIF89a")
    assert warnings.filters == before


def test_filters_that_the_host_sets_during_a_decode_stay(monkeypatch):
    def decode(*_):
        warnings.resetwarnings()
        warnings.simplefilter("error", BytesWarning)
        raise OSError("done")

    monkeypatch.setattr(JpegImagePlugin, "JpegImageFile", decode)
    with warnings.catch_warnings():
        with pytest.raises(PhotoError):
            read_photo(encode(SMALL, "JPEG"))
        assert warnings.filters == [("error", None, BytesWarning, None, 0)]


def test_a_warning_that_the_host_has_shown_is_not_shown_again():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            warnings.warn("of the host", stacklevel=1)
            read_photo(encode(SMALL, "JPEG"))
    assert len(caught) == 1


def test_warnings_of_other_threads_are_not_silenced(monkeypatch):
    inside, go_on = threading.Event(), threading.Event()

    def slow(*_):
        inside.set()
        go_on.wait(5)
        warnings.warn("of the decoder", stacklevel=1)
        raise OSError("done")

    monkeypatch.setattr(JpegImagePlugin, "JpegImageFile", slow)
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(1) as pool:
        warnings.simplefilter("always")
        future = pool.submit(read_photo, encode(SMALL, "JPEG"))
        assert inside.wait(5)
        warnings.warn("of the host", stacklevel=1)
        go_on.set()
        assert isinstance(future.exception(5), PhotoError)
    assert [str(warning.message) for warning in caught] == ["of the host"]
