"""What :mod:`beholder.photos.read` was called in version 0.1, for scripts; new code calls `beholder.read_photo`."""

from beholder.errors import PhotoError
from beholder.photos.read import Photo, Pixels, Source, read_bytes
from beholder.photos.read import read_photo as read

__all__ = ["Photo", "PhotoError", "Pixels", "Source", "read", "read_bytes"]
