"""Why files were left out, for the end of a run: a reason that several share is printed once."""

from dataclasses import dataclass, field

from beholder.text import MAX_EXAMPLES, printable

MAX_REASONS = 10  # that are printed one by one


@dataclass
class Reasons:
    """Failures counted by reason, in memory that does not grow with their number.

    Attributes:
        count: of all failures.
        unlisted: failures whose reason came after :data:`MAX_REASONS` others.

    >>> reasons = Reasons()
    >>> for name in ("a.heic", "b.heic"):
    ...     reasons.add(name, f"{name}: needs a package")
    >>> reasons.add("c.jpg", "c.jpg: is empty")
    >>> reasons.lines()
    ['needs a package: 2 files (a.heic, b.heic)', 'c.jpg: is empty']
    """

    count: int = 0
    unlisted: int = 0
    _files: dict[str, tuple[int, list[str]]] = field(default_factory=dict)  # reason -> how many, the first few

    def add(self, path: str, error: str) -> None:
        """Count a failure; ``error`` may begin with the path."""
        self.count += 1
        name = printable(path)
        reason = error.removeprefix(f"{name}: ").removeprefix(f"{path}: ")
        if reason not in self._files and len(self._files) == MAX_REASONS:
            self.unlisted += 1
            return
        number, names = self._files.setdefault(reason, (0, []))
        if number < MAX_EXAMPLES:
            names.append(name)
        self._files[reason] = (number + 1, names)

    def lines(self) -> list[str]:
        """A line for each reason, with the file or, of several, how many and the first of them."""
        return [
            f"{names[0]}: {reason}"
            if number == 1
            else f"{reason}: {number:,} files ({', '.join(names)}{', ...' * (number > len(names))})"
            for reason, (number, names) in self._files.items()
        ]
