"""exiftool, the program, which puts a packet into a photograph. It is started once and told the files one by one.

It is never given the name of a photograph, but that of a copy that we named, and no shell is between.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from beholder.errors import BeholderError
from beholder.text import one_line

OLDEST = (12, 10)  # the first that tells how a command ended while it stays open
_GET = "install it (Debian and Ubuntu: libimage-exiftool-perl; macOS: brew install exiftool; others: exiftool.org)"
_READY, _STATUS = b"{ready}", b"beholder status "


class ExifTool:
    """A running exiftool.

    Raises:
        BeholderError: it is not installed, or is too old.
    """

    def __init__(self) -> None:
        self._program = find()
        self._running: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="beholder-xmp-")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def put(self, path: Path, packet: bytes) -> None:
        """Put a packet of XMP into a photograph in the place of the one that it has.

        Args:
            path: of the photograph, which is changed in place.
            packet: the whole of it.

        Raises:
            BeholderError: exiftool cannot do it, with what it says.
        """
        source = Path(self._folder.name) / "packet.xmp"
        source.write_bytes(packet)
        if "\n" in os.fspath(path.absolute()) or "\r" in os.fspath(path.absolute()):
            raise BeholderError("there is a line break in the name of its folder, which exiftool cannot be told")
        status, said = self._execute("-overwrite_original_in_place", f"-xmp<={source}", os.fspath(path.absolute()))
        if status != 0:
            problem = next((line for line in said if line.startswith("Error")), said[0] if said else "no reason")
            raise BeholderError(f"exiftool could not write into it: {one_line(problem.partition(' - ')[0])}")

    def close(self) -> None:
        """End the program."""
        running, self._running = self._running, None
        if running is not None:
            assert running.stdin is not None and running.stdout is not None
            try:
                running.stdin.write(b"-stay_open\nFalse\n")
                running.stdin.close()
            except OSError:
                pass
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
            running.stdout.close()
        self._folder.cleanup()

    def _execute(self, *arguments: str) -> tuple[int, list[str]]:
        """One command: its exit status, and the lines that it printed."""
        if self._running is None or self._running.poll() is not None:
            self._running = subprocess.Popen(
                [self._program, "-config", "", "-stay_open", "True", "-@", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: it ends what it is doing, then we end it
            )
        running = self._running
        assert running.stdin is not None and running.stdout is not None
        lines = [*arguments, "-echo3", f"{_STATUS.decode()}${{status}}", "-execute", ""]
        try:
            running.stdin.write(os.fsencode("\n".join(lines)))
            running.stdin.flush()
        except OSError:
            raise BeholderError("exiftool has ended before its time") from None
        status = 1
        said: list[str] = []
        for line in running.stdout:
            if line.startswith(_READY):
                return status, said
            if line.startswith(_STATUS):
                status = int(line.removeprefix(_STATUS).strip() or 1)
            elif line.strip():
                said.append(line.decode(errors="replace").strip())
        raise BeholderError("exiftool has ended before its time")


def find() -> str:
    """The path of exiftool. Raises BeholderError, which says what to install, if there is none or it is too old."""
    program = shutil.which("exiftool")
    if program is None:
        raise BeholderError(f"--embed needs exiftool, which is not there: {_GET}")
    try:
        done = subprocess.run([program, "-ver"], capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
        version = re.fullmatch(r"(\d+)\.(\d+)\s*", done.stdout.decode(errors="replace"))
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BeholderError(f"{program}: does not run ({one_line(error)}); {_GET}") from None
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        said = one_line(done.stdout.decode(errors="replace")) if done.stdout.strip() else "nothing"
        wanted = ".".join(map(str, OLDEST))
        raise BeholderError(f"{program}: --embed needs version {wanted} or later, this one says {said}; {_GET}")
    return program
