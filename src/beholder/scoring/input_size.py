"""The size that a model takes photographs at: all that a process which only decodes needs to know of a model."""

from dataclasses import dataclass

from beholder.photos.read import Photo, Pixels
from beholder.photos.resize import decode_size, resize_exact, short_edge
from beholder.scoring.model_file import SQUASH

UNNAMED = "<photograph>"  # in messages


@dataclass(frozen=True)
class InputSize:
    """The size of a model's input, as its file says it.

    Attributes:
        size: (width, height) in pixels.
        resize: how photographs get that size; see :class:`beholder.scoring.model_file.ModelInfo`.
    """

    size: tuple[int, int]
    resize: str

    @property
    def min_size(self) -> tuple[int, int]:
        """The smallest (width, height) to decode, in pixels."""
        return decode_size(self.size)

    def pixels(self, photo: Photo, name: str = UNNAMED) -> Pixels:
        """Resize a photograph to (height, width, 3) uint8. Raises PhotoError as :meth:`beholder.Scorer.pixels` does."""
        if self.resize == SQUASH:
            return resize_exact(photo, self.size)
        return resize_exact(photo, short_edge(photo.width, photo.height, min(self.size), name))
