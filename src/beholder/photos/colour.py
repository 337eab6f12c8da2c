"""Any colour mode, profile and bit depth -> 8-bit sRGB."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from beholder.errors import PhotoError
from beholder.photos.encodings import Encoding, icc_profile
from beholder.photos.icc import bounded_profile

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

BACKGROUND = (255, 255, 255)  # behind transparency: white, as in a browser


def to_srgb(image: Image.Image, label: str, described: Encoding | None = None) -> Image.Image:
    """A loaded image of any mode -> RGB in sRGB, opaque.

    Args:
        image: its ICC profile is in its info.
        label: name for error messages.
        described: its colours if it has no ICC profile; None is sRGB.

    Raises:
        PhotoError: grey values beyond black and white; the message begins with `label`.
    """
    profile, alpha = image.info.get("icc_profile"), None
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image, label)
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("LA", "La") else "RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if image.mode == "LA" else "RGB")
    elif image.mode not in ("L", "RGB", "CMYK"):  # the modes that profiles describe
        image = image.convert("RGB")
    if not profile and described is not None and image.mode != "CMYK":
        profile = icc_profile(described, image.mode)
    transform = profile_transform(profile, image.mode) if profile and isinstance(profile, bytes) else None
    if transform is not None:
        image = transform.apply(image)
    elif image.mode != "RGB":
        image = image.convert("RGB")
    if alpha is not None:
        opaque = Image.new("RGB", image.size, BACKGROUND)
        opaque.paste(image, mask=alpha)
        return opaque
    return image


def _eight_bits(image: Image.Image, label: str) -> Image.Image:
    """16-bit, 32-bit or float grey -> L, or LA if one value is transparent. White is 1 for float, otherwise 65535."""
    white = 1.0 if image.mode == "F" else 65535.0
    values = np.asarray(image)  # (H, W) uint16, int32 or float32
    darkest, brightest = values.min(), values.max()
    if not (darkest >= 0 and brightest <= white):  # written so that NaN is refused
        raise PhotoError(
            f"{label}: grey values from {darkest:g} to {brightest:g}, where black is 0 and white {white:g};"
            " save it with 8 or 16 bits"
        )
    grey = Image.fromarray(np.rint(values * np.float32(255 / white)).astype(np.uint8))
    key = image.info.get("transparency")  # the value that is transparent, of a PNG
    if not isinstance(key, int):
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.where(values == key, np.uint8(0), np.uint8(255)))))


@functools.lru_cache(maxsize=8)  # building one takes milliseconds, and a folder has few different profiles
def profile_transform(profile: bytes, mode: str) -> ImageCmsTransform | None:
    """The transform from an ICC profile to sRGB; None if it is broken, describes another mode, or changes nothing.

    Relative colorimetric with black point compensation. None as well for a profile that states more than it has, or is
    larger than any real one (`beholder.photos.icc`).
    """
    from PIL import ImageCms

    bounded = bounded_profile(profile)
    if bounded is None:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(bounded))
        if {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(source.profile.xcolor_space.strip()) != mode:
            return None
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE  # threads would share the cache
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", intent, flags)
        if mode == "RGB":
            ramp = np.linspace(0, 255, 9).astype(np.uint8)
            cube = np.stack(np.meshgrid(ramp, ramp, ramp), axis=-1).reshape(27, 27, 3)
            change = np.asarray(transform.apply(Image.fromarray(cube))).astype(int) - cube
            return transform if np.abs(change).max() > 2 else None
        return transform
    except Exception:  # whatever a broken profile raises
        return None
