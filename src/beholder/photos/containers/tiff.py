"""Open a TIFF file: which page is the photograph, how much it will take, and who reads its samples."""

from __future__ import annotations

import contextlib
import io

from PIL import Image

from beholder.errors import PhotoError
from beholder.photos import memory
from beholder.photos.containers import tiff_directory as tag
from beholder.photos.containers.tiff_directory import Directory, directories, is_adobe_rgb
from beholder.photos.containers.tiff_samples import Layout, UnboundedTiff, read_samples
from beholder.photos.encodings import ADOBE_RGB, Encoding
from beholder.photos.memory import check_size, reserve_pixels

_YCBCR = 6
_MAX_SAMPLES = 6  # that Pillow reads of a pixel; it logs an error where there are more


class _YcbcrTiff(UnboundedTiff):
    """Uncompressed YCbCr goes through libtiff too: Pillow's own way takes no notice of subsampling."""

    def _setup(self) -> None:
        super()._setup()
        if not self.use_load_libtiff:
            self.use_load_libtiff, self._mode = True, "RGB"
            tile = self.tile[0]._replace(codec_name="libtiff", extents=(0, 0, *self._tile_size), offset=0)
            self.tile = [tile._replace(args=("RGBX", False, self.tag_v2.offset))]


def is_camera_raw(data: bytes) -> bool:
    """Whether a TIFF file is camera RAW (DNG, NEF, ARW and others are TIFF files): its pages are only previews."""
    pages = directories(data)
    if not pages:
        return False
    preview = pages[0].number(tag.SUBFILE, 0) & 1 and tag.SUB_DIRECTORIES in pages[0].tags
    return tag.DNG_VERSION in pages[0].tags or bool(preview and not any(page.is_whole for page in pages))


def open_tiff(data: bytes, label: str, held: contextlib.ExitStack) -> tuple[Image.Image, int, Encoding | None]:
    """The photograph of a TIFF file: the first page that is neither a smaller version nor a mask of another one.

    Returns:
        An image that Pillow decodes on load, or one that is decoded already; its EXIF orientation, 1 where Pillow turns
        it on load; and the colours that its EXIF data say, None for sRGB. Pixels are reserved with `held`.

    Raises:
        PhotoError: too large, or stored in a way that is not read; the message begins with `label`.
        ValueError, SyntaxError: the file is broken.
    """
    pages = directories(data)
    number = next((number for number, page in enumerate(pages) if page.is_whole), 0)
    if not pages:
        raise ValueError("image file is truncated")
    page = pages[number]
    layout = Layout(page)
    check_size((layout.width, layout.height), label)
    across, down = layout.tile
    if layout.padded_size[0] * layout.padded_size[1] > memory.MAX_PIXELS:
        raise PhotoError(f"{label}: has tiles of {across} x {down} pixels, which take too much memory; save it without")
    reserve_pixels(held, _pixels_to_reserve(layout))
    described = ADOBE_RGB if is_adobe_rgb(data, page) else None
    if _pillow_reads_rightly(data, page, layout):
        ycbcr = page.number(tag.PHOTOMETRIC, 0) == _YCBCR
        image: Image.Image = (_YcbcrTiff if ycbcr else UnboundedTiff)(io.BytesIO(data))
        image.seek(number)
        return image, 1, described
    image = read_samples(data, page, label)
    image.info["icc_profile"] = page.content(tag.ICC_PROFILE)
    return image, page.number(tag.ORIENTATION, 1), described


def _pillow_reads_rightly(data: bytes, page: Directory, layout: Layout) -> bool:
    """8 bits or fewer, samples side by side; or colours and compressions of which only libtiff knows the meaning."""
    if data[:4] == b"MM\0+":  # Pillow opens no big-endian BigTIFF
        return False
    if layout.forms != {1} or not layout.depths <= {1, 2, 4, 8} or layout.samples > _MAX_SAMPLES:
        return False
    return layout.planes == 1 or layout.compression in (6, 7, 50001) or page.number(tag.PHOTOMETRIC, 0) > 5


def _pixels_to_reserve(layout: Layout) -> int:
    """Of padded tiles, and for one tile or strip that is decompressed at a time: 10 bytes count as a pixel, twice."""
    width, height = layout.padded_size
    return width * height + layout.row_bytes * layout.tile[1] // 5
