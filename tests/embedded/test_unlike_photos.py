"""Pictures that are no photographs: of each kind, all different, the same again for the same seed."""

import numpy as np

from beholder.embedded.unlike_photos import KINDS, make_pictures


def test_pictures_of_each_kind_are_different_and_the_same_again() -> None:
    made, again, other = make_pictures(3), make_pictures(3), make_pictures(3, seed=1)
    assert list(made) == list(KINDS)
    for kind, pictures in made.items():
        assert len({picture.tobytes() for picture in pictures}) == 3
        for picture, same, drawn_anew in zip(pictures, again[kind], other[kind], strict=True):
            assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
            assert min(picture.shape[:2]) > 16 and max(picture.shape[:2]) <= 1000
            np.testing.assert_array_equal(picture, same)
            assert picture.shape != drawn_anew.shape or (picture != drawn_anew).any()


def test_fewer_are_the_first_of_more() -> None:
    few, more = make_pictures(1), make_pictures(2)
    assert all((few[kind][0] == more[kind][0]).all() for kind in KINDS)
