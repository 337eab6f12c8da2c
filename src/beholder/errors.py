"""The errors that a user can cause and mend."""


class BeholderError(Exception):
    """A mistake in what was given, in one line: what, where, why and what to do.

    The command line prints the message and exits with a status other than zero; it never shows a traceback for one.
    """


class PhotoError(BeholderError):
    """A photograph that cannot be read. In a run over many it becomes a row with this reason, and the run goes on."""


class ModelError(BeholderError):
    """A model file that is not one of ours, was cut short, or asks for what this version does not have."""
