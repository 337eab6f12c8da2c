"""The command line: `main` runs it."""

import signal
import sys


def main() -> None:
    """Entry point of ``beholder``."""
    from beholder.cli import last_net
    from beholder.terminal import prepare

    prepare()
    last_net.install()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # until all is loaded there is nothing to end in
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # order, so Ctrl-C ends the program at once
    try:
        from beholder.cli import app  # only now: it loads what may not be loadable

        app.main()
    except Exception as error:
        last_net.report(error)
        sys.exit(1)
