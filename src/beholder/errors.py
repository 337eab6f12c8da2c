"""Errors that a user can cause and fix."""


class BeholderError(Exception):
    """A mistake in what was given. The message is one line: what, where, why and what to do.

    The command line prints it without a traceback and exits with a nonzero status.

    >>> import beholder
    >>> try:
    ...     beholder.load("no-such-model.onnx")
    ... except beholder.BeholderError as error:
    ...     print(error)
    no-such-model.onnx: no such file; leave it out for the default model
    """


class PhotoError(BeholderError):
    """A photograph that cannot be read. A run over many records the message as a row and goes on.

    >>> import beholder
    >>> try:
    ...     beholder.read_photo("no-such-photo.jpg")
    ... except beholder.PhotoError as error:
    ...     print(error)
    no-such-photo.jpg: no such file
    """


class ModelError(BeholderError):
    """A file that is not a beholder model, is damaged or cut short, or needs a later version of beholder.

    >>> import beholder
    >>> beholder.load("README.md")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    beholder.errors.ModelError: README.md: not a model file, or ...
    """
