"""The command line: `main` runs it."""


def main() -> None:
    """Entry point of ``beholder``."""
    from beholder.cli import app  # on first use: who imports one of these modules need not load all commands

    app.main()
