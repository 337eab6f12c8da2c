"""The program: ``beholder`` and ``python -m beholder``."""

import signal


def main() -> None:
    """Run the command line. Until it is loaded there is nothing to end in order, so Ctrl-C ends the program at once."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from beholder.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
