"""The command line: `main` runs it."""

import sys


def main() -> None:
    """Entry point of ``beholder``."""
    from beholder.cli import last_net
    from beholder.terminal import prepare, say

    prepare()
    last_net.install()
    try:
        from beholder.cli import app  # only now: it loads what may not be loadable

        app.main()
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)
    except Exception as error:
        last_net.report(error)
        sys.exit(1)
