"""The errors that a user can cause and mend."""


class BeholderError(Exception):
    """A mistake in what was given, in one line: what, where, why and what to do.

    The command line prints the message and exits with a status other than zero; it never shows a traceback for one.
    """


class PhotoError(BeholderError):
    """A photograph that cannot be read. In a run over many it becomes a row with this reason, and the run goes on."""


class ModelError(BeholderError):
    """A model file that is not one of ours, was cut short, or asks for what this version does not have."""


def one_line(error: BaseException | str) -> str:
    r"""What somebody else's error says, for the middle of a line of ours: no breaks, no control characters, not long.

    >>> one_line(ValueError("two\nlines\x1b[31m"))
    'two lines\\x1b[31m'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)[:200]
