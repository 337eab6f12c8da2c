"""`python -m beholder` is `beholder`."""

from beholder.cli.app import main

main()
